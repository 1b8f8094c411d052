"""The default engine beside SciPy on this model: speed at the same tolerance, and accuracy.

TGN1412 at its clinical dose, 96 h, a 0.25-h grid, rtol 1e-6, one core; everything in one
run, interleaved, because machines are noisy: look at the ratios. Nothing here is a test.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from qsp_lib.drugs import load_drug
from qsp_lib.parameters import Draws, NetworkParameters
from qsp_lib.simulate import simulate
from qsp_lib.trajectory import Trajectory

GRID = np.arange(0.0, 96.01, 0.25)
ROUNDS = 3
NAMES = ("IFN", "TNF", "M", "IL6", "S", "A")


def run(n_sets: int, engine: str, rtol: float = 1e-6) -> Trajectory:
    """TGN1412 with ``n_sets`` values of k_IFN around its prior median."""
    file = load_drug("tgn1412")
    spread = np.geomspace(0.5, 2.0, n_sets) if n_sets > 1 else np.ones(1)
    return simulate(
        file.inputs, NetworkParameters.prior_medians(), file.regimens["clinical"],
        draws=Draws({"k_IFN": 4000.0 * spread}), horizon_h=96.0, times=GRID, engine=engine,
        rtol=rtol, atol=1e-2 * rtol,
    )  # fmt: skip


def seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def main() -> None:
    start = time.perf_counter()
    run(1, "diffsol")
    print(f"compile and first run: {time.perf_counter() - start:.2f} s")
    cases = {
        "diffsol, 1,000 sets": (1000, lambda: run(1000, "diffsol")),
        "scipy RK45, one at a time": (5, lambda: [run(1, "scipy") for _ in range(5)]),
        "scipy RK45, a batch of 250": (250, lambda: run(250, "scipy")),
    }
    best = {name: 0.0 for name in cases}
    for _ in range(ROUNDS):
        for name, (n, action) in cases.items():
            best[name] = max(best[name], n / seconds(action))
    default = best["diffsol, 1,000 sets"]
    print(f"{'engine':30s} {'sets a second':>14s} {'default is':>12s}")
    for name, rate in best.items():
        print(f"{name:30s} {rate:14.0f} {default / rate:11.1f}x")
    reference = run(1, "scipy", rtol=1e-10)
    for engine in ("diffsol", "scipy"):
        found = run(1, engine)
        error = max(
            float(abs(found.peak(n).value[0] / reference.peak(n).value[0] - 1)) for n in NAMES
        )
        print(f"{engine}: largest relative error of a peak against rtol 1e-10: {error:.1e}")


if __name__ == "__main__":
    main()
