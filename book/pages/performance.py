"""The page on speed: tables, a figure and conclusions, all from the record of a benchmark run.

No sentence takes an outcome for granted: what is faster, and whether a goal is reached, is read
from the record each time the book is built.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.record import (
    AS_IN_CHAPTER,
    BY_NAME,
    OURS,
    Cell,
    Measured,
    SpeedRecord,
    Spread,
    load,
)
from qsp_lib.common import decimals, number, percent
from qsp_lib.protocol import current_record

from .fragments import BookData, fragment, pictures, table
from .performance_figure import SIZE, speed
from .themed import figure_block, figure_files

TIMES_ROADRUNNER = 10.0
"""Goal: how many times faster than libroadrunner the headline is."""
SHARE_OF_FLOOR = 0.25
"""Goal: the floor over our time a simulation, on one core."""
ROADRUNNER = "roadrunner"
PICTURE = "performance"
MARK = "†"


def seconds(value: float) -> str:
    """A time (s) with three digits."""
    return number(value)


def _spread(spread: Spread) -> str:
    if spread.low == spread.high:
        return seconds(spread.median)
    return f"{seconds(spread.median)} ({seconds(spread.low)}–{seconds(spread.high)})"


def _wall(cell: Cell) -> str:
    return f"{_spread(cell.wall_s)}{MARK if cell.extrapolated else ''}"


def _processor(cell: Cell) -> str:
    return seconds(cell.cpu_s.median) if cell.cpu_s is not None else "–"


def _ranked(record: SpeedRecord) -> list[tuple[str, Measured]]:
    return sorted(record.engines.items(), key=lambda item: record.headline(item[0]).wall_s.median)


def _times(ratio: float) -> str:
    return number(ratio, 2)


def headline_table(record: SpeedRecord) -> str:
    """One row an engine: the headline, start-up, speed once started, memory."""
    base = record.headline(OURS).wall_s.median
    rows = [
        (
            f"**{engine.label}**" if name == OURS else engine.label,
            _wall(record.headline(name)),
            _times(record.headline(name).wall_s.median / base),
            _processor(record.headline(name)),
            seconds(record.start_up(name).median),
            decimals(1 / record.steady_s(name), 0),
            decimals(record.memory(name).median, 0),
        )
        for name, engine in _ranked(record)
    ]
    header = (
        "engine",
        f"{record.simulations:,} simulations on {record.cores} cores (s)",
        "times ours",
        "processor time (s)",
        "start-up (s)",
        "then, simulations a second and core",
        "memory (MB)",
    )
    return _small_print(table(header, rows))


def accuracy_table(record: SpeedRecord) -> str:
    """One row an engine: tolerance, and errors of the ensemble that was simulated with it."""
    rows = [
        (
            engine.label,
            engine.rtol,
            number(engine.within, 2),
            number(engine.largest, 2),
            engine.failed,
            f"{engine.checked:,}",
        )
        for _, engine in _ranked(record)
    ]
    header = (
        "engine",
        "relative tolerance",
        f"error, {percent(record.problem['within'])} of sets",
        "largest error",
        "sets failed",
        "of sets",
    )
    return _small_print(table(header, rows))


def _small_print(text: str) -> str:
    return f":::{{container}} answers\n{text}:::\n"


def sizes_table(record: SpeedRecord) -> str:
    """Wall time of every ensemble: engines down, sizes and cores across."""
    sizes = [(n, c) for c in sorted({1, record.cores}) for n in record.problem["sizes"]]
    header = ["engine"] + [
        f"{n * record.drugs:,} on {c} core{'s' if c > 1 else ''}" for n, c in sizes
    ]
    rows = [
        [engine.label, *(_cell_text(engine.cell(*at)) for at in sizes)]
        for _, engine in _ranked(record)
    ]
    return _small_print(table(header, rows))


def _cell_text(cell: Cell) -> str:
    return f"{seconds(cell.wall_s.median)}{MARK if cell.extrapolated else ''}"


def setup_table(record: SpeedRecord) -> str:
    """How each engine was used, and its versions."""
    rows = [
        (
            engine.label,
            engine.how,
            ", ".join(f"{name} {version}" for name, version in engine.versions.items()),
        )
        for name, engine in record.engines.items()
        if name != AS_IN_CHAPTER
    ]
    rows += [(name, f"not measured: {why}", "") for name, why in record.missing.items()]
    return table(("engine", "how it is used", "versions"), rows)


def _join(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _if_extrapolated(record: SpeedRecord, engine: str) -> str:
    return " (extrapolated)" if record.headline(engine).extrapolated else ""


def fastest(record: SpeedRecord) -> str:
    """Who is fastest at the headline, start-up included."""
    ours = record.headline(OURS).wall_s
    times = {name: record.headline(name).wall_s.median for name in record.peers}
    said = (
        f"**{record.simulations:,} simulations take this package {_spread(ours)} s on "
        f"{record.cores} cores, start-up included"
    )
    if not times:
        return said + "**; nothing else was measured."
    nearest = min(times, key=lambda name: times[name])
    label, ratio = record.engines[nearest].label, times[nearest] / ours.median
    if ratio > 1:
        return (
            f"{said}; it is the fastest of the {len(times) + 1} measured.** The next, {label}, "
            f"takes {_times(ratio)} times as long{_if_extrapolated(record, nearest)}."
        )
    faster = sorted((n for n in times if times[n] < ours.median), key=lambda n: times[n])
    named = _join([record.engines[name].label for name in faster])
    return f"{said}; {named} took less.** {label} needs {percent(ratio)} of our time."


def in_processor_time(record: SpeedRecord) -> str:
    """Who takes least processor time, which other work on the machine disturbs less."""
    found = {name: record.headline(name).cpu_s for name in record.engines}
    times = {name: spread.median for name, spread in found.items() if spread is not None}
    ours = times.get(OURS)
    others = {name: time for name, time in times.items() if name in record.peers}
    if ours is None or not others:
        return "Processor times cannot be compared: too few of the headlines were measured."
    nearest = min(others, key=lambda name: others[name])
    label, theirs = record.engines[nearest].label, others[nearest]
    verdict = "the least of all that were measured; the next is" if ours < theirs else "against"
    return (
        f"In processor time, which other work on the machine disturbs less, the default "
        f"engine takes {seconds(ours)} s, {verdict} {label} with {seconds(theirs)} s."
    )


def against_roadrunner(record: SpeedRecord) -> str:
    """The goal of a multiple of libroadrunner's speed, and what the floor has to say about it."""
    if ROADRUNNER not in record.engines:
        return "libroadrunner was not measured, so the goal set against it cannot be judged."
    theirs = record.headline(ROADRUNNER).wall_s.median
    ratio = theirs / record.headline(OURS).wall_s.median
    goal = f"{TIMES_ROADRUNNER:g}"
    if ratio >= TIMES_ROADRUNNER:
        return (
            f"The goal of {goal} times the speed of libroadrunner is reached: the ratio is "
            f"{_times(ratio)}{_if_extrapolated(record, ROADRUNNER)}."
        )
    least = record.floors[OURS].simulation_s * record.simulations / record.cores
    bound = theirs / least
    started = record.steady_s(ROADRUNNER) / record.steady_s(OURS)
    said = (
        f"The goal of {goal} times the speed of libroadrunner is missed: the ratio is "
        f"{_times(ratio)}{_if_extrapolated(record, ROADRUNNER)}, and {_times(started)} once both "
        f"have started. The evaluations of the right-hand side alone take {seconds(least)} s of "
        "the headline, so this method, without start-up and without any work of its own, would be "
        f"{_times(bound)} times as fast"
    )
    if bound < TIMES_ROADRUNNER:
        return f"{said}: {goal} times is out of its reach."
    spare = theirs / TIMES_ROADRUNNER
    return (
        f"{said}; {goal} times would leave it {seconds(spare)} s for the whole, and starting "
        f"up (interpreter, imports, compiling, one run) takes {_spread(record.start_up(OURS))} s."
    )


def share_of_floor(record: SpeedRecord) -> str:
    """The goal of a share of the computed floor, for both of our tolerances."""
    shares = [
        record.floors[name].simulation_s / record.steady_s(name) for name in (OURS, AS_IN_CHAPTER)
    ]
    floor = record.floors[OURS]
    reached = "reached" if min(shares) >= SHARE_OF_FLOOR else "missed"
    return (
        f"Our solver takes {decimals(floor.evaluations, 0)} evaluations of the right-hand side a "
        f"simulation, at {decimals(1e9 * floor.evaluation_s, 0)} ns each when compiled: at least "
        f"{decimals(1e6 * floor.simulation_s, 0)} µs, or {decimals(1 / floor.simulation_s, 0)} "
        f"simulations a second and core. Once started, ours runs at {percent(shares[0])} of that "
        f"speed, and at {percent(shares[1])} at the chapter's own tolerance; the goal of "
        f"{percent(SHARE_OF_FLOOR)} is {reached}."
    )


def by_name(record: SpeedRecord) -> str:
    """What the engine that has to be asked for gains over the default one."""
    if BY_NAME not in record.engines:
        return "The engine that has to be asked for by name was not measured."
    ours, other = record.headline(OURS).wall_s, record.headline(BY_NAME).wall_s
    started = record.steady_s(OURS) / record.steady_s(BY_NAME)
    return (
        f"With the engine that has to be asked for by name, this package takes {_spread(other)} s, "
        f"{percent(other.median / ours.median)} of what the default engine does; once started, it "
        f"is {_times(started)} times as fast on one core. It steps far more tightly than asked."
    )


def once_started(record: SpeedRecord) -> str:
    """Who is fastest when start-up no longer counts, and from how many simulations on."""
    ours = record.steady_s(OURS)
    quicker = {n: record.steady_s(n) for n in record.peers if record.steady_s(n) < ours}
    if not quicker:
        return "Once everything has started, none of the others is faster for each simulation."
    parts = []
    for name, each in sorted(quicker.items(), key=lambda item: item[1]):
        later = record.start_up(name).median - record.start_up(OURS).median
        label = record.engines[name].label
        ratio = _times(ours / each)
        if later <= 0:
            parts.append(f"{label} is {ratio} times as fast, and starts sooner")
            continue
        break_even = later / (ours - each) * record.cores
        parts.append(
            f"{label} is {ratio} times as fast for each simulation; its start-up takes "
            f"{seconds(later)} s longer, which pays beyond about "
            f"{number(break_even, 2)} simulations on {record.cores} cores"
        )
    return f"Once everything has started, {'; '.join(parts)}."


def accuracy(record: SpeedRecord) -> str:
    """What the engines' accuracy is, and what the reference's."""
    target, within = record.problem["target_error"], percent(record.problem["within"])
    short = [e for e in record.engines.values() if e.within > target]
    named = [f"{e.label} ({number(e.within)})" for e in short]
    missed = f"where {_join(named)} missed it" if named else "where none missed it"
    failed = [e for e in record.engines.values() if e.failed]
    said = (
        f"Each engine runs at the loosest tolerance of a ladder at which, on the first "
        f"{record.problem['ladder_sets']} sets, every peak of {within} of the sets is within "
        f"{number(target)} of a reference computed at a relative tolerance of "
        f"{number(record.problem['reference_rtol'])}; the table gives the error reached in "
        f"the largest ensemble that was measured, {missed}. SciPy's DOP853 "
        f"agrees with the reference to {number(record.problem['reference_error'])}."
    )
    said += (
        f" {_join([f'{e.failed} sets of {e.label}' for e in failed])} failed."
        if failed
        else " No simulation failed."
    )
    return said


@fragment("performance_summary")
def performance_summary(_book: BookData) -> str:
    """The conclusions."""
    record = load()
    said = (
        fastest,
        by_name,
        in_processor_time,
        against_roadrunner,
        share_of_floor,
        once_started,
    )
    return "\n".join(f"- {sentence(record)}" for sentence in said) + "\n"


@fragment("performance_headline")
def performance_headline(_book: BookData) -> str:
    """The table of the headline, with what its columns are."""
    record = load()
    rounds = record.problem["rounds"]
    note = (
        f"Median of {rounds} round{'s' if rounds > 1 else ''} (smallest–largest). "
        f"Start-up and memory are those of the smallest ensemble. {_extrapolated(record)}\n"
    )
    return f"{headline_table(record)}\n{note}"


def _extrapolated(record: SpeedRecord) -> str:
    """What the mark means."""
    return (
        f"{MARK} extrapolated on the line through two smaller ensembles, because a run would have "
        f"taken longer than it was allowed, at most {record.problem['limit_s']:g} s."
    )


@fragment("performance_sizes")
def performance_sizes(_book: BookData) -> str:
    """Wall time (s) against the number of simulations."""
    record = load()
    return f"{sizes_table(record)}\n{_extrapolated(record)}\n"


@fragment("performance_setup")
def performance_setup(_book: BookData) -> str:
    """How the engines were used, and on what machine."""
    record = load()
    machine = record.machine
    on = f" on {record.date}" if record.date else ""
    return (
        f"{setup_table(record)}\nMeasured{on} with qsp_lib {machine['qsp_lib']} and Python "
        f"{machine['python']} under {machine['system']}, on a processor that calls itself "
        f"{machine['processor']}, with {machine['cores']} cores.\n"
    )


@fragment("performance_accuracy")
def performance_accuracy(_book: BookData) -> str:
    """Accuracy in words and as a table."""
    record = load()
    return f"{accuracy(record)}\n\n{accuracy_table(record)}"


@fragment("performance_problem")
def performance_problem(_book: BookData) -> str:
    """What is asked of every engine, in words."""
    record = load()
    problem = record.problem
    return (
        f"Every engine simulates the equations of lock {problem['lock']}{_since(problem)}: the "
        f"same draws of the 17 shared parameters around its values, for the same "
        f"{record.drugs} drugs at their clinical doses over {problem['horizon_h']:g} h, reports at "
        f"the same {max(problem['report_times'])} or fewer times, and gives the peaks of "
        f"{_join(problem['states'])}, read with the same interpolation. The headline is the "
        f"chapter's own size, {problem['headline']['sets']:,} sets, which is "
        f"{record.simulations:,} simulations.\n"
    )


def _since(problem: Mapping[str, Any]) -> str:
    """Words for a record of an earlier lock than the one that the book stands on."""
    now = current_record().version
    return "" if problem["lock"] == now else f" (the book stands on lock {now})"


@fragment("performance_figure")
def performance_figure(_book: BookData) -> str:
    """The place of the picture, and its description."""
    record = load()
    ranked = _join([engine.label for name, engine in _ranked(record) if name != AS_IN_CHAPTER])
    alt = (
        "Two diagrams on logarithmic scales, a line an engine. Left: wall time on "
        f"{record.cores} cores, start-up included, against the number of simulations; in order of "
        f"time at {record.simulations:,} simulations: {ranked}. Right: error reached against "
        "processor time a simulation as the tolerance is tightened."
    )
    return figure_block(PICTURE, alt, SIZE)


@pictures("performance_figure")
def performance_pictures(_book: BookData) -> dict[str, bytes]:
    """Time against size, and error against time, drawn from the record."""
    return figure_files(PICTURE, lambda: speed(load()))
