"""The model's page and the data page say what the record, the tables and the code say."""

from __future__ import annotations

import importlib
import re
from dataclasses import asdict
from pathlib import Path

import pytest

from book.explorer import Setting, solve
from book.pages import model_page, science
from book.pages.fragments import FRAGMENTS, BookData
from qsp_lib.chapters import notebooks, results
from qsp_lib.common import number
from qsp_lib.drugs.reading import load_drug
from qsp_lib.evidence.observations import load_observations
from qsp_lib.evidence.tables import load_tables
from qsp_lib.model import network_table
from qsp_lib.protocol.lock import current_record

RECORD = current_record()
BOOK = BookData(
    notebooks.ROOT / "notebooks",
    {name: results.load(name, notebooks.ROOT / "results") for name in notebooks.chapter_names()},
)
HEALTHY = RECORD.baselines["IL6"]
NEAR = 2 * RECORD.tie


def made(name: str) -> str:
    return FRAGMENTS[name](BOOK)


def cells(text: str, first: str) -> list[list[str]]:
    rows = [[c.strip() for c in line.strip("|").split("|")] for line in text.splitlines()]
    return [row for row in rows if row[0] == first]


@pytest.mark.parametrize("dose", [1.0, 10.0])
def test_no_dose_passes_the_ceiling_and_a_large_one_comes_near(dose: float) -> None:
    bound = model_page.highest_index(RECORD.network, HEALTHY)
    found = solve(Setting("tgn1412", dose=dose)).index
    assert bound - NEAR < found < bound
    assert f"which is {bound:.2f} at" in made("severity_ceiling")


def test_the_ceiling_holds_for_the_unlocked_too() -> None:
    network = RECORD.network.unlocked().replace(K_M=10.0, K_S=10.0)
    bound = model_page.highest_index(network, HEALTHY)
    setting = Setting("tgn1412", dose=10.0, k_exh=0.01, K_M=10.0, K_S=10.0)
    assert bound - 0.02 < solve(setting).index < bound


def test_grades_are_tabled_with_the_boundaries_of_the_lock() -> None:
    edges = asdict(RECORD.boundaries)
    for grade in range(1, 5):
        (row,) = cells(made("grade_table"), str(grade))
        assert row[1] == f"{edges[f'grade_{grade}']:.2f}"


def test_crp_is_defined_and_its_numbers_are_there() -> None:
    assert r"H_\mathrm{CRP} &=" in made("equations_rescue")
    for text in (made("crp_parameters"), made("declared_assumptions")):
        for name in ("k_CRP", "K_CRP"):
            assert f"symbol-{name}" in text
            assert number(RECORD.crp.values()[name]) in text
    assert "symbol-d_CRP" in made("crp_parameters")
    assert "symbol-d_CRP" not in made("declared_assumptions")  # it is published


def test_the_prior_of_a_ratio_is_shown_as_one() -> None:
    (row,) = [one for one in network_table().values() if one.relative_to]
    assert (row.name, row.relative_to) == ("k_IL6_T", "k_IL6_M")
    shown = f"${row.symbol}$ | {number(row.prior.median)} × ${network_table()['k_IL6_M'].symbol}$"
    assert shown in made("declared_assumptions")


@pytest.mark.parametrize("drug", RECORD.drug_names)
def test_a_drugs_locked_numbers_stand_beside_what_was_given(drug: str) -> None:
    held, file = RECORD.drug(drug), load_drug(drug)
    text = made("drug_inputs").split(f"**{held.label}**")[1].split("\n**")[0]
    for rate in (name for name in file.sources if name in ("k_act", "k_exh", "k_kill", "k_rec")):
        (row,) = cells(text, rate)
        assert row[2] == f"{number(getattr(held, rate))} 1/h"
        assert "prior median" in row[1] or "that of" in row[1]
    for name in file.sources:
        assert len(cells(text, name)) == 1


def test_co_medications_stand_beside_the_drugs() -> None:
    steroid = made("drug_inputs").split("**Dexamethasone**")[1]
    (row,) = cells(steroid, "IC50")
    assert row[2] == f"{number(RECORD.dexamethasone.IC50)} ng/mL" and "SD002" in row[3]
    assert "| dexamethasone | w |" in made("declared_assumptions")


def test_a_point_of_the_fit_says_what_is_known_of_it() -> None:
    text = made("observations")
    known = {row[5] for line in text.splitlines()[2:] for row in [line.strip("|").split(" | ")]}
    assert known >= {
        "above 4500 pg/mL",
        "at most this",
        "median of values above 10 pg/mL",
    }
    (late,) = (line for line in text.splitlines() if "| TGN1412 TNF, late |" in line)
    assert "| peak, 120–672 |" in late


def test_every_point_of_the_fit_is_counted_once() -> None:
    rows = [line.split("|") for line in made("fit_sigmas").splitlines()[2:]]
    assert sum(int(row[2]) for row in rows) == len(load_observations())
    censored = sum(int(row[6]) for row in rows if row[6].strip())
    assert censored == sum(o.is_censored for o in load_observations()) > 0


def test_the_settings_of_the_fit_are_those_of_the_lock_and_the_code() -> None:
    text = made("fit_settings")
    assert f"{len(RECORD.posterior[0])} parameters" in text
    assert f"{RECORD.cost:.2f}" in text
    plan = RECORD.content["posterior"]["sample"]["sampler"]
    run = f"{plan['ensembles']} ensembles of {plan['walkers']} walkers, {plan['steps']:,} steps"
    assert f"{run} each" in text and "| 3.84," in text
    places = re.findall(r"`([\w.]+)\.(\w+)`", text)
    assert places
    for module, name in places:
        assert hasattr(importlib.import_module(f"qsp_lib.{module}"), name), (module, name)


def test_rows_that_their_notes_take_back_are_named_with_where_they_are_used() -> None:
    text = made("doubted_rows")
    tables = load_tables()
    for row_id, row in tables.items():
        doubted = row.verified == "yes" and "unverified" in row.note
        assert doubted <= bool(cells(text, row_id))
        assert bool(cells(text, row_id)) <= (row.verified == "yes")
    assert cells(text, "EA014") and cells(text, "BO034")[0][-1] == "nowhere"
    assert "04_rescue" in cells(text, "TZ012")[0][-1]


def test_a_row_of_evidence_begins_with_what_it_says() -> None:
    header = next(line for line in made("evidence").splitlines() if line.startswith("| row"))
    assert header == "| row | what | value | source | verified | note |"
    assert "blinatumomab, " in made("evidence")
    assert science.evidence(BOOK).count("\n| BO001 |") == 1


def test_the_text_speaks_of_chapters_by_the_numbers_that_the_titles_carry() -> None:
    toc = Path(notebooks.ROOT / "_toc.yml").read_text(encoding="utf-8")
    part = toc.split("caption: Chapters")[1].split("caption:")[0]
    assert "numbered: 1" in part and toc.count("numbered:") == 1
    numbers = [int(name[:2]) for name in notebooks.chapter_names()]
    assert numbers == list(range(1, len(numbers) + 1))
