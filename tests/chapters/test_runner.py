from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Ran:
    """Chapters that were run: some bytes of theirs from before, and what became of them."""

    home: Path
    before: list[bytes]
    runs: list[Any]
    said: list[str]

    def json(self, kind: str, name: str) -> Any:
        """A file of the build."""
        return json.loads((self.home / "_build" / kind / name).read_text("utf-8"))


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Two, the second of which reads what the first saved; every chapter starts a kernel."""
    home = tmp_path_factory.mktemp("ran") / "a checkout"
    sources = [add(home, "01_one", DRAWS, FIRST), add(home, "02_two", SECOND, after=("01_one",))]
    return Ran(home, [path.read_bytes() for path in sources], *run(home))


@pytest.mark.thorough
def test_chapters_run_in_order_into_the_build_and_leave_their_sources(ran: Ran) -> None:
    assert [(run.name, run.problem) for run in ran.runs] == [("01_one", ""), ("02_two", "")]
    assert [line.split(":")[0] for line in ran.said] == [
        "01_one",
        "[1/2] 01_one",
        "02_two",
        "[2/2] 02_two",
    ]
    assert results.load("02_two", ran.home / "_build" / "results").values == {"triple": 6.0}
    sources = [ran.home / "notebooks" / f"{name}.ipynb" for name in ("01_one", "02_two")]
    assert [path.read_bytes() for path in sources] == ran.before
    assert not (ran.home / "results").exists()
    assert set(run_times(ran.home / "_build")) == {"01_one", "02_two"}


@pytest.mark.thorough
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


OUTPUTS = [
    Path("_build") / kind / f"01_one{suffix}"
    for kind, suffix in (("notebooks", ".ipynb"), ("results", ".json"))
]


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A chapter that fails after it has succeeded, one that waits for it, and one that does not."""
    home = tmp_path_factory.mktemp("broken") / "a checkout"
    add(home, "01_one", FIRST)
    run(home)
    good = [(home / path).read_bytes() for path in OUTPUTS]
    add(home, "01_one", FIRST, FAILS)
    add(home, "02_two", SECOND, after=("01_one",))
    add(home, "03_three", "print(n)")
    return Ran(home, good, *run(home))


@pytest.mark.thorough
def test_a_failing_chapter_names_its_cell_and_the_last_good_output_stays(broken: Ran) -> None:
    first, second, third = broken.runs
    assert not (first.ok or second.ok)
    assert "cell 4 (In [4], which begins 'ratio = n / 0') raised ZeroDivisionError" in first.problem
    assert first.problem in broken.said[-1] + broken.said[-2] + broken.said[-3]
    assert "because 01_one did not succeed" in second.problem
    assert "it ran to the end" in third.problem  # a failure holds up what waits for it alone
    assert [(broken.home / path).read_bytes() for path in OUTPUTS] == broken.before
    failed = broken.home / "_build" / "failed" / "01_one.ipynb"
    assert str(failed) in first.problem
    assert "ZeroDivisionError" in failed.read_text(encoding="utf-8")


@pytest.mark.thorough
def test_a_chapter_that_saves_nothing_has_failed(broken: Ran) -> None:
    assert not broken.runs[2].ok
    assert "saved no results" in broken.runs[2].problem


@pytest.mark.thorough
def test_other_parameters_make_a_trial_and_nothing_else(home: Path) -> None:
    add(home, "01_one", FIRST)
    runs, _ = run(home, "one", parameters={"n": 5})
    assert runs[0].ok
    assert results.load("01_one", home / "_build" / "trial" / "results").values == {"double": 10}
    assert not (home / "_build" / "results").exists()


@pytest.mark.thorough
def test_a_chapter_reads_the_committed_numbers_of_one_that_was_run_before(
    ran: Ran, tmp_path: Path
) -> None:
    """Those of a chapter that has none committed are as it was last run."""
    home = tmp_path / "a checkout"
    shutil.copytree(ran.home, home)
    built = home / "_build" / "results"
    for committed, triple in ((None, 6.0), (12, 18.0)):
        if committed is not None:
            results.save("01_one", {"double": committed}, directory=home / "results")
        runs, _ = run(home, "two")
        assert runs[0].ok, runs[0].problem
        assert results.load("02_two", built).values == {"triple": triple}
        assert results.load("01_one", built).values == {"double": 4}


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


@pytest.mark.thorough
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


@pytest.mark.thorough
def test_figures_are_kept_in_vectors_beside_the_png_of_the_notebook(ran: Ran) -> None:
    kept = ran.json("drawn", "01_one.json")
    assert len(kept["figures"]) == 2
    for figure in kept["figures"]:
        assert figure["broad"].startswith("<svg ") and figure["narrow"].startswith("<svg ")
        assert ",line,a line,0,1,\n" in figure["data"]
    cells = ran.json("notebooks", "01_one.ipynb")["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 2
    assert not (ran.home / "_build" / "drawn" / "02_two.json").exists()


@pytest.fixture(scope="module")
def later(ran: Ran, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the same were run, when the second has been given up and the first draws no more."""
    home = tmp_path_factory.mktemp("later") / "a checkout"
    shutil.copytree(ran.home, home)
    add(home, "01_one", FIRST)
    (home / "notebooks" / "02_two.ipynb").unlink()
    assert run(home)[0][0].ok
    return home


@pytest.mark.thorough
def test_a_chapter_that_draws_no_more_leaves_no_figure_behind(later: Path) -> None:
    assert not (later / "_build" / "drawn" / "01_one.json").exists()


@pytest.mark.thorough
def test_a_chapter_given_up_leaves_what_is_no_longer_a_chapter_out(later: Path) -> None:
    assert [path.name for path in (later / "_build" / "results").iterdir()] == ["01_one.json"]
    assert [path.name for path in (later / "_build" / "notebooks").iterdir()] == ["01_one.ipynb"]


@pytest.mark.thorough
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
