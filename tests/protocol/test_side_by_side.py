"""Structures side by side: odds with their error, facts, and samplers compared by ranks."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from qsp_lib.inference.fitting import Problem
from qsp_lib.protocol.developing import Development
from qsp_lib.protocol.ensembles import (
    Plan,
    ensemble_of,
    kept_draws,
    on_record,
    run_ensembles,
)
from qsp_lib.protocol.side_by_side import (
    Odds,
    by_ensemble,
    fact_shares,
    ranks_apart,
    side_by_side,
)

PLAN = Plan(ensembles=2, walkers=8, steps=60, burn_in=20, thin=10, draws=40)
SEED = 3


def developed(log_evidence: float, error: float = 0.1, **facts: float) -> Development:
    content: dict[str, Any] = {
        "optimum": {
            "cost": 10.0,
            "share_of_starts": 0.75,
            "rms_log10": {"blinatumomab": 0.35, "tgn1412": 0.11},
        },
        "evidence": {"log_evidence": log_evidence, "error": error},
        "evidence_published_rows": {"log_evidence": log_evidence + 9.0, "error": 2 * error},
        "left_out": [{"course": "a", "rms_sigma": 3.0}, {"course": "b", "rms_sigma": 4.0}],
        "facts": {name: {"share": share, "met": share >= 0.7} for name, share in facts.items()},
        "sample": {"sampler": on_record(PLAN, SEED)},
    }
    return Development(MappingProxyType(content), np.zeros((PLAN.draws, 2)), np.zeros(PLAN.draws))


BOTH = {"one": developed(-20.0, silent=1.0, over=0.6), "other": developed(-22.0, silent=0.0)}


def test_what_speaks_for_each_structure_is_a_row() -> None:
    found = side_by_side(BOTH, ["other", "one"])
    assert found.index.tolist() == ["other", "one"]
    one = found.loc["one"]
    assert one["log_evidence"] == -20.0 and one["published_log_evidence"] == -11.0
    assert one["published_log_evidence_error"] == pytest.approx(0.2)
    assert one["left_out_rms_sigma"] == pytest.approx(np.sqrt(12.5))
    assert one["tgn1412_rms_log10"] == 0.11 and one["starts_at_best"] == 0.75
    assert found["facts_met"].tolist() == [0, 1]


def test_facts_are_rows_and_structures_columns() -> None:
    found = fact_shares(BOTH, ["one"])
    assert found["one"].to_dict() == {"silent": 1.0, "over": 0.6}


def test_the_error_of_odds_is_that_of_both_evidences() -> None:
    odds = Odds.of(developed(-20.0, 0.3), developed(-21.0, 0.4))
    assert odds.value == pytest.approx(np.e)
    assert odds.error == pytest.approx(0.5)
    assert odds.interval == pytest.approx((1.0, np.e**2))
    published = Odds.of(developed(-20.0, 0.3), developed(-21.0, 0.4), "evidence_published_rows")
    assert published.error == pytest.approx(1.0)


def test_odds_against_itself_are_one() -> None:
    assert Odds.of(BOTH["one"], BOTH["one"]).value == 1.0


@pytest.fixture(scope="module")
def chains() -> list[Any]:
    problem = Problem(
        ("a", "b"),
        lambda theta: theta,
        np.full(2, -40.0),
        np.full(2, 40.0),
        np.zeros(2),
        np.full(2, np.inf),
    )
    return run_ensembles(problem, np.zeros(2), np.eye(2), SEED, PLAN)


def test_each_kept_draw_is_told_to_be_of_the_ensemble_that_made_it(chains: list[Any]) -> None:
    points, log_density = kept_draws(chains, PLAN, SEED)
    which = ensemble_of(on_record(PLAN, SEED))
    assert set(which.tolist()) == {0, 1}
    for point, i in zip(points, which, strict=True):
        assert (chains[i].points == point).all(axis=2).any()
        assert not (chains[1 - i].points == point).all(axis=2).any()
    content = MappingProxyType({"sample": {"sampler": on_record(PLAN, SEED)}})
    parts = by_ensemble(Development(content, points, log_density), 10**6)
    assert sum(len(part) for part in parts) == len(points)
    assert (parts[0] == points[which == 0]).all()
    first = by_ensemble(Development(content, points, log_density), 3)
    assert all((few == part[:3]).all() for few, part in zip(first, parts, strict=True))


def test_quantiles_of_the_same_draws_are_no_distance_apart() -> None:
    values = np.arange(1000.0)
    own = np.quantile(values, (0.05, 0.5, 0.95)).tolist()
    apart, in_errors = ranks_apart({"x": values}, [{"x": own}], (0.05, 0.5, 0.95), 500.0)
    assert apart < 1e-3 and in_errors < 0.1


def test_a_shifted_median_is_as_far_apart_as_the_draws_between() -> None:
    values = np.arange(1000.0)
    runs = [{"x": [500.0]}, {"x": [600.0]}]
    apart, in_errors = ranks_apart({"x": values}, runs, (0.5,), 1000.0)
    assert apart == pytest.approx(0.1)
    assert in_errors == pytest.approx(0.1 / np.sqrt(0.25 * 2 / 1000))
    # the worst of several quantities counts
    more = {"x": values, "y": values}
    found = ranks_apart(more, [{"x": [500.0], "y": [800.0]}], (0.5,), 1000.0)
    assert found[0] == pytest.approx(0.3)
