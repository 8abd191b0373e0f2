"""Whatever happens to a book, and in whatever order: its history ends as one clean rebuild, and nothing known is lost.

RESTATEMENT_EXAMPLES=200 hunts for longer, each time elsewhere: `uv run pytest -n0 -m long tests/restatement`.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.restatement.history import Kill
from tests.restatement.machine import Restatements
from tests.steps.world import World

HUNT = int(os.environ.get("RESTATEMENT_EXAMPLES", "0"))


def run(world: World, clean: World, kills: tuple[Kill, ...], examples: int, steps: int) -> None:
    how = settings(
        max_examples=HUNT or examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=not HUNT,
        database=None,
        print_blob=bool(HUNT),
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(lambda: Restatements(world, clean, kills), settings=how)


def test_any_sequence_ends_as_a_clean_rebuild(world: World, clean: World) -> None:
    run(world, clean, ("error", "lost connection"), 2, 16)


@pytest.mark.long
def test_many_long_sequences_end_as_a_clean_rebuild(world: World, clean: World) -> None:
    run(world, clean, ("error", "lost connection"), 25, 40)


@pytest.mark.long
def test_sequences_with_killed_processes_end_as_a_clean_rebuild(world: World, clean: World) -> None:
    """Runs are processes of their own then, and SIGKILL ends them."""
    run(world, clean, ("kill",), 8, 30)
