"""The fit in other people's hands: the PEtab problems, and the verdicts of a second profiler."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qsp_lib.analyses import CLAIMED, RATIO, SecondVerdict, read_kept, read_verdicts
from qsp_lib.chapters import notebooks
from qsp_lib.common import decimals, number
from qsp_lib.export import petab
from qsp_lib.inference import End
from qsp_lib.model import network_table
from qsp_lib.protocol import current_record

from .fragments import BookData, fragment, table
from .interoperability import read_found

EVALUATED = notebooks.ROOT / "exports" / "petab_objective.json"
"""What ``interop/petab_objective.py`` found."""
_PRIORS = {
    "pair": "the pair's dropped",
    "kept": "all kept",
    "all_il6": "those of all four IL-6 rates dropped",
}
_PARTS = {"misfit": "squared residuals", "data": "likelihood", "priors": "priors"}


def read_evaluated(path: Path = EVALUATED) -> dict[str, Any]:
    """What other tools found of the PEtab problems; raises as :func:`read_found`."""
    return read_found(path, ("versions", "with", "points", "limit"))


@fragment("petab")
def petab_problems(_book: BookData) -> str:
    """The two problems, how they compare with the fit, and what they leave out."""
    record, made = current_record(), read_evaluated()
    whole, missing = petab.shares(record), petab.left_out(record)
    tools = " and ".join(f"{name} {version}" for name, version in made["with"].items())
    versions = {"v1": "PEtab 1", "v2": "PEtab 2"}
    agreement = table(
        ("problem", "lint", *(f"{words}, largest difference" for words in _PARTS.values())),
        (
            (
                versions[name],
                "; ".join(found["lint"]) or "nothing to say",
                *(number(found["difference"][part]) for part in _PARTS),
            )
            for name, found in sorted(made["versions"].items())
        ),
    )
    out = table(
        (
            "observation",
            "course",
            "time (h)",
            "why PEtab cannot say it (levels in pg/mL)",
            "adds to the cost",
        ),
        (
            (
                f"`{one.observation.id}`",
                one.observation.course,
                one.observation.time_h if one.observation.time_h is not None else "–",
                one.why,
                one.share,
            )
            for one in missing
        ),
    )
    priors = f"{decimals(whole.priors, 2)} from the priors, which the problems hold"
    if whole.priors_left_out:
        without = decimals(whole.priors_left_out, 2)
        priors += f", {without} from priors of a drug of which they hold no level"
    return (
        f"The two problems were evaluated by {tools}, without `qsp_lib`, at "
        f"{len(made['points'])} points: the locked one and draws of the posterior. The table gives "
        "the largest relative difference from this fit's own objective; "
        f"{number(made['limit'])} is allowed.\n\n"
        f"{agreement}\n"
        f"PEtab compares a level at a time, so {len(missing)} of the fit's observations are not "
        f"in the problems. At the lock the fit's cost is {decimals(whole.whole, 2)}: "
        f"{decimals(whole.expressed, 2)} from the levels and {priors}, and "
        f"{decimals(whole.left_out, 2)} from these:\n\n"
        f"{out}"
    )


@fragment("second_verdicts")
def second_verdicts(_book: BookData) -> str:
    """The claimed verdicts by our profiler and by MINUIT alone."""
    record = current_record()
    kept, second = read_kept(record), read_verdicts(record)
    rows, agree, shifts, above = [], 0, [0.0], [0.0]
    for setting, priors in _PRIORS.items():
        for name in CLAIMED:
            one, other = kept.profiles[setting][name], second.verdicts[setting][name]
            ours = SecondVerdict(
                one.verdict, one.low, one.high, one.lower_end, one.upper_end, one.cost
            )
            rows.append(
                (
                    f"{_symbol(name)} ({_unit(name)})",
                    priors,
                    ours.verdict.value,
                    _interval(ours),
                    other.verdict.value,
                    _interval(other),
                )
            )
            agree += ours.verdict is other.verdict
            shifts += [abs(ours.low - other.low), abs(ours.high - other.high)]
            above.append(other.cost - ours.cost)
    return (
        table(
            ("quantity", "priors", "verdict", "interval", f"by {second.found_with}", "interval"),
            rows,
        )
        + f"\n{agree} of {len(rows)} verdicts are the same, and no end of an interval moves by "
        f"more than {max(shifts):.2g} decades. The lowest cost that MINUIT finds is at most "
        f"{max(above):.2g} above ours: it starts from the locked point alone, and a valley behind "
        "a ridge is not seen from there.\n"
    )


def _symbol(name: str) -> str:
    if name == RATIO:
        return "/".join(_symbol(part) for part in CLAIMED[:2]).replace("$/$", "/")
    return f"${network_table()[name].symbol}$"


def _unit(name: str) -> str:
    # a rate of production over a rate of removal
    return "pg/mL" if name == RATIO else network_table()[name].unit


def _interval(found: SecondVerdict) -> str:
    """An interval out of log10; a side without an end is open."""
    low, high = (number(10.0**value) for value in (found.low, found.high))
    closed = found.lower_end is End.CROSSED, found.upper_end is End.CROSSED
    if all(closed):
        return f"{low} to {high}"
    if closed[0]:
        return f"from {low}"
    return f"up to {high}" if closed[1] else "open"
