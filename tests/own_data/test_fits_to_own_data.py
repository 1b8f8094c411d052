"""A fit whose truth is known: what it finds, what it writes, and what predict makes of it."""

from __future__ import annotations

import csv
import io
import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qsp_lib.__main__ import main
from qsp_lib.common.errors import InputError
from qsp_lib.drugs import load_drug
from qsp_lib.model import NETWORK
from qsp_lib.own_data.bands import Bands
from qsp_lib.own_data.drug_file import drug_files
from qsp_lib.own_data.fitting import FittedDrug, Posed, pose, solve
from qsp_lib.own_data.levels import predicted
from qsp_lib.own_data.report import (
    as_dict,
    as_text,
    courses_csv,
    names_of_files,
    points_csv,
    warnings_of,
    write,
)
from qsp_lib.prediction.comparing import compare
from qsp_lib.prediction.predicting import predict
from qsp_lib.prediction.setting import draws_for, inputs_of, prepare, record_draws
from qsp_lib.prediction.templates import write_template
from qsp_lib.protocol.lock import current_record

RECORD = current_record()
ROWS = [
    f"{who},{regimen},{time},{analyte},10,"
    for who, regimen in (("a", "clinical"), ("b", "clinical"), ("c", "full_at_once"))
    for time, analyte in ((6, "TNF"), (6, "IL6"), (30, "IL6"), ("peak 0-48", "IFN"))
]
HEADER = "id,regimen,time (h),analyte,value (pg/mL),censored"
TRUTH = np.array([[0.6, -0.8, 0.0, 0.0]])
MEMBER = 11


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("own")


@pytest.fixture(scope="module")
def drug(folder: Path) -> Path:
    return write_template(folder / "own.toml", "bispecific")[0]


@pytest.fixture(scope="module")
def posed(folder: Path, drug: Path) -> Posed:
    """Data that the truth gives, with the first one below a limit."""
    path = folder / "cohort.csv"
    path.write_text("\n".join([HEADER, *ROWS]) + "\n", encoding="utf-8")
    made = pose(drug, path, RECORD)
    levels = 10 ** made.levels(TRUTH, np.array([MEMBER]))[0]
    rows = [
        f"{row[: row.rindex(',10,')]},{v!r}," for row, v in zip(ROWS, levels.tolist(), strict=True)
    ]
    rows[0] = rows[0].rsplit(",", 2)[0] + f",{float(levels[0]) * 1.5!r},below"
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return pose(drug, path, RECORD)


@pytest.fixture(scope="module")
def fit(posed: Posed) -> FittedDrug:
    return solve(posed, n_draws=200)


@pytest.fixture(scope="module")
def bands(fit: FittedDrug) -> Bands:
    return Bands(fit)


@pytest.fixture(scope="module")
def fitted(bands: Bands, drug: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The drug file that was written."""
    out = tmp_path_factory.mktemp("out")
    written = write(bands, drug, out)
    assert sorted(p.name for p in written) == sorted(names_of_files("my-drug"))
    return out / "my-drug-fitted.toml"


def test_data_without_noise_give_back_what_made_them(fit: FittedDrug) -> None:
    for rate, z in zip(fit.rates, TRUTH[0], strict=False):
        assert rate.low < rate.prior.at(z) < rate.high
        assert rate.log10_sd < rate.prior.log10_sd
    residual, _ = fit.errors
    assert residual.median < residual.prior.median
    assert fit.rates[0].verdict != "not moved"


def test_the_network_is_a_draw_of_the_record_in_every_draw(fit: FittedDrug) -> None:
    joint = next(iter(RECORD.draws(fit.problem.network_draws, RECORD.seed).values()))
    drawn = fit.draws
    assert drawn.lock is not None and drawn.lock.digest == RECORD.digest and not drawn.mark
    for name in ("k_fb", "k_IL6_M"):
        assert np.array_equal(drawn.values[name], joint.values[name][fit.sample.members])
    assert 1 <= fit.sample.effective_members <= len(set(fit.sample.members.tolist()))


def test_the_levels_of_the_points_are_those_of_a_simulation(fit: FittedDrug) -> None:
    setting = fit.problem.settings["full_at_once"]
    course = RECORD.run(setting.inputs, setting.regimen, draws=fit.draws[:3], horizon_h=48.0)
    from_course = np.log10(course.at("IL6", 30.0) + RECORD.baselines["IL6"])
    at = [p.individual == "c" and p.time_h == 30 for p in fit.problem.data.points].index(True)
    assert fit.levels[:3, at] == pytest.approx(from_course, abs=1e-3)
    peak = np.log10(course.peak("IFN", 0, 48).value + RECORD.baselines["IFN"])
    assert fit.levels[:3, -1] == pytest.approx(peak, abs=1e-3)


def test_residual_error_only_widens_a_band(bands: Bands) -> None:
    assert set(bands.courses) == {
        (r, a) for r in ("clinical", "full_at_once") for a in ("TNF", "IFN", "IL6")
    }
    for band in bands.courses.values():
        assert np.all(band.measured[0] < band.fitted[0]) and np.all(
            band.fitted[2] < band.measured[2]
        )
        assert np.abs(np.log10(band.measured[1] / band.fitted[1])).max() < 0.15
    assert bands.share_inside == 1.0 and bands.points[0].inside


def test_what_is_printed_stands_in_the_json_and_the_tables(bands: Bands) -> None:
    plain, text = as_dict(bands), as_text(bands)
    rows = list(csv.DictReader(io.StringIO(points_csv(bands))))
    for row, point in zip(rows, plain["points"], strict=True):
        assert float(row["fitted_median"]) == pytest.approx(point["fitted"]["median"], rel=1e-5)
        assert row["analyte"] == point["analyte"] and float(row["time_h"]) == point["time_h"]
    courses = list(csv.DictReader(io.StringIO(courses_csv(bands))))
    assert {(row["regimen"], row["analyte"]) for row in courses} == set(bands.courses)
    for name, found in plain["estimated"].items():
        assert f"{found['median']:.3g}" in text and name in text
    assert plain["lock"] == RECORD.summary and plain["seed"] == RECORD.seed
    assert plain["data"]["measured"] == 11 and "an offset" in " ".join(plain["assumptions"])
    assert "drawn with the network and not estimated: k_kill, k_rec" in text
    assert "with residual error" in text and "Not for choosing a dose" in text


def test_predict_draws_network_and_rates_as_the_fit_left_them(
    fitted: Path, fit: FittedDrug
) -> None:
    setting = prepare(fitted, RECORD)
    draws = draws_for(setting, 40)
    for name, values in fit.draws.values.items():
        assert np.array_equal(draws.values[name], values[:40]), name
    assert setting.inputs.k_act == pytest.approx(fit.rates[0].held, rel=1e-5)
    other = draws_for(setting, len(fit.sample.members), 5)
    assert sorted(other.values["k_exh"]) == sorted(fit.draws.values["k_exh"])
    assert not np.array_equal(other.values["k_exh"], fit.draws.values["k_exh"])


def test_what_goes_beside_a_fitted_drug_has_its_network_draw_by_draw(
    fitted: Path, drug: Path
) -> None:
    setting = prepare(fitted, RECORD)
    for seed in (RECORD.seed, 5):
        own, beside = draws_for(setting, 30, seed), record_draws(setting, 30, seed)["blinatumomab"]
        for name in NETWORK:
            if name in own.values:
                assert np.array_equal(own.values[name], beside.values[name]), name
    others = [predict(path, RECORD, n_draws=5, seed=RECORD.seed) for path in (fitted, drug)]
    with pytest.raises(InputError, match="expected nothing beside it but its own regimens"):
        compare(others)


def test_a_prediction_says_what_it_was_fitted_to(
    fitted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(fitted), "--draws", "5", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert "fitted to cohort.csv (12 points" in answer["file"]["fitted"]
    (k_act,) = [a for a in answer["assumptions"] if a["name"] == "k_act"]
    assert k_act["reason"].startswith("fitted to cohort.csv")
    assert main(["predict", str(fitted), "--draws", "5"]) == 0
    assert "drawn together, as their fit left them" in capsys.readouterr().out


def test_what_was_fitted_is_used_whole_or_not_at_all(
    fitted: Path, drug: Path, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="expected at most 200, which the fit"):
        predict(fitted, RECORD, n_draws=201)
    with pytest.raises(InputError, match="was fitted already"):
        pose(fitted, folder / "cohort.csv", RECORD)
    assert main(["compare", str(fitted), str(drug), "--draws", "5"]) == 1
    file = load_drug(fitted)
    assert file.fitted is not None
    elsewhere = replace(file, fitted=replace(file.fitted, lock="0" * 64))
    with pytest.raises(InputError, match="network of another lock"):
        inputs_of(fitted, elsewhere, RECORD)
    copy = tmp_path / fitted.name
    copy.write_bytes(fitted.read_bytes())
    with pytest.raises(InputError, match="cannot be read"):
        load_drug(copy)
    draws = fitted.with_name("my-drug-fitted-draws.csv").read_bytes()
    (tmp_path / "my-drug-fitted-draws.csv").write_bytes(draws.replace(b"\n", b"\r\n"))
    assert load_drug(copy) == file
    (tmp_path / "my-drug-fitted-draws.csv").write_bytes(draws.replace(b"1", b"2", 1))
    with pytest.raises(InputError, match="is not the file that the fit wrote"):
        load_drug(copy)


def test_its_own_regimens_may_be_compared(fitted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--regimen", "clinical", "--regimen", "full_at_once", "--draws", "4"]
    assert main(["compare", str(fitted), *given]) == 0
    assert "the same draws for all" in capsys.readouterr().out


def test_a_drug_file_that_changed_meanwhile_is_not_written_from(
    fit: FittedDrug, drug: Path, tmp_path: Path
) -> None:
    other = tmp_path / "own.toml"
    other.write_text(drug.read_text() + "# a comment\n")
    with pytest.raises(InputError, match="was changed while it was fitted"):
        drug_files(fit, other)


@pytest.mark.thorough
def test_levels_before_the_drug_acts_move_no_rate(drug: Path, tmp_path: Path) -> None:
    data = tmp_path / "early.csv"
    data.write_text("time (h),analyte,value (pg/mL)\n0,IL6,5\n0,TNF,3\n0,IFN,4\n")
    found = solve(pose(drug, data, RECORD), n_draws=400)
    assert [rate.verdict for rate in found.rates] == ["not moved", "not moved"]
    assert sum("was not moved" in words for words in warnings_of(found)) == 2


@pytest.mark.thorough
def test_a_table_of_concentrations_goes_with_the_drug_that_reads_it(tmp_path: Path) -> None:
    drug, table = write_template(tmp_path / "tabled.toml", "monoclonal", "table")
    data = tmp_path / "cohort.csv"
    data.write_text("time (h),analyte,value (pg/mL)\n4,IL6,50\n4,TNF,60\n8,IL6,90\n")
    fit = solve(pose(drug, data, RECORD), n_draws=200)
    out = tmp_path / "out"
    write(Bands(fit), drug, out)
    assert (out / table.name).read_bytes() == table.read_bytes()
    (name,) = [p for p in out.iterdir() if p.suffix == ".toml"]
    assert predict(name, RECORD, n_draws=3).n_draws == 3


def test_another_process_simulates_the_same(posed: Posed) -> None:
    """What is handed to a worker travels, and gives the same levels there."""
    draws = posed.draws(np.zeros((3, 4)), np.array([1, 2, 3]))
    alone = predicted(posed.regimens, posed.data, draws)
    assert np.array_equal(
        predicted(*pickle.loads(pickle.dumps((posed.regimens, posed.data, draws)))), alone
    )
    assert np.array_equal(predicted(posed.regimens, posed.data, draws[1:])[0], alone[1])
