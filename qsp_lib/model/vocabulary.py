"""What the exported names stand for: unit, words, ontology terms.

Units are written as in the equations' module (``"pg/mL/h"``). Ontology terms are those of the
Systems Biology Ontology (SBO); identifiers resolve at identifiers.org.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .equations import STATE_UNITS, STATES
from .priors import network_table

HUMAN = "taxonomy:9606"


@dataclass(frozen=True)
class Quantity:
    """One exported name.

    Attributes:
        unit: as the equations have it, such as ``"pg/mL"``; ``"1"`` for a pure number.
        words: what it is, in a few words.
        sbo: the number of its SBO term.
        same_as: compact identifiers of what it is, for biological entities.
        version_of: compact identifiers of what it is a kind or a state of.
        property_of: compact identifiers of what it is a property of.
    """

    unit: str
    words: str
    sbo: int
    same_as: tuple[str, ...] = ()
    version_of: tuple[str, ...] = ()
    property_of: tuple[str, ...] = ()

    @property
    def is_concentration(self) -> bool:
        """Whether it is an amount in a volume of serum, as a species of SBML is."""
        return self.unit in ("pg/mL", "mg/L")


# SBO: 240 material entity, 252 polypeptide chain, 361 amount of an entity pool, 540 fraction of an
# entity pool; CL: 84 T cell, 235 macrophage, 236 B cell
_T_CELL: Mapping[str, Any] = {"sbo": 540, "property_of": ("CL:0000084",)}
_TOCILIZUMAB: Mapping[str, Any] = {"sbo": 361, "property_of": ("drugbank:DB06273",)}
_SPECIES: Mapping[str, dict[str, Any]] = {
    "A_c": {"words": "drug in the central compartment, amount", "sbo": 361},
    "A_p": {"words": "drug in the peripheral compartment, amount", "sbo": 361},
    "R": {"words": "responsive T cells, as a fraction", **_T_CELL},
    "A": {"words": "activated T cells, as a fraction", **_T_CELL},
    "X": {"words": "exhausted or lost T cells, as a fraction", **_T_CELL},
    "B": {"words": "target cells, as a fraction of those before treatment", "sbo": 540},
    "IFN": {"words": "IFN-gamma above baseline", "sbo": 252, "same_as": ("uniprot:P01579",)},
    "TNF": {"words": "TNF above baseline", "sbo": 252, "same_as": ("uniprot:P01375",)},
    "M": {
        "words": "activated macrophages, as a fraction",
        "sbo": 540,
        "property_of": ("CL:0000235",),
    },
    "IL6": {"words": "IL-6 above baseline", "sbo": 252, "same_as": ("uniprot:P05231",)},
    "S": {
        "words": "IL-6 signal that reaches STAT3",
        "sbo": 240,
        "property_of": ("uniprot:P05231",),
    },
    "T_c": {"words": "tocilizumab in the central compartment, amount", **_TOCILIZUMAB},
    "T_p": {"words": "tocilizumab in the peripheral compartment, amount", **_TOCILIZUMAB},
    "CRP": {"words": "CRP above baseline", "sbo": 252, "same_as": ("uniprot:P02741",)},
}
DRUG_IDENTIFIERS: Mapping[str, tuple[str, ...]] = {
    "blinatumomab": ("drugbank:DB09052",),
    "okt3": ("drugbank:DB00075",),
}
"""Identifiers of drugs that have one; TGN1412 was never approved."""
TARGET_CELLS: Mapping[str, tuple[str, ...]] = {"blinatumomab": ("CL:0000236",)}
"""Identifiers of the cells that a bispecific drug binds T cells to."""

# SBO: 9 kinetic constant, 27 Michaelis constant, 46 zeroth order rate constant, 186 maximal
# velocity, 190 Hill coefficient, 193 equilibrium or steady-state constant, 282 dissociation
# constant, 287 EC50, 356 decay constant, 380 biochemical coefficient, 468 volume
_PARAMETERS: Mapping[str, tuple[str, str, int]] = {
    "V1": ("L", "volume of the drug's central compartment", 468),
    "CL": ("L/h", "clearance of the drug", 9),
    "V2": ("L", "volume of the drug's peripheral compartment", 468),
    "Q": ("L/h", "exchange of the drug between its compartments", 9),
    "EC50": ("ng/mL", "drug exposure at half engagement", 287),
    "h": ("1", "steepness of engagement by a monoclonal antibody", 190),
    "K_hook": ("ng/mL", "drug exposure at half inhibition of a bispecific's engagement", 193),
    "k_act": ("1/h", "activation of responsive T cells at full engagement", 9),
    "k_exh": ("1/h", "exhaustion or loss of activated T cells", 356),
    "k_rec": ("1/h", "recovery of exhausted or lost T cells", 9),
    "k_kill": ("1/h", "killing of target cells by activated T cells", 9),
    "V1_tcz": ("L", "volume of tocilizumab's central compartment", 468),
    "CL_tcz": ("L/h", "linear clearance of tocilizumab", 9),
    "V2_tcz": ("L", "volume of tocilizumab's peripheral compartment", 468),
    "Q_tcz": ("L/h", "exchange of tocilizumab between its compartments", 9),
    "Vmax_tcz": ("ug/h", "saturable elimination of tocilizumab, at most", 186),
    "Km_tcz": ("ng/mL", "tocilizumab at half of its saturable elimination", 27),
    "K_D_tcz": ("ng/mL", "dissociation constant of tocilizumab and the IL-6 receptor", 282),
    "f_R": ("1", "share of IL-6 clearance that runs through the receptor", 380),
    "k_CRP": ("mg/L/h", "production of C-reactive protein at full signal", 46),
    "K_CRP": ("pg/mL", "IL-6 signal at half production of C-reactive protein", 193),
    "d_CRP": ("1/h", "removal of C-reactive protein", 356),
}
_NETWORK_SBO = {"n": 190, "K": 193, "d": 356, "w": 380, "k": 9}
# SBO: 196 concentration
_DEFINED: Mapping[str, tuple[str, str, int]] = {
    "C": ("ng/mL", "drug exposure", 196),
    "C_p": ("ng/mL", "drug exposure in the peripheral compartment", 196),
    "C_tcz": ("ng/mL", "tocilizumab exposure", 196),
    "C_tcz_p": ("ng/mL", "tocilizumab exposure in the peripheral compartment", 196),
    "E": ("1", "receptor engagement", 380),
    "sigma": ("pg/mL", "priming signal to macrophages", 196),
    "rho": ("1", "share of IL-6 receptors held by tocilizumab", 540),
    "H_M": ("1", "Hill term of macrophage activation", 380),
    "H_S": ("1", "Hill term of the STAT3 feedback", 380),
    "H_CRP": ("1", "saturating term of C-reactive protein production", 380),
}
_INPUTS: Mapping[str, tuple[str, str, int]] = {
    "u": ("ug/h", "dosing rate of the drug", 46),
    "u_tcz": ("ug/h", "dosing rate of tocilizumab", 46),
}


def _all() -> dict[str, Quantity]:
    found = {
        name: Quantity(unit, **_SPECIES[name])
        for name, unit in zip(STATES, STATE_UNITS, strict=True)
    }
    for name, row in network_table().items():
        sbo = 46 if row.unit == "pg/mL/h" else _NETWORK_SBO[name.partition("_")[0]]
        found[name] = Quantity(row.unit, row.description, sbo)
    for table in (_PARAMETERS, _INPUTS, _DEFINED):
        found |= {name: Quantity(*row) for name, row in table.items()}
    return found


QUANTITIES: Mapping[str, Quantity] = _all()
"""Every state, parameter, input and named intermediate quantity of the equations."""


LATEX = {
    "A_c": "A_c",
    "A_p": "A_p",
    "R": "R",
    "A": "A",
    "X": "X",
    "B": "B",
    "IFN": r"\mathrm{IFN}",
    "TNF": r"\mathrm{TNF}",
    "M": "M",
    "IL6": r"\mathrm{IL6}",
    "S": "S",
    "T_c": "T_c",
    "T_p": "T_p",
    "CRP": r"\mathrm{CRP}",
    "u": "u(t)",
    "u_tcz": r"u_\mathrm{tcz}(t)",
    "V1": "V_1",
    "CL": r"\mathrm{CL}",
    "V2": "V_2",
    "Q": "Q",
    "EC50": r"\mathrm{EC}_{50}",
    "K_hook": r"K_\mathrm{hook}",
    "k_act": r"k_\mathrm{act}",
    "k_exh": r"k_\mathrm{exh}",
    "k_rec": r"k_\mathrm{rec}",
    "k_kill": r"k_\mathrm{kill}",
    "V1_tcz": "V_1'",
    "CL_tcz": r"\mathrm{CL}'",
    "V2_tcz": "V_2'",
    "Q_tcz": "Q'",
    "Vmax_tcz": r"V_\mathrm{max}",
    "Km_tcz": r"K_m",
    "K_D_tcz": "K_D",
    "f_R": "f_R",
    "k_CRP": r"k_\mathrm{CRP}",
    "K_CRP": r"K_\mathrm{CRP}",
    "d_CRP": r"d_\mathrm{CRP}",
    "k_IFN": r"k_\mathrm{IFN}",
    "d_IFN": r"d_\mathrm{IFN}",
    "k_TNF_T": r"k_{\mathrm{TNF},T}",
    "k_TNF_M": r"k_{\mathrm{TNF},M}",
    "d_TNF": r"d_\mathrm{TNF}",
    "w_TNF": r"w_\mathrm{TNF}",
    "k_IL6_T": r"k_{\mathrm{IL6},T}",
    "k_IL6_M": r"k_{\mathrm{IL6},M}",
    "d_IL6": r"d_\mathrm{IL6}",
    "k_fb": r"k_\mathrm{fb}",
    "C": "C",
    "C_p": "C_p",
    "C_tcz": r"C'",
    "C_tcz_p": r"C'_p",
    "E": "E",
    "sigma": r"\sigma",
    "rho": r"\rho",
    "H_M": "H_M",
    "H_S": "H_S",
    "H_CRP": r"H_\mathrm{CRP}",
}
"""How a name is typeset; other names stand as they are."""
