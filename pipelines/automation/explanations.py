"""Why a figure changed, as a run: the job behind requests of the kind `why`."""

from datetime import date, datetime
from typing import Any, Final

import dagster as dg

from pipelines.errors import SigmaSightError
from pipelines.lineage.explain import Question, explain
from pipelines.postgres import Role, connect

OP: Final = "explain_change"


class Explanation(dg.Config):
    """A question, as the run's configuration has it."""

    portfolio_id: int
    session: str
    known_from: str
    known_to: str
    request_id: int | None = None

    def question(self) -> Question:
        """Return the question."""
        instants = (datetime.fromisoformat(text) for text in (self.known_from, self.known_to))
        return Question(self.portfolio_id, date.fromisoformat(self.session), *instants)


def run_config(question: Question, request_id: int | None = None) -> dict[str, Any]:
    """Run configuration of the job."""
    config: dict[str, Any] = {
        "portfolio_id": question.portfolio_id,
        "session": question.session.isoformat(),
        "known_from": question.known_from.isoformat(),
        "known_to": question.known_to.isoformat(),
    }
    if request_id is not None:
        config["request_id"] = request_id
    return {"ops": {OP: {"config": config}}}


@dg.op(name=OP)
def explain_change(context: dg.OpExecutionContext, config: Explanation) -> None:
    """Take the change of a snapshot between two instants apart into causes, and store the parts."""
    with connect(Role.PIPELINE, autocommit=True) as connection:
        try:
            is_new = explain(connection, config.question(), context.run_id, config.request_id)
        except SigmaSightError as error:
            raise dg.Failure(description=str(error), allow_retries=False) from error
    context.log.info("taken apart" if is_new else "was taken apart already")


@dg.job(
    name="why",
    executor_def=dg.in_process_executor,
    description="Takes the change of a portfolio's snapshot between two instants apart into causes.",
)
def why_job() -> None:
    """One question."""
    explain_change()
