select exists (select from analytics.slices where asset <> 'prices')
