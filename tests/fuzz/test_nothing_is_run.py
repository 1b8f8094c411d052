"""Loading a file runs nothing: the package has no way to, and its parsers know only data."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import qsp_lib

SOURCES = sorted(Path(qsp_lib.__file__).parent.rglob("*.py"))
SENDERS = {"common/clusters.py", "inference/parcels.py"}
"""What is sent to workers is pickled, as every pool of processes does; these read no file."""
FILE_CALLS = {"open", "read_bytes", "read_text", "load", "loadtxt", "genfromtxt", "read_csv"}
FORBIDDEN_NAMES = {"eval", "exec", "__import__", "compile"}
FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
DANGEROUS_CALLS = {("yaml", "load"), ("yaml", "full_load"), ("os", "system"), ("os", "popen")}


def faults(source: str) -> Iterator[str]:
    """Whatever in a source could run what a file holds."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            yield from (name for name in names if name.split(".")[0] in FORBIDDEN_MODULES)
        elif isinstance(node, ast.Call):
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            function = node.func
            if isinstance(function, ast.Name) and function.id in FORBIDDEN_NAMES:
                yield function.id
            if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
                call = (function.value.id, function.attr)
                if call in DANGEROUS_CALLS:
                    yield ".".join(call)
                if call == ("np", "load") and not _is_false(given.get("allow_pickle")):
                    yield "np.load without allow_pickle=False"
            if "shell" in given and not _is_false(given["shell"]):
                yield "a shell"


def _is_false(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and value.value is False


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_module_can_run_what_a_file_holds(path: Path) -> None:
    sends = "/".join(path.parts[-2:]) in SENDERS
    assert list(faults(path.read_text(encoding="utf-8"))) == (["pickle"] if sends else [])


@pytest.mark.parametrize("sender", sorted(SENDERS))
def test_what_pickles_reads_no_file(sender: str) -> None:
    tree = ast.parse((Path(qsp_lib.__file__).parent / sender).read_text(encoding="utf-8"))
    called = {
        getattr(node.func, "attr", getattr(node.func, "id", ""))
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    }
    assert not called & FILE_CALLS


@pytest.mark.parametrize(
    "source",
    [
        "eval('1')",
        "import pickle",
        "from pickle import loads",
        "np.load(p)",
        "yaml.load(x)",
        "run('ls', shell=True)",
        "np.load(p, allow_pickle=True)",
    ],
)
def test_what_could_is_found(source: str) -> None:
    assert list(faults(source))
