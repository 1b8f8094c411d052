"""Extreme but legal inputs: each is solved or has its typed outcome, within a time limit.

The compiled solver cannot be interrupted from Python, so the examples run in a process of their
own that is ended if one takes too long.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

import qsp_lib
from qsp_lib.common.errors import QspError

pytestmark = pytest.mark.thorough

TEMPLATES = Path(qsp_lib.__file__).parent / "data" / "templates"
SECONDS = 20.0
YEAR = "8760 h"


def worker(pipe: Connection) -> None:
    """Predict what comes down the pipe, and send back what came of it."""
    from qsp_lib.prediction.predicting import predict
    from qsp_lib.protocol.lock import current_record

    record = current_record()
    while (order := pipe.recv()) is not None:
        path, horizon_h, tocilizumab_h, n_draws = order
        try:
            found = predict(
                path, record, horizon_h=horizon_h, tocilizumab_h=tocilizumab_h, n_draws=n_draws
            )
        except QspError as problem:
            pipe.send(f"{type(problem).__name__}: {problem}")
        except Exception as problem:
            pipe.send(f"crash {problem!r}")
        else:
            peaks = [peak.central for peak in found.untreated.peaks.values()]
            pipe.send([found.untreated.severity.central, *peaks])


class Bench:
    """The process, and what it answers within the time limit."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=worker, args=(theirs,), daemon=True)
        self.process.start()
        self.warm = False

    def ask(
        self,
        path: Path,
        horizon_h: float | None = None,
        tocilizumab_h: float | None = None,
        n_draws: int = 0,
    ) -> list[float] | str:
        self.pipe.send((str(path), horizon_h, tocilizumab_h, n_draws))
        allowed = SECONDS if self.warm else 60.0
        if not self.pipe.poll(allowed):
            self.end()
            self.start()
            pytest.fail(f"no answer within {allowed:g} s")
        self.warm = True
        answer: list[float] | str = self.pipe.recv()
        return answer

    def end(self) -> None:
        self.process.kill()
        self.process.join()


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.end()


def check(answer: list[float] | str) -> None:
    """Solved with finite numbers, or an outcome that says what to do."""
    if isinstance(answer, str):
        assert answer.startswith(("IntegrationError", "InputError")), answer
    else:
        assert all(math.isfinite(value) and value >= 0 for value in answer), answer


def drug(folder: Path, name: str, *changes: tuple[str, str]) -> Path:
    text = (TEMPLATES / f"{name}.toml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    path = folder / "extreme.toml"
    path.write_text(text, encoding="utf-8")
    return path


DOSES = {"bispecific": ("0.1 mg", "1 mg", "10 mg"), "monoclonal": ("0.1 mg", "1 mg")}


@pytest.mark.parametrize("name", ["bispecific", "monoclonal"])
@pytest.mark.parametrize("exponent", [-9, -6, -3, 3, 6, 9])
def test_doses_from_a_billionth_to_a_billion_times(
    tmp_path: Path, bench: Bench, name: str, exponent: int
) -> None:
    changes = [(f'"{dose}"', f'"{dose.split()[0]}e{exponent} mg"') for dose in DOSES[name]]
    path = drug(tmp_path, name, *changes)
    check(bench.ask(path))
    check(bench.ask(path, tocilizumab_h=-24.0, n_draws=3))


HALF_LIFE = 'half_life = { value = 5, unit = "d"'


@pytest.mark.parametrize("half_life", ['1, unit = "min"', '1, unit = "s"', '1, unit = "year"'])
@pytest.mark.parametrize("horizon_h", [None, 8760.0])
def test_a_half_life_of_a_minute_or_a_year_and_a_year_of_following(
    tmp_path: Path, bench: Bench, half_life: str, horizon_h: float | None
) -> None:
    path = drug(tmp_path, "monoclonal", (HALF_LIFE, f"half_life = {{ value = {half_life}"))
    check(bench.ask(path, horizon_h=horizon_h, n_draws=3))


RATE = 'k_exh = { value = 0.3, unit = "1/h"'
VOLUME = 'V1 = { value = 3.5, unit = "L"'
EC50 = 'EC50 = { value = 100, unit = "ng/mL"'
WEIGHT = 'weight = { default = "class" }'
HEAVY = 'weight = { value = 1e308, unit = "kg", source = ["x"] }'
STEEP = 'h = { value = 20, unit = "1", source = ["x"] }'


@pytest.mark.parametrize(
    "changes",
    [
        ((RATE, 'k_exh = { value = 1e6, unit = "1/h"'),),
        ((RATE, 'k_exh = { value = 1e-12, unit = "1/h"'),),
        ((RATE, 'k_exh = { value = 1e300, unit = "1/h"'),),
        ((VOLUME, 'V1 = { value = 1e-9, unit = "L"'),),
        ((VOLUME, 'V1 = { value = 1e9, unit = "L"'),),
        ((EC50, 'EC50 = { value = 1e-30, unit = "ng/mL"'),),
        ((EC50, 'EC50 = { value = 1e12, unit = "ng/mL"'),),
        ((EC50, 'EC50 = { value = 1e-300, unit = "ng/mL"'), ('h = { default = "class" }', STEEP)),
        (('"0.1 mg"', '"1e300 kg"'),),
        (('duration = "1 h" },\n    {', 'duration = "1e-9 s" },\n    {'),),
        (('duration = "1 h" },\n    {', 'duration = "1e9 d" },\n    {'),),
        (('time = "3 d"', 'time = "3 d", every = "1 min", count = 1000'),),
        (('time = "3 d"', 'time = "3 d", every = "1 year", count = 1000'),),
        (("log10_sd = 0.3", "log10_sd = 3"),),
        ((WEIGHT, HEAVY),),
        ((EC50, 'EC50 = { value = 1e-14, unit = "ng/mL"'), ('h = { default = "class" }', STEEP)),
    ],
)
def test_what_is_legal_and_absurd_has_an_outcome(
    tmp_path: Path, bench: Bench, changes: tuple[tuple[str, str], ...]
) -> None:
    check(bench.ask(drug(tmp_path, "monoclonal", *changes), n_draws=3))
