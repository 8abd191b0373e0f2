"""European options on an underlying without dividends (Black and Scholes, 1973)."""

import numpy as np

from pipelines.calc.types import FloatArray

# Rational approximation of the upper tail of the normal distribution: J. F. Hart, Computer Approximations
# (1968), no. 5666, as in G. West, Better approximations to cumulative normal functions (2005). 15 digits.
_NUMERATOR = (
    220.206867912376,
    221.213596169931,
    112.079291497871,
    33.912866078383,
    6.37396220353165,
    0.700383064443688,
    3.52624965998911e-02,
)
_DENOMINATOR = (
    440.413735824752,
    793.826512519948,
    637.333633378831,
    296.564248779674,
    86.7807322029461,
    16.064177579207,
    1.75566716318264,
    8.83883476483184e-02,
)
_TAIL_FROM = 7.07106781186547
_ROOT_TWO_PI = 2.506628274631


def _polynomial(coefficients: tuple[float, ...], x: FloatArray) -> FloatArray:
    value = np.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value = value * x + coefficient
    return value


def normal_cdf(x: FloatArray) -> FloatArray:
    """Probability that a standard normal number is ≤ x, element by element."""
    size = np.minimum(np.abs(x), 37.0)
    density = np.exp(-size * size / 2.0)
    near = density * _polynomial(_NUMERATOR, size) / _polynomial(_DENOMINATOR, size)
    fraction = size + 0.65
    for k in (4.0, 3.0, 2.0, 1.0):
        fraction = size + k / fraction
    upper = np.where(size < _TAIL_FROM, near, density / fraction / _ROOT_TWO_PI)
    return np.where(x > 0.0, 1.0 - upper, upper)


def black_scholes(
    is_call: bool, underlying: FloatArray, strike: float, years: FloatArray, rate: float, volatility: float
) -> FloatArray:
    """Price in USD per unit of the underlying.

    call = S·N(d1) − K·e^(−rT)·N(d2), put = K·e^(−rT)·N(−d2) − S·N(−d1),
    d1 = (ln(S/K) + (r + σ²/2)·T) / (σ·√T), d2 = d1 − σ·√T.

    underlying: S > 0; years: T ≥ 0 to expiry, same shape; rate: continuous, annual; volatility: σ > 0,
    annual. T = 0 gives the intrinsic value.
    """
    alive = years > 0.0
    spread = volatility * np.sqrt(np.where(alive, years, 1.0))
    d1 = np.log(underlying / strike) / spread + (rate * years) / spread + spread / 2.0
    d2 = d1 - spread
    discounted = strike * np.exp(-rate * years)
    sign = 1.0 if is_call else -1.0
    value = sign * (underlying * normal_cdf(sign * d1) - discounted * normal_cdf(sign * d2))
    intrinsic = np.maximum(sign * (underlying - strike), 0.0)
    return np.where(alive, np.maximum(value, 0.0), intrinsic)
