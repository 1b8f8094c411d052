"""Making a lock record out of the joint fit; the one place where records are composed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from ..calibration import (
    CANDIDATES,
    FITTED,
    INPUTS,
    LOCKED,
    SHARED,
    T_CELL_CANDIDATES,
    declared_draws,
    declared_priors,
    drug_at,
    network_at,
)
from ..common import VERSIONS, InputError, LockError, write_text_atomic
from ..drugs import load_dexamethasone, load_drug, load_tocilizumab
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
from ..scoring import plain_rules
from .comparing import differences, require_same
from .developing import Development, chosen_t_cells, development_inputs, read_development
from .eight_checks import CHECKS, LIMITS
from .forecasting import class_names, class_of_blinatumomab, listed_forecasts, listed_predictions
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
from .sample_table import LOG_POSTERIOR, parse_table, table_text
from .seal import sealed_tables

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
INTERVAL_OF_SAMPLE = (
    "central 90 % of the kept sample of the joint posterior, each draw with one of the declared "
    "priors"
)


def compose(version: str, reason: str, date: str, problem: Problem, best: Fit) -> dict[str, Any]:
    """The content of a record at this optimum, whose posterior is Laplace's approximation.

    Args:
        version: ``"v1"``, ``"v2"``, ...
        reason: why this version exists.
        date: ISO date.
        problem, best: the joint fit.

    Raises:
        LockError: an optimum that did not converge, or severity boundaries out of order.
    """
    return _composed(version, reason, date, problem, best, None)


def _composed(
    version: str,
    reason: str,
    date: str,
    problem: Problem,
    best: Fit,
    indices: Mapping[str, float] | None,
) -> dict[str, Any]:
    """The content of a record; severity indices are the optimum's if none are given."""
    if not best.converged:
        raise LockError("the joint fit did not converge; a lock is made from an optimum only.")
    fit: Any = problem.residuals
    inputs = fit.inputs
    network = network_at(problem, best.theta)
    drugs = {name: drug_at(problem, best.theta, name) for name in FITTED}
    blind = load_drug(BLIND, inputs=inputs)
    same_as = dict(blind.same_as)
    shared = {name: getattr(drugs[FITTED[0]], name) for name in SHARED if name in problem.names}
    borrowed = {rate: getattr(drugs[source], rate) for rate, source in same_as.items()}
    drugs[BLIND] = blind.inputs.replace(**borrowed, **shared)
    clinical = {name: fit.regimen(name, "clinical") for name in FITTED}
    z = (
        dict(indices)
        if indices is not None
        else {
            name: float(severity.index(simulate(drugs[name], network, clinical[name])))
            for name in FITTED
        }
    )
    try:
        boundaries = severity.GradeBoundaries.between(z["blinatumomab"], z["tgn1412"])
    except InputError as refusal:
        raise LockError(
            f"grade boundaries by the drugs' indices {z} are out of order: {refusal}"
        ) from None
    crp = calibrate_crp(
        (drugs["tgn1412"], clinical["tgn1412"]),
        (drugs["blinatumomab"], clinical["blinatumomab"]),
        network,
    )
    structure = {
        "feedback": network.feedback,
        "equations": list(canonical_equations(network.feedback, network.t_cells)),
        "equations_sha256": equations_digest(network.feedback, network.t_cells),
    }
    if inputs != VERSIONS[0]:
        structure["t_cells"] = network.t_cells
    declared = declared_priors(BLIND, inputs)
    return {
        "format": 2,
        "version": version,
        "date": date,
        "reason": reason,
        "structure": structure,
        "network": network.values(),
        "posterior": {
            "names": list(problem.names),
            "mean_log10": best.theta.tolist(),
            "covariance_log10": best.covariance.tolist(),
            "cost": best.cost,
        },
        "drugs": {name: inputs.plain() for name, inputs in drugs.items()},
        "same_as": {BLIND: same_as},
        "assumed": {
            name: {"median": prior.median, "log10_sd": prior.log10_sd}
            for name, prior in declared.items()
        },
        "tocilizumab": asdict(load_tocilizumab(inputs=inputs).inputs),
        "crp": asdict(crp),
        "severity": {
            "index": z,
            "boundaries": asdict(boundaries),
            "tie": severity.TIE,
            "baselines": severity.baselines(),
        },
        "declared": _declared_sources(BLIND, inputs),
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
        "digests": input_digests(inputs),
        "sealed": {name: table.sha256 for name, table in sealed_tables().items()},
    }


def compose_developed(
    version: str, reason: str, date: str, developed: Mapping[str, Development]
) -> tuple[dict[str, Any], str]:
    """The content of a record whose structure and posterior are what the development found.

    Args:
        version, reason, date: as of :func:`compose`.
        developed: every candidate structure, by name.

    Returns:
        The content, and the kept sample of the posterior as a table: every estimated quantity,
        and one draw of every declared prior beside it, in log10.

    Raises:
        LockError: a structure that was not developed, or made from other inputs than there are;
            a rule that chooses another structure than the one to be locked.
    """
    locked = _locked_structure(developed)
    about, candidate = developed[LOCKED].content, CANDIDATES[LOCKED]
    problem = candidate.problem()
    theta = np.array(about["optimum"]["theta_log10"])
    best = Fit(theta, about["optimum"]["cost"], problem.jacobian(theta), theta, 0, True)
    medians = {
        drug: about["quantities"][f"{label} index"]["quantiles"][1]
        for drug, label in (("blinatumomab", "blinatumomab"), ("tgn1412", "TGN1412"))
    }
    content = _composed(version, reason, date, problem, best, medians)
    priors = declared_priors(BLIND, INPUTS)
    declared = declared_draws(priors, len(locked.points), SEED + 1)
    columns = np.column_stack([locked.points, *(np.log10(declared[name]) for name in priors)])
    names = (*locked.names, *priors)
    text = table_text(names, columns, locked.log_posterior)
    _, rows, sha256 = parse_table(text)
    content["format"] = FORMAT
    content["inputs"] = INPUTS
    content["posterior"]["sample"] = {
        "file": f"sample-{version}.csv",
        "sha256": sha256,
        "rows": len(rows),
        "columns": [*names, LOG_POSTERIOR],
        "sampler": about["sample"]["sampler"],
        "solver": about["sample"]["solver"],
        "diagnostics": about["sample"]["diagnostics"],
    }
    content["drugs"] |= _class_at(content["drugs"]["blinatumomab"])
    content["class"] = class_of_blinatumomab(INPUTS)
    content["scoring"] = plain_rules()
    content["predictions"] = listed_predictions(version)
    content["forecasts"] = listed_forecasts(version)
    content["dexamethasone"] = asdict(load_dexamethasone(inputs=INPUTS).inputs)
    content["development"] = {
        name: {"digest": one.content["digest"], "facts": dict(one.content["facts"])}
        | {key: one.content[key] for key in ("evidence", "evidence_published_rows")}
        for name, one in developed.items()
    }
    content["blind_test"] |= {"n_draws": len(rows), "interval": INTERVAL_OF_SAMPLE}
    return content, text


def _class_at(blinatumomab: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Drugs of blinatumomab's class, with its rates at the locked point."""
    found = {}
    for name in class_names():
        file = load_drug(name, inputs=INPUTS)
        borrowed = {rate: blinatumomab[rate] for rate in file.same_as}
        found[name] = file.inputs.replace(**borrowed).plain()
    return found


def _locked_structure(developed: Mapping[str, Development]) -> Development:
    """The structure to be locked, if the rule chooses its T-cell part."""
    if missing := [name for name in CANDIDATES if name not in developed]:
        raise LockError(f"structure {missing[0]!r} is not developed; run 'qsp-crs develop'.")
    now = development_inputs()
    for name, one in developed.items():
        if changed := sorted(k for k in now if one.content["inputs"].get(k) != now[k]):
            raise LockError(
                f"structure {name!r} was developed with another {changed[0]}; develop it again."
            )
    chosen = chosen_t_cells(developed, [candidate.name for candidate in T_CELL_CANDIDATES])
    if chosen != LOCKED:
        raise LockError(
            f"the rule chooses the T-cell part of {chosen!r}, and {LOCKED!r} was to be locked; say "
            "so in the candidates, with the reason."
        )
    return developed[LOCKED]


def _declared_sources(drug: str, inputs: str) -> Mapping[str, Mapping[str, Any]]:
    """Every input of a drug as its file writes it: value, unit, sources, note."""
    return {
        name: {
            "value": quantity.value,
            "unit": quantity.unit,
            "source": list(quantity.source),
            "note": quantity.note,
        }
        for name, quantity in load_drug(drug, inputs=inputs).sources.items()
    }


def make_lock(
    reason: str,
    date: str,
    places: Places = PACKAGED,
    wait_s: float = WAIT_S,
) -> Written:
    """Compose the next version of the lock record from the development, and put it on record.

    A record that an interrupted run wrote and did not put on record is compared with what is
    composed now, and put on record if it is the same.

    Args:
        reason: why this version exists; goes into the record and the ledger.
        date: ISO date.
        wait_s: how long to wait for another command's turn (s).

    Raises:
        LockError: no reason is given, the development does not support a record, another record
            was made meanwhile, or a file is there that holds another one.
    """
    if not reason.strip():
        raise LockError("a lock needs a reason; say why this version exists.")
    made = recorded_versions(places)
    version = f"v{len(made) + 1}"
    _require_unfinished(version, reason.strip(), places)
    developed = {name: read_development(name, places.development) for name in CANDIDATES}
    content, sample = compose_developed(version, reason.strip(), date, developed)
    # nobody waits for what is composed: the turn is for writing alone
    with take_turn(places, wait_s) as turn:
        if recorded_versions(places) != made:
            raise LockError(
                f"lock {recorded_versions(places)[-1]} was put on record while this one was "
                "composed; look at it, and run the command again if one more version is wanted."
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
            _write_sample(content["posterior"].get("sample"), sample, places)
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


def _write_sample(about: Mapping[str, Any] | None, text: str, places: Places) -> None:
    """Keep the sample before the record that names it: without the record nobody reads it."""
    if about is None:
        return
    places.posterior.mkdir(parents=True, exist_ok=True)
    write_text_atomic(places.posterior / about["file"], text)


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
