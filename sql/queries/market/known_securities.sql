-- Symbols that need not be asked for again: those with a sector, and those that will never have one.
select symbol from market.securities
where (sector is not null or reason = 'no sector: not a company') and symbol = any(%(symbols)s)
