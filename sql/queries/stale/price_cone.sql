-- If the close of a symbol and session were another.
select p.* from analytics.price_cone(array[%(symbol)s::text], array[%(session)s::date], array[%(session)s::date]) as p
