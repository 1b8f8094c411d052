"""Where the fit of version 2 ends."""

from __future__ import annotations

NEAR_OPTIMUM = {
    "k_IFN": 9467.0,
    "d_IFN": 1.164,
    "k_TNF_T": 4513.0,
    "k_TNF_M": 1218.0,
    "d_TNF": 0.7011,
    "w_TNF": 0.3725,
    "k_M": 0.1927,
    "K_M": 2086.0,
    "d_M": 0.107,
    "k_IL6_T/k_IL6_M": 0.146,
    "k_IL6_M": 12310.0,
    "k_fb": 1608.0,
    "K_S": 308.5,
    "d_IL6": 1.993,
    "k_S": 3.019,
    "blinatumomab.k_act": 0.1382,
    "blinatumomab.k_exh": 0.6077,
    "blinatumomab.k_kill": 9.725,
    "k_rec": 0.003366,
    "tgn1412.k_act": 0.8017,
    "tgn1412.k_exh": 0.08606,
    "tgn1412.EC50": 596.3,
    "tgn1412.h": 7.59,
}
"""The optimum to four figures, as a place to look at the fit from."""
