"""Work is done only where the package is the one that it was sent by."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from copied_package import copied_package

import qsp_lib
from qsp_lib.common import InputError
from qsp_lib.inference import parcels
from qsp_lib.inference.parcels import (
    OtherPackageError,
    Parcel,
    own_package,
    require_same_package,
    sender,
)
from qsp_lib.inference.sweeping import SweepError, sweep

INPUTS = np.arange(5.0)[:, None]
OPENS = "import pickle, sys; print(pickle.load(sys.stdin.buffer)(b'abc'))"


def opened_elsewhere(parcel: Parcel, package: Path) -> subprocess.CompletedProcess[bytes]:
    """A process that has the package of this folder opens a parcel that was sent from here."""
    return subprocess.run(
        [sys.executable, "-c", OPENS],
        input=pickle.dumps(parcel),
        env=os.environ | {"PYTHONPATH": str(package)},
        cwd=package,
        capture_output=True,
    )


@pytest.mark.thorough
def test_the_same_package_opens_it(tmp_path: Path) -> None:
    run = opened_elsewhere(Parcel(len), copied_package(tmp_path, {}))
    assert run.stdout == b"3\n", run.stderr.decode()


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("__init__.py", qsp_lib.__version__, "9.9.9", "qsp-crs 9.9.9, expected "),
        ("model/severity.py", "np.log10", "np.log2", "code of the science "),
    ],
)
def test_another_package_refuses_it_and_says_what_and_where(
    tmp_path: Path, file: str, old: str, new: str, words: str
) -> None:
    run = opened_elsewhere(Parcel(len), copied_package(tmp_path, {file: (old, new)}))
    said = run.stderr.decode()
    assert run.returncode == 1 and run.stdout == b""
    assert "OtherPackageError: A worker on " in said and words in said
    assert "start them anew" in said
    assert qsp_lib.__version__ in said or own_package()["code of the science"][:12] in said


def test_what_differs_is_named_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    here = dict(own_package())
    require_same_package(here)
    with pytest.raises(OtherPackageError) as refusal:
        require_same_package(here | {"numpy": "1.0", "torch": "2"})
    said = str(refusal.value)
    assert f"numpy {here['numpy']}, expected 1.0; torch none, expected 2." in said
    assert "scipy" not in said and f"(process {os.getpid()})" in said


def test_an_engine_asked_for_by_name_counts_where_it_was_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "heyoka", raising=False)
    assert sender() == own_package()
    monkeypatch.setitem(sys.modules, "heyoka", ModuleType("heyoka"))
    assert set(sender()) == {*own_package(), "heyoka"}
    require_same_package(sender())
    with pytest.raises(OtherPackageError, match=r"heyoka \S+, expected 0.0"):
        require_same_package(sender() | {"heyoka": "0.0"})


def test_a_parcel_only_passes_through_a_scheduler_of_another_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = pickle.dumps(Parcel(len))
    monkeypatch.setattr(parcels, "own_package", lambda: {"qsp-crs": "another"})
    forwarded = pickle.dumps(pickle.loads(data))
    monkeypatch.undo()
    assert pickle.loads(forwarded)("abc") == 3


class Travelling(ThreadPoolExecutor):
    """Threads that get their work pickled, as other processes do."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        return super().submit(*pickle.loads(pickle.dumps((fn, *args))))


def test_a_sweep_ends_with_the_refusal_and_says_what_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent_by = dict(own_package()) | {"qsp-crs": "0.0.0"}
    monkeypatch.setattr(Parcel, "__reduce__", lambda self: (parcels._Arrived, (sent_by, b"")))
    words = f"qsp-crs {qsp_lib.__version__}, expected 0.0.0.* 0 of 5 rows are finished and kept in"
    with Travelling(1) as executor, pytest.raises(SweepError, match=words):
        sweep(np.ravel, INPUTS, executor=executor, chunk=2, checkpoint=tmp_path / "kept")


def test_what_cannot_travel_is_run_by_threads() -> None:
    with ThreadPoolExecutor(1) as executor:
        found = sweep(lambda chunk: 2 * chunk[:, 0], INPUTS, executor=executor)
    assert np.array_equal(found, 2 * INPUTS[:, 0])


def test_workers_beside_an_executor_are_refused() -> None:
    with (
        ThreadPoolExecutor(1) as executor,
        pytest.raises(InputError, match="given 2 workers and an executor"),
    ):
        sweep(np.ravel, INPUTS, executor=executor, workers=2)


@pytest.mark.parametrize("by_itself", [False, True])
def test_tasks_are_handed_out_some_at_a_time(
    monkeypatch: pytest.MonkeyPatch, by_itself: bool
) -> None:
    """Of many chunks only so many wait with whoever works on them, or as many as it wants."""
    monkeypatch.setattr("qsp_lib.inference.sweeping.AHEAD", 5 if by_itself else 3)
    waiting, most = 0, 0

    class Counted(ThreadPoolExecutor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            nonlocal waiting, most
            waiting += 1
            most = max(most, waiting)
            future = super().submit(fn, *args, **kwargs)
            future.add_done_callback(finished)
            return future

    def finished(_: Future[Any]) -> None:
        nonlocal waiting
        waiting -= 1

    inputs = np.arange(50.0)[:, None]
    with Counted(1) as executor:
        if by_itself:
            executor.ahead = 3  # type: ignore[attr-defined]
        found = sweep(np.ravel, inputs, executor=executor, chunk=1)
    assert np.array_equal(found, inputs[:, 0]) and most <= 3
