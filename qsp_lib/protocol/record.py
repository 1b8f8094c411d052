"""A lock record in memory: what it holds, and that it is what it says.

A record holds the network's values with their posterior, the structure, the drugs' inputs, the
severity boundaries, the blind-test protocol, the solver's settings, and digests of the evidence,
the priors and the held-back tables. What is read from it carries its stamp and refuses to be
changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..calibration import CO_MEDICATIONS, declared_draws, of_drug, values_at, widened
from ..common import VERSIONS, InputError, LockError, canonical_json, digest
from ..drugs import load_drug
from ..inference import draw, laplace_draws
from ..model import (
    CONSTANT_RECOVERY,
    TIE,
    CrpInputs,
    Draws,
    DrugInputs,
    GradeBoundaries,
    LockStamp,
    NetworkParameters,
    Prior,
    Regimen,
    Rescue,
    Solver,
    Steroid,
    SteroidInputs,
    TocilizumabInputs,
    Trajectory,
    baselines,
    equations_digest,
    simulate,
)
from ..scoring import plain_rules
from .eight_checks import CHECKS, LIMITS
from .inputs import InputCheck, check_inputs
from .places import PACKAGED, Places
from .sample_table import SAMPLES, read_table
from .seal import sealed_tables

PARTS = (
    "version",
    "date",
    "reason",
    "structure",
    "network",
    "posterior",
    "drugs",
    "same_as",
    "assumed",
    "declared",
    "tocilizumab",
    "crp",
    "severity",
    "blind_test",
    "solver",
    "digests",
    "sealed",
)
"""What a whole record of the first format holds."""
FORMAT = 3
ADDED = {2: ("format", "predictions"), 3: ("inputs", "dexamethasone", "development", "class")}
"""What each later format holds besides. Since the second, a record says which predictions have to
be in the ledger before a held-back table is opened, and holds the limits of the checks. Since the
third, it names the version of its inputs, its posterior is a kept sample, and it says what the
development found."""
OPTIONAL = ("scoring", "forecasts")
"""What a record of the second format or later may hold besides: the rules by which rows are judged
and scored, and which of its predictions are draws of which forecast."""
PREDICTIONS_V1 = {"okt3_outcomes": ("prediction-v1.json",)}
"""What lock v1, which does not say so itself, has to set beside a held-back table."""


def digest_of(content: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical text of a record without its own digest."""
    rest = {key: value for key, value in content.items() if key != "digest"}
    return hashlib.sha256(canonical_json(rest).encode()).hexdigest()


@dataclass(frozen=True)
class Record:
    """A lock record. Its content has the digest that it says it has.

    Attributes:
        content: the record as written, read-only.

    Raises:
        LockError: the content was edited, or carries no digest.
    """

    content: Mapping[str, Any]
    _text: str = field(default="", init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        rest = {key: _thawed(value) for key, value in self.content.items() if key != "digest"}
        text = canonical_json(rest)
        _require_digest(self.content, hashlib.sha256(text.encode()).hexdigest())
        # a copy of its own, which nobody else holds and nothing can change
        own = json.loads(text) | {"digest": self.content["digest"]}
        object.__setattr__(self, "content", _frozen(own))
        object.__setattr__(self, "_text", text)

    def __reduce__(self) -> tuple[Any, ...]:
        return Record, (_thawed(self.content),)

    @property
    def version(self) -> str:
        """``"v1"``, ``"v2"``, ..."""
        return self.content["version"]

    @property
    def digest(self) -> str:
        """SHA-256 of the record (64 hex digits)."""
        return self.content["digest"]

    @property
    def stamp(self) -> LockStamp:
        """What values read from the record carry."""
        return LockStamp(self.version, self.digest, content=self._text)

    @property
    def summary(self) -> dict[str, str]:
        """Version, digest and date: what a result says of the record it rests on."""
        return {"version": self.version, "digest": self.digest, "date": self.content["date"]}

    @property
    def inputs(self) -> str:
        """The version of its inputs; lock v1, which names none, is of the first."""
        return self.content.get("inputs", VERSIONS[0])

    @property
    def network(self) -> NetworkParameters:
        """The 17 locked values; changing one is refused."""
        structure = self.content["structure"]
        # lock v1 was made before the model was told in parts, and knows of this one alone
        t_cells = structure.get("t_cells", CONSTANT_RECOVERY)
        values = NetworkParameters(
            **self.content["network"], feedback=structure["feedback"], t_cells=t_cells
        )
        return values.stamped(self.stamp)

    def drug(self, name: str) -> DrugInputs:
        """A drug's locked inputs.

        Raises:
            LockError: a drug the record does not hold.
        """
        if name not in self.content["drugs"]:
            raise LockError(
                f"lock {self.version} holds no drug {name!r}; it holds "
                f"{sorted(self.content['drugs'])}."
            )
        return DrugInputs.from_plain(self.content["drugs"][name]).stamped(self.stamp)

    def run(
        self,
        drug: str | DrugInputs,
        regimen: str | Regimen = "clinical",
        *,
        network: NetworkParameters | None = None,
        draws: Draws | None = None,
        rescue: Rescue | None = None,
        steroid: Steroid | None = None,
        crp: bool = False,
        dose_factor: ArrayLike = 1.0,
        horizon_h: float | None = None,
        times: ArrayLike | None = None,
        solver: Solver | None = None,
    ) -> Trajectory:
        """Simulate from this record: its inputs, its network, its solver.

        Args:
            drug: a drug of the record by name, or inputs of one's own (an unlocked copy, say).
            regimen: one of the drug file's by name, or a regimen.
            network: an unlocked copy in place of the locked network.
            draws: as for :func:`qsp_lib.model.simulate`; so are ``rescue``, ``steroid``,
                ``dose_factor`` and ``times`` (h).
            crp: whether to follow CRP.
            horizon_h: end (h); the solver's own by default.
            solver: another engine or tolerance than the record's, for a check of them.

        Raises:
            LockError: a drug the record does not hold.
            InputError: a regimen that the drug's file does not give, or see
                :func:`qsp_lib.model.simulate`.
        """
        inputs = self.drug(drug) if isinstance(drug, str) else drug
        return simulate(
            inputs,
            self.network if network is None else network,
            self.regimen(inputs.name, regimen) if isinstance(regimen, str) else regimen,
            draws=draws,
            rescue=rescue,
            steroid=steroid,
            crp=self.crp if crp else None,
            dose_factor=dose_factor,
            times=times,
            **(solver or self.solver).options(horizon_h),
        )

    def regimen(self, drug: str, name: str = "clinical") -> Regimen:
        """A regimen of a drug's file, which the record's digests hold.

        Raises:
            InputError: the file gives no such regimen.
        """
        regimens = load_drug(drug, inputs=self.inputs).regimens
        if name not in regimens:
            raise InputError(f"{drug} has no regimen {name!r}; its file gives {list(regimens)}.")
        return regimens[name]

    @property
    def solver(self) -> Solver:
        """How everything is integrated that is made from the record."""
        return Solver(**self.content["solver"])

    @property
    def drug_names(self) -> tuple[str, ...]:
        """The drugs it holds, in its own order."""
        return tuple(self.content["drugs"])

    @property
    def date(self) -> str:
        """ISO date it was made on."""
        return self.content["date"]

    @property
    def reason(self) -> str:
        """Why this version exists."""
        return self.content["reason"]

    @property
    def cost(self) -> float:
        """Penalised cost of the joint fit at the locked values."""
        return float(self.content["posterior"]["cost"])

    @property
    def equations_digest(self) -> str:
        """Digest of the equations it was made with."""
        return self.content["structure"]["equations_sha256"]

    @property
    def severity_indices(self) -> Mapping[str, float]:
        """Severity index of each fitted drug at the locked values."""
        return self.content["severity"]["index"]

    @property
    def baselines(self) -> Mapping[str, float]:
        """Healthy level (pg/mL) of each cytokine, by state."""
        return self.content["severity"]["baselines"]

    @property
    def tie(self) -> float:
        """Two severity indices this close are a tie."""
        return float(self.content["severity"]["tie"])

    @property
    def n_draws(self) -> int:
        """How many draws the blind prediction is made of."""
        return int(self.content["blind_test"]["n_draws"])

    @property
    def same_as(self) -> Mapping[str, Mapping[str, str]]:
        """Rates a drug takes over from another: drug, rate, the other drug."""
        return self.content["same_as"]

    @property
    def assumed(self) -> Mapping[str, Prior]:
        """Declared priors that intervals draw; ``drug.rate``, or a rate that all drugs share."""
        return {
            name: Prior(given["median"], given["log10_sd"], "assumed")
            for name, given in self.content["assumed"].items()
        }

    @property
    def tocilizumab(self) -> TocilizumabInputs:
        """The rescue's inputs."""
        return TocilizumabInputs(**self.content["tocilizumab"])

    @property
    def dexamethasone(self) -> SteroidInputs:
        """The steroid's inputs.

        Raises:
            LockError: a record of before the model had a steroid.
        """
        if "dexamethasone" not in self.content:
            raise LockError(f"lock {self.version} knows no steroid; it came with lock v2.")
        return SteroidInputs(**self.content["dexamethasone"])

    @property
    def crp(self) -> CrpInputs:
        """The CRP readout that gives the two declared peaks."""
        return CrpInputs(**self.content["crp"])

    @property
    def boundaries(self) -> GradeBoundaries:
        """Boundaries of the illustrative grades."""
        return GradeBoundaries(**self.content["severity"]["boundaries"])

    @property
    def sealed_hashes(self) -> Mapping[str, str]:
        """SHA-256 of each held-back table."""
        return MappingProxyType(self.content["sealed"])

    def predictions_for(self, table: str) -> tuple[str, ...]:
        """Files of the predictions that have to be made before a held-back table is opened."""
        if "predictions" not in self.content:
            return PREDICTIONS_V1.get(table, ())
        return tuple(self.content["predictions"].get(table, ()))

    @property
    def scoring(self) -> Mapping[str, Any]:
        """Rules by which rows are judged and scored; empty for a lock that was made before them."""
        return self.content.get("scoring", MappingProxyType({}))

    @property
    def listed(self) -> frozenset[str]:
        """Files of all predictions that have to be made before some table is opened."""
        tables = self.content.get("predictions", PREDICTIONS_V1)
        return frozenset(file for files in tables.values() for file in files)

    def forecasts_for(self, table: str) -> dict[str, str]:
        """Name and file of each set of draws to set beside a table; the first is the tested one."""
        listed = self.content.get("forecasts", {}).get(table, ())
        return {given["name"]: given["file"] for given in listed}

    @property
    def seed(self) -> int:
        """Seed of the blind draws."""
        return int(self.content["blind_test"]["seed"])

    @property
    def posterior(self) -> tuple[tuple[str, ...], NDArray[np.float64], NDArray[np.float64]]:
        """Names, optimum ``(d,)`` and covariance ``(d, d)`` at it of the joint posterior, in log10.

        They are Laplace's approximation: all of lock v1's posterior, and of one that is a kept
        sample where it was locked.
        """
        posterior = self.content["posterior"]
        return (
            tuple(posterior["names"]),
            np.array(posterior["mean_log10"]),
            np.array(posterior["covariance_log10"]),
        )

    @property
    def moments(self) -> Mapping[str, tuple[float, float]]:
        """Posterior mean and standard deviation, in log10, of each estimated quantity by name.

        Of the kept sample where there is one, of Laplace's approximation otherwise. A parameter
        that is estimated as its ratio to another has its own beside the ratio's.
        """
        names, mean, covariance = self.posterior
        if self.sample is None:
            sd = np.sqrt(np.diag(covariance))
            return dict(zip(names, zip(mean.tolist(), sd.tolist(), strict=True), strict=True))
        points = self.points(self.sample["rows"])
        logs = {name: np.log10(values) for name, values in values_at(names, points).items()}
        logs |= dict(zip(names, points.T, strict=True))
        return {name: (float(x.mean()), float(x.std())) for name, x in logs.items()}

    @property
    def sample(self) -> Mapping[str, Any] | None:
        """What is on record of the kept sample of the posterior; None for lock v1, which has none.

        Lock v1's posterior is Laplace's approximation; a sample of it was kept later, beside it.
        """
        return self.content["posterior"].get("sample")

    @property
    def largest_sample(self) -> int | None:
        """How many draws there are at most; None if any number can be made."""
        return None if self.sample is None else int(self.sample["rows"])

    def points(self, n_draws: int, seed: int | None = None) -> NDArray[np.float64]:
        """Points of the posterior ``(n_draws, d)``, in log10, in the order of its names.

        Args:
            n_draws: how many, 1 or more.
            seed: the record's own by default. Another one gives other draws, of a kept sample the
                same ones in another order.

        Raises:
            InputError: more than the kept sample has.
            LockError: the kept sample is not the one that the record names.
        """
        names, mean, covariance = self.posterior
        if self.sample is None:
            return laplace_draws(mean, covariance, n_draws, self.seed if seed is None else seed)
        return self._rows(n_draws, seed)[:, : len(names)]

    def draws(self, n_draws: int, seed: int | None = None) -> dict[str, Draws]:
        """Joint draws for every drug: posterior times the declared priors.

        Draw i is one network and one set of upstream rates for all drugs at once,
        so indices of different drugs can be compared draw by draw.

        Args and errors are as of :meth:`points`.
        """
        if self.sample is None:
            return self.draws_at(self.points(n_draws, seed), seed)
        return self._draws_of_rows(self._rows(n_draws, seed))

    def _draws_of_rows(self, rows: NDArray[np.float64]) -> dict[str, Draws]:
        assert self.sample is not None
        n_estimated = len(self.posterior[0])
        declared = self.sample["columns"][n_estimated:-1]
        drawn = dict(zip(declared, 10.0 ** rows[:, n_estimated:-1].T, strict=True))
        return self._draws_of(rows[:, :n_estimated], drawn)

    def crossed_draws(self, n_draws: int) -> dict[str, Draws]:
        """Draws as of :meth:`draws` whose declared inputs are those of the draw after each.

        What two draws share is then what the fit knows; :func:`.variance_shares` sets both side by
        side.

        Raises:
            InputError: fewer than 2, or more than the kept sample has.
            LockError: a record whose posterior is not a kept sample.
        """
        if self.sample is None:
            raise LockError(f"lock {self.version} keeps no sample; its draws cannot be crossed.")
        if n_draws < 2:
            raise InputError(f"{n_draws} draws; expected 2 or more to cross.")
        rows, n_estimated = self._rows(n_draws, None), len(self.posterior[0])
        return self._draws_of_rows(
            np.column_stack([rows[:, :n_estimated], np.roll(rows[:, n_estimated:], -1, axis=0)])
        )

    def draws_at(
        self, theta: NDArray[np.float64], seed: int | None = None, width: float = 1.0
    ) -> dict[str, Draws]:
        """Draws for every drug at these posterior points.

        Args:
            theta: ``(N, d)``, in log10.
            seed: of the declared priors' draws; the record's own by default.
            width: what the widths of the declared priors are multiplied by.
        """
        seed = self.seed if seed is None else seed
        priors = widened(self.assumed, width)
        # a seed of their own: adding a declared prior must not move the posterior draws
        with np.errstate(over="ignore"):
            return self._draws_of(theta, declared_draws(priors, len(theta), seed + 1))

    def _rows(self, n_draws: int, seed: int | None) -> NDArray[np.float64]:
        """Rows of the kept sample, in its own random order or in that of another seed."""
        assert self.sample is not None
        about = self.sample
        if not 1 <= n_draws <= about["rows"]:
            raise InputError(f"{n_draws} draws; expected 1 to {about['rows']}, which are kept.")
        rows = read_table(SAMPLES / about["file"], about["sha256"], tuple(about["columns"]))
        if seed is None or seed == self.seed:
            return rows[:n_draws]
        return rows[draw(len(rows), n_draws, seed)]

    def _draws_of(
        self, theta: NDArray[np.float64], declared: Mapping[str, NDArray[np.float64]]
    ) -> dict[str, Draws]:
        known = values_at(self.posterior[0], theta) | dict(declared)
        others = {CO_MEDICATIONS[name]: known[name] for name in CO_MEDICATIONS if name in known}
        result = {}
        of_class = self.content.get("class", {}).get("scatter_log10_sd", {})
        for drug in self.content["drugs"]:
            if drug in of_class:  # drawn one by one, as of blinatumomab's class
                continue
            values = of_drug(known, drug)
            for rate, owner in self.content["same_as"].get(drug, {}).items():
                if f"{owner}.{rate}" in known:
                    factor = known.get(f"{drug}.{rate}/{owner}.{rate}", 1.0)
                    values[rate] = known[f"{owner}.{rate}"] * factor
            if "half_life" in values:
                volume = values.get("V1", self.drug(drug).V1)
                values["CL"] = np.log(2.0) * volume / values.pop("half_life")
            result[drug] = Draws(values | others)._issued(self.stamp, drug)
        return result


def digest_of_equations(structure: Mapping[str, Any]) -> str:
    """Of the equations a record was made with, as they are now; lock v1 names no T-cell part."""
    t_cells = [structure["t_cells"]] if "t_cells" in structure else []
    return equations_digest(structure["feedback"], *t_cells)


def _require_digest(content: Mapping[str, Any], digest: str) -> None:
    if content.get("digest") != digest:
        raise LockError(
            f"lock {content.get('version', '?')} was edited: its content gives digest "
            f"{digest[:12]}, it says {str(content.get('digest'))[:12]}. Restore the file; a change "
            "is a new version."
        )


def _require_known_format(content: Mapping[str, Any]) -> None:
    form = content.get("format", 1)
    if not isinstance(form, int) or form > FORMAT:
        raise LockError(
            f"lock {content.get('version', '?')} is of format {form!r} and this package reads "
            f"formats up to {FORMAT}: the record is newer than the code. Update the package."
        )


def verify(
    content: Mapping[str, Any], *, against_code: bool = True, places: Places = PACKAGED
) -> None:
    """Check a record's digest, and that what it was made from still stands.

    Raises:
        LockError: a record newer than the code, an edited one, a changed structure, evidence,
            prior, drug file, rule or table hash; each names what differs and what to do.
    """
    _require_known_format(content)
    version = content.get("version", "?")
    _require_digest(content, digest_of(content))
    form = content.get("format", 1)
    parts = PARTS + sum((ADDED[n] for n in range(2, form + 1)), ())
    missing = [part for part in parts if part not in content]
    if missing:
        raise LockError(f"lock {version} has no {missing[0]!r}; it is not a whole record.")
    optional = OPTIONAL if form >= 2 else ()
    unknown = sorted(content.keys() - {*parts, *optional, "digest"})
    if unknown:
        raise LockError(
            f"lock {version} holds {unknown[0]!r}, which no record of format {form} does; restore "
            "the file, or update the package if the record is newer."
        )
    if not against_code:
        return
    for check in comparisons(content, places):
        if not check.why and not check.same:
            raise LockError(_why_not(version, check))


EQUATIONS = "the equations"
HELD_BACK = "held-back table "


def comparisons(content: Mapping[str, Any], places: Places = PACKAGED) -> tuple[InputCheck, ...]:
    """Everything that a record says it was made from, beside what is here now.

    Raises:
        LockError: the record names an input that is not here.
    """
    structure, severity = content["structure"], content["severity"]
    found = [InputCheck(EQUATIONS, structure["equations_sha256"], digest_of_equations(structure))]
    found += check_inputs(content["version"], content["digests"])
    blind_test = content["blind_test"]
    known = [
        ("the tie of two indices", severity["tie"], TIE),
        ("the healthy levels", severity["baselines"], baselines()),
        ("the wording of the checks", blind_test["checks"], CHECKS),
    ]
    if "format" in content:
        known.append(("the limits of the checks", blind_test["limits"], dict(LIMITS)))
    if "scoring" in content:
        known.append(("the rules of scoring", content["scoring"], plain_rules()))
    found += [
        InputCheck(name, digest(_thawed(held)), digest(_thawed(now))) for name, held, now in known
    ]
    hashes = {table: sealed.sha256 for table, sealed in sealed_tables(places).items()}
    for table in sorted(hashes.keys() | content["sealed"].keys()):
        held, now = content["sealed"].get(table, ""), hashes.get(table, "")
        found.append(InputCheck(f"{HELD_BACK}{table}", held, now))
    return tuple(found)


def _why_not(version: str, check: InputCheck) -> str:
    if check.name.startswith(HELD_BACK):
        return (
            f"the hash of {check.name} is not the one in lock {version}; a sealed hash never "
            "changes after a lock."
        )
    if check.name == EQUATIONS:
        return (
            f"the equations are not those of lock {version} ({check.found[:12]}, expected "
            f"{check.recorded[:12]}). Restore the files of qsp_lib/model, or make a new version."
        )
    return (
        f"{check.name} is not what lock {version} was made from ({check.found[:12]}, expected "
        f"{check.recorded[:12]}). Restore it, or make a new version."
    )


def _thawed(value: Any) -> Any:
    """Nested content as JSON writes it."""
    if isinstance(value, Mapping):
        return {key: _thawed(item) for key, item in value.items()}
    return [_thawed(item) for item in value] if isinstance(value, list | tuple) else value


def _frozen(value: Any) -> Any:
    """Nested JSON that cannot be changed."""
    if isinstance(value, dict):
        return MappingProxyType({key: _frozen(item) for key, item in value.items()})
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
