"""The whole demonstration, act by act."""

from pathlib import Path
from time import monotonic

from pipelines.cli.demonstration.opening import Opening, open_books, predict, restate
from pipelines.cli.demonstration.proofs import explain, look_back, rebuild, verify
from pipelines.cli.demonstration.recomputing import apply, rehearse
from pipelines.cli.demonstration.stage import at_home
from pipelines.cli.demonstration.story import Story


def perform(story: Story, folder: Path) -> tuple[Opening, str]:
    """Restate one price and prove what follows; returns how the books were before, and the cone.

    folder: an empty one; `restated` and `rebuilt` in it become homes. UntrueClaimError names the first claim that is
    not so.
    """
    from pipelines.postgres import running_database

    began, home = monotonic(), folder / "restated"
    with at_home(home), running_database():
        opening = open_books(story)
        predicted = predict(story, opening)
        restate(story, opening, home, predicted)
        apply(story, opening, predicted, rehearse(story, opening, home))
        explain(story, opening)
        look_back(story, opening)
        verify(story)
        rebuild(story, opening, folder / "rebuilt")
    story.step(f"{len(story.claims)} claims, all of them true ({monotonic() - began:.0f} s)")
    return opening, predicted
