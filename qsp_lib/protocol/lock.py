"""The lock: one versioned record of everything a blind prediction rests on.

A record is written once and never edited. It holds the network's values with
their posterior, the structure, the drugs' inputs, the severity boundaries, the
blind-test protocol, the solver's settings, and digests of the evidence, the
priors and the held-back tables. What is read from it carries its stamp and
refuses to be changed. A change is a new version, with its reason, in the ledger.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..common import InputError, LockError, SealError, canonical_json, write_text_atomic
from ..drugs import load_drug
from ..inference import Problem, laplace_draws, standard_normals
from ..model import (
    CONSTANT_RECOVERY,
    NETWORK,
    ConcentrationTable,
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
    TocilizumabInputs,
    Trajectory,
    equations_digest,
    simulate,
)
from .inputs import check_inputs
from .ledger import default_ledger_path, require_file
from .seal import sealed_tables

Array = NDArray[np.float64]

LOCKS = Path(str(files("qsp_lib").joinpath("data/locks")))
_FILE = re.compile(r"lock-v([1-9]\d*)\.json")
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
"""What a whole record holds."""


def digest_of(content: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical text of a record without its own digest."""
    rest = {key: value for key, value in content.items() if key != "digest"}
    return hashlib.sha256(canonical_json(rest).encode()).hexdigest()


@dataclass(frozen=True)
class Record:
    """A lock record as read from its file; every check has passed.

    Attributes:
        content: the record as written, read-only.
    """

    content: Mapping[str, Any]

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
        return LockStamp(self.version, self.digest)

    @property
    def summary(self) -> dict[str, str]:
        """Version, digest and date: what a result says of the record it rests on."""
        return {"version": self.version, "digest": self.digest, "date": self.content["date"]}

    @property
    def network(self) -> NetworkParameters:
        """The 17 locked values; changing one is refused."""
        structure = self.content["structure"]
        values = NetworkParameters(
            **self.content["network"],
            feedback=structure["feedback"],
            # lock v1 was made before the model was told in parts, and knows of this one alone
            t_cells=structure.get("t_cells", CONSTANT_RECOVERY),
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
        given = self.content["drugs"][name].items()
        inputs: dict[str, Any] = {key: float("inf") if v is None else v for key, v in given}
        if "table" in inputs:
            inputs["table"] = ConcentrationTable(**inputs["table"])
        return DrugInputs(**inputs).stamped(self.stamp)

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
        regimens = load_drug(drug).regimens
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

    @property
    def seed(self) -> int:
        """Seed of the blind draws."""
        return int(self.content["blind_test"]["seed"])

    @property
    def posterior(self) -> tuple[tuple[str, ...], NDArray[np.float64], NDArray[np.float64]]:
        """Names, mean ``(d,)`` and covariance ``(d, d)`` of the joint posterior, in log10."""
        posterior = self.content["posterior"]
        return (
            tuple(posterior["names"]),
            np.array(posterior["mean_log10"]),
            np.array(posterior["covariance_log10"]),
        )

    def draws(self, n_draws: int, seed: int | None = None) -> dict[str, Draws]:
        """Joint draws for every drug: posterior times the declared priors.

        Draw i is one network and one set of upstream rates for all drugs at once,
        so indices of different drugs can be compared draw by draw.

        Args:
            n_draws: how many, 1 or more.
            seed: the record's own by default.
        """
        seed = self.seed if seed is None else seed
        _, mean, covariance = self.posterior
        return self.draws_at(laplace_draws(mean, covariance, n_draws, seed), seed)

    def draws_at(self, theta: NDArray[np.float64], seed: int | None = None) -> dict[str, Draws]:
        """Draws for every drug at these posterior points ``(N, d)``, in log10."""
        seed = self.seed if seed is None else seed
        # a value too large for a float becomes infinite, which Draws refuses by name
        with np.errstate(over="ignore"):
            posterior = dict(zip(self.posterior[0], 10.0**theta.T, strict=True))
        assumed = self.assumed
        # a seed of their own: adding a declared prior must not move the posterior draws
        normals = standard_normals(len(theta), len(assumed), seed + 1)
        with np.errstate(over="ignore"):
            drawn = {
                name: prior.median * 10.0 ** (prior.log10_sd * normals[:, i])
                for i, (name, prior) in enumerate(sorted(assumed.items()))
            }
        known = posterior | drawn
        shared = {name: known[name] for name in NETWORK if name in known}
        result = {}
        for drug in self.content["drugs"]:
            rates = dict(shared)
            for rate in ("k_act", "k_exh", "k_kill", "k_rec"):
                owner = self.content["same_as"].get(drug, {}).get(rate, drug)
                for name in (f"{owner}.{rate}", rate):
                    if name in known:
                        rates[rate] = known[name]
                        break
            result[drug] = Draws(rates).stamped(self.stamp, drug)
        return result


def verify(content: Mapping[str, Any], *, against_code: bool = True) -> None:
    """Check a record's digest, and that what it was made from still stands.

    Raises:
        LockError: an edited record, a changed structure, evidence, prior, drug file
            or table hash; each names what differs and what to do.
    """
    version = content.get("version", "?")
    if content.get("digest") != digest_of(content):
        raise LockError(
            f"lock {version} was edited: its content gives digest {digest_of(content)[:12]}, it "
            f"says {str(content.get('digest'))[:12]}. Restore the file; a change is a new version."
        )
    missing = [part for part in PARTS if part not in content]
    if missing:
        raise LockError(f"lock {version} has no {missing[0]!r}; it is not a whole record.")
    if not against_code:
        return
    structure = content["structure"]
    # lock v1 names no T-cell part
    digest = equations_digest(
        structure["feedback"], *([structure["t_cells"]] if "t_cells" in structure else [])
    )
    if digest != structure["equations_sha256"]:
        raise LockError(
            f"the equations are not those of lock {version} ({digest[:12]}, expected "
            f"{structure['equations_sha256'][:12]}). Restore equations.py, or make a new version."
        )
    for check in check_inputs(version, content["digests"]):
        if not check.why and not check.same:
            raise LockError(
                f"{check.name} is not what lock {version} was made from ({check.found[:12]}, "
                f"expected {check.recorded[:12]}). Restore it, or make a new version."
            )
    hashes = {table: sealed.sha256 for table, sealed in sealed_tables().items()}
    for table in sorted(hashes.keys() | content["sealed"].keys()):
        if hashes.get(table) != content["sealed"].get(table):
            raise LockError(
                f"the hash of held-back table {table} is not the one in lock {version}; a sealed "
                "hash never changes after a lock."
            )


def read_record(
    path: Path, *, against_code: bool = True, ledger_path: Path | None = None
) -> Record:
    """A record from its file, verified.

    Args:
        against_code: False for an older version, whose evidence and code may have moved on.
        ledger_path: a ledger that must hold the record; None for a record of one's own.

    Raises:
        LockError: no such file, not a record, or any failed check of :func:`verify`.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"), parse_int=_whole_number)
    except FileNotFoundError:
        raise LockError(f"no lock record at {path.name}; make one with 'lock make'.") from None
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise LockError(f"{path.name} is not a lock record: {error}.") from None
    if not isinstance(content, dict) or "version" not in content:
        raise LockError(f"{path.name} is not a lock record: it has no version.")
    try:
        verify(content, against_code=against_code)
        record = Record(_frozen(content))
        _read_everything(record)
    except LockError:
        raise
    except (TypeError, ValueError, KeyError, AttributeError, ArithmeticError) as problem:
        raise LockError(
            f"{path.name} does not hold what a lock record holds ({problem}); restore it."
        ) from problem
    if _FILE.fullmatch(path.name) and path.name != f"lock-{record.version}.json":
        raise LockError(f"{path.name} holds lock {record.version}; restore the file's name.")
    if ledger_path is not None:
        try:
            require_file("lock", path, ledger_path)
        except SealError as error:
            raise LockError(str(error)) from None
    return record


def _read_everything(record: Record) -> None:
    """Read all that is read from a record: one that is signed and holds nonsense stops here."""
    for name in record.content["drugs"]:
        record.drug(name)
    _ = record.network, record.tocilizumab, record.crp, record.boundaries, record.summary
    record.draws(1)


def _whole_number(text: str) -> int:
    if len(text) > 18:
        raise LockError(f"a lock record holds no number of {len(text)} digits; restore the file.")
    return int(text)


def _frozen(value: Any) -> Any:
    """Nested JSON that cannot be changed."""
    if isinstance(value, dict):
        return MappingProxyType({key: _frozen(item) for key, item in value.items()})
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def versions(directory: Path = LOCKS) -> tuple[str, ...]:
    """Versions on file, oldest first."""
    found = (_FILE.fullmatch(path.name) for path in directory.glob("lock-*.json"))
    return tuple(f"v{n}" for n in sorted(int(match[1]) for match in found if match))


@cache
def current_record(directory: Path = LOCKS) -> Record:
    """The newest record.

    Raises:
        LockError: there is none, or it fails a check.
    """
    known = versions(directory)
    if not known:
        raise LockError("there is no lock record yet; calibrate and develop, then 'lock make'.")
    ledger = default_ledger_path() if directory == LOCKS else None
    return read_record(directory / f"lock-{known[-1]}.json", ledger_path=ledger)


def write_record(content: Mapping[str, Any], directory: Path = LOCKS) -> Path:
    """Write a new version, never over an old one.

    Raises:
        LockError: the version exists already.
    """
    path = directory / f"lock-{content['version']}.json"
    whole = dict(content) | {"digest": digest_of(content)}
    directory.mkdir(parents=True, exist_ok=True)
    try:
        write_text_atomic(path, canonical_json(whole), replace=False)
    except FileExistsError:
        raise LockError(
            f"lock {content['version']} exists and is never edited; a change is a new version."
        ) from None
    current_record.cache_clear()
    return path


def plain_inputs(inputs: DrugInputs) -> dict[str, Any]:
    """A drug's inputs as JSON can hold them; an absent hook effect is null.

    What lock v1 did not know is there only where it is given.
    """
    values = asdict(inputs)
    later = [f for f in fields(inputs) if f.metadata.get("since_v1")]
    absent = {"lock", *(f.name for f in later if values[f.name] == f.default)}
    return {k: None if v == float("inf") else v for k, v in values.items() if k not in absent}


T = TypeVar("T")


KEPT = Path(str(files("qsp_lib").joinpath("data/profiles")))


def locked_point(record: Record, problem: Problem) -> Array:
    """The locked values in the order of a problem, ``(d,)``, in log10."""
    names, mean, _ = record.posterior
    known = dict(zip(names, mean, strict=True))
    network = record.network.values()
    return np.array([known[n] if n in known else np.log10(network[n]) for n in problem.names])


def read_made_from(
    record: Record, path: Path, parse: Callable[[dict[str, Any]], T], what: str, make: str
) -> T:
    """A file that was made from a lock record, as `parse` reads its content.

    Args:
        record: the record it should be from.
        path: the file, JSON with the record under ``lock``.
        parse: content to result.
        what: what it holds, in words.
        make: how to make it, in words.

    Raises:
        LockError: there is no such file, it cannot be read, or it was made from another record.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        digest, parsed = content["lock"]["digest"], parse(content)
    except FileNotFoundError:
        raise LockError(f"no {what} from lock {record.version} are kept; {make}.") from None
    except (KeyError, TypeError, ValueError) as problem:  # text and JSON errors are ValueErrors
        raise LockError(f"{path.name} cannot be read ({problem!r}); {make}.") from None
    if digest != record.digest:
        raise LockError(
            f"{path.name} was made from a lock with digest {digest[:12]}, not from lock "
            f"{record.version} ({record.digest[:12]}); {make}."
        )
    return parsed
