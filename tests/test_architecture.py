"""House rules that are tests: which way imports point, where SQL lives, how large a module may be."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAX_LINES = 300

# What each part of the code may import of the project, beside itself. Flow: sources → calc → tables → steps → assets.
BASE = {"pipelines.errors", "pipelines.sessions"}
ARROWS: dict[str, set[str]] = {
    "sql": set(),
    "pipelines.errors": set(),
    "pipelines.sessions": set(),
    "pipelines.progress": set(),
    "pipelines.calc": set(),
    "pipelines.instruments": BASE,
    "pipelines.sources": BASE | {"pipelines.calc", "pipelines.instruments"},
    "pipelines.tables": BASE | {"pipelines.calc", "sql"},
    "pipelines.steps": BASE | {"pipelines.calc", "pipelines.sources", "pipelines.tables", "sql"},
    "pipelines.settings": {"pipelines.errors", "pipelines.postgres.credentials"},
    "pipelines.timetable": BASE | {"pipelines.settings"},
    "pipelines.postgres": {"pipelines.errors", "pipelines.settings", "sql"},
}
ON_TOP = (
    "pipelines.assets",
    "pipelines.automation",
    "pipelines.backfill",
    "pipelines.catch_up",
    "pipelines.checks",
    "pipelines.cli",
    "pipelines.dagster_storage",
    "pipelines.definitions",
    "pipelines.impact",
    "pipelines.launch",
    "pipelines.lineage",
    "pipelines.partitions",
    "pipelines.rehearsal",
    "pipelines.resources",
    "pipelines.samples",
    "pipelines.serve",
    "pipelines.verify",
)
"""These know all of the pipeline; nothing below knows them."""

API_MAY_IMPORT = (
    "pipelines.errors",
    "pipelines.instruments",
    "pipelines.sessions",
    "pipelines.settings",
    "pipelines.timetable",
    "pipelines.postgres",
    "pipelines.sources.positions_csv",
    "pipelines.sources.ledger_csv",
    "pipelines.sources.csv_",
    "sql",
)
MAY_IMPORT_INTAKE = ("pipelines.cli", "pipelines.samples.seed")


@cache
def tracked() -> list[Path]:
    """Return the project's files; those of a plain folder where there is no git."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]
    return [p for p in ROOT.rglob("*") if p.is_file() and not any(part.startswith(".") for part in p.parts)]


def modules() -> Iterator[tuple[str, Path]]:
    for path in tracked():
        parts = path.relative_to(ROOT).with_suffix("").parts
        if path.suffix == ".py" and parts[0] in ("api", "pipelines", "sql") and "migrations" not in parts:
            yield ".".join(parts).removesuffix(".__init__"), path


def imports(path: Path) -> set[str]:
    """Every module of the project, and every other, that a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            are_modules = [(ROOT / Path(*name.split("."))).with_suffix(".py").exists() for name in whole]
            found |= {
                name if is_module else str(node.module)
                for name, is_module in zip(whole, are_modules, strict=True)
            }
    return found


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(
        (f"{package}.", package if package.endswith("_") else f"{package}.")
    )


def ours(path: Path) -> set[str]:
    return {name for name in imports(path) if name.split(".")[0] in ("api", "pipelines", "sql")}


def test_every_module_of_the_pipeline_has_a_place_in_the_order() -> None:
    places = [*ARROWS, *ON_TOP, "api"]
    assert [
        name for name, _ in modules() if name != "pipelines" and not any(within(name, p) for p in places)
    ] == []


@pytest.mark.parametrize("package", ARROWS)
def test_arrows_between_layers_point_one_way(package: str) -> None:
    allowed = ARROWS[package] | {package, "pipelines" if package == "pipelines" else package}
    wrong = {
        (name, target)
        for name, path in modules()
        if within(name, package)
        for target in ours(path)
        if not any(within(target, may) for may in allowed)
    }
    assert wrong == set()


def test_calc_imports_nothing_but_numpy_and_the_standard_library() -> None:
    pure = {
        "bisect",
        "collections",
        "dataclasses",
        "functools",
        "itertools",
        "math",
        "statistics",
        "typing",
        "numba",  # compiles numpy code
        "numpy",
    }
    outside = {
        (name, target)
        for name, path in modules()
        if within(name, "pipelines.calc")
        for target in imports(path)
        if target.split(".")[0] not in pure and not within(target, "pipelines.calc")
    }
    assert outside == set()


def test_the_api_imports_nothing_of_the_pipeline_but_parsing_and_settings() -> None:
    wrong = {
        (name, target)
        for name, path in modules()
        if within(name, "api")
        for target in ours(path)
        if not within(target, "api") and not any(within(target, may) for may in API_MAY_IMPORT)
    }
    assert wrong == set()


def test_the_pipeline_imports_the_intake_only_where_a_book_comes_in() -> None:
    wrong = {
        (name, target)
        for name, path in modules()
        if within(name, "pipelines") and not any(within(name, may) for may in MAY_IMPORT_INTAKE)
        for target in ours(path)
        if within(target, "api")
    }
    assert wrong == set()


_STATEMENT = re.compile(
    r"\s*(select\s.+\sfrom|insert\s+into|update\s+\S+\s+set|delete\s+from|with\s+\w+\s+as\s*\()\s",
    re.IGNORECASE | re.DOTALL,
)


def test_sql_lives_in_sql_alone() -> None:
    wrong = [
        (name, node.lineno)
        for name, path in modules()
        if not within(name, "sql")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _STATEMENT.match(node.value)
    ]
    assert wrong == []


def test_every_query_is_used() -> None:
    """By its whole name, or by a name put together from a folder, a verb and what it is done to."""
    code = "\n".join(
        p.read_text(encoding="utf-8")
        for p in tracked()
        if p.suffix == ".py" and ROOT / "tests" not in p.parents
    )
    queries = [
        path.relative_to(ROOT / "sql" / "queries").with_suffix("").as_posix()
        for path in tracked()
        if path.suffix == ".sql" and "queries" in path.parts
    ]
    assert len(queries) > 50
    named = set(re.findall(r"f?\"(?:[a-z]+/)?([a-z_]+)(?:\{|\")", code))
    unused = [query for query in queries if not _is_named(query.rpartition("/")[2], named)]
    assert unused == []


def _is_named(name: str, named: set[str]) -> bool:
    return name in named or any(name.startswith(prefix) for prefix in named if prefix.endswith("_"))


def test_no_module_is_long() -> None:
    lengths = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in modules()}
    assert {name: length for name, length in lengths.items() if length > MAX_LINES} == {}


def test_no_file_names_a_machine_or_a_registry() -> None:
    """Paths of somebody's machine and hosts that packages come from: neither is part of the project."""
    machine = re.compile(
        r"/(?:work|home|Users|root)/\w|(?:pypi|files)\.pythonhosted|pypi\.org/simple|index-url\s*=|registry\s*=\s*\"http"
    )
    text = (".py", ".sql", ".toml", ".yaml", ".yml", ".md", ".sh", ".cfg", ".txt", ".example", "")
    wrong = [
        (path.relative_to(ROOT).as_posix(), match.group())
        for path in tracked()
        if path.suffix in text and path != Path(__file__)
        for match in machine.finditer(path.read_text(encoding="utf-8", errors="ignore"))
    ]
    assert wrong == []
