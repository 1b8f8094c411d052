"""What the page on the exports tells a reader to do, done: libroadrunner, line by line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import roadrunner

from qsp_lib.protocol.lock import current_record

pytestmark = pytest.mark.interop

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "book" / "interoperability.md").read_text(encoding="utf-8")
SBML = ROOT / "exports" / "sbml"
LATE_H = 6.0


def snippet() -> str:
    """The page's lines for libroadrunner."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (found,) = (block for block in blocks if "import roadrunner" in block)
    return str(found)


def run(code: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What lines of Python define, run where the files are."""
    monkeypatch.chdir(SBML)
    names: dict[str, Any] = {}
    exec(code, names)
    return names


def plain() -> np.ndarray:
    """The course of a file that was just loaded: time, drug, tocilizumab."""
    model = roadrunner.RoadRunner(str(SBML / "tgn1412_clinical.xml"))
    return np.array(model.simulate(0, 168, 337, ["time", "A_c", "T_c"]))


def drug(course: Any) -> tuple[np.ndarray, np.ndarray]:
    """Amounts of the drug and of tocilizumab in a course of the page."""
    table = np.array(course)
    return table[:, 1], table[:, 4]


def test_a_doubled_dose_is_twice_the_drug_and_tocilizumab_comes_when_it_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names, (time, amount, _) = run(snippet(), monkeypatch), plain().T
    for name, factor, starts in (("late", 1, LATE_H), ("early", 1, 0.0), ("twice", 2, np.inf)):
        given, tocilizumab = drug(names[name])
        np.testing.assert_allclose(given, factor * amount, rtol=1e-4, err_msg=name)
        assert amount.max() > 7000
        np.testing.assert_array_equal(tocilizumab > 1.0, time > starts, err_msg=name)


def test_without_the_reset_the_first_doses_are_the_old_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Which is why the page has it."""
    code = snippet()
    assert code.count("model.reset()") == 1
    model = run(code.split("columns")[0], monkeypatch)["model"]
    model.dose_factor, model.tcz_factor, model.t_tcz = 2, 1, 0
    table = np.array(model.simulate(0, 168, 337, ["time", "A_c", "T_c"]))
    np.testing.assert_allclose(table[:, 1], plain()[:, 1], rtol=1e-4)
    assert table[:, 2].max() == 0


@pytest.mark.parametrize("stop_h", [0.05, 6.5])
def test_a_run_that_stopped_within_an_infusion_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, stop_h: float
) -> None:
    """Of the drug's infusion, or of tocilizumab's."""
    names = run(snippet(), monkeypatch)
    model, week = names["model"], names["week"]
    week(tcz_factor=1, t_tcz=LATE_H, dose_factor=1)
    model.reset()
    model.simulate(0, stop_h, 51)
    assert max(model.u, model.u_tcz) > 0
    given, tocilizumab = drug(week(tcz_factor=0))
    np.testing.assert_allclose(given, plain()[:, 1], rtol=1e-4)
    assert tocilizumab.max() == 0


def test_the_rate_goes_to_0_before_the_reset_and_not_after_it() -> None:
    model = roadrunner.RoadRunner(str(SBML / "blinatumomab_clinical.xml"))
    model.simulate(0, 168, 337)
    peaks = []
    for order in ((set_to_0, reset), (reset, set_to_0)):
        for step in order:
            step(model)
        peaks.append(np.array(model.simulate(0, 168, 337, ["[IL6]"])).max())
    locked = float(current_record().run("blinatumomab", horizon_h=168.0).peak("IL6").value)
    assert peaks[0] == pytest.approx(locked, rel=1e-3) and peaks[1] == 0


def set_to_0(model: Any) -> None:
    model.u = model.u_tcz = 0


def reset(model: Any) -> None:
    model.reset()


def test_a_rate_set_in_the_network_stays_on() -> None:
    model = roadrunner.RoadRunner(str(SBML / "network.xml"))
    model.u = 4.7
    first = np.array(model.simulate(0, 168, 337, ["A_c", "[IL6]"]))
    model.reset()
    assert model.u == 4.7
    np.testing.assert_allclose(np.array(model.simulate(0, 168, 337, ["A_c", "[IL6]"])), first)
    assert first[-1, 0] == pytest.approx(first[-2, 0], rel=1e-6) and first[-1, 0] > 12
