"""Sweeps: the same rows on any number of workers, kept over a stop, and clear about trouble."""

from __future__ import annotations

import functools
import importlib
import os
import re
import shutil
import subprocess
import sys
import threading
import tracemalloc
import types
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import quick
from numpy.typing import NDArray
from peaks_sweep import peaks

from qsp_lib.common import environment
from qsp_lib.common.errors import InputError
from qsp_lib.common.workers import fresh_pool, pool
from qsp_lib.inference import checkpoint
from qsp_lib.inference.sweeping import (
    QUIET,
    SweepError,
    part_of,
    shows_progress,
    spawned_seeds,
    sweep,
)
from qsp_lib.model.parameters import NetworkParameters

Array = NDArray[np.float64]
INPUTS = np.arange(23.0)[:, None]


def squares(chunk: Array) -> Array:
    return chunk[:, 0] ** 2


def cubes(chunk: Array) -> Array:
    return chunk[:, 0] ** 3


def powers(chunk: Array) -> Array:
    return np.stack([chunk[:, 0], chunk[:, 0] ** 2], axis=1)


def scaled(chunk: Array, factor: Any = 1.0) -> Array:
    return factor * chunk[:, 0]


def process_of(chunk: Array) -> Array:
    return np.full(len(chunk), float(os.getpid()))


def random_walks(chunk: Array) -> Array:
    """A number that takes its randomness from the input alone."""
    return np.array([np.random.default_rng(int(seed)).normal() for (seed,) in chunk])


def too_few(chunk: Array) -> Array:
    return chunk[1:, 0]


def hungry(chunk: Array) -> Array:
    """Uses 8 MB a chunk and gives one number an input."""
    return np.ones((len(chunk), 1_000_000 // len(chunk))).sum(axis=1)


def overwrites(chunk: Array) -> Array:
    chunk *= 2
    return chunk[:, 0]


@dataclass(frozen=True)
class Counting:
    """Squares; notes the inputs it has seen in a file, and goes wrong at one while told to."""

    folder: str
    at: float = -1.0
    how: str = "raise"

    def __call__(self, chunk: Array) -> Array:
        folder = Path(self.folder)
        if (folder / "trouble").exists() and self.at in chunk[:, 0]:
            if self.how == "die":
                os._exit(1)
            raise KeyboardInterrupt if self.how == "interrupt" else ZeroDivisionError("at a pole")
        with (folder / "seen").open("a") as seen:
            seen.writelines(f"{value:g}\n" for value in chunk[:, 0])
        return chunk[:, 0] ** 2

    @property
    def seen(self) -> list[float]:
        return sorted(float(line) for line in (Path(self.folder) / "seen").read_text().split())


@pytest.fixture
def troubled(tmp_path: Path) -> Callable[[str], Counting]:
    """A function that goes wrong at input 14 until the trouble is over."""
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "trouble").touch()
    return lambda how: Counting(str(tmp_path / "work"), 14.0, how)


def trouble_over(function: Counting) -> None:
    (Path(function.folder) / "trouble").unlink()


def test_where_no_workers_are_allowed_the_sweep_runs_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QSP_MOST_WORKERS", "1")
    found = sweep(process_of, np.arange(9.0)[:, None], workers=2, chunk=2)
    assert set(found) == {os.getpid()}


@pytest.mark.parametrize("workers", quick([1, 2], few=[1]))
@pytest.mark.parametrize("chunk", [1, 5, 100])
def test_rows_come_in_the_order_of_the_inputs(workers: int, chunk: int) -> None:
    assert np.array_equal(sweep(squares, INPUTS, workers=workers, chunk=chunk), INPUTS[:, 0] ** 2)


def test_a_row_can_hold_several_numbers() -> None:
    expected = np.stack([INPUTS[:, 0], INPUTS[:, 0] ** 2], axis=1)
    assert np.array_equal(sweep(powers, INPUTS, workers=1, chunk=4), expected)


def test_any_executor_does() -> None:
    with ThreadPoolExecutor(3) as executor:
        found = sweep(squares, INPUTS, executor=executor, chunk=2)
        assert np.array_equal(found, INPUTS[:, 0] ** 2)
        executor.submit(int).result()  # it is left open


def test_every_input_has_a_seed_of_its_own() -> None:
    seeds = spawned_seeds(5, 12)
    assert len(np.unique(seeds)) == 12
    assert np.array_equal(spawned_seeds(5, 40)[:12], seeds)
    one, other = (sweep(random_walks, seeds, workers=w, chunk=c) for w, c in ((1, 12), (2, 5)))
    assert np.array_equal(one, other)
    with pytest.raises(InputError, match="0 seeds"):
        spawned_seeds(5, 0)


def test_the_function_gets_a_copy() -> None:
    inputs = INPUTS.copy()
    inputs.setflags(write=False)
    assert np.array_equal(sweep(overwrites, inputs, workers=1), 2 * INPUTS[:, 0])


def test_memory_does_not_grow_with_the_number_of_chunks() -> None:
    peaks = []
    for chunks in (3, 30):
        tracemalloc.start()
        sweep(hungry, np.zeros((10 * chunks, 1)), workers=1, chunk=10)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[0] > 8e6
    assert peaks[1] == pytest.approx(peaks[0], rel=0.05)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"inputs": np.empty((0, 3))}, "no inputs"),
        ({"inputs": 3.0}, "no inputs"),
        ({"chunk": 0}, "chunks of 0; expected 1 or more"),
        ({"workers": 0}, "0 workers; expected 1 or more"),
        ({"function": too_few}, r"shape \(22,\) for 23 inputs; expected \(23,\)"),
    ],
)
def test_bad_input_is_refused(options: dict[str, Any], words: str) -> None:
    given: dict[str, Any] = {"function": squares, "inputs": INPUTS, "workers": 1} | options
    with pytest.raises(InputError, match=words):
        sweep(**given)


def test_workers_beside_an_executor_are_its_own_or_refused() -> None:
    with pool(2) as own:
        assert np.array_equal(sweep(squares, INPUTS, executor=own, workers=2), squares(INPUTS))
        with pytest.raises(InputError, match="3 workers and an executor"):
            sweep(squares, INPUTS, executor=own, workers=3)
    with ThreadPoolExecutor(2) as other, pytest.raises(InputError, match="one of the two"):
        sweep(squares, INPUTS, executor=other, workers=2)


def test_an_executor_that_was_shut_down_is_named() -> None:
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.raises(SweepError, match="has been shut down. Pass an open one"):
        sweep(squares, INPUTS, executor=executor)


@pytest.mark.thorough
def test_a_worker_that_dies_costs_only_what_was_not_finished(
    troubled: Callable[[str], Counting], tmp_path: Path
) -> None:
    function = troubled("die")
    options: dict[str, Any] = {"chunk": 2, "checkpoint": tmp_path / "kept"}
    words = "worker process died .* 14 of 23 rows are finished and kept in .*kept: the same call"
    # one worker in a pool: chunks before the deadly one are done when it comes
    with fresh_pool(1) as executor, pytest.raises(SweepError, match=words):
        sweep(function, INPUTS, executor=executor, **options)
    assert function.seen == list(np.arange(14.0))
    trouble_over(function)
    found = sweep(function, INPUTS, workers=1, **options)
    assert np.array_equal(found, INPUTS[:, 0] ** 2)
    assert function.seen == list(INPUTS[:, 0])  # each input once: nothing was done again


@pytest.mark.thorough
def test_a_pool_that_is_broken_already_is_named(troubled: Callable[[str], Counting]) -> None:
    with fresh_pool(1) as executor:
        for _ in range(2):
            with pytest.raises(SweepError, match="worker process died"):
                sweep(troubled("die"), INPUTS, executor=executor)


def test_a_function_typed_into_a_session_runs_in_this_process() -> None:
    """No other process can import it: a plain sweep does without, one that asks is refused."""
    source = (
        "import numpy as np; from qsp_lib.inference import sweep\n"
        "def squares(chunk): return chunk[:, 0] ** 2\n"
        "print(sweep(squares, np.arange(4.0)[:, None], chunk=1))\n"
        "sweep(squares, np.arange(4.0)[:, None], workers=2)\n"
    )
    run = subprocess.run([sys.executable, "-"], input=source, capture_output=True, text=True)
    assert run.stdout == "[0. 1. 4. 9.]\n"
    assert "squares" in run.stderr and "put it into a module, or ask for 1 worker" in run.stderr


@pytest.mark.thorough
def test_a_script_without_a_guard_is_told(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import numpy as np; from qsp_lib.inference import sweep\n"
        "print(sweep(np.ravel, np.arange(4.0)[:, None], workers=2, chunk=1))\n"
    )
    run = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60)
    assert run.returncode == 1 and run.stdout == ""
    assert "a script starts its work below `if __name__ == '__main__':`" in run.stderr


@pytest.mark.parametrize("workers", [1, 2])
def test_a_function_that_fails_is_named_with_its_rows(
    troubled: Callable[[str], Counting], workers: int
) -> None:
    words = "rows 12 to 15 failed: ZeroDivisionError: at a pole.* lost: pass checkpoint="
    with pytest.raises(SweepError, match=words) as caught:
        sweep(troubled("raise"), INPUTS, workers=workers, chunk=4)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_an_interrupted_sweep_goes_on_with_other_chunks(
    troubled: Callable[[str], Counting], tmp_path: Path
) -> None:
    function = troubled("interrupt")
    with pytest.raises(KeyboardInterrupt):
        sweep(function, INPUTS, workers=1, chunk=4, checkpoint=tmp_path / "kept")
    assert function.seen == list(np.arange(12.0))
    trouble_over(function)
    found = sweep(function, INPUTS, workers=1, chunk=3, checkpoint=tmp_path / "kept")
    assert np.array_equal(found, INPUTS[:, 0] ** 2)
    assert function.seen == list(INPUTS[:, 0])


def test_several_sweeps_of_a_call_keep_their_rows_apart(tmp_path: Path) -> None:
    options = {"workers": 1, "checkpoint": tmp_path / "call"}
    one, other = part_of(options, "first"), part_of(options, "second")
    assert one == {"workers": 1, "checkpoint": tmp_path / "call" / "first"}
    assert other["checkpoint"] == tmp_path / "call" / "second"
    # what the call itself was given stays as it is, and without a folder there is none
    assert options == {"workers": 1, "checkpoint": tmp_path / "call"}
    assert part_of({"workers": 1}, "first") == {"workers": 1}


def test_a_finished_sweep_is_read_from_its_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    function = Counting(str(tmp_path / "work"))
    one, other = (sweep(function, INPUTS, workers=1, checkpoint=tmp_path / "c") for _ in range(2))
    assert np.array_equal(one, other)
    assert function.seen == list(INPUTS[:, 0])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"function": cubes}, "another function .*test_sweep.squares.*test_sweep.cubes"),
        ({"function": functools.partial(squares)}, "other settings"),
        ({"inputs": INPUTS + 1e-12}, "other inputs"),
        ({"inputs": INPUTS[:-1]}, "other inputs"),
        ({"lock": "abc"}, "another lock .*'';.*'abc'"),
    ],
)
def test_a_checkpoint_of_another_sweep_is_refused(
    tmp_path: Path, options: dict[str, Any], words: str
) -> None:
    given: dict[str, Any] = {
        "function": squares,
        "inputs": INPUTS,
        "workers": 1,
        "checkpoint": tmp_path / "kept",
    }
    sweep(**given)
    with pytest.raises(InputError, match=words):
        sweep(**(given | options))
    assert np.array_equal(sweep(**given), INPUTS[:, 0] ** 2)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (functools.partial(scaled, factor=2.0), functools.partial(scaled, factor=2.5)),
        (Counting("a", 1.0), Counting("a", 2.0)),
        (
            functools.partial(scaled, factor=np.zeros(2)),
            functools.partial(scaled, factor=np.ones(2)),
        ),
    ],
)
def test_the_settings_of_a_function_tell_it_apart(one: Any, other: Any) -> None:
    settings = [checkpoint.identify(f, INPUTS)["settings"] for f in (one, one, other)]
    assert settings[0] == settings[1] != settings[2]


def test_a_checkpoint_of_another_code_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep(squares, INPUTS, workers=1, checkpoint=tmp_path / "kept")
    monkeypatch.setattr(checkpoint, "code_digest", lambda *files: "changed")
    with pytest.raises(InputError, match="another version of the code"):
        sweep(squares, INPUTS, workers=1, checkpoint=tmp_path / "kept")


def test_the_file_of_the_function_is_part_of_the_code(tmp_path: Path) -> None:
    codes = []
    for text in ("value = 1\n", "value = 2\n"):
        (tmp_path / "made_up_module.py").write_text(text)
        module: Any = types.ModuleType("made_up_module")
        module.__file__ = str(tmp_path / "made_up_module.py")
        sys.modules["made_up_module"] = module
        try:
            function = types.FunctionType(squares.__code__, {}, "f")
            function.__module__, function.__qualname__ = "made_up_module", "f"
            module.f = function
            codes.append(checkpoint.identify(function, INPUTS)["code"])
        finally:
            del sys.modules["made_up_module"]
    assert codes[0] != codes[1]


class Plain:
    """Holds a setting that no checkpoint can see."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def run(self, chunk: Array) -> Array:
        return self.factor * chunk[:, 0]

    def __call__(self, chunk: Array) -> Array:
        return self.run(chunk)


def times(factor: float) -> Callable[[Array], Array]:
    """A closure under the name of a function of this module."""

    @functools.wraps(squares)
    def function(chunk: Array) -> Array:
        return factor * chunk[:, 0]

    return function


@pytest.mark.parametrize(
    "function",
    [
        lambda chunk: chunk[:, 0],
        functools.partial(scaled, factor={1}),
        Plain(2.0),
        Plain(2.0).run,
        functools.partial(Plain(2.0).run),
        functools.partial(scaled, factor=Plain(2.0).run),
        Counting("a").__call__,
        np.arange(1.0).dot,
        np.random.default_rng(1).normal,
        times(2.0),
    ],
)
def test_a_function_that_cannot_be_told_apart_gets_no_checkpoint(
    function: Any, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="A checkpoint cannot"):
        sweep(function, INPUTS, workers=1, checkpoint=tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize("function", [np.ravel, np.abs, abs])
def test_a_function_of_numpy_or_of_the_language_can_have_a_checkpoint(
    function: Any, tmp_path: Path
) -> None:
    for _ in range(2):
        found = sweep(function, INPUTS, workers=1, checkpoint=tmp_path / "kept")
        assert np.array_equal(found.ravel(), INPUTS[:, 0])


def test_a_half_written_manifest_is_refused(tmp_path: Path) -> None:
    sweep(squares, INPUTS, workers=1, checkpoint=tmp_path / "kept")
    manifest = tmp_path / "kept" / checkpoint.MANIFEST
    text = manifest.read_text()
    manifest.write_text(text[: len(text) // 2])
    with pytest.raises(InputError, match="damaged: sweep.json is not JSON"):
        sweep(squares, INPUTS, workers=1, checkpoint=tmp_path / "kept")
    manifest.write_text('{"schema": 99}')
    with pytest.raises(InputError, match="of no known form; expected schema 2"):
        sweep(squares, INPUTS, workers=1, checkpoint=tmp_path / "kept")


def test_half_written_or_changed_rows_are_refused_and_can_be_removed(tmp_path: Path) -> None:
    options: dict[str, Any] = {"workers": 1, "chunk": 10, "checkpoint": tmp_path / "kept"}
    sweep(squares, INPUTS, **options)
    rows = sorted((tmp_path / "kept").glob("rows-*"))
    assert len(rows) == 3
    rows[1].write_bytes(rows[1].read_bytes()[:-8])
    with pytest.raises(
        InputError, match=f"{rows[1].name} is not as it was written, or not for these rows"
    ):
        sweep(squares, INPUTS, **options)
    rows[1].unlink()
    assert np.array_equal(sweep(squares, INPUTS, **options), INPUTS[:, 0] ** 2)


def kept_rows(folder: Path) -> list[Path]:
    return sorted(folder.glob("rows-*.npy"))


def test_a_file_of_another_sweep_is_refused_by_name(tmp_path: Path) -> None:
    """Another function, other inputs, another lock: the same rows, and numbers as good."""
    options: dict[str, Any] = {"workers": 1, "chunk": 10}
    sweep(squares, INPUTS, **options, checkpoint=tmp_path / "own")
    others: list[dict[str, Any]] = [
        {"function": cubes, "inputs": INPUTS},
        {"function": squares, "inputs": INPUTS + 1},
        {"function": squares, "inputs": INPUTS, "lock": "abc"},
    ]
    own = kept_rows(tmp_path / "own")[0]
    data = own.read_bytes()
    for i, other in enumerate(others):
        sweep(**other, **options, checkpoint=tmp_path / str(i))
        foreign = kept_rows(tmp_path / str(i))[0]
        own.unlink()
        shutil.copy(foreign, own.parent)
        with pytest.raises(InputError, match=f"{foreign.name} is of another sweep. Remove that"):
            sweep(squares, INPUTS, **options, checkpoint=tmp_path / "own")
        relabelled = own.with_name(own.name[:-36] + foreign.name[-36:])  # with its own hash
        (own.parent / foreign.name).rename(relabelled)
        with pytest.raises(InputError, match=f"{relabelled.name} is not as it was written"):
            sweep(squares, INPUTS, **options, checkpoint=tmp_path / "own")
        relabelled.rename(own)  # under the name of the one it replaces
        if own.read_bytes() != data:  # of another lock are the very same numbers
            with pytest.raises(InputError, match=f"{own.name} is not as it was written"):
                sweep(squares, INPUTS, **options, checkpoint=tmp_path / "own")
        own.write_bytes(data)


def test_swapped_files_are_refused_by_name(tmp_path: Path) -> None:
    options: dict[str, Any] = {"workers": 1, "chunk": 10, "checkpoint": tmp_path / "kept"}
    sweep(squares, INPUTS, **options)
    one, other, _ = kept_rows(tmp_path / "kept")
    one.rename(tmp_path / "meanwhile")
    other.rename(one)
    (tmp_path / "meanwhile").rename(other)
    with pytest.raises(InputError, match=f"{one.name} is not as it was written, or not for these"):
        sweep(squares, INPUTS, **options)
    one.unlink()
    relabelled = other.with_name(other.name[:24] + one.name[24:])  # other rows, its own hash
    other.rename(relabelled)
    with pytest.raises(InputError, match=f"{relabelled.name} is not as it was written, or not for"):
        sweep(squares, INPUTS, **options)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("rows", "values", "words"),
    [
        ((20, 30), np.zeros(10), "is not within the 23 rows"),
        ((20, 20), np.zeros(0), "is not within the 23 rows"),
        ((20, 23), np.zeros(3, dtype=np.float32), "holds no float64 numbers"),
        ((20, 23), np.zeros(3, dtype=">f8"), "holds no float64 numbers"),
        ((20, 23), np.zeros(3, dtype=complex), "holds no float64 numbers"),
        ((20, 23), np.zeros(4), "holds too many or too few numbers"),
        ((20, 23), np.zeros((3, 1)), "holds too many or too few numbers"),
        ((20, 23), np.zeros((3, 1, 1)), "holds too many or too few numbers"),
    ],
)
def test_a_file_that_no_sweep_writes_is_refused_by_name_though_its_hash_is_right(
    tmp_path: Path, rows: tuple[int, int], values: Any, words: str
) -> None:
    options: dict[str, Any] = {"workers": 1, "chunk": 10, "checkpoint": tmp_path / "kept"}
    sweep(squares, INPUTS, **options)
    kept_rows(tmp_path / "kept")[-1].unlink()
    checkpoint.Checkpoint(tmp_path / "kept", checkpoint.identify(squares, INPUTS)).add(
        *rows, values
    )
    name = kept_rows(tmp_path / "kept")[-1].name
    with pytest.raises(InputError, match=f"{name} {words}. Remove that file"):
        sweep(squares, INPUTS, **options)


def test_a_changed_helper_makes_another_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The function's module, what it imports from beside it, and the modules of its settings."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    sources = {
        "made_up_rule": "LIMIT = 1.0\n",
        "made_up_helper": "def times(x):\n    return 2 * x\n",
        "made_up_setting": "def shift(x):\n    return x + 1\n",
        "made_up_function": "import numpy as np\nimport made_up_rule\n"
        "from made_up_helper import times\n\n\ndef run(chunk, shift=None):\n"
        "    return times(shift(chunk[:, 0])) + made_up_rule.LIMIT\n",
    }

    def code(**changed: str) -> str:
        for name, text in (sources | changed).items():
            (tmp_path / f"{name}.py").write_text(text)
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        function = importlib.import_module("made_up_function").run
        shift = importlib.import_module("made_up_setting").shift
        found = checkpoint.identify(functools.partial(function, shift=shift), INPUTS)["code"]
        for name in sources:
            del sys.modules[name]
        return str(found)

    codes = [code()]
    codes += [
        code(**{name: re.sub(r"\d", "9", text, count=1)})
        for name, text in sources.items()
        if name != "made_up_function"
    ]
    codes += [code(made_up_function=sources["made_up_function"] + "OTHER = 1\n")]
    assert len(set(codes)) == len(codes)
    assert code(made_up_rule="# a comment\nLIMIT = 1.0\n") == codes[0]


def test_a_resumed_sweep_gives_the_same_bits(tmp_path: Path, network: NetworkParameters) -> None:
    function, points = peaks(network)
    whole = sweep(function, points, workers=1)
    options: dict[str, Any] = {"checkpoint": tmp_path / "kept", "lock": "abc"}
    sweep(function, points, workers=1, chunk=2, **options)
    files = kept_rows(tmp_path / "kept")
    for path in files[1:4]:  # as if it had been stopped, and some had been lost
        path.unlink()
    again = sweep(function, points, workers=2, chunk=1, **options)
    assert again.tobytes() == whole.tobytes()
    assert sweep(function, points, workers=1, **options).tobytes() == whole.tobytes()


@dataclass(frozen=True)
class Overtaken:
    """Squares, and ``sqrt(-1)`` for one; midway the same sweep is run whole by somebody else."""

    folder: str

    def __call__(self, chunk: Array) -> Array:
        begun = Path(self.folder) / "begun"
        if 8.0 in chunk[:, 0] and not begun.exists():
            begun.touch()
            sweep(self, INPUTS, workers=1, chunk=3, checkpoint=Path(self.folder) / "kept")
        return np.where(chunk[:, 0] == 9.0, np.nan, chunk[:, 0] ** 2)


@pytest.mark.thorough
def test_two_sweeps_at_once_with_other_chunks_leave_a_whole_checkpoint(tmp_path: Path) -> None:
    function = Overtaken(str(tmp_path))
    expected = np.where(INPUTS[:, 0] == 9.0, np.nan, INPUTS[:, 0] ** 2)
    for chunk in (7, 4):
        found = sweep(function, INPUTS, workers=1, chunk=chunk, checkpoint=tmp_path / "kept")
        assert np.array_equal(found, expected, equal_nan=True)
    kept = checkpoint.Checkpoint(tmp_path / "kept", checkpoint.identify(function, INPUTS))
    spans = [(start, stop) for start, stop, _ in kept.finished()]
    assert spans[0][0] == 0 and spans[-1][1] == len(INPUTS)
    assert all(one[1] == other[0] for one, other in pairwise(spans))
    names = [path.name for path in (tmp_path / "kept").glob("rows-*")]
    assert len(names) > len(spans)  # some rows are there twice


@pytest.mark.thorough
def test_of_two_sweeps_that_begin_at_once_in_one_folder_one_gets_it(tmp_path: Path) -> None:
    functions = [functools.partial(scaled, factor=float(factor)) for factor in range(8)]
    identities = [checkpoint.identify(function, INPUTS) for function in functions]
    for attempt in range(10):
        together = threading.Barrier(len(functions))

        def begin(identity: Any, together: Any = together, attempt: int = attempt) -> str | None:
            together.wait()
            try:
                checkpoint.Checkpoint.open(tmp_path / str(attempt), identity)
            except InputError as problem:
                assert "of another sweep" in str(problem)
                return None
            return str(identity["settings"])

        with ThreadPoolExecutor(len(functions)) as threads:
            got = [settings for settings in threads.map(begin, identities) if settings]
        assert len(got) == 1
        assert got[0] in (tmp_path / str(attempt) / checkpoint.MANIFEST).read_text()


def test_rows_kept_twice_with_other_results_are_refused(tmp_path: Path) -> None:
    sweep(squares, INPUTS, workers=1, chunk=10, checkpoint=tmp_path / "kept")
    kept = checkpoint.Checkpoint(tmp_path / "kept", checkpoint.identify(squares, INPUTS))
    kept.add(5, 15, np.zeros(10))
    with pytest.raises(InputError, match="overlaps another file"):
        sweep(squares, INPUTS, workers=1, checkpoint=tmp_path / "kept")


def test_a_number_in_place_of_rows_is_refused(tmp_path: Path) -> None:
    sweep(squares, INPUTS[:1], workers=1, checkpoint=tmp_path / "kept")
    (path,) = (tmp_path / "kept").glob("rows-*")
    path.unlink()
    kept = checkpoint.Checkpoint(tmp_path / "kept", checkpoint.identify(squares, INPUTS[:1]))
    kept.add(0, 1, np.float64(3.0))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="holds too many or too few numbers"):
        sweep(squares, INPUTS[:1], workers=1, checkpoint=tmp_path / "kept")


def test_a_folder_of_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="not a checkpoint: it holds files and no sweep.json"):
        sweep(squares, INPUTS, workers=1, checkpoint=tmp_path)
    with pytest.raises(InputError, match="is a file; expected a folder"):
        sweep(squares, INPUTS, workers=1, checkpoint=tmp_path / "notes.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_bar_is_shown_when_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(QUIET, raising=False)
    sweep(squares, INPUTS, workers=1, progress=True, label="squares")
    assert "squares" in capsys.readouterr().err
    sweep(squares, INPUTS, workers=1)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("given", "terminal", "shown"),
    [
        ({}, True, True),
        ({}, False, False),
        ({environment.RESULTS_DIR: "x"}, True, False),
        ({QUIET: "1"}, True, False),
        ({QUIET: "0"}, True, True),
    ],
)
def test_no_bar_where_output_is_kept(
    given: dict[str, str], terminal: bool, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (environment.RESULTS_DIR, QUIET):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    assert shows_progress() is shown
