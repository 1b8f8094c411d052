"""What a process is like, as far as a setting can change it; prints JSON."""

from __future__ import annotations

import json
import locale
import math
import struct
import sys
import time
from hashlib import sha256

import numpy as np
import scipy.linalg  # brings a BLAS of its own
from threadpoolctl import threadpool_info


def _digest(values: list[float]) -> str:
    return sha256(struct.pack(f"<{len(values)}d", *values)).hexdigest()


def _locale() -> list[object]:
    try:
        locale.setlocale(locale.LC_ALL, "")
    except locale.Error:  # the machine has none of that name: as without the setting
        locale.setlocale(locale.LC_ALL, "C.UTF-8")
        return [0, "."]
    return [sys.flags.utf8_mode, locale.localeconv()["decimal_point"]]


def _use_blas() -> None:
    """Call both BLAS: without the instructions of its kernels, the processor ends the process."""
    square = np.arange(40_000.0).reshape(200, 200) / 4e4 + np.eye(200)
    for linalg in (np.linalg, scipy.linalg):
        linalg.cholesky(square @ square.T)
        linalg.solve(square, square[0])
        linalg.svd(square)


def facts() -> dict[str, object]:
    """The facts by the names that settings call their witness.

    A processor that cannot execute the BLAS it is told to use gives none: it dies of the attempt.
    """
    grid = np.linspace(0.001, 40.0, 4001)
    blas = [library for library in threadpool_info() if library["user_api"] == "blas"]
    numbers = grid.tolist()
    _use_blas()
    return {
        "blas": sorted({str(library.get("architecture")) for library in blas}),
        "threads": [library["num_threads"] for library in blas],
        "libm": _digest([f(x) for f in (math.exp, math.log, math.sin) for x in numbers])
        + _digest([x**1.7 for x in numbers]),
        "loops": _digest(np.concatenate([np.exp(grid), np.log(grid), 10.0**grid]).tolist()),
        "hash": hash("cytokine"),
        "locale": _locale(),
        "time_zone": time.strftime("%H:%M", time.localtime(0)),
    }


if __name__ == "__main__":
    print(json.dumps(facts()))
