"""A logged-in user of the tests."""

from dataclasses import dataclass
from typing import Any

from starlette.testclient import TestClient

PASSWORD = "correct horse"


@dataclass(frozen=True)
class Caller:
    """A logged-in user."""

    client: TestClient
    token: str
    portfolio_id: int | None

    def send(self, method: str, path: str, headers: dict[str, str] | None = None, **given: Any):  # type: ignore[no-untyped-def]
        sent = {"Authorization": f"Bearer {self.token}"} | (headers or {})
        return self.client.request(method, f"/api/v1{path}", headers=sent, **given)

    def upload(self, data: bytes, file_name: str = "book.csv", **fields: Any):  # type: ignore[no-untyped-def]
        return self.send("POST", "/portfolio/upload", files={"file": (file_name, data)}, data=fields)

    def get(self, path: str, headers: dict[str, str] | None = None, **params: Any):  # type: ignore[no-untyped-def]
        sent = {"Authorization": f"Bearer {self.token}"} | (headers or {})
        return self.client.get(f"/api/v1{path}", params=params, headers=sent)


def login(client: TestClient, name: str) -> Caller:
    answer = client.post("/api/v1/auth/login", json={"username": name, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return Caller(client, answer.json()["token"], answer.json()["portfolio_id"])
