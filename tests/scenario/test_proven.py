"""Every number of the users' books is proven: identities, digests, and a computation from scratch."""

from pipelines.postgres.credentials import DatabaseUrls
from tests.scenario.world import history
from tests.verify.world import prove


def test_nothing_is_broken_or_stale(scenario: DatabaseUrls) -> None:
    proof = prove(scenario)
    assert not proof.findings
    assert proof.exit_code == 0
    assert len(history()) == 300
