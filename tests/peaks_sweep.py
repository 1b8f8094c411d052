"""A sweep of the model, small and quick, for the tests of where sweeps run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from helpers import made_up, made_up_bispecific
from numpy.typing import NDArray

from qsp_lib.analyses.ordering import OrderedArm, PeakSimulator
from qsp_lib.model.dosing import Bolus, Regimen
from qsp_lib.model.parameters import NetworkParameters
from qsp_lib.model.simulation import Solver

Array = NDArray[np.float64]


def peaks(network: NetworkParameters, n: int = 9) -> tuple[PeakSimulator, Array]:
    """Peaks of two made-up drugs over two coordinates of the network, and points to ask for."""
    dose = Regimen.of(Bolus(0.0, 3000.0))
    function = PeakSimulator(
        ("K_M", "n_S"),
        network,
        (OrderedArm(made_up(), dose, ("S", "TNF")), OrderedArm(made_up_bispecific(), dose, ("S",))),
        Solver("diffsol", rtol=1e-6, atol=1e-8, horizon_h=24.0),
    )
    points = np.stack([np.geomspace(200.0, 3000.0, n), np.linspace(1.0, 4.0, n)], axis=1)
    return function, points


@dataclass(frozen=True)
class Slowly:
    """A function that takes a while for each chunk, so that there is a middle to be killed in.

    Attributes:
        function: what is slowed down.
        seconds: by which.
        until: a file; once it is there, nothing is slowed down any more.
    """

    function: Callable[[Array], Array]
    seconds: float
    until: str

    def __call__(self, chunk: Array) -> Array:
        if not Path(self.until).exists():
            time.sleep(self.seconds)
        return self.function(chunk)

    def hurry(self) -> None:
        """Be slow no more."""
        Path(self.until).touch()
