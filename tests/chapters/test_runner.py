from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from example_chapters import COUNT, chapter, write

from qsp_lib.chapters import results
from qsp_lib.chapters.runner import prepare_kernels, run_chapters, run_times
from qsp_lib.common.errors import InputError

FIRST = "print(n)\nchapter.save({'double': 2 * n})"
DRAWS = """\
from matplotlib import pyplot as plt
from qsp_lib import figures

figures.use_style()
for _ in range(2):
    figure, axis = plt.subplots()
    axis.plot([1, n], label="a line")
"""
SECOND = (
    "from qsp_lib.chapters import results\n\n"
    "chapter.save({'triple': 1.5 * results.load('01_one').value('double')})"
)
FAILS = "ratio = n / 0"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a space in its name, in which ``notebooks`` can be written."""
    return tmp_path / "a checkout"


def add(home: Path, name: str, *sources: str, after: tuple[str, ...] = ()) -> Path:
    folder = home / "notebooks"
    content = chapter(name, *sources, parameters=COUNT, after=after, folder=folder)
    return write(folder, name, content)


def run(home: Path, *names: str, **options: Any) -> tuple[list[Any], list[str]]:
    said: list[str] = []
    runs = run_chapters(
        names, notebooks=home / "notebooks", build=home / "_build", say=said.append, **options
    )
    return runs, said


def test_chapters_run_in_order_into_the_build_and_leave_their_sources(home: Path) -> None:
    sources = [add(home, "01_one", FIRST), add(home, "02_two", SECOND, after=("01_one",))]
    before = [path.read_bytes() for path in sources]
    runs, said = run(home)
    assert [(run.name, run.problem) for run in runs] == [("01_one", ""), ("02_two", "")]
    assert [line.split(":")[0] for line in said] == [
        "01_one",
        "[1/2] 01_one",
        "02_two",
        "[2/2] 02_two",
    ]
    assert results.load("02_two", home / "_build" / "results").values == {"triple": 6.0}
    assert [path.read_bytes() for path in sources] == before
    assert not (home / "results").exists()
    assert set(run_times(home / "_build")) == {"01_one", "02_two"}


def test_refreshing_in_place_twice_gives_the_same_bytes(home: Path) -> None:
    paths = [add(home, "01_one", FIRST, "import ipywidgets\n\nipywidgets.IntSlider()")]
    paths.append(home / "results" / "01_one.json")
    contents = []
    for _ in range(2):
        runs, _ = run(home, in_place=True)
        assert runs[0].ok
        contents.append([path.read_bytes() for path in paths])
    assert contents[0] == contents[1]
    cells = json.loads(contents[0][0])["cells"]
    counts = [cell["execution_count"] for cell in cells if cell["cell_type"] == "code"]
    assert counts == [1, 2, 3, 4]
    assert not (home / "_build" / "results").exists()


def test_a_failing_chapter_names_its_cell_and_the_last_good_output_stays(home: Path) -> None:
    add(home, "01_one", FIRST)
    add(home, "02_two", SECOND, after=("01_one",))
    add(home, "03_three", FIRST)
    run(home)
    outputs = [
        home / "_build" / kind / f"01_one{suffix}"
        for kind, suffix in (("notebooks", ".ipynb"), ("results", ".json"))
    ]
    good = [path.read_bytes() for path in outputs]

    add(home, "01_one", FIRST, FAILS)
    runs, said = run(home)
    assert [run.ok for run in runs] == [False, False, True]
    assert "cell 4 (In [4], which begins 'ratio = n / 0') raised ZeroDivisionError" in said[-1] + (
        runs[0].problem
    )
    assert "because 01_one did not succeed" in runs[1].problem
    assert [path.read_bytes() for path in outputs] == good
    failed = home / "_build" / "failed" / "01_one.ipynb"
    assert str(failed) in runs[0].problem
    assert "ZeroDivisionError" in failed.read_text(encoding="utf-8")


def test_a_chapter_that_saves_nothing_has_failed(home: Path) -> None:
    add(home, "01_one", "print(n)")
    runs, _ = run(home)
    assert "saved no results" in runs[0].problem


def test_other_parameters_make_a_trial_and_nothing_else(home: Path) -> None:
    add(home, "01_one", FIRST)
    runs, _ = run(home, "one", parameters={"n": 5})
    assert runs[0].ok
    assert results.load("01_one", home / "_build" / "trial" / "results").values == {"double": 10}
    assert not (home / "_build" / "results").exists()


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        (["one"], {"parameters": {"m": 1}}, "no parameter 'm'"),
        (["one"], {"parameters": {"n": 10}}, "Parameter 'n' was given 10"),
        ([], {"parameters": {"n": 1}}, "Parameters go to one chapter; 2 were named"),
        (["one"], {"parameters": {"n": 1}, "in_place": True}, "default parameters"),
        (["three"], {}, "no chapter 'three'"),
        ([], {"jobs": 0}, "jobs is 0"),
    ],
)
def test_what_cannot_run_is_refused_before_anything_runs(
    home: Path, names: list[str], options: dict[str, Any], message: str
) -> None:
    add(home, "01_one", "raise SystemError")
    add(home, "02_two", "raise SystemError")
    with pytest.raises(InputError, match=message):
        run(home, *names, **options)
    assert not (home / "_build").exists()


def test_papermill_itself_cannot_pass_an_unknown_parameter(home: Path) -> None:
    source = add(home, "01_one", "print('computed')")
    target = home / "out.ipynb"
    finished = subprocess.run(
        [sys.executable, "-m", "papermill", str(source), str(target), "-p", "m", "1"],
        env={**os.environ, **prepare_kernels(home / "_build")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode != 0
    assert "01_one has no parameter 'm'" in finished.stderr
    assert '"computed' not in target.read_text(encoding="utf-8").replace("print('computed", "")


def test_figures_are_kept_in_vectors_beside_the_png_of_the_notebook(home: Path) -> None:
    add(home, "01_one", DRAWS, FIRST)
    add(home, "02_two", FIRST)
    runs, _ = run(home)
    assert [one.problem for one in runs] == ["", ""]
    kept = json.loads((home / "_build" / "drawn" / "01_one.json").read_text("utf-8"))
    assert len(kept["figures"]) == 2
    for figure in kept["figures"]:
        assert figure["broad"].startswith("<svg ") and figure["narrow"].startswith("<svg ")
        assert ",line,a line,0,1\n" in figure["data"]
    notebook = json.loads((home / "_build" / "notebooks" / "01_one.ipynb").read_text("utf-8"))
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", ())]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 2
    assert not (home / "_build" / "drawn" / "02_two.json").exists()
    add(home, "01_one", FIRST)  # a chapter that draws nothing any more leaves no figure behind
    run(home, "01_one")
    assert not (home / "_build" / "drawn" / "01_one.json").exists()


def test_a_chapter_given_up_leaves_what_is_no_longer_a_chapter_out(home: Path) -> None:
    add(home, "01_one", FIRST)
    dropped = add(home, "02_two", FIRST)
    run(home)
    dropped.unlink()
    run(home)
    assert [path.name for path in (home / "_build" / "results").iterdir()] == ["01_one.json"]


def test_the_kernel_is_this_interpreter_whatever_else_is_registered(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "jupyter" / "kernels" / "python3"
    elsewhere.mkdir(parents=True)
    spec = {"argv": ["/nowhere/python", "{connection_file}"], "display_name": "x", "language": "x"}
    (elsewhere / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    for name in ("JUPYTER_DATA_DIR", "JUPYTER_PATH"):
        monkeypatch.setenv(name, str(tmp_path / "jupyter"))
    add(home, "01_one", "import sys\n\nchapter.save({'prefix': sys.prefix})")
    runs, _ = run(home)
    assert runs[0].ok, runs[0].problem
    assert results.load("01_one", home / "_build" / "results").value("prefix") == sys.prefix
