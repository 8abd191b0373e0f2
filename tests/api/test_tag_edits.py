"""Tags: a user's own, by name once; deleting one keeps the lots."""

from typing import Any

import pytest

from tests.api.desk import SAMPLE, Desk
from tests.api.test_every_read import field_codes, problem

BAD_TAGS = [
    ({}, ("name", "missing")),
    ({"name": ""}, ("name", "string_too_short")),
    ({"name": "  "}, ("name", "invalid_name")),
    ({"name": "a,b"}, ("name", "invalid_name")),
    ({"name": "a\x00b"}, ("name", "invalid_name")),
    ({"name": "=cmd"}, ("name", "invalid_name")),
    ({"name": "x" * 65}, ("name", "string_too_long")),
    ({"name": 5}, ("name", "string_type")),
    ({"name": "x", "color": "red"}, ("color", "string_pattern_mismatch")),
    ({"name": "x", "color": "#12345"}, ("color", "string_pattern_mismatch")),
    ({"name": "x", "color": "#123456\n"}, ("color", "string_pattern_mismatch")),
    ({"name": "x", "colour": "#123456"}, ("colour", "extra_forbidden")),
]


def test_add_change_delete(desk: Desk) -> None:
    ann = desk.ann
    response = ann.send("POST", "/tags", json={"name": " deep  value ", "color": "#ff5733"})
    tag = response.json()
    assert (response.status_code, tag) == (
        201,
        {"id": tag["id"], "name": "deep value", "color": "#FF5733", "position_count": 0},
    )
    assert ann.send("POST", "/tags", json={"name": "plain"}).json()["color"] == "#808080"
    path = f"/tags/{tag['id']}"
    assert ann.send("PUT", path, json={"name": "value_v2"}).json() == tag | {"name": "value_v2"}
    changed = ann.send("PUT", path, json={"color": "#000000"}).json()
    assert changed == tag | {"name": "value_v2", "color": "#000000"}
    assert {one["name"]: one["color"] for one in ann.get("/tags").json()["items"]} == {
        "value_v2": "#000000",
        "plain": "#808080",
    }
    response = ann.send("DELETE", path)
    assert (response.status_code, response.content) == (204, b"")
    problem(ann.send("DELETE", path), 404, "tag_not_found")
    assert [one["name"] for one in ann.get("/tags").json()["items"]] == ["plain"]


def test_names_are_unique_per_owner(desk: Desk) -> None:
    ann = desk.ann
    first = ann.send("POST", "/tags", json={"name": "hedge"}).json()
    second = ann.send("POST", "/tags", json={"name": "tech"}).json()
    with desk.unchanged():
        found = problem(ann.send("POST", "/tags", json={"name": "hedge"}), 409, "tag_exists")
        assert field_codes(found) == [("name", "tag_exists")]
        problem(ann.send("PUT", f"/tags/{second['id']}", json={"name": "hedge"}), 409, "tag_exists")
        assert ann.send("PUT", f"/tags/{first['id']}", json={"name": "hedge"}).status_code == 200
    assert desk.bob.send("POST", "/tags", json={"name": "hedge"}).status_code == 201


@pytest.mark.parametrize(("body", "expected"), BAD_TAGS, ids=str)
def test_bad_tags(desk: Desk, body: Any, expected: tuple[str, str]) -> None:
    ann = desk.ann
    tag = ann.send("POST", "/tags", json={"name": "hedge"}).json()
    with desk.unchanged():
        found = problem(ann.send("POST", "/tags", json=body), 422, "invalid_request")
        assert field_codes(found) == [expected]
        changed = problem(ann.send("PUT", f"/tags/{tag['id']}", json=body), 422, "invalid_request")
        assert field_codes(changed) == [expected if body else ("body", "nothing_to_change")]


def test_bodies_that_are_no_json(desk: Desk) -> None:
    for content in (b"", b"{", b"\xff", b"[]", b"null", b'"x"'):
        response = desk.ann.send(
            "POST", "/tags", content=content, headers={"Content-Type": "application/json"}
        )
        problem(response, 422, "invalid_request")


def test_others_tags_are_not_there(desk: Desk) -> None:
    tag = desk.ann.send("POST", "/tags", json={"name": "hedge"}).json()
    path = f"/tags/{tag['id']}"
    with desk.unchanged():
        for caller in (desk.bob, desk.root):
            problem(caller.send("PUT", path, json={"name": "x"}), 404, "tag_not_found")
            problem(caller.send("DELETE", path), 404, "tag_not_found")
        problem(desk.ann.send("PUT", "/tags/987654", json={"name": "x"}), 404, "tag_not_found")
        problem(desk.ann.send("PUT", "/tags/x", json={"name": "x"}), 422, "invalid_request")


def test_nobody_without_a_token(desk: Desk) -> None:
    with desk.unchanged():
        for method, path in (
            ("POST", "/tags"), ("PUT", "/tags/1"), ("DELETE", "/tags/1"), ("PUT", "/positions/1/tags"),
        ):  # fmt: skip
            body: dict[str, Any] = {"tag_ids": []} if "positions" in path else {"name": "x"}
            response = desk.client.request(method, f"/api/v1{path}", json=body)
            problem(response, 401, "not_authenticated")


def _lots(desk: Desk) -> list[int]:
    return [row[0] for row in desk.ask("select id from book.positions order by id")]


def test_tags_of_a_lot_are_replaced(desk: Desk) -> None:
    ann = desk.ann
    ann.upload(SAMPLE)
    lot = _lots(desk)[0]
    ids = dict(desk.ask("select name, id from book.tags"))
    path = f"/positions/{lot}/tags"
    body = ann.send("PUT", path, json={"tag_ids": [ids["options"], ids["hedge"], ids["hedge"]]}).json()
    assert (body["position_id"], [one["name"] for one in body["items"]]) == (lot, ["hedge", "options"])
    assert [one["name"] for one in ann.get(path).json()["items"]] == ["hedge", "options"]
    with desk.unchanged():
        ann.send("PUT", path, json={"tag_ids": [ids["hedge"], ids["options"]]})
    assert ann.send("PUT", path, json={"tag_ids": []}).json()["items"] == []


def test_deleting_a_tag_keeps_its_lots(desk: Desk) -> None:
    ann = desk.ann
    ann.upload(SAMPLE)
    tech = desk.ask("select id from book.tags where name = 'tech'")[0][0]
    assert ann.send("DELETE", f"/tags/{tech}").status_code == 204
    assert len(_lots(desk)) == 3
    assert desk.ask("select count(*) from book.position_tags") == [(4,)]
    assert desk.ask("select count(*) from book.position_tags_history") == [(2,)]


def test_only_own_tags_on_own_lots(desk: Desk) -> None:
    ann, bob = desk.ann, desk.bob
    ann.upload(SAMPLE)
    lot, mine = _lots(desk)[0], desk.ask("select min(id) from book.tags")[0][0]
    foreign = bob.send("POST", "/tags", json={"name": "bob's"}).json()["id"]
    with desk.unchanged():
        problem(
            bob.send("PUT", f"/positions/{lot}/tags", json={"tag_ids": [foreign]}), 404, "position_not_found"
        )
        for wrong in (foreign, 987654):
            response = ann.send("PUT", f"/positions/{lot}/tags", json={"tag_ids": [mine, wrong]})
            assert field_codes(problem(response, 422, "invalid_request")) == [("tag_ids", "unknown_tag")]
        for ids in ([0], [-1], ["1"], [1.5], [True], [2**63], None, [1] * 51):
            response = ann.send("PUT", f"/positions/{lot}/tags", json={"tag_ids": ids})
            problem(response, 422, "invalid_request")
