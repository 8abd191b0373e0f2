"""The project's jobs as tests run them, in their own process."""

from functools import cache

import dagster as dg

from pipelines.definitions import defs


@cache
def job(name: str, *, checks: bool = False) -> dg.JobDefinition:
    """A job by its name; without its checks, which take four fifths of the time of a run on a small book.

    What the checks find is tests/checks' part; tests of what is run, when and for whom need none.
    """
    found = defs.resolve_job_def(name)
    assets = found.asset_layer.selected_asset_keys
    if checks or not assets:
        return found
    return found.get_subset(asset_selection=assets, asset_check_selection=frozenset())
