"""The shape of a drug file: which keys it may have, of what kind, and which go together.

Units and sources are read in :mod:`qsp_lib.drugs.reading`; here stands what can be said without
them.
"""

from __future__ import annotations

import difflib
import tomllib
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from ..common import InputError


def _one_line(text: str) -> str:
    if not text.isprintable() or not text.strip():
        raise ValueError(f"{text!r} was given; expected words on one line")
    return text


Positive = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
Width = Annotated[float, Field(strict=True, ge=0, le=3, allow_inf_nan=False)]
Count = Annotated[int, Field(strict=True, ge=1, le=1000)]
# two of them make the name of a file, which may have 255 letters
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=64)]
Words = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]


class Strict(BaseModel):
    """A table of the file; a key it does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Sourced(Strict):
    """What names its sources."""

    source: list[str]
    note: str = ""


class Number(Sourced):
    """A number with its unit, its sources and, if known, its range."""

    value: Positive
    unit: str
    low: Positive | None = None
    high: Positive | None = None

    @model_validator(mode="after")
    def _in_range(self) -> Number:
        low = self.value if self.low is None else self.low
        high = self.value if self.high is None else self.high
        if not low <= self.value <= high:
            raise ValueError(f"value {self.value:g} lies outside low {low:g} and high {high:g}")
        return self


class Uncertain(Number):
    """A number that may have a prior: then it says what a fit may do with it."""

    status: Literal["estimated", "fixed", "assumed"] | None = None
    log10_sd: Width | None = None

    @model_validator(mode="after")
    def _prior_has_a_width(self) -> Uncertain:
        if self.status is None and self.log10_sd:
            raise ValueError("a log10_sd was given; expected a status with it, such as 'assumed'")
        if self.status in ("estimated", "assumed") and not self.log10_sd:
            raise ValueError(f"status {self.status!r} expects a log10_sd above 0")
        if self.status == "fixed" and self.log10_sd:
            raise ValueError("status 'fixed' expects no log10_sd; a rate that is drawn is assumed")
        return self


class Rate(Uncertain):
    """A T-cell rate: a number that always says what a fit may do with it."""

    status: Literal["estimated", "fixed", "assumed"]


class SameAs(Sourced):
    """A rate that is another shipped drug's, times a factor about 1 if a width is given."""

    same_as: Name
    log10_sd: Width | None = None


class Dose(Strict):
    """One line of a regimen: a bolus, an infusion of an amount, or a rate."""

    bolus: str | None = None
    infusion: str | None = None
    rate: str | None = None
    time: str
    duration: str | None = None
    every: str | None = None
    count: Count = 1
    max: str | None = None
    route: Literal["IV", "SC", "oral"] = "IV"

    @model_validator(mode="after")
    def _one_kind(self) -> Dose:
        kinds = [name for name in ("bolus", "infusion", "rate") if getattr(self, name) is not None]
        if len(kinds) != 1:
            raise ValueError(f"{kinds} were given; expected one of bolus, infusion or rate")
        if (self.duration is None) != (self.bolus is not None):
            raise ValueError("an infusion or rate expects a duration, and a bolus none")
        if (self.every is None) != (self.count == 1):
            raise ValueError("every and a count above 1 are expected together")
        if self.route != "IV" and self.bolus is None:
            raise ValueError(f"route {self.route!r} was given with an infusion; expected a bolus")
        if self.max is not None and self.rate is not None:
            raise ValueError("max was given with a rate; expected it with a bolus or infusion")
        return self


class RegimenShape(Sourced):
    """The doses of one protocol, in its own words."""

    label: Words
    doses: Annotated[list[Dose], Field(min_length=1)]


class FileShape(Strict):
    """What every file has."""

    schema_: Annotated[Literal[1], Field(alias="schema")]
    name: Name
    label: Words
    regimens: dict[Name, RegimenShape]

    @field_validator("regimens")
    @classmethod
    def _has_a_clinical_one(cls, regimens: dict[str, RegimenShape]) -> dict[str, RegimenShape]:
        if "clinical" not in regimens:
            raise ValueError(f"{sorted(regimens)} were given; expected one named 'clinical'")
        return regimens


class Patient(Strict):
    """The patient that doses per kilogram or square metre are for."""

    weight: Number
    bsa: Number


class Table(Sourced):
    """A table of concentrations in a file beside the drug's."""

    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.csv$")]
    interpolation: Literal["linear", "log-linear"] = "linear"
    ends: str | None = None


class Exposure(Strict):
    """One or two compartments, eliminated by clearance or half-life; or a table.

    What may be added to compartments: absorption (``k_a``, ``F``, ``lag``), clearance that falls
    from ``CL_0`` with the rate ``k_CL`` or the half-life ``half_life_CL``, saturable elimination
    (``Vmax``, ``Km``). ``apparent`` says that clearances and volumes are over F.
    """

    V1: Uncertain | None = None
    CL: Uncertain | None = None
    half_life: Uncertain | None = None
    V2: Number | None = None
    Q: Number | None = None
    k_a: Number | None = None
    F: Number | None = None
    lag: Number | None = None
    apparent: bool = False
    CL_0: Number | None = None
    k_CL: Number | None = None
    half_life_CL: Number | None = None
    Vmax: Number | None = None
    Km: Number | None = None
    table: Table | None = None

    @model_validator(mode="after")
    def _compartments_or_a_table(self) -> Exposure:
        given = [name for name in self.model_fields_set if getattr(self, name) is not None]
        others = sorted(set(given) - {"table"})
        if self.table is not None and others:
            raise ValueError(
                f"a table and {others[0]} were given; expected compartments or a table"
            )
        if self.table is None and self.V1 is None:
            raise ValueError("no V1 was given; expected it, or a table of concentrations")
        return self

    @model_validator(mode="after")
    def _what_goes_together(self) -> Exposure:
        if self.k_a is None and (self.F or self.lag or self.apparent):
            raise ValueError("F, lag and apparent are of absorption; expected k_a with them")
        if self.apparent and self.F is not None:
            raise ValueError("apparent values hold F already; expected no F with them")
        if self.F is not None and self.F.unit != "%" and self.F.value > 1:
            raise ValueError(f"F {self.F.value:g} was given; expected at most 1")
        if self.k_CL is not None and self.half_life_CL is not None:
            raise ValueError("expected either k_CL or half_life_CL")
        falls = self.k_CL is not None or self.half_life_CL is not None
        if falls != (self.CL_0 is not None):
            raise ValueError("expected CL_0 and k_CL (or half_life_CL) together")
        if self.CL_0 is not None and self.CL is None:
            raise ValueError("CL_0 falls to CL; expected it and no half_life")
        if (self.Vmax is None) != (self.Km is None):
            raise ValueError("expected Vmax and Km together")
        if (self.V2 is None) != (self.Q is None):
            raise ValueError("expected V2 and Q together, or neither for one compartment")
        return self

    @model_validator(mode="after")
    def _one_way_of_elimination(self) -> Exposure:
        if self.table is not None or (self.Vmax is not None and self.CL is self.half_life is None):
            return self
        if (self.CL is None) == (self.half_life is None):
            raise ValueError("expected either CL or half_life")
        if self.half_life is not None and self.V2 is not None:
            raise ValueError("expected CL, not half_life, with a second compartment")
        return self


class Potency(Strict):
    """How exposure engages the receptor."""

    EC50: Uncertain
    h: Uncertain
    K_hook: Uncertain | None = None
    K_B: Number | None = None


class TCells(Strict):
    """What engaged T cells do."""

    k_act: Rate | SameAs
    k_exh: Rate | SameAs
    k_rec: Rate | SameAs
    k_kill: Rate | SameAs | None = None

    @field_validator("*", mode="wrap")
    @classmethod
    def _own_or_borrowed(cls, given: Any, _handler: Any) -> Any:
        """Pick the shape by the key, so that a message is about that shape alone."""
        borrowed = isinstance(given, dict) and "same_as" in given
        return (SameAs if borrowed else Rate).model_validate(given)


class Fitted(Sourced):
    """Joint draws of a fit to data of one's own, in a file beside the drug's."""

    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.csv$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    lock: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    seed: Annotated[int, Field(strict=True, ge=0)]
    network_draws: Annotated[int, Field(strict=True, ge=1, le=10_000)]
    estimated: Annotated[list[str], Field(min_length=1)]


class DrugShape(FileShape):
    """A drug that activates T cells."""

    mechanism: Literal["monoclonal", "bispecific"]
    role: Literal["calibration", "development", "blind", "user"]
    molar_mass: Number | None = None
    patient: Patient
    pharmacokinetics: Exposure
    potency: Potency
    t_cells: TCells
    fitted: Fitted | None = None

    @model_validator(mode="after")
    def _fits_its_mechanism(self) -> DrugShape:
        if self.mechanism == "monoclonal" and self.potency.K_B is not None:
            raise ValueError("mechanism 'monoclonal' expects no potency.K_B, and one was given")
        routes = {dose.route for regimen in self.regimens.values() for dose in regimen.doses}
        if "oral" in routes:
            raise ValueError("route 'oral' was given; expected 'IV' or 'SC'")
        if self.pharmacokinetics.apparent and "IV" in routes:
            raise ValueError(
                "a dose by route 'IV' was given with apparent values, which are over the F of "
                "another route; expected route 'SC', or V1 and CL with F"
            )
        if self.pharmacokinetics.k_a is not None and "SC" not in routes:
            raise ValueError(
                "pharmacokinetics.k_a was given and no dose is by route 'SC', so that it would "
                "change nothing; expected such a dose, or no k_a"
            )
        if "SC" in routes and self.pharmacokinetics.k_a is self.pharmacokinetics.table is None:
            raise ValueError(
                "a dose by route 'SC' was given; expected pharmacokinetics.k_a with it"
            )
        if self.pharmacokinetics.table is not None and len(self.regimens) > 1:
            raise ValueError("a table is of one regimen; expected no other beside 'clinical'")
        given = {"potency.K_hook": self.potency.K_hook, "t_cells.k_kill": self.t_cells.k_kill}
        for name, number in given.items():
            if self.mechanism == "bispecific" and number is None:
                raise ValueError(f"mechanism 'bispecific' expects {name}, and none was given")
            if self.mechanism == "monoclonal" and number is not None:
                raise ValueError(f"mechanism 'monoclonal' expects no {name}, and one was given")
        return self


class RescuePatient(Strict):
    """The patient of the rescue."""

    weight: Number


class RescueExposure(Strict):
    """Two compartments with linear and saturable elimination."""

    V1: Number
    CL: Number
    V2: Number
    Q: Number
    Vmax: Number
    Km: Number


class Receptor(Strict):
    """The receptor that the rescue blocks."""

    K_D: Number
    molar_mass: Number
    f_R: Uncertain


class RescueShape(FileShape):
    """The drug that blocks the receptor of IL-6."""

    mechanism: Literal["receptor block"]
    role: Literal["rescue"]
    patient: RescuePatient
    pharmacokinetics: RescueExposure
    receptor: Receptor


class SteroidExposure(Strict):
    """One compartment, by vein or by mouth."""

    V: Number
    CL: Number
    k_a: Number
    F: Number


class SteroidEffect(Strict):
    """What a level does, and how long after."""

    molar_mass: Number
    IC50: Rate
    k_e0: Rate
    w: Rate


class SteroidShape(FileShape):
    """A steroid given beside a drug."""

    mechanism: Literal["steroid"]
    role: Literal["co-medication"]
    patient: RescuePatient
    pharmacokinetics: SteroidExposure
    effect: SteroidEffect

    @model_validator(mode="after")
    def _by_vein_or_by_mouth(self) -> SteroidShape:
        if any(dose.route == "SC" for r in self.regimens.values() for dose in r.doses):
            raise ValueError("route 'SC' was given; expected 'IV' or 'oral'")
        return self


Shape = TypeVar("Shape", bound=Strict)


def parse(file: str, data: bytes) -> dict[str, Any]:
    """The content of a TOML file; `file` is its name, for the message.

    Raises:
        InputError: It is not readable as TOML.
    """
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise InputError(f"Drug file {file} is not readable as TOML ({problem}).") from None
    except (RecursionError, ValueError, OverflowError):
        raise InputError(
            f"Drug file {file} is not readable as TOML: it is nested too deeply or holds a number "
            "that is too long."
        ) from None


def validate(file: str, content: dict[str, Any], shape: type[Shape]) -> Shape:
    """The content as `shape`; `file` is its name, for the message.

    Raises:
        InputError: In one sentence, the first thing that is wrong with it.
    """
    try:
        return shape.model_validate(content)
    except ValidationError as problem:
        raise InputError(f"Drug file {file}{_sentence(problem, shape)}") from None


def _sentence(problem: ValidationError, shape: type[BaseModel]) -> str:
    """What was given and what was expected, for the first error, unknown keys before the rest."""
    errors = sorted(problem.errors(), key=lambda error: error["type"] != "extra_forbidden")
    first = errors[0]
    where = ".".join(str(part) for part in first["loc"])
    at = f", {where}:" if where else ":"
    if first["type"] == "extra_forbidden":
        meant = _close_to(str(first["loc"][-1]), shape)
        return (
            f"{at} this key is not known; {meant}expected only the keys of the shipped drug files."
        )
    if first["type"] == "missing":
        return f"{at} nothing was given; expected this key."
    if first["type"] == "value_error":
        return f"{at} {first['ctx']['error']}."
    wanted = first["msg"].replace("Input should be ", "expected ")
    return f"{at} {first['input']!r} was given; {wanted[0].lower()}{wanted[1:]}."


def _close_to(key: str, shape: type[BaseModel]) -> str:
    """The key of the shape that was perhaps meant, as the beginning of what was expected."""
    schema = shape.model_json_schema()
    parts = (schema, *schema.get("$defs", {}).values())
    known = {name.casefold(): name for part in parts for name in part.get("properties", {})}
    close = difflib.get_close_matches(key.casefold(), known, n=1)
    return f"did you mean {known[close[0]]}? " if close else ""
