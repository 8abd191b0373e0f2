"""Withdrawing an upload: shown first, then its commit is undone, and nothing is lost."""

from typing import Any

import pytest

from tests.api.desk import Desk
from tests.api.test_every_read import field_codes, problem
from tests.api.test_revise import BOOK, HEADER, KO, told

AAPL = b'AAPL,1000,150.00,2024-01-15,"momentum,tech",,,\n'
WRONG = HEADER + AAPL.replace(b"1000", b"100") + KO + b"PEP,10,160,2024-02-05,,,,\n"
"""AAPL corrected, MSFT with its tag removed, PEP new."""


@pytest.fixture
def portfolio_id(desk: Desk) -> int:
    found: int = desk.ann.upload(BOOK, name="Main").json()["portfolio_id"]
    desk.ask("update book.portfolios set equity_as_of = '2024-05-14' returning id")
    desk.run(1, "succeeded")
    return found


def lots(desk: Desk) -> list[tuple[Any, ...]]:
    """Every lot without the commit that wrote it, and what it carries."""
    return desk.ask(
        "select to_jsonb(p) - 'commit_id', array(select tag_id from book.position_tags k "
        "where k.position_id = p.id order by tag_id) from book.positions p order by id"
    )


def uploads(desk: Desk) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.ann.get("/portfolio/uploads").json()["items"]
    return found


def reupload(desk: Desk, portfolio_id: int, data: bytes) -> None:
    ann = desk.ann
    confirm = ann.upload(data, portfolio_id=str(portfolio_id)).json()["confirm"]
    assert ann.upload(data, portfolio_id=str(portfolio_id), confirm=confirm).status_code == 202


def withdraw(desk: Desk, upload_id: int, confirm: str | None = None) -> Any:
    body = {} if confirm is None else {"confirm": confirm}
    return desk.ann.send("POST", f"/portfolio/uploads/{upload_id}/withdraw", json=body)


def test_a_book_becomes_what_it_was(desk: Desk, portfolio_id: int) -> None:
    before = lots(desk)
    reupload(desk, portfolio_id, WRONG)
    assert lots(desk) != before
    wrong = uploads(desk)[-1]
    with desk.unchanged():
        preview = withdraw(desk, wrong["id"]).json()
    assert sorted(told(preview)) == [
        ("correction", "AAPL", None, "2024-01-16"),
        ("removed", "PEP", None, "2024-02-05"),
        ("restored", "MSFT", None, "2024-01-22"),
    ]
    assert preview["first_session"] == "2024-01-16"
    done = withdraw(desk, wrong["id"], preview["confirm"])
    assert (done.status_code, done.json()["changes"]) == (202, 3), done.text
    assert lots(desk) == before
    asked = desk.ask(
        "select portfolio_ids, start_session::text from book.run_requests where id = %s",
        done.json()["request_id"],
    )
    assert asked == [([portfolio_id], "2024-01-16")]
    assert desk.book.commits()[-1] == "withdraw"
    assert [one["withdrawn_at"] is None for one in uploads(desk)] == [True, False]
    # The lot it had added is in history, and the file before it is what the book is made of again.
    assert desk.ask("select count(*) from book.positions_history where symbol = 'PEP'") == [(1,)]
    assert desk.ann.upload(BOOK, name="Main").json()["created"] is False


def test_the_first_upload_leaves_an_empty_book(desk: Desk, portfolio_id: int) -> None:
    (first,) = uploads(desk)
    preview = withdraw(desk, first["id"]).json()
    assert {one["kind"] for one in preview["changes"]} == {"removed"}
    assert withdraw(desk, first["id"], preview["confirm"]).json()["changes"] == 3
    assert lots(desk) == []
    assert desk.ask("select count(*) from book.positions_history") == [(3,)]
    # Its file is not what the book is made of any more; it may come back as a new one for the portfolio.
    problem(desk.ann.upload(BOOK, name="Main"), 409, "portfolio_exists")
    reupload(desk, portfolio_id, BOOK)
    assert len(lots(desk)) == 3


def test_lots_changed_since_are_not_undone(desk: Desk, portfolio_id: int) -> None:
    (first,) = uploads(desk)
    lot = desk.ask("select id from book.positions where symbol = 'KO'")[0][0]
    desk.ann.send("POST", f"/positions/{lot}/exit", json={"exit_date": "2024-04-08"})
    with desk.unchanged():
        found = problem(withdraw(desk, first["id"]), 409, "changed_since")
    assert str(lot) in found.detail


def test_only_what_was_shown_is_done_and_only_once(desk: Desk, portfolio_id: int) -> None:
    (first,) = uploads(desk)
    confirm = withdraw(desk, first["id"]).json()["confirm"]
    with desk.unchanged():
        problem(withdraw(desk, first["id"], "0" * 64), 409, "preview_outdated")
        found = problem(withdraw(desk, first["id"], "yes"), 422, "invalid_request")
        assert field_codes(found) == [("confirm", "string_pattern_mismatch")]
    opened = {"symbol": "XOM", "quantity": 1, "entry_price": 100, "entry_date": "2024-03-04"}
    desk.ann.send("POST", "/positions", json=opened)
    with desk.unchanged():
        problem(withdraw(desk, first["id"], confirm), 409, "preview_outdated")
    confirm = withdraw(desk, first["id"]).json()["confirm"]
    assert withdraw(desk, first["id"], confirm).status_code == 202
    # What was recorded beside it stays.
    assert [row[0]["symbol"] for row in lots(desk)] == ["XOM"]
    with desk.unchanged():
        problem(withdraw(desk, first["id"]), 409, "already_withdrawn")


def test_uploads_of_others_are_not_there(desk: Desk, portfolio_id: int) -> None:
    path = f"/portfolio/uploads/{uploads(desk)[0]['id']}/withdraw"
    with desk.unchanged():
        problem(desk.client.post(f"/api/v1{path}"), 401, "not_authenticated")
        for caller in (desk.bob, desk.root):
            problem(caller.send("POST", path), 404, "upload_not_found")
        problem(desk.ann.send("POST", "/portfolio/uploads/987654/withdraw"), 404, "upload_not_found")
        problem(desk.ann.send("POST", "/portfolio/uploads/x/withdraw"), 422, "invalid_request")
    desk.bob.upload(BOOK, name="Bob's")
    problem(desk.bob.get("/portfolio/uploads", portfolio_id=portfolio_id), 404, "portfolio_not_found")


def test_an_upload_from_before_lots_were_recorded(desk: Desk, portfolio_id: int) -> None:
    desk.ask("update book.uploads set commit_id = null returning id")
    problem(withdraw(desk, uploads(desk)[0]["id"]), 409, "not_recorded")
