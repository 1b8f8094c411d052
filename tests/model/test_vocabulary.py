"""Every quantity has the term of the Systems Biology Ontology that says what it is."""

from __future__ import annotations

import pytest

from qsp_lib.model.vocabulary import QUANTITIES

TERMS = {
    "kinetic constant": (
        9,
        "CL CL_tcz CL_0 CL_dex Q Q_tcz k_act k_rec k_kill k_a k_a_dex k_e0 C_growth k_M k_S",
    ),
    "Michaelis constant": (27, "Km Km_tcz"),
    "zeroth order rate constant": (
        46,
        "k_CRP k_IFN k_TNF_T k_TNF_M k_IL6_T k_IL6_M k_fb u u_tcz u_d u_dex C_slope",
    ),
    "maximal velocity": (186, "Vmax Vmax_tcz"),
    "Hill coefficient": (190, "h n_M n_S"),
    "equilibrium or steady-state constant": (193, "K_hook K_B K_CRP K_M K_S"),
    "concentration of an entity pool": (196, "G C C_p C_tcz C_tcz_p C_dex sigma"),
    "material entity": (240, "S"),
    "polypeptide chain": (252, "IFN TNF IL6 CRP"),
    "dissociation constant": (282, "K_D_tcz"),
    "EC50": (287, "EC50 IC50_dex"),
    "decay constant": (356, "k_exh d_CRP k_CL d_IFN d_TNF d_M d_IL6"),
    "amount of an entity pool": (361, "A_c A_p A_d T_c T_p D_c D_d"),
    "biochemical coefficient": (380, "f_R w_dex w_TNF Z E s H_M H_S H_CRP feedback_share"),
    "volume": (468, "V1 V2 V1_tcz V2_tcz V_dex"),
    "fraction of an entity pool": (540, "R A X B M B_0 rho"),
}
"""The ontology's name of each term, its number, and the quantities of that kind."""


@pytest.mark.parametrize("kind", TERMS)
def test_a_quantity_has_the_term_of_its_kind(kind: str) -> None:
    number, names = TERMS[kind]
    known = {name for name, quantity in QUANTITIES.items() if quantity.sbo == number}
    assert known == set(names.split())


def test_every_quantity_is_of_one_kind() -> None:
    listed = [name for _, names in TERMS.values() for name in names.split()]
    assert len(listed) == len(set(listed))
    assert set(QUANTITIES) == set(listed)


def test_a_species_is_a_concentration_in_serum_and_an_amount_is_none() -> None:
    species = {name for name in QUANTITIES if QUANTITIES[name].is_concentration}
    assert {"IFN", "TNF", "IL6", "S", "CRP"} <= species
    assert not species & {"A_c", "T_c", "D_c", "C", "R", "k_IL6_T"}
