"""A clock that moves only when somebody sleeps."""

from dataclasses import dataclass, field

from pipelines.sources.pace import Pace


@dataclass
class Clock:
    """Seconds; `slept` lists every pause."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def pace(self, calls: int | None = None) -> Pace:
        return Pace(calls, self, self.sleep)
