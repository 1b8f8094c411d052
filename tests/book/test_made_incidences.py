"""The page of version 2 says of the incidences on record what their file says."""

from __future__ import annotations

from book.pages.made_predictions import incidences_told


def test_the_limit_and_the_shares_are_those_of_the_first_rule() -> None:
    band = {"low": 0.5, "median": 1.25, "high": 2.0}
    row = {"drug": "a drug", "premedication": "no dexamethasone", "monte_carlo": 0.02}
    shares = {"low": 0.1, "median": 0.2, "high": 0.3}
    content = {
        "rule": {"sizes": {"n_draws": 9, "each": 50, "least_effective": 20.0}},
        "held_to": {"spread": {"draws": {"met": 4, "no_solution": 2, "too_few": 3}}},
        "limit": {"spread": band, "spread, as seen": band | {"median": 9.0}},
        "incidences": [
            row | shares | {"dose": None, "held_to": "spread"},
            row | shares | {"dose": 2, "held_to": "spread", "median": 0.15},
            row | shares | {"dose": 2, "held_to": "spread, as seen", "median": 0.99},
        ],
        "caveat": "Illustrative.",
    }
    told = incidences_told(content)
    assert "Of 9 draws with 50 patients each, 4 meet" in told and "in 2 no weights can" in told
    assert "an index of 1.25 (0.5 to 2)" in told and told.endswith("Illustrative.\n")
    assert "| a drug | no dexamethasone | any | 10 % | 20 % | 30 % | 2 |" in told
    assert "| a drug | no dexamethasone | 2 | 10 % | 15 % | 30 % | 2 |" in told
    assert "99 %" not in told
