"""Are the intervals of ``qsp-crs fit`` what they say? Data are made up whose truth is known.

Each data set is 20 cytokine levels of four made-up individuals on one dose of a made-up drug. The
truth of each is drawn anew: a draw of the network from the locked posterior, of each rate and of
the spread of individuals from their declared priors, and noise of 0.2 log10. The fit is asked for
90 % intervals; in a hundred sets they are to hold the truth some ninety times.

    make recovery            a hundred sets
    python -m benchmarks.recovery --sets 10
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qsp_lib.common import pool
from qsp_lib.own_data import OFFSET, Data, Posed, pose, solve
from qsp_lib.prediction import draws_for, write_template
from qsp_lib.protocol import Record, current_record

Array = NDArray[np.float64]
NOISE = 0.2
"""log10 sd of the residuals of every data set."""
BETWEEN = 83, 96
"""How many of a hundred 90 % intervals are to hold the truth."""
SETS, DRAWS = 100, 1_000
ESTIMATE = ("k_act", "k_exh")
INDIVIDUALS = 4
DESIGN = (("TNF", 6.0), ("IFN", 6.0), ("IL6", 6.0), ("IL6", 24.0), ("IL6", 48.0))
"""What is measured in each individual, and when (h)."""
_TRUTHS = 104_729
"""Apart from every seed of a fit: the truth is no draw that the fit has, where more can be made."""


@dataclass(frozen=True)
class Recovered:
    """One data set: which 90 % intervals held the truth, by name."""

    number: int
    truth: dict[str, float]
    held: dict[str, bool]


def made_up(record: Record) -> Posed:
    """The drug and the design, with levels that stand for none yet."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        drug = write_template(folder / "made_up.toml", "bispecific")[0]
        rows = [
            f"person {i},{time:g},{analyte},10\n"
            for i in range(INDIVIDUALS)
            for analyte, time in DESIGN
        ]
        data = folder / "made_up.csv"
        data.write_text("id,time (h),analyte,value (pg/mL)\n" + "".join(rows), encoding="utf-8")
        return pose(drug, data, record, estimate=ESTIMATE)


def with_truth(problem: Posed, number: int) -> tuple[Posed, Array]:
    """The problem with data of one truth, and that truth in standard deviations of the priors."""
    generator = np.random.default_rng([_TRUTHS, number])
    joint = draws_for(problem.setting, number + 1, problem.seed + _TRUTHS)
    z = generator.standard_normal((1, len(problem.all_priors)))
    members = np.array([number])
    levels = replace(problem, joint=joint).levels(z, members)[0]
    spread = float(OFFSET.at(z[0, -1]))
    offsets = spread * generator.standard_normal(len(problem.data.sharers))
    noise = NOISE * generator.standard_normal(levels.size)
    found = 10.0 ** (levels + offsets[problem.data.shared] + noise)
    points = zip(problem.data.points, found, strict=True)
    data: Data = replace(
        problem.data, points=tuple(replace(point, level=float(v)) for point, v in points)
    )
    return replace(problem, data=data, seed=problem.seed + number), z[0]


def recovered(problem: Posed, number: int, n_draws: int) -> Recovered:
    """Whether the intervals of one data set hold its truth."""
    posed, z = with_truth(problem, number)
    fit = solve(posed, n_draws=n_draws)
    truth = {p.name: float(p.at(z[i])) for i, p in enumerate(problem.priors)}
    held = {r.prior.name: bool(r.low <= truth[r.prior.name] <= r.high) for r in fit.rates}
    return Recovered(number, truth, held)


@cache
def _posed() -> Posed:
    return made_up(current_record())


def _one(number: int, n_draws: int) -> Recovered:
    return recovered(_posed(), number, n_draws)


def recover(sets: int, n_draws: int = DRAWS, workers: int = 1) -> Iterator[Recovered]:
    """The first so many data sets, in order."""
    with pool(workers) as executor:
        run = map if executor is None else executor.map
        yield from run(_one, range(sets), [n_draws] * sets)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print how often the intervals held the truth; 1 if that is too seldom or too often."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recovery", description=__doc__)
    parser.add_argument("--sets", type=int, default=SETS)
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args(arguments)
    held: dict[str, int] = dict.fromkeys(ESTIMATE, 0)
    for found in recover(options.sets, options.draws, options.workers):
        for name, inside in found.held.items():
            held[name] += inside
        print(f"set {found.number + 1}: {held}", flush=True)
    low, high = (limit * options.sets / 100 for limit in BETWEEN)
    good = options.sets < SETS or all(low <= n <= high for n in held.values())
    for name, n in held.items():
        print(f"{name}: 90 % intervals held the truth in {n} of {options.sets}")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
