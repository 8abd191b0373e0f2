-- The last close of a vendor before a day, and the first from it on.
select
    (select p.close from market.prices p join market.price_fetches f using (symbol, session)
     where p.symbol = %(symbol)s and p.session < %(day)s and f.outcome = 'bar' order by p.session desc limit 1),
    (select p.close from market.prices p join market.price_fetches f using (symbol, session)
     where p.symbol = %(symbol)s and p.session >= %(day)s and f.outcome = 'bar' order by p.session limit 1)
