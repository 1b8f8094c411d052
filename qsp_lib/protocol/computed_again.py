"""What a record and its prediction say of themselves, computed again from the record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..calibration import declared_priors, make_problem
from ..common import QspError
from ..model import GradeBoundaries, severity
from .blind_test import numbers, predict, run_protocol
from .comparing import differences
from .findings import DIFFERS, LEFT_OUT, Finding, parted
from .record import Record

SLOPES_RTOL = 1e-3
"""How near finite differences made again come to the covariance on file, in its own scale."""


def computed_again(record: Record) -> Iterator[Finding]:
    """What a record says of its own locked point, computed again."""
    what = f"lock {record.version}"

    def indices() -> Iterator[str]:
        held = record.content["severity"]
        z = _indices(record)
        yield from differences(held["index"], z, path="index")
        edges = GradeBoundaries.between(z["blinatumomab"], z["tgn1412"])
        yield from differences(held["boundaries"], vars(edges), path="boundaries")

    def spread() -> Iterator[str]:
        names, mean, covariance = record.posterior
        problem = make_problem(
            tuple(record.content["severity"]["index"]),
            record.network.feedback,
            inputs=record.inputs,
            t_cells=record.network.t_cells,
        )
        if names != problem.names:
            yield f"the posterior is of {names}, expected {problem.names}"
            return
        cost = float(problem.cost(mean)[0])
        yield from differences(record.content["posterior"]["cost"], cost, rtol=1e-4, path="cost")
        slopes = problem.jacobian(mean)
        again = np.linalg.inv(slopes.T @ slopes)
        sd = np.sqrt(np.diag(again))
        apart = np.abs(covariance - again) / np.outer(sd, sd)
        if not np.all(apart <= SLOPES_RTOL):
            i, j = np.unravel_index(int(np.argmax(apart)), apart.shape)
            yield f"the covariance of {names[i]} and {names[j]} is {apart[i, j]:.2g} sd^2 off"

    def priors() -> Iterator[str]:
        blind = next(iter(record.content["same_as"]))
        now = {
            name: {"median": prior.median, "log10_sd": prior.log10_sd}
            for name, prior in declared_priors(blind, record.inputs).items()
        }
        held = {name: dict(prior) for name, prior in record.content["assumed"].items()}
        yield from differences(held, now, path="assumed")

    for name, look in (
        ("severity and boundaries", indices),
        ("cost and covariance", spread),
        ("assumed spreads", priors),
    ):
        try:
            yield parted(f"{what}: {name}", "computed again", look())
        except QspError as problem:
            yield Finding(f"{what}: {name}", "computed again", DIFFERS, str(problem))


def _indices(record: Record) -> dict[str, float]:
    """Severity index of each fitted drug: at the locked point, or the median of the kept sample."""
    drugs = record.content["severity"]["index"]
    if record.largest_sample is None:
        return {name: float(severity.index(record.run(name))) for name in drugs}
    draws = record.draws(record.largest_sample)
    return {
        name: float(np.median(severity.index(record.run(name, draws=draws[name]))))
        for name in drugs
    }


def predicted_again(
    record: Record, content: Mapping[str, Any], recompute: bool
) -> Iterator[Finding]:
    """A committed prediction beside its record: the numbers at the locked point, computed again.

    Args:
        record: the lock it was made from.
        content: the prediction as it is on file.
        recompute: whether its draws are made and simulated again too, which takes seconds.
    """
    what = f"prediction {record.version}"
    held = {key: value for key, value in content.items() if key != "lock_digest"}
    central = run_protocol(record)
    again = numbers(record, central, central.select(np.array([True])))
    yield parted(
        f"{what}: numbers at the locked point",
        "computed again",
        differences(_central(held), _central(again)),
        f"{len(_central(again))} numbers",
    )
    if recompute:
        yield parted(
            f"{what}: medians, intervals, shares",
            "drawn again from the record's seed",
            differences(held, predict(record)),
            f"{held['draws']} draws",
        )
    else:
        yield Finding(
            f"{what}: medians, intervals, shares",
            "drawn again from the record's seed",
            LEFT_OUT,
            "'lock verify' without --quick does it",
        )


def _central(value: Any, path: str = "") -> dict[str, Any]:
    """The values at the locked point, by their path."""
    if not isinstance(value, Mapping):
        return {path: value} if path.endswith("/central") else {}
    inner = (_central(item, f"{path}/{key}") for key, item in value.items())
    return {name: found for part in inner for name, found in part.items()}
