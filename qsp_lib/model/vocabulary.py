"""What every symbol of the equations stands for: its unit, its words, how it is typeset.

This is the one home of these words; pages, exports, tables and figures read them here. The 17
network parameters have theirs in ``data/network_parameters.csv``, beside their priors. Units are
written as in the equations' module (``"pg/mL/h"``). Ontology terms are those of the Systems Biology
Ontology (SBO); identifiers resolve at identifiers.org.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .priors import network_table

HUMAN = "taxonomy:9606"


@dataclass(frozen=True)
class Quantity:
    """One symbol.

    Attributes:
        unit: as the equations have it, such as ``"pg/mL"``; ``"1"`` for a pure number.
        words: what it is, in a few words.
        sbo: the number of its SBO term.
        latex: how it is typeset; empty for what only exports have.
        same_as: compact identifiers of what it is, for biological entities.
        version_of: compact identifiers of what it is a kind or a state of.
        property_of: compact identifiers of what it is a property of.
    """

    unit: str
    words: str
    sbo: int
    latex: str = ""
    same_as: tuple[str, ...] = ()
    version_of: tuple[str, ...] = ()
    property_of: tuple[str, ...] = ()

    @property
    def is_concentration(self) -> bool:
        """Whether it is an amount in a volume of serum, as a species of SBML is."""
        return self.unit in ("pg/mL", "mg/L")


# SBO: 240 material entity, 252 polypeptide chain, 361 amount of an entity pool, 540 fraction of an
# entity pool; CL: 84 T cell, 235 macrophage
_STATES: Mapping[str, Quantity] = {
    "A_c": Quantity("ug", "drug in the central compartment, amount", 361, "A_c"),
    "A_p": Quantity("ug", "drug in the peripheral compartment, amount", 361, "A_p"),
    "R": Quantity("1", "responsive T cells, as a fraction", 540, "R", property_of=("CL:0000084",)),
    "A": Quantity("1", "activated T cells, as a fraction", 540, "A", property_of=("CL:0000084",)),
    "X": Quantity(
        "1", "exhausted or lost T cells, as a fraction", 540, "X", property_of=("CL:0000084",)
    ),
    "B": Quantity("1", "target cells, as a fraction of those before treatment", 540, "B"),
    "IFN": Quantity(
        "pg/mL", "IFN-gamma above baseline", 252, r"\mathrm{IFN}", same_as=("uniprot:P01579",)
    ),
    "TNF": Quantity(
        "pg/mL", "TNF above baseline", 252, r"\mathrm{TNF}", same_as=("uniprot:P01375",)
    ),
    "M": Quantity(
        "1", "activated macrophages, as a fraction", 540, "M", property_of=("CL:0000235",)
    ),
    "IL6": Quantity(
        "pg/mL", "IL-6 above baseline", 252, r"\mathrm{IL6}", same_as=("uniprot:P05231",)
    ),
    "S": Quantity(
        "pg/mL", "IL-6 signal that reaches STAT3", 240, "S", property_of=("uniprot:P05231",)
    ),
    "T_c": Quantity(
        "ug",
        "tocilizumab in the central compartment, amount",
        361,
        "T_c",
        property_of=("drugbank:DB06273",),
    ),
    "T_p": Quantity(
        "ug",
        "tocilizumab in the peripheral compartment, amount",
        361,
        "T_p",
        property_of=("drugbank:DB06273",),
    ),
    "CRP": Quantity(
        "mg/L", "CRP above baseline", 252, r"\mathrm{CRP}", same_as=("uniprot:P02741",)
    ),
}
_STATES_SINCE_V1: Mapping[str, Quantity] = {
    "A_d": Quantity("ug", "drug at the site of injection, amount", 361, "A_d"),
    "Z": Quantity("1", "what is left of the fall of clearance", 380, "Z"),
    "D_c": Quantity(
        "ug", "dexamethasone in the body, amount", 361, "D_c", property_of=("drugbank:DB01234",)
    ),
    "D_d": Quantity(
        "ug", "dexamethasone in the gut, amount", 361, "D_d", property_of=("drugbank:DB01234",)
    ),
    "G": Quantity(
        "ng/mL", "dexamethasone at its effect", 196, "G", property_of=("drugbank:DB01234",)
    ),
}
# SBO: 9 kinetic constant, 27 Michaelis constant, 46 zeroth order rate constant, 186 maximal
# velocity, 190 Hill coefficient, 193 equilibrium or steady-state constant, 282 dissociation
# constant, 287 EC50, 356 decay constant, 380 biochemical coefficient, 468 volume
_PARAMETERS: Mapping[str, Quantity] = {
    "V1": Quantity("L", "volume of the drug's central compartment", 468, "V_1"),
    "CL": Quantity("L/h", "clearance of the drug", 9, r"\mathrm{CL}"),
    "V2": Quantity("L", "volume of the drug's peripheral compartment", 468, "V_2"),
    "Q": Quantity("L/h", "exchange of the drug between its compartments", 9, "Q"),
    "EC50": Quantity("ng/mL", "drug exposure at half engagement", 287, r"\mathrm{EC}_{50}"),
    "h": Quantity("1", "steepness of engagement", 190, "h"),
    "K_hook": Quantity(
        "ng/mL",
        "drug exposure at half inhibition of a bispecific's engagement",
        193,
        r"K_\mathrm{hook}",
    ),
    "k_act": Quantity(
        "1/h", "activation of responsive T cells at full engagement", 9, r"k_\mathrm{act}"
    ),
    "k_exh": Quantity("1/h", "exhaustion or loss of activated T cells", 356, r"k_\mathrm{exh}"),
    "k_rec": Quantity("1/h", "recovery of exhausted or lost T cells", 9, r"k_\mathrm{rec}"),
    "k_kill": Quantity(
        "1/h", "killing of target cells by activated T cells", 9, r"k_\mathrm{kill}"
    ),
    "V1_tcz": Quantity("L", "volume of tocilizumab's central compartment", 468, "V_1'"),
    "CL_tcz": Quantity("L/h", "linear clearance of tocilizumab", 9, r"\mathrm{CL}'"),
    "V2_tcz": Quantity("L", "volume of tocilizumab's peripheral compartment", 468, "V_2'"),
    "Q_tcz": Quantity("L/h", "exchange of tocilizumab between its compartments", 9, "Q'"),
    "Vmax_tcz": Quantity(
        "ug/h", "saturable elimination of tocilizumab, at most", 186, r"V_\mathrm{max}"
    ),
    "Km_tcz": Quantity("ng/mL", "tocilizumab at half of its saturable elimination", 27, "K_m"),
    "K_D_tcz": Quantity(
        "ng/mL", "dissociation constant of tocilizumab and the IL-6 receptor", 282, "K_D"
    ),
    "f_R": Quantity("1", "share of IL-6 clearance that runs through the receptor", 380, "f_R"),
    "k_CRP": Quantity(
        "mg/L/h", "production of C-reactive protein at full signal", 46, r"k_\mathrm{CRP}"
    ),
    "K_CRP": Quantity(
        "pg/mL", "IL-6 signal at half production of C-reactive protein", 193, r"K_\mathrm{CRP}"
    ),
    "d_CRP": Quantity("1/h", "removal of C-reactive protein", 356, r"d_\mathrm{CRP}"),
}
_PARAMETERS_SINCE_V1: Mapping[str, Quantity] = {
    "k_a": Quantity("1/h", "absorption of the drug from its site of injection", 9, "k_a"),
    "CL_0": Quantity("L/h", "clearance of the drug at its first dose", 9, r"\mathrm{CL}_0"),
    "k_CL": Quantity("1/h", "fall of the drug's clearance", 356, r"k_\mathrm{CL}"),
    "Vmax": Quantity(
        "ug/h", "saturable elimination of the drug, at most", 186, r"V_\mathrm{max}^d"
    ),
    "Km": Quantity("ng/mL", "drug at half of its saturable elimination", 27, "K_m^d"),
    "K_B": Quantity("1", "targets at half engagement by a bispecific", 193, "K_B"),
    "B_0": Quantity("1", "targets before the first dose, over the average patient's", 540, "B_0"),
    "V_dex": Quantity("L", "volume of dexamethasone", 468, r"V_\mathrm{dex}"),
    "CL_dex": Quantity("L/h", "clearance of dexamethasone", 9, r"\mathrm{CL}_\mathrm{dex}"),
    "k_e0": Quantity("1/h", "pace at which dexamethasone's effect follows its level", 9, "k_{e0}"),
    "IC50_dex": Quantity("ng/mL", "dexamethasone at half of its effect", 287, r"\mathrm{IC}_{50}"),
    "w_dex": Quantity(
        "1", "weight of dexamethasone's effect on the IL-6 of macrophages", 380, r"w_\mathrm{dex}"
    ),
    "k_a_dex": Quantity("1/h", "absorption of dexamethasone from the gut", 9, r"k_a^\mathrm{dex}"),
}
_NETWORK_SBO = {"n": 190, "K": 193, "d": 356, "w": 380, "k": 9}
# SBO: 196 concentration
_DEFINED: Mapping[str, Quantity] = {
    "C": Quantity("ng/mL", "drug exposure", 196, "C"),
    "C_p": Quantity("ng/mL", "drug exposure in the peripheral compartment", 196, "C_p"),
    "C_tcz": Quantity("ng/mL", "tocilizumab exposure", 196, "C'"),
    "C_tcz_p": Quantity("ng/mL", "tocilizumab exposure in the peripheral compartment", 196, "C'_p"),
    "C_dex": Quantity("ng/mL", "dexamethasone exposure", 196, r"C_\mathrm{dex}"),
    "E": Quantity("1", "receptor engagement", 380, "E"),
    "sigma": Quantity("pg/mL", "priming signal to macrophages", 196, r"\sigma"),
    "rho": Quantity("1", "share of IL-6 receptors held by tocilizumab", 540, r"\rho"),
    "s": Quantity("1", "share of output that a steroid leaves", 380, "s"),
    "H_M": Quantity("1", "Hill term of macrophage activation", 380, "H_M"),
    "H_S": Quantity("1", "Hill term of the STAT3 feedback", 380, "H_S"),
    "H_CRP": Quantity(
        "1", "saturating term of C-reactive protein production", 380, r"H_\mathrm{CRP}"
    ),
}
_INPUTS: Mapping[str, Quantity] = {
    "u": Quantity("ug/h", "dosing rate of the drug", 46, "u(t)"),
    "u_tcz": Quantity("ug/h", "dosing rate of tocilizumab", 46, r"u_\mathrm{tcz}(t)"),
    "u_d": Quantity("ug/h", "dosing rate of the drug at its site of injection", 46, "u_d(t)"),
    "u_dex": Quantity("ug/h", "dosing rate of dexamethasone", 46, r"u_\mathrm{dex}(t)"),
    "C_slope": Quantity("ng/mL/h", "slope of a tabulated exposure", 46, r"\dot C(t)"),
    "C_growth": Quantity("1/h", "growth of a tabulated exposure", 9, "g(t)"),
}
_READ_OFF: Mapping[str, Quantity] = {
    "feedback_share": Quantity("1", "share of IL-6 production by the feedback", 380, "s"),
}
"""What a trajectory gives beside these."""
DRUG_IDENTIFIERS: Mapping[str, tuple[str, ...]] = {
    "blinatumomab": ("drugbank:DB09052",),
    "okt3": ("drugbank:DB00075",),
}
"""Identifiers of drugs that have one; TGN1412 was never approved."""
TARGET_CELLS: Mapping[str, tuple[str, ...]] = {"blinatumomab": ("CL:0000236",)}
"""Identifiers of the cells that a bispecific drug binds T cells to (B cells)."""


def _network() -> dict[str, Quantity]:
    found = {}
    for name, row in network_table().items():
        sbo = 46 if row.unit == "pg/mL/h" else _NETWORK_SBO[name.partition("_")[0]]
        found[name] = Quantity(row.unit, row.description, sbo, row.symbol)
    return found


QUANTITIES: Mapping[str, Quantity] = {
    **_STATES,
    **_STATES_SINCE_V1,
    **_network(),
    **_PARAMETERS,
    **_PARAMETERS_SINCE_V1,
    **_INPUTS,
    **_DEFINED,
    **_READ_OFF,
}
"""Every state, parameter, input and named intermediate quantity of the equations."""
