"""The formulas import nothing but numpy and its compiler, themselves and what is pure of the standard library."""

import ast
from pathlib import Path

import pytest

import pipelines.calc

MODULES = sorted(Path(pipelines.calc.__path__[0]).glob("*.py"))
PURE = {"numpy", "numba", "dataclasses", "math", "statistics", "typing"}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_imports_are_pure(module: Path) -> None:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.module is not None
            names = [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            assert name.split(".")[0] in PURE or name.startswith("pipelines.calc"), f"{module.name}: {name}"


def test_the_modules_were_found() -> None:
    assert {"pnl", "betas", "risk"} <= {module.stem for module in MODULES}
