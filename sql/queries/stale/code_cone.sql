-- If an asset were computed by other code.
select a.* from analytics.asset_cone(%(asset)s) as a
