"""The house: every wing stands in the contract of layers, and is entered through its face."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "qsp_lib"
WINGS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
CONTRACT = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
SOURCES = [
    path
    for folder in ("qsp_lib", "book", "benchmarks")
    for path in sorted((ROOT / folder).rglob("*.py"))
]


def imports(path: Path) -> Iterator[tuple[ast.ImportFrom, str]]:
    """Every ``from ... import`` of a file, with the module it names in full."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            yield node, ".".join([*base, *([node.module] if node.module else [])])


def test_there_is_one_contract_without_exceptions_and_every_wing_is_in_it() -> None:
    (contract,) = CONTRACT["contracts"]
    assert "ignore_imports" not in contract
    layers = [name for layer in contract["layers"] for name in layer.split(" | ")]
    assert {f"qsp_lib.{wing}" for wing in WINGS} <= set(layers)
    assert {"book", "benchmarks", "interop"} <= set(layers)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_another_wing_is_entered_through_its_face(path: Path) -> None:
    parts = path.relative_to(ROOT).parts
    own = parts[1] if parts[0] == "qsp_lib" and len(parts) > 2 else ""
    for node, module in imports(path):
        names = module.split(".")
        if names[0] == "qsp_lib" and len(names) > 2 and names[1] not in (own, "commands"):
            pytest.fail(f"line {node.lineno}: {module} is inside a wing; import from its face")


@pytest.mark.parametrize(
    "wing", [wing for wing in WINGS if (PACKAGE / wing / "__init__.pyi").is_file()]
)
def test_a_face_hands_on_what_it_lists_and_lists_nothing_twice(wing: str) -> None:
    tree = ast.parse((PACKAGE / wing / "__init__.pyi").read_text(encoding="utf-8"))
    listed = [alias.name for node in tree.body for alias in node.names]  # type: ignore[attr-defined]
    assert len(listed) == len(set(listed))
    face = importlib.import_module(f"qsp_lib.{wing}")
    for name in listed:
        assert getattr(face, name) is not None


def test_imports_are_put_off_in_one_place_only() -> None:
    """Only faces and ``common.late`` put imports off; a function imports nothing."""
    late = []
    for path in (p for p in SOURCES if p.is_relative_to(PACKAGE)):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                inner = [n for n in ast.walk(node) if isinstance(n, ast.Import | ast.ImportFrom)]
                late += [f"{path.relative_to(ROOT)}:{n.lineno}" for n in inner]
    assert late == []


def test_a_number_for_a_reader_is_rounded_by_the_one_formatter() -> None:
    """Decimal places and percentages of what is printed come from ``common.numbers``."""
    places = re.compile(r"[-+,0-9]*\.?[0-9]*[f%]")
    told = [
        *(PACKAGE / wing for wing in ("prediction", "own_data", "commands", "chapters", "export")),
        *(ROOT / "book" / part for part in ("pages", "explorer", "site")),
    ]
    drawn = {"network_diagram.py", "svg_math.py"}  # coordinates, which nobody reads
    found = []
    for path in (p for folder in told for p in sorted(folder.rglob("*.py")) if p.name not in drawn):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FormattedValue) and node.format_spec is not None:
                spec = ast.unparse(node.format_spec)[2:-1]
                if places.fullmatch(spec):
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert found == []


def modules() -> Iterator[ModuleType]:
    """Every module of the package but the one that runs it."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[-1] not in ("__init__", "__main__"):
            yield importlib.import_module(".".join(parts))


def test_what_holds_values_cannot_be_changed() -> None:
    """Only what walks along a profile, and is seen by nobody else, changes."""
    held = {
        value
        for module in modules()
        for value in vars(module).values()
        if dataclasses.is_dataclass(value) and isinstance(value, type)
    }
    changeable = {one for one in held if not one.__dataclass_params__.frozen}  # type: ignore[attr-defined]
    assert {one.__qualname__ for one in changeable} == {"_Walker"}
    assert len(held) > 60


def cuts(tree: ast.AST) -> set[object]:
    """Where texts are cut to their first characters, within a syntax tree."""
    return {
        node.slice.upper.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Slice)
        and node.slice.lower is None
        and isinstance(node.slice.upper, ast.Constant)
    }


def test_a_digest_is_shown_by_twelve_digits_and_compared_as_a_whole() -> None:
    for path in sorted((PACKAGE / "protocol").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FormattedValue):
                # what a comparison shows of other values may be longer
                assert cuts(node) <= ({12, 57} if path.name == "comparing.py" else {12}), path
            if isinstance(node, ast.Subscript) and re.search("digest|sha256", ast.unparse(node)):
                assert cuts(node) <= {12}, f"{path}:{node.lineno}"
            if isinstance(node, ast.Compare):
                assert not cuts(node), f"{path}:{node.lineno}"


JUDGED = [
    path for wing in ("inference", "model", "protocol") for path in (PACKAGE / wing).rglob("*.py")
]
"""What equations, rules and statistics are."""


def test_what_is_paired_has_as_many_on_either_side() -> None:
    """A course that is a row short is an error, and not a shorter course."""
    pairs = [
        (f"{path.relative_to(ROOT)}:{node.lineno}", {key.arg: key.value for key in node.keywords})
        for path in JUDGED
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "zip"
    ]
    strict = {where for where, keys in pairs if ast.unparse(keys["strict"]) == "True"}
    assert strict == {where for where, _ in pairs} and len(strict) > 30


def test_every_argument_can_be_given_by_its_name() -> None:
    for path in JUDGED:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.Lambda):
                assert not node.args.posonlyargs, f"{path.relative_to(ROOT)}:{node.lineno}"


def test_what_only_types_name_is_imported_by_nothing_that_runs() -> None:
    for path in JUDGED:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.If):
                assert ast.unparse(node.test) == "TYPE_CHECKING", path
            elif isinstance(node, ast.Import):
                assert "pandas" not in {alias.name for alias in node.names}, path
