"""A treatment: a drug by its regimen on a network, and what is given and read beside it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ..common import InputError
from .administration import at_doors
from .dosing import Regimen
from .parameters import CrpInputs, DrugInputs, NetworkParameters, SteroidInputs, TocilizumabInputs
from .schedule import Given
from .structure import Structure


@dataclass(frozen=True)
class Rescue:
    """Tocilizumab, and when it is given."""

    inputs: TocilizumabInputs
    regimen: Regimen


@dataclass(frozen=True)
class Steroid:
    """Dexamethasone, and when it is given: into a vein or by mouth.

    Raises:
        InputError: a dose under the skin.
    """

    inputs: SteroidInputs
    regimen: Regimen

    def __post_init__(self) -> None:
        if self.regimen.by("SC").doses:
            raise InputError("dexamethasone is given SC; expected doses IV or oral.")

    @property
    def route(self) -> str:
        """As a structure names it."""
        return "oral" if self.regimen.by("oral").doses else "intravenous"


@dataclass(frozen=True)
class Treatment:
    """What a simulation is made of, and an exported model: the parts, their values, the doses.

    Attributes:
        drug, regimen, network: inputs of the drug, its doses, the shared network.
        rescue, steroid: co-medications with their doses, if any.
        crp: the CRP readout, if it is asked for.
    """

    drug: DrugInputs
    regimen: Regimen
    network: NetworkParameters
    rescue: Rescue | None = None
    steroid: Steroid | None = None
    crp: CrpInputs | None = None

    @cached_property
    def structure(self) -> Structure:
        """The parts it needs, and no others."""
        return Structure(
            self.drug.mechanism,
            self.network.feedback,
            self.network.t_cells,
            self.drug.exposure,
            tocilizumab=self.rescue is not None,
            crp=self.crp is not None,
            steroid=self.steroid.route if self.steroid is not None else "",
        )

    @property
    def values(self) -> dict[str, float]:
        """The value of each parameter of the structure, in its order.

        Raises:
            InputError: an input that the T-cell part reads and the drug does not give.
        """
        if "K_B" in self.structure.parameters and self.drug.K_B is None:
            raise InputError(
                f"{self.drug.label}: {self.structure.t_cells} reads K_B, the share of targets at "
                "half engagement, which the drug does not give."
            )
        known = self.known
        return {name: known[name] for name in self.structure.parameters}

    @property
    def known(self) -> dict[str, float]:
        """Every value that was given, by name, whether the structure reads it or not."""
        known = self.network.values() | self.drug.values()
        for inputs in (
            self.rescue.inputs if self.rescue is not None else None,
            self.steroid.inputs if self.steroid is not None else None,
            self.crp,
        ):
            known |= inputs.values() if inputs is not None else {}
        return known

    def at_doors(self) -> list[Given]:
        """What enters at each door of the structure, in their order.

        Raises:
            InputError: a dose by a route that leads nowhere; see :func:`.at_doors`.
        """
        others = {"T_c": self.rescue.regimen} if self.rescue is not None else {}
        if self.steroid is not None:
            by_mouth = self.steroid.regimen.by("oral").scaled(self.steroid.inputs.F)
            others |= {"D_c": self.steroid.regimen.by("IV"), "D_d": by_mouth}
        return at_doors(self.structure, self.drug, self.regimen, others)
