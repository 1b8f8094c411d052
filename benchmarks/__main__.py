"""``python -m benchmarks``: measure, write ``benchmarks/results.json``, and print the table."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from . import record, run


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=run.__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--limit", type=float, default=20.0, help="longest run (s) that is not extrapolated"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        choices=run.ALL,
        default=run.ALL,
        metavar="ENGINE",
        help="the engines to measure this package beside",
    )
    parser.add_argument("--date", type=date.fromisoformat, help="to write into the results")
    parser.add_argument("--output", type=Path, default=run.RESULTS)
    options = parser.parse_args()
    stated = options.date.isoformat() if options.date else None
    found = run.measure(options.rounds, options.limit, options.only, stated)
    run.write(found, options.output)
    speed = record.load(options.output)
    for name, engine in speed.engines.items():
        print(f"{engine.label:40s} {speed.headline(name).wall_s.median:8.2f} s")


if __name__ == "__main__":
    main()
