"""Sweeps on a dask cluster whose scheduler and workers are commands of their own."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from copied_package import copied_package
from distributed import Client, LocalCluster
from peaks_sweep import Array, Slowly, peaks

import qsp_lib
from benchmarks.own_cluster import OwnCluster
from qsp_lib.__main__ import main
from qsp_lib.common import InputError, cluster, forbid_opening
from qsp_lib.common.blindfold import opening_is_forbidden
from qsp_lib.inference.sweeping import SweepError, sweep
from qsp_lib.model.parameters import NetworkParameters
from qsp_lib.prediction import write_template

pytestmark = pytest.mark.cluster
Start = Callable[[int], OwnCluster]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def workers_find_what_tests_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """The function of a sweep has to be where its workers can import it."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(ROOT / "tests")]))


@pytest.fixture
def slow(network: NetworkParameters, tmp_path: Path) -> tuple[Slowly, Array, Array]:
    """A sweep of 24 rows, half a second each until it hurries, and its result on one process."""
    function, points = peaks(network, 24)
    expected = sweep(function, points, workers=1)
    return Slowly(function, 0.5, str(tmp_path / "hurry")), points, expected


def kept_rows(folder: Path) -> list[Path]:
    """The files of rows of a checkpoint, in their order."""
    return sorted(folder.glob("rows-*.npy"))


@contextmanager
def once_some_are_kept(folder: Path, act: Callable[[], object]) -> Iterator[None]:
    """Do something as soon as rows are kept in a checkpoint; it has to come before the end."""
    seen: list[int] = []

    def wait() -> None:
        until = time.monotonic() + 30
        while time.monotonic() < until and not seen:
            kept = len(kept_rows(folder))
            if kept >= 2:
                act()
                seen.append(kept)
            time.sleep(0.02)

    thread = threading.Thread(target=wait)
    thread.start()
    yield
    thread.join()
    assert seen and 2 <= seen[0] < 20


def test_any_dask_client_gives_the_same_to_the_bit(network: NetworkParameters) -> None:
    function, points = peaks(network)
    local = LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None)
    with local, Client(local) as client:
        executor = client.get_executor()
        found = sweep(function, points, executor=executor, chunk=2)
        pids = set(client.run(os.getpid).values())
        executor.shutdown()
        with pytest.raises(SweepError, match="has been shut down"):
            sweep(function, points, executor=executor)
    assert len(pids) == 2 and os.getpid() not in pids
    assert np.isfinite(found).all()
    assert found.tobytes() == sweep(function, points, workers=1).tobytes()


def _refuses(rows: Array) -> Array:
    raise ValueError(f"{len(rows)} rows are refused")


def test_a_sweep_that_fails_leaves_the_cluster_to_the_next_one() -> None:
    inputs = np.arange(40.0)[:, None]
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as local,
        Client(local) as client,
        cluster(client.scheduler.address) as executor,
    ):
        with pytest.raises(SweepError, match="rows are refused"):
            sweep(_refuses, inputs, executor=executor, chunk=1)
        time.sleep(1.0)  # what was cancelled has been passed on
        found = sweep(np.square, inputs, executor=executor, chunk=5)
    assert np.array_equal(found, inputs**2)


def test_a_population_of_the_command_line_is_the_same_to_the_bit(
    started: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it prints, and every row that it kept: several tasks on either worker, or one place."""
    own = write_template(tmp_path / "own.toml", "bispecific")[0]
    size = ["--draws", "3", "--patients", "800", "--least-effective", "1.5", "--horizon", "24h"]
    line = ["population", str(own), "--limit", "grade1", *size, "--json"]
    made = started(2)
    printed, kept = [], []
    for name, where in (("one", ["--workers", "1"]), ("two", ["--cluster", made.address])):
        assert main([*line, *where, "--checkpoint", str(tmp_path / name)]) == 0
        printed.append(capsys.readouterr().out)
        kept.append(
            {
                part: np.concatenate([np.load(path) for path in kept_rows(tmp_path / name / part)])
                for part in ("anchor", "drug")
            }
        )
    assert len(kept[0]["anchor"]) == 2400 and np.isfinite(kept[0]["anchor"]).all()
    assert len(kept_rows(tmp_path / "two" / "anchor")) == 3
    for part, rows in kept[0].items():
        assert rows.tobytes() == kept[1][part].tobytes()
    assert printed[0] == printed[1] and json.loads(printed[0])["patients_in_each"] == 800


def test_a_worker_that_is_killed_is_made_up_for(
    started: Start, slow: tuple[Slowly, Array, Array], tmp_path: Path
) -> None:
    function, points, expected = slow
    made = started(2)
    with cluster(made.address) as executor:
        assert executor.submit(len, "ab").result(30) == 2
        with forbid_opening():
            assert executor.submit(opening_is_forbidden).result(30)
        assert not executor.submit(opening_is_forbidden).result(30)

        def kill_one() -> None:
            made.workers[0].kill()
            made.workers[0].wait()
            function.hurry()

        with once_some_are_kept(tmp_path / "kept", kill_one):
            found = sweep(
                function, points, executor=executor, chunk=1, checkpoint=tmp_path / "kept"
            )
    assert found.tobytes() == expected.tobytes()


def test_a_cluster_without_workers_is_given_up_and_its_sweep_resumed(
    started: Start, slow: tuple[Slowly, Array, Array], tmp_path: Path
) -> None:
    function, points, expected = slow
    made = started(2)

    def kill_all() -> None:
        for worker in made.workers:
            worker.kill()

    kept: Any = {"chunk": 1, "checkpoint": tmp_path / "kept"}
    with cluster(made.address, patience_s=2) as executor:
        began = time.monotonic()
        words = f"{made.address} has had no workers for 2 s: .* rows are finished and kept in"
        with (
            once_some_are_kept(tmp_path / "kept", kill_all),
            pytest.raises(SweepError, match=words),
        ):
            sweep(function, points, executor=executor, **kept)
        assert time.monotonic() - began < 30
        with pytest.raises(SweepError, match="has had no workers"):
            sweep(function, points, executor=executor)
    before = {path: path.stat().st_mtime_ns for path in kept_rows(tmp_path / "kept")}
    assert 2 <= len(before) < 24
    made.add_worker()
    function.hurry()
    with cluster(made.address) as executor:
        found = sweep(function, points, executor=executor, **kept)
    assert found.tobytes() == expected.tobytes()
    assert all(path.stat().st_mtime_ns == time_ns for path, time_ns in before.items())
    assert sweep(function, points, workers=1, **kept).tobytes() == expected.tobytes()


def test_a_scheduler_that_goes_is_named(
    started: Start, slow: tuple[Slowly, Array, Array], tmp_path: Path
) -> None:
    function, points, _ = slow
    made = started(1)
    words = f"scheduler at {made.address} no longer answers.* rows are finished and kept in"
    with (
        cluster(made.address) as executor,
        once_some_are_kept(tmp_path / "kept", made.scheduler.kill),
        pytest.raises(SweepError, match=words),
    ):
        sweep(function, points, executor=executor, chunk=1, checkpoint=tmp_path / "kept")


def test_a_worker_with_another_package_refuses_by_name_and_what_is_finished_is_kept(
    started: Start, slow: tuple[Slowly, Array, Array], tmp_path: Path
) -> None:
    """It joins in the middle: the other workers are right, and their rows stay."""
    function, points, expected = slow
    ours = qsp_lib.__version__
    other = copied_package(tmp_path / "other", {"__init__.py": (ours, "9.9.9")})
    made = started(1)

    def join() -> None:
        made.add_worker({"PYTHONPATH": os.pathsep.join([str(other), str(ROOT / "tests")])})

    kept: Any = {"chunk": 1, "checkpoint": tmp_path / "kept"}
    refused = (
        rf"A worker on .* has another package .*: qsp-crs 9.9.9, expected {ours}\. .* "
        "rows are finished and kept in"
    )
    with (
        cluster(made.address) as executor,
        once_some_are_kept(tmp_path / "kept", join),
        pytest.raises(SweepError, match=refused),
    ):
        sweep(function, points, executor=executor, **kept)
    assert 2 <= len(kept_rows(tmp_path / "kept")) < 24
    made.workers[-1].kill()
    function.hurry()
    with cluster(made.address) as executor:
        found = sweep(function, points, executor=executor, **kept)
    assert found.tobytes() == expected.tobytes()


def test_a_worker_without_the_package_says_so_and_a_scheduler_needs_none(
    started: Start, tmp_path: Path, network: NetworkParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    function, points = peaks(network)
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / "sitecustomize.py").write_text("import sys\nsys.modules['qsp_lib'] = None\n")
    without = {"PYTHONPATH": str(blocked)}
    with monkeypatch.context() as patch:
        patch.setenv("PYTHONPATH", str(blocked))
        made = started(0)
    worker = made.add_worker(without)
    with (
        cluster(made.address) as executor,
        pytest.raises(SweepError, match="cannot load what it was sent .*qsp_lib.*Install there"),
    ):
        sweep(function, points, executor=executor)
    worker.kill()
    made.add_worker()
    with cluster(made.address) as executor:
        found = sweep(function, points, executor=executor, chunk=3)
    assert found.tobytes() == sweep(function, points, workers=1).tobytes()


def test_a_cluster_that_cannot_be_used_is_refused(
    started: Start, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = started(0)
    with (
        pytest.raises(InputError, match="has had no workers for 0.2 s"),
        cluster(made.address, answer_s=0.2),
    ):
        pass
    made.scheduler.kill()
    made.scheduler.wait()
    with (
        pytest.raises(InputError, match="No dask scheduler answered at .* within 0.5 s"),
        cluster(made.address, answer_s=0.5),
    ):
        pass
    for address in ("host", "", "nfs://host:8786"):
        with pytest.raises(InputError, match="is no address of a dask scheduler"), cluster(address):
            pass
    with pytest.raises(InputError, match="asks for TLS"), cluster("tls://host:8786"):
        pass
    for line in (["--workers", "2"], ["--workers", "1"]):
        with pytest.raises(SystemExit) as misused:
            main(["population", "blinatumomab", "--cluster", made.address, *line])
        assert misused.value.code == 2
        assert "not allowed with argument" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match="pip install 'qsp-crs"), cluster(made.address):
        pass
    assert main(["population", "blinatumomab", "--cluster", made.address]) == 1
    assert "Work on a cluster needs distributed" in capsys.readouterr().err
