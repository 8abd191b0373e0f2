"""The Dagster assets: read, calculate, write."""

import warnings

import dagster as dg

# Dagster is pinned exactly: that a parameter may change in another version is no news to a user.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
