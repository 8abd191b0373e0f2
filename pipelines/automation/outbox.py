"""Alerts on their way to the webhook: each once in a while, none lost while the receiver is down, no floods."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

MOST_AT_ONCE: Final = 10
"""Alerts sent of one tick; of more, the last one says how many and which."""
MOST_WAITING: Final = 100
GIVE_UP: Final = timedelta(hours=24)
_FIRST_WAIT: Final = timedelta(seconds=30)
_LONGEST_WAIT: Final = timedelta(minutes=15)


@dataclass(frozen=True)
class Alert:
    """Something a person should know. `key` tells repetitions; they are held back for the cooldown."""

    key: str
    kind: str
    title: str
    text: str
    severity: str = "error"
    session: str | None = None
    run_id: str | None = None
    cooldown_minutes: int | None = None


@dataclass(frozen=True)
class Waiting:
    """A payload that has not been delivered yet, with what trying it has come to. Instants are ISO."""

    payload: dict[str, Any]
    since: str
    tries: int = 0
    next_try: str = ""


@dataclass
class Outbox:
    """What was sent when, what was held back since, and what waits; it lives in the sensor's cursor."""

    sent: dict[str, str] = field(default_factory=dict)
    held_back: dict[str, int] = field(default_factory=dict)
    waiting: list[Waiting] = field(default_factory=list)

    def add(self, alerts: Sequence[Alert], now: datetime, cooldown: timedelta) -> None:
        """Take alerts in, without those that were sent a short while ago."""
        new = []
        for alert in alerts:
            own = cooldown if alert.cooldown_minutes is None else timedelta(minutes=alert.cooldown_minutes)
            last = self.sent.get(alert.key)
            if last is not None and now < datetime.fromisoformat(last) + own:
                self.held_back[alert.key] = self.held_back.get(alert.key, 0) + 1
                continue
            self.sent[alert.key] = now.isoformat()
            new.append(self._payload(alert, now))
        self.waiting += [Waiting(payload, now.isoformat()) for payload in _at_most(new)]
        self.waiting = self.waiting[-MOST_WAITING:]
        self._forget(now)

    def _payload(self, alert: Alert, now: datetime) -> dict[str, Any]:
        payload = {"source": "sigmasight", **asdict(alert), "at": now.isoformat()}
        del payload["cooldown_minutes"]
        return payload | {"repeated": self.held_back.pop(alert.key, 0)}

    def _forget(self, now: datetime) -> None:
        """Drop what is older than anybody's cooldown, so that the cursor stays small."""
        self.sent = {
            key: at for key, at in self.sent.items() if now < datetime.fromisoformat(at) + timedelta(days=2)
        }
        self.held_back = {key: count for key, count in self.held_back.items() if key in self.sent}

    def deliver(self, send: Callable[[dict[str, Any]], str | None], now: datetime) -> list[str]:
        """Try what is due; returns complaints. One that fails stops the others: the receiver is down.

        send: delivers a payload, or says why it could not.
        """
        complaints: list[str] = []
        left: list[Waiting] = []
        for item in self.waiting:
            if complaints or (item.next_try and now < datetime.fromisoformat(item.next_try)):
                left.append(item)
            elif (problem := send(item.payload)) is not None:
                complaints.append(problem)
                left.append(_later(item, now))
        self.waiting = [item for item in left if now < datetime.fromisoformat(item.since) + GIVE_UP]
        lost = len(left) - len(self.waiting)
        return complaints + ([f"{lost} alerts could not be delivered for a day: given up"] if lost else [])


def _later(item: Waiting, now: datetime) -> Waiting:
    wait = min(_FIRST_WAIT * 2 ** min(item.tries, 10), _LONGEST_WAIT)
    return replace(item, tries=item.tries + 1, next_try=(now + wait).isoformat())


def _at_most(payloads: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first few payloads, and one for all the others."""
    if len(payloads) <= MOST_AT_ONCE:
        return payloads
    shown, others = payloads[: MOST_AT_ONCE - 1], payloads[MOST_AT_ONCE - 1 :]
    titles = [payload["title"] for payload in others]
    text = "\n".join(titles[:50]) + ("\n…" if len(titles) > 50 else "")
    more = {**others[-1], "key": "more", "kind": "more", "title": f"{len(others)} more alerts", "text": text}
    return [*shown, {**more, "session": None, "run_id": None}]


def dump(outbox: Outbox) -> str:
    """Outbox as text."""
    return json.dumps(asdict(outbox))


def load(text: str) -> Outbox:
    """Outbox from its text."""
    stored = json.loads(text)
    return Outbox(stored["sent"], stored["held_back"], [Waiting(**item) for item in stored["waiting"]])
