"""How long a first prediction takes: ``qsp-crs predict`` on a new drug file, in fresh processes.

Run with ``python benchmarks/cold_start.py``; the goal is under 5 s. What such a run loads is held
by a test, how long it takes is not: machines are noisy.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 5
COMMAND = (sys.executable, "-m", "qsp_lib")


def main() -> None:
    """Print the median and the range of the wall time (s)."""
    with tempfile.TemporaryDirectory() as folder:
        drug = Path(folder) / "my_drug.toml"
        subprocess.run([*COMMAND, "new-drug", str(drug)], check=True, stdout=subprocess.DEVNULL)
        seconds = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            subprocess.run(
                [*COMMAND, "predict", str(drug), "--interval"],
                check=True,
                stdout=subprocess.DEVNULL,
            )
            seconds.append(time.perf_counter() - start)
    print(
        f"a first prediction with its interval: {statistics.median(seconds):.2f} s "
        f"({min(seconds):.2f} to {max(seconds):.2f}, {ROUNDS} fresh processes)"
    )


if __name__ == "__main__":
    main()
