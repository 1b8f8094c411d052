"""Reading one drug file: its bytes, its numbers with unit and source, and its regimens."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ..common import EvidenceError, InputError, input_file
from ..evidence import DECLARED, check_sources, convert
from ..model import Bolus, Infusion, Regimen
from . import shape as schema
from .class_defaults import CLASS_DEFAULT
from .files import SourcedValue
from .patient import Patient, for_patient, quantity
from .plausible import require_plausible

_LOOKS_LIKE_AN_ID = re.compile(r"[A-Z]{2}\d{3}")
LARGEST_FILE = 1_000_000
"""Bytes; a drug file is a few thousand."""
MOST_DOSES = 2_000
"""In one regimen; each makes the integrator start anew."""


@dataclass(frozen=True)
class Reader:
    """Turns the numbers of one file into floats, and remembers each as written."""

    file: str
    sources: dict[str, SourcedValue]
    inputs: str = "v1"
    own: bool = False
    from_class: frozenset[str] = frozenset()
    patient: Patient | None = None

    def check(self, name: str, given: list[str]) -> tuple[str, ...]:
        """The sources of what stands at `name`, if it may rest on them."""
        where = f"Drug file {self.file}, {name}"
        if name in self.from_class:
            return (CLASS_DEFAULT, *check_sources(where, given))
        if not self.own or not given:
            return check_sources(where, given)
        for source in given:
            if not source.strip() or not source.isprintable() or source == CLASS_DEFAULT:
                raise EvidenceError(
                    f"{where} names the source {source!r}; expected an evidence id, the words "
                    f"{DECLARED!r} or those of a source of your own."
                )
        rows = [s for s in given if s == DECLARED or _LOOKS_LIKE_AN_ID.fullmatch(s)]
        # words of one's own stand for a number as a declared assumption does
        check_sources(where, rows if len(rows) == len(given) else [*rows, DECLARED])
        return tuple(given)

    def __call__(self, name: str, number: schema.Number, unit: str) -> float:
        """The number in `unit`; `name` is where it stands in the file."""
        where = f"Drug file {self.file}, {name}"
        try:
            to = self.patient.convert if self.patient is not None else convert
            value = to(number.value, number.unit, unit)
        except InputError as problem:
            raise InputError(f"{where}: {problem}") from None
        require_plausible(self.file, name, value, unit)
        self.sources[name.rpartition(".")[2]] = SourcedValue(
            number.value,
            number.unit,
            self.check(name, number.source),
            number.note,
            number.low,
            number.high,
            getattr(number, "status", None),
            getattr(number, "log10_sd", None),
        )
        return value


def read_regimens(
    read: Reader,
    given: dict[str, schema.RegimenShape],
    patient: Patient,
) -> tuple[Mapping[str, Regimen], Mapping[str, tuple[str, ...]]]:
    """The regimens of a file and their sources, by key.

    Raises:
        InputError, EvidenceError: a dose that is none, too many of them, or without a source.
    """
    regimens: dict[str, Regimen] = {}
    sources: dict[str, tuple[str, ...]] = {}
    for key, regimen in given.items():
        where = f"Drug file {read.file}, regimens.{key}"
        sources[key] = read.check(f"regimens.{key}", regimen.source)
        count = sum(dose.count for dose in regimen.doses)
        if count > MOST_DOSES:
            raise InputError(
                f"{where}: {count} doses were given; expected at most {MOST_DOSES}. Give a rate "
                "over a duration in place of many small doses."
            )
        doses: list[Bolus | Infusion] = []
        for dose in regimen.doses:
            try:
                doses.extend(_doses(dose, patient))
            except InputError as problem:
                raise InputError(f"{where}: {problem}") from None
        regimens[key] = Regimen.of(*doses, label=regimen.label)
    return MappingProxyType(regimens), MappingProxyType(sources)


def _doses(dose: schema.Dose, patient: Patient) -> list[Bolus | Infusion]:
    """Every dose that one line of a regimen stands for (h, ug)."""
    first = quantity("time", dose.time, "h", positive=False)
    step = 0.0 if dose.every is None else quantity("every", dose.every, "h")
    times = [first + step * number for number in range(dose.count)]
    length = math.nan if dose.duration is None else quantity("duration", dose.duration, "h")
    if dose.rate is not None:
        rate = for_patient("rate", dose.rate, "ug/h", patient)
        return [Infusion.at_rate(time, length, rate) for time in times]
    kind = "infusion" if dose.bolus is None else "bolus"
    amount = for_patient(kind, getattr(dose, kind), "ug", patient)
    if dose.max is not None:
        amount = min(amount, quantity("max", dose.max, "ug"))
    if dose.bolus is not None:
        return [Bolus(time, amount, dose.route) for time in times]
    return [Infusion(time, length, amount) for time in times]


def packaged(name: str, inputs: str) -> Path:
    """Where the file of a drug that comes with the package lies, in a version of the inputs."""
    return Path(str(input_file(f"drugs/{name}.toml", inputs)))


def read_bytes(
    path: Path, what: str = "the path of a .toml file", *, name: str = "Drug file"
) -> bytes:
    """The bytes of a file that errors call `name`; `what` was expected of it.

    Raises:
        InputError: a file that cannot be read or is larger than `LARGEST_FILE`.
    """
    wanted = f"expected {what}"
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{name} {path} is not a file; {wanted}.")
        with path.open("rb") as stream:
            data = stream.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as problem:
        if isinstance(problem, InputError):
            raise
        reason = getattr(problem, "strerror", None) or problem
        raise InputError(f"{name} {path} cannot be read ({reason}); {wanted}.") from None
    if len(data) > LARGEST_FILE:
        raise InputError(
            f"{name} {path} is larger than {LARGEST_FILE} bytes; {wanted} of a few thousand."
        )
    return data
