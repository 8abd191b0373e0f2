"""`sigmasight demonstrate`: one price restated, and everything that is promised about it, shown and checked."""

from typing import Annotated

import typer


def demonstrate(
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Keep both databases and say where they are, also if a claim is untrue."),
    ] = False,
) -> None:
    """Restate one price of the sample books 40 sessions back, and prove what follows. Exit 1 if a claim is untrue.

    It takes place in databases of its own, which are removed at the end; yours is not touched.
    """
    from pipelines.cli.demonstration.performance import perform
    from pipelines.cli.demonstration.stage import stage
    from pipelines.cli.demonstration.story import Story

    with stage(keep=keep) as folder:
        try:
            perform(Story(typer.echo), folder)
        finally:
            if keep:
                typer.echo(
                    f"\nkept: SIGMASIGHT_HOME={folder / 'restated'} and SIGMASIGHT_HOME={folder / 'rebuilt'}"
                )
