"""Asked why: one run of its own job for each question, whoever asks twice."""

from datetime import date

from pipelines.automation.requests import requested_runs
from pipelines.sessions import offset
from tests.automation.desk import Desk, new_york

DAY = date(2024, 7, 2)
NOW = new_york(DAY, 18)


def test_a_question_is_one_run_that_stores_the_answer(desk: Desk) -> None:
    desk.vendor.publish(DAY)
    desk.upload("book", offset(DAY, -3), DAY, request=True)
    desk.all(requested_runs(desk.pipeline, NOW, 10))
    before = desk.rows("select max(committed_at) from analytics.commits")[0][0]
    with desk.intake.transaction():
        desk.intake.execute("select analytics.begin_commit(null, 'edit')")
        desk.intake.execute("insert into book.cash_flows values (1, %s, 250)", [DAY])
    desk.request("recalculate", [1], DAY)
    desk.all(requested_runs(desk.pipeline, NOW, 10))
    ((request,),) = desk.intake.execute(
        "insert into book.run_requests (kind, portfolio_ids, start_session, end_session, known_from, known_to)"
        " values ('why', '{1}', %s, %s, %s, clock_timestamp()) returning id", [DAY, DAY, before],
    ).fetchall()  # fmt: skip
    twice = [*requested_runs(desk.pipeline, NOW, 10), *requested_runs(desk.pipeline, NOW, 10)]
    assert [(one.job_name, one.run_key) for one in twice] == [("why", f"request-{request}")] * 2
    desk.all(iter(twice))
    assert desk.ran[-1] == ("why", f"request-{request}")
    parts = desk.rows(
        'select metric, cause, symbol, amount from analytics.waterfall_parts order by metric collate "C"'
    )
    assert [(metric, cause, symbol, int(amount)) for metric, cause, symbol, amount in parts] == [
        ("cash", "flows", None, 250),
        ("net_asset_value", "flows", None, 250),
    ]
    runs = desk.rows("select kind, status from analytics.runs where request_id = %s", request)
    assert runs == [("why", "succeeded")]
    assert list(requested_runs(desk.pipeline, NOW, 10)) == []
