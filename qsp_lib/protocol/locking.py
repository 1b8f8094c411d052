"""Making a lock record out of the joint fit; the one place where records are composed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict
from typing import Any

from ..calibration import calibrate, drug_at, make_problem, network_at
from ..common import LockError
from ..drugs import load_drug, load_tocilizumab
from ..inference import Fit, Problem
from ..model import (
    ATOL,
    HORIZON_H,
    RTOL,
    calibrate_crp,
    canonical_equations,
    equations_digest,
    severity,
    simulate,
)
from .comparing import differences, require_same
from .eight_checks import CHECKS, LIMITS
from .inputs import input_digests
from .ledger import record_file
from .lock import (
    current_record,
    lock_path,
    read_record,
    recorded_versions,
    versions,
    write_record,
)
from .places import PACKAGED, WAIT_S, Places, Written, take_turn
from .record import FORMAT, digest_of
from .seal import sealed_tables

FITTED = ("blinatumomab", "tgn1412")
BLIND = "okt3"
N_STARTS = 16
SEED = 20060313
"""Seed of the multi-start, and of the blind draws: the day of the TGN1412 trial."""
N_DRAWS = 2000
INTERVAL = (
    "central 90 % of Laplace draws of the joint posterior times the declared priors; the same "
    "from an ensemble sampler is shown beside it"
)
QUANTITATIVE = (
    "for TNF, IFN-gamma and IL-6 the median predicted peak lies between the lowest and the highest "
    "eligible first-dose statistic"
)
REFIT_RTOL, REFIT_ATOL = 1e-4, 1e-6
"""How near a fit made again comes to its optimum and its finite differences."""
SAME_FOR_ALL = ("k_rec",)
"""A declared prior that every drug shares draws one value for all of them."""


def joint_fit(
    n_starts: int = N_STARTS, seed: int = SEED, executor: Executor | None = None
) -> tuple[Problem, tuple[Fit, ...]]:
    """The fit whose optimum is locked: blinatumomab and TGN1412, gated feedback."""
    problem = make_problem(FITTED)
    return problem, calibrate(problem, n_starts, seed, executor)


def compose(version: str, reason: str, date: str, problem: Problem, best: Fit) -> dict[str, Any]:
    """The content of a record at this optimum.

    Args:
        version: ``"v1"``, ``"v2"``, ...
        reason: why this version exists.
        date: ISO date.
        problem, best: the joint fit.

    Raises:
        LockError: an optimum that did not converge, or severity boundaries out of order.
    """
    if not best.converged:
        raise LockError("the joint fit did not converge; a lock is made from an optimum only.")
    network = network_at(problem, best.theta)
    drugs = {name: drug_at(problem, best.theta, name) for name in FITTED}
    blind = load_drug(BLIND)
    same_as = dict(blind.same_as)
    borrowed = {rate: getattr(drugs[source], rate) for rate, source in same_as.items()}
    drugs[BLIND] = blind.inputs.replace(**borrowed)
    clinical = {name: load_drug(name).regimens["clinical"] for name in FITTED}
    z = {
        name: float(severity.index(simulate(drugs[name], network, clinical[name])))
        for name in FITTED
    }
    boundaries = severity.GradeBoundaries.between(z["blinatumomab"], z["tgn1412"])
    edges = list(asdict(boundaries).values())
    if edges != sorted(edges):
        raise LockError(f"grade boundaries {edges} are out of order; the drugs' indices are {z}.")
    crp = calibrate_crp(
        (drugs["tgn1412"], clinical["tgn1412"]),
        (drugs["blinatumomab"], clinical["blinatumomab"]),
        network,
    )
    return {
        "format": FORMAT,
        "version": version,
        "date": date,
        "reason": reason,
        "structure": {
            "feedback": network.feedback,
            "equations": list(canonical_equations(network.feedback)),
            "equations_sha256": equations_digest(network.feedback),
        },
        "network": network.values(),
        "posterior": {
            "names": list(problem.names),
            "mean_log10": best.theta.tolist(),
            "covariance_log10": best.covariance.tolist(),
            "cost": best.cost,
        },
        "drugs": {name: inputs.plain() for name, inputs in drugs.items()},
        "same_as": {BLIND: same_as},
        "assumed": _declared_priors(BLIND),
        "tocilizumab": asdict(load_tocilizumab().inputs),
        "crp": asdict(crp),
        "severity": {
            "index": z,
            "boundaries": asdict(boundaries),
            "tie": severity.TIE,
            "baselines": severity.baselines(),
        },
        "declared": _declared_sources(BLIND),
        "blind_test": {
            "seed": SEED,
            "n_draws": N_DRAWS,
            "interval": INTERVAL,
            "checks": CHECKS,
            "limits": dict(LIMITS),
            "quantitative": QUANTITATIVE,
        },
        "solver": {"engine": "diffsol", "rtol": RTOL, "atol": ATOL, "horizon_h": HORIZON_H},
        "predictions": {"okt3_outcomes": [f"prediction-{version}.json"]},
        "digests": input_digests(),
        "sealed": {name: table.sha256 for name, table in sealed_tables().items()},
    }


def _declared_priors(drug: str) -> Mapping[str, Mapping[str, float]]:
    """Declared priors that intervals draw; one that all drugs share is named without a drug."""
    return {
        name if name in SAME_FOR_ALL else f"{drug}.{name}": {
            "median": prior.median,
            "log10_sd": prior.log10_sd,
        }
        for name, prior in load_drug(drug).priors.items()
        if prior.status == "assumed"
    }


def _declared_sources(drug: str) -> Mapping[str, Mapping[str, Any]]:
    """Every input of a drug as its file writes it: value, unit, sources, note."""
    return {
        name: {
            "value": quantity.value,
            "unit": quantity.unit,
            "source": list(quantity.source),
            "note": quantity.note,
        }
        for name, quantity in load_drug(drug).sources.items()
    }


def make_lock(
    reason: str,
    date: str,
    executor: Executor | None = None,
    places: Places = PACKAGED,
    wait_s: float = WAIT_S,
) -> Written:
    """Fit, compose, write the next version of the lock record and put it on record.

    A record that an interrupted run wrote and did not put on record is compared with what is
    composed now, and put on record if it is the same.

    Args:
        reason: why this version exists; goes into the record and the ledger.
        date: ISO date.
        wait_s: how long to wait for another command's turn (s).

    Raises:
        LockError: no reason is given, the fit does not support a record, another record was made
            meanwhile, or a file is there that holds another one.
    """
    if not reason.strip():
        raise LockError("a lock needs a reason; say why this version exists.")
    made = recorded_versions(places)
    version = f"v{len(made) + 1}"
    _require_unfinished(version, reason.strip(), places)
    problem, fits = joint_fit(executor=executor)
    content = compose(version, reason.strip(), date, problem, fits[0])
    # nobody waits for a fit: the turn is for writing alone
    with take_turn(places, wait_s) as turn:
        if recorded_versions(places) != made:
            raise LockError(
                f"lock {recorded_versions(places)[-1]} was put on record while this fit ran; look "
                "at it, and run the command again if one more version is wanted."
            )
        _require_other(content, made, places)
        path = lock_path(version, places)
        finished = path.exists()
        if finished:
            on_file = read_record(path)
            dated = content | {"date": on_file.content["date"], "digest": on_file.digest}
            require_same(path, dated, rtol=REFIT_RTOL, atol=REFIT_ATOL)
            content = dated
        else:
            content = content | {"digest": digest_of(content)}
            write_record(content, turn)
        record_file(
            "lock",
            path,
            turn,
            version=version,
            digest=content["digest"],
            summary={"reason": content["reason"]},
            date=content["date"],
        )
    current_record.cache_clear()
    return Written(path, finished)


def _require_other(content: Mapping[str, Any], made: Sequence[str], places: Places) -> None:
    """Refuse to make the newest record once more, as a run that was killed at its end would."""
    if not made:
        return
    newest = read_record(lock_path(made[-1], places), against_code=False).content
    named = {"version", "date", "digest", "predictions"}
    if newest.keys() - named != content.keys() - named:
        return
    known = {key: newest[key] for key in newest.keys() - named}
    again = {key: content[key] for key in newest.keys() - named}
    if not list(differences(again, known, rtol=REFIT_RTOL, atol=REFIT_ATOL)):
        raise LockError(
            f"lock {made[-1]} of {newest['date']} holds the same for the same reason and is on "
            "record; nothing is left to do. A new version needs something new, or another reason."
        )


def _require_unfinished(version: str, reason: str, places: Places) -> None:
    """Refuse, before anything is fitted, files that this version could not be put beside."""
    later = [known for known in versions(places) if known not in recorded_versions(places)]
    path = lock_path(version, places)
    if strange := [known for known in later if known != version]:
        raise LockError(
            f"{lock_path(strange[0], places).name} is not in the ledger; a lock is made by its "
            "command only. Take the file away."
        )
    if later and (given := read_record(path).content["reason"]) != reason:
        raise LockError(
            f"{path.name} is there and not in the ledger, with the reason {given!r}. To finish it, "
            "give that reason; otherwise take the file away."
        )
