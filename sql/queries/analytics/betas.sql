select session, symbol, factor, beta
from {factor_betas}
where session between %(start)s and %(end)s and symbol = any(%(symbols)s)
