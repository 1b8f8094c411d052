"""Where the diagram's nodes stand: whole and small, on a screen and on a phone.

Places alone are typed here; what is drawn between them is the graph's. A node without a place is
refused by name, and a place without a node is not drawn, so that versions of the model share one
layout.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Point = tuple[float, float]
Ends = tuple[str, str]

WORDS: Mapping[str, str] = {
    "A_c": "in plasma",
    "A_p": "in tissue",
    "A_d": "skin depot",
    "Z": "fall of CL",
    "R": "responsive",
    "A": "activated",
    "X": "exhausted",
    "B": "target cells",
    "IFN": "IFN-γ",
    "TNF": "TNF",
    "M": "macrophages",
    "IL6": "IL-6",
    "S": "IL-6 signal",
    "T_c": "in plasma",
    "T_p": "in tissue",
    "D_c": "in plasma",
    "D_d": "in the gut",
    "G": "at its effect",
    "CRP": "CRP",
}
"""What is written on a state: a word or two."""
SPOKEN: Mapping[str, str] = {
    "R": "responsive T cells",
    "A": "activated T cells",
    "X": "exhausted T cells",
    "S": "the IL-6 signal",
}
"""What a state is called in a sentence, where that is more."""

TITLES: Mapping[str, str] = {
    "Compartments": "drug",
    "Depot": "drug",
    "FallingClearance": "drug",
    "SaturableElimination": "drug",
    "ConstantRecovery": "T cells",
    "RecoveryAtRest": "T cells",
    "RecoveryAtRestOnTargets": "T cells",
    "Network": "shared network",
    "Tocilizumab": "tocilizumab",
    "Dexamethasone": "dexamethasone",
    "OralDexamethasone": "dexamethasone",
    "Crp": "readout",
}
"""What is written on the frame around the states of a part."""

GROUPS: Mapping[str, str] = {
    part: title
    for part, title in TITLES.items()
    if title in ("drug", "tocilizumab", "dexamethasone")
}
"""Parts that the small diagram shows as one node."""


@dataclass(frozen=True)
class Layout:
    """One arrangement, in units of the picture: one is a pixel where it is drawn at full size.

    Attributes:
        size: width and height.
        letters: size of the letters; those of symbols at arrows are a little smaller.
        box: width and height of a state.
        places: middle of each node.
        frames: left, top, right and bottom of the frame with a title.
        bends: by how much the middle of an arrow leaves the straight line.
        labels: where what is written at an arrow stands, from the middle of the arrow.
        outside: from a node, where a dose comes from and where a loss goes.
        lists: where the parameters of a quantity stand, from its middle.
    """

    size: Point
    letters: float
    box: Point
    places: Mapping[str, Point]
    frames: Mapping[str, tuple[float, float, float, float]]
    bends: Mapping[Ends, Point] = field(default_factory=dict)
    labels: Mapping[Ends, Point] = field(default_factory=dict)
    outside: Mapping[Ends, Point] = field(default_factory=dict)
    lists: Mapping[str, Point] = field(default_factory=dict)


_RIGHT, _DOWN, _UP = (1.0, 0.0), (0.0, 1.0), (0.0, -1.0)

WIDE = Layout(
    size=(800, 536),
    letters=13.5,
    box=(98, 40),
    places={
        "A_d": (78, 64),
        "A_c": (78, 152),
        "A_p": (78, 242),
        "Z": (78, 320),
        "E": (226, 112),
        "B": (246, 262),
        "R": (342, 62),
        "A": (342, 164),
        "X": (342, 322),
        "IFN": (488, 62),
        "TNF": (488, 164),
        "H_M": (590, 100),
        "M": (696, 100),
        "IL6": (500, 292),
        "S": (714, 292),
        "H_S": (632, 224),
        "T_p": (472, 420),
        "T_c": (472, 486),
        "rho": (602, 446),
        "D_d": (64, 420),
        "D_c": (64, 486),
        "G": (220, 446),
        "s": (330, 446),
        "H_CRP": (724, 392),
        "CRP": (724, 466),
    },
    frames={
        "drug": (4, 4, 188, 366),
        "T cells": (194, 4, 398, 366),
        "shared network": (404, 4, 796, 346),
        "tocilizumab": (404, 374, 644, 532),
        "dexamethasone": (4, 374, 398, 532),
        "readout": (652, 354, 796, 532),
    },
    bends={("X", "R"): (-62, 0), ("Z", "A_c"): (58, 0), ("M", "TNF"): (0, 12)},
    labels={
        ("A_c", ""): (30, 5),
        ("", "A_c"): (6, -7),
        ("A", "B"): (-14, -8),
        ("T_c", ""): (46, 9),
        ("D_c", ""): (32, 9),
        ("Z", "A_c"): (26, 20),
        ("X", "R"): (-18, 16),
        ("A", "IFN"): (-24, -6),
        ("A", "TNF"): (0, 22),
        ("A", "IL6"): (28, -6),
        ("M", "TNF"): (4, 24),
        ("M", "IL6"): (-34, 4),
        ("H_S", "IL6"): (16, 18),
        ("IL6", ""): (24, 10),
        ("IL6", "S"): (-30, -7),
        ("D_c", "G"): (-4, -9),
    },
    outside={
        ("", "A_c"): (-1, -0.2),
        ("A_c", ""): (1, 0.28),
        ("S", ""): _RIGHT,
        ("M", ""): _RIGHT,
        ("CRP", ""): _DOWN,
        ("", "T_c"): (-0.5, 1),
        ("T_c", ""): (1, 0.25),
        ("", "D_c"): (-0.5, 1),
        ("D_c", ""): (1, 0.25),
    },
    lists={"E": (0, -23), "H_M": (-14, -23), "H_S": (40, 4), "H_CRP": (36, 4)},
)
"""Of a page: all symbols."""

PHONE = Layout(
    size=(358, 1108),
    letters=12.5,
    box=(92, 38),
    places={
        "A_d": (196, 52),
        "A_c": (62, 108),
        "A_p": (214, 108),
        "Z": (290, 176),
        "E": (130, 272),
        "R": (200, 262),
        "A": (200, 404),
        "X": (302, 334),
        "B": (60, 364),
        "IFN": (62, 500),
        "TNF": (214, 500),
        "H_M": (130, 558),
        "M": (130, 624),
        "IL6": (276, 612),
        "S": (276, 726),
        "H_S": (160, 700),
        "T_p": (56, 822),
        "T_c": (56, 884),
        "rho": (150, 850),
        "H_CRP": (276, 806),
        "CRP": (276, 876),
        "D_d": (56, 988),
        "D_c": (56, 1050),
        "G": (196, 1016),
        "s": (308, 1016),
    },
    frames={
        "drug": (4, 4, 354, 222),
        "T cells": (4, 228, 354, 440),
        "shared network": (4, 446, 354, 766),
        "tocilizumab": (4, 772, 196, 940),
        "readout": (202, 772, 354, 940),
        "dexamethasone": (4, 946, 354, 1104),
    },
    bends={("A", "IL6"): (62, -10), ("M", "TNF"): (14, 10)},
    labels={
        ("A_c", ""): (-4, 24),
        ("Z", "A_c"): (22, 20),
        ("M", "TNF"): (26, 8),
        ("IL6", ""): (0, -13),
        ("H_S", "IL6"): (20, 14),
        ("T_c", ""): (38, 12),
        ("D_c", ""): (36, 10),
    },
    outside={
        ("", "A_d"): _RIGHT,
        ("A_c", ""): (-0.3, 1),
        ("", "T_c"): (-0.4, 1),
        ("T_c", ""): (1, 0.25),
        ("", "D_c"): (-0.4, 1),
        ("D_c", ""): (1, 0.25),
        ("IL6", ""): _RIGHT,
        ("S", ""): _RIGHT,
    },
    lists={"E": (-66, 4), "H_M": (-64, 4), "H_CRP": (38, 4)},
)
"""The same for a phone."""

SMALL = Layout(
    size=(930, 174),
    letters=13.5,
    box=(120, 32),
    places={
        "drug": (62, 40),
        "B": (62, 132),
        "R": (216, 20),
        "A": (216, 86),
        "X": (216, 152),
        "IFN": (366, 28),
        "TNF": (366, 86),
        "M": (506, 40),
        "IL6": (568, 134),
        "S": (733, 134),
        "tocilizumab": (867, 30),
        "dexamethasone": (718, 30),
        "CRP": (868, 134),
    },
    frames={},
    bends={("X", "R"): (-66, 0), ("S", "IL6"): (0, -36), ("A", "IL6"): (0, 16)},
    outside={("IL6", ""): (-0.6, 1)},
)
"""Of the front page: no symbols, co-medications and exposure as one node each."""

SMALL_PHONE = Layout(
    size=(358, 366),
    letters=12.5,
    box=(108, 30),
    places={
        "drug": (56, 20),
        "B": (56, 88),
        "R": (186, 20),
        "A": (186, 88),
        "X": (302, 88),
        "IFN": (120, 150),
        "TNF": (246, 150),
        "M": (176, 210),
        "dexamethasone": (302, 210),
        "IL6": (70, 286),
        "S": (268, 286),
        "tocilizumab": (150, 348),
        "CRP": (288, 348),
    },
    frames={},
    bends={("A", "IL6"): (-78, 0), ("S", "IL6"): (0, -34), ("M", "TNF"): (12, 0)},
)
"""The same for a phone."""
