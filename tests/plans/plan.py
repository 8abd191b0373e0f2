"""A plan as EXPLAIN gives it, and what may be wrong with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Plan:
    """The root node of a plan, of a statement that somebody named."""

    name: str
    root: dict[str, Any]

    def nodes(self) -> Iterator[tuple[dict[str, Any], bool]]:
        """Every node, and whether it is stopped once a limit above it is reached."""
        waiting = [(self.root, False)]
        while waiting:
            node, is_limited = waiting.pop()
            yield node, is_limited
            waiting.extend((child, node["Node Type"] == "Limit") for child in node.get("Plans", ()))

    def read_whole(self, big: set[str]) -> list[str]:
        """The big tables that the plan reads from end to end: all their rows, or an index without bounds."""
        return [
            f"{self.name}: {node['Node Type']} on {table}"
            for node, is_limited in self.nodes()
            if (table := node.get("Relation Name")) in big and _is_whole(node, is_limited)
        ]

    def rows_touched(self) -> int:
        """Rows that the scans looked at (with ANALYZE)."""
        return round(sum(_rows(node) for node, _ in self.nodes() if "Relation Name" in node))

    def indexes(self) -> set[str]:
        """The indexes it uses."""
        return {node["Index Name"] for node, _ in self.nodes() if "Index Name" in node}


_COUNTED = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
_FEW = 100


def _is_whole(node: dict[str, Any], is_limited: bool) -> bool:
    kind = node["Node Type"]
    if kind == "Seq Scan":
        return True
    if kind not in ("Index Scan", "Index Only Scan") or "Index Cond" in node or is_limited:
        return False
    # A merge join stops as soon as the other side has ended: what it read decides, if it ran.
    return _rows(node) > _FEW


def _rows(node: dict[str, Any]) -> float:
    """Rows that a scan looked at; those it was expected to, if it has not run."""
    if "Actual Loops" not in node:
        return float(node["Plan Rows"])
    return float(node["Actual Loops"] * sum(node.get(name, 0) for name in _COUNTED))
