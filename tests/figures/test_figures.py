"""Figures are drawn from made-up results: what is in them, and that they compute nothing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from helpers import made_up
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from qsp_lib import figures
from qsp_lib.evidence import load_tables
from qsp_lib.figures import fits
from qsp_lib.model.dosing import Bolus, Regimen
from qsp_lib.model.draws import Draws
from qsp_lib.model.parameters import NetworkParameters
from qsp_lib.model.severity import baselines
from qsp_lib.model.simulation import simulate

DATA = pd.DataFrame(
    {
        "drug": "tgn1412",
        "analyte": ["IL6", "IL6", "TNF"],
        "kind": "point",
        "time_h": [2.0, 6.0, 4.0],
        "observed": [50.0, 900.0, 300.0],
        "sigma": [0.3, 0.3, 0.25],
        "censored": [False, True, False],
        "scaled": [0.5, -0.4, 1.1],
    }
)
TIMES = np.linspace(0, 48, 20)
LEVELS = np.linspace(5, 400, 20)
RUN = simulate(
    made_up(), NetworkParameters.prior_medians(), Regimen.of(Bolus(0, 5000.0)), horizon_h=48
)


@pytest.fixture(autouse=True)
def plain() -> Iterator[None]:
    with plt.rc_context():
        plt.switch_backend("agg")
        figures.use_style()
        yield
    plt.close("all")


def drawn(figure: Figure) -> str:
    """Every text of a figure, after it has been drawn."""
    figure.canvas.draw()
    texts = figure.findobj(lambda thing: hasattr(thing, "get_text"))
    return " | ".join(text.get_text() for text in texts)  # type: ignore[attr-defined]


def test_a_waterfall_shows_each_start() -> None:
    figure = fits.waterfall([10.0, 10.05, 14.0])
    assert "within 1 % of the best" in drawn(figure)
    assert len(figure.axes[0].lines[0].get_xdata()) == 3


def test_the_calibration_fit_shows_points_residuals_and_the_medians_above_the_floor() -> None:
    seen = DATA[DATA["analyte"] == "IL6"].assign(id=["BO001", "BO002"], predicted=[60.0, 700.0])
    figure = fits.calibration_fit(RUN, seen, 10.0)
    text = drawn(figure)
    ranges = [tuple(segment[:, 1]) for segment in figure.axes[0].collections[0].get_segments()]
    row = load_tables().row("BO001")
    assert (row.low, row.high) in ranges
    assert "Residuals" in text and "above the assay's range" in text and "IL-6 (pg/mL)" in text
    above = {line.get_label(): list(line.get_ydata()) for line in figure.axes[0].lines}
    assert above["model, median above the floor"] == [60.0, 700.0]
    assert above["assay floor"] == [10.0, 10.0]


def test_one_simulation_is_shown_with_healthy_levels_added() -> None:
    figure = fits.one_run(RUN)
    assert "effective signal" in drawn(figure)
    il6 = figure.axes[3].lines[0].get_ydata()
    assert il6[0] == pytest.approx(baselines()["IL6"])


def test_a_forecast_has_a_panel_each_cytokine() -> None:
    assert "IFN-γ (pg/mL)" in drawn(fits.forecast(RUN, DATA))


def test_prior_and_posterior_name_each_parameter() -> None:
    table = pd.DataFrame(
        {
            "parameter": ["k_a", "k_b"],
            "prior_sd": [0.5, 1.0],
            "shift": [0.1, -0.2],
            "posterior_sd": [0.2, 0.9],
        }
    )
    figure = fits.prior_and_posterior(table)
    assert "k_a" in drawn(figure) and "decades from the prior median" in drawn(figure)
    assert "optimum" not in drawn(figure)
    with_optimum = fits.prior_and_posterior(table.assign(optimum=[0.3, 0.4]))
    assert "optimum" in drawn(with_optimum)
    assert [0.3, 0.4] in [list(line.get_xdata()) for line in with_optimum.axes[0].lines]


def test_a_spectrum_leaves_rounding_out() -> None:
    figure = fits.eigenvalue_spectrum({"one fit": np.array([100.0, 1.0, 1e-12])})
    assert "one fit" in drawn(figure)
    assert len(figure.axes[0].collections[0].get_segments()) == 2


def test_plausibility_and_courses_have_a_panel_each() -> None:
    blood = pd.DataFrame({"time_h": [0.0, 24.0], "fraction": [1.0, 0.2]})
    assert "responsive R" in drawn(fits.plausibility(RUN, blood, blood))
    panels = [("tgn1412", "IL6", "first"), ("tgn1412", "TNF", "second")]
    levels = {("tgn1412", name): {"model": LEVELS} for name in ("IL6", "TNF")}
    text = drawn(fits.courses(panels, {"tgn1412": TIMES}, levels, DATA))
    assert "first" in text and "second" in text


def test_a_prediction_shows_the_course_and_its_band(network: NetworkParameters) -> None:
    regimen = Regimen.of(Bolus(0, 5000.0))
    central = simulate(made_up(), network, regimen, horizon_h=96)
    draws = Draws({"k_act": np.array([0.2, 0.4, 0.8])})
    several = simulate(made_up(), network, regimen, draws=draws, horizon_h=96)
    figure = fits.prediction(central, several, {"TNF": 2.7, "IFN": 3.7, "IL6": 5.2})
    assert "central 90 % of draws" in drawn(figure) and len(figure.axes) == 6


def test_an_ordering_and_the_checks_name_what_they_show() -> None:
    intervals = {"tgn1412": {"central": 2.8, "median": 2.9, "low": 2.5, "high": 3.4}}
    figure = fits.ordering(intervals, {"grade_1": 0.7, "grade_2": 2.1})
    text = drawn(figure)
    assert "TGN1412" in text and "grade 2" in text and "locked point" in text
    assert [2.5, 3.4] in [list(line.get_xdata()) for line in figure.axes[0].lines]
    assert [2.9] in [list(line.get_xdata()) for line in figure.axes[0].lines]
    checks = {"Q1": {"share_holds": 0.5, "share_undetermined": 0.2}}
    text = drawn(fits.check_shares(checks))
    assert "Q1" in text and "share of draws" in text
