"""The page on known answers: its tables and its figure, from the committed record."""

from __future__ import annotations

from benchmarks.known_answers import KnownAnswer, KnownAnswers, read_record
from benchmarks.known_answers.answer import Scale
from benchmarks.known_answers.solvers import CURVES
from qsp_lib.common import number
from qsp_lib.export import sbml
from qsp_lib.model import STATES
from qsp_lib.protocol import current_record

from .fragments import BookData, fragment, pictures, table
from .machinery_figure import SIZE, error_against_tolerance
from .themed import figure_block, figure_files

ROUNDING = 1e-12
"""Errors below this are shown as such: the last digits belong to the machine."""
_DIGITS = 7
_HEADER = (
    "question, and where its answer comes from",
    "known answer",
    "ours",
    "error",
    "tolerance",
)
_PICTURE = "known_answers"
_ALT = (
    "Largest relative error against the relative tolerance, both on logarithmic scales, for four "
    "pairs of solver and problem. From 10⁻³ to 10⁻⁹ every line falls steadily and nearly in "
    "parallel to the line on which error equals tolerance."
)


def digits(value: float) -> str:
    """A value to seven significant digits."""
    return number(value, _DIGITS)


def small(value: float) -> str:
    """An error or a tolerance: one significant digit below a hundredth, two above."""
    if 0 < value < ROUNDING:
        return f"< {power_of(number(ROUNDING))}"
    return power_of(number(value, 1 if value < 0.01 else 2))


def power_of(text: str) -> str:
    """``10⁻³`` in place of ``1 × 10⁻³``."""
    return text.removeprefix("1 × ")


def _with_unit(text: str, unit: str) -> str:
    return text if unit in ("", "1") else f"{text} {unit}"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def row(answer: KnownAnswer) -> tuple[str, ...]:
    """One answer as a row of a table; an error in the unit of the value carries that unit."""
    unit = answer.unit if answer.scale is Scale.ABSOLUTE else ""
    ending = " of max." if answer.scale is Scale.LARGEST else ""
    ending = " abs." if answer.scale is Scale.ABSOLUTE and unit in ("", "1") else ending
    return (
        f"`{answer.name}`: {answer.what}. *{_sentence(answer.source)}*",
        _with_unit(digits(answer.exact), answer.unit),
        _with_unit(digits(answer.ours), answer.unit),
        _with_unit(small(answer.error), unit) + ending,
        _with_unit(small(answer.tolerance), unit),
    )


def verdict(record: KnownAnswers) -> str:
    """How many answers are within their tolerance, and which are not."""
    answers = list(record)
    wrong = [f"`{answer.name}`" for answer in answers if not answer.holds]
    said = (
        f"All {len(answers)} answers below are within their tolerance"
        if not wrong
        else f"{len(answers) - len(wrong)} of {len(answers)} answers below are within their "
        f"tolerance; outside are {', '.join(wrong)}"
    )
    settings = record.settings
    return (
        f"**{said}.** Simulations run at the package's default tolerances, "
        f"{small(settings['rtol'])} relative and {small(settings['atol'])} absolute in each "
        "state's unit, unless the row says otherwise.\n"
    )


@fragment("known_answers_verdict")
def known_answers_verdict(_book: BookData) -> str:
    """One sentence: do the known answers come out?"""
    return verdict(read_record())


def _table(group: str) -> str:
    rows = [row(answer) for answer in read_record().answers[group]]
    return f":::{{container}} answers\n{table(_HEADER, rows)}:::\n"


@fragment("known_answers_exposure")
def known_answers_exposure(_book: BookData) -> str:
    """Dosing forms beside their closed forms."""
    return _table("exposure")


@fragment("known_answers_forms")
def known_answers_forms(_book: BookData) -> str:
    """Forms of exposure that lock v1 does not know, and dexamethasone."""
    return _table("forms")


@fragment("known_answers_invariants")
def known_answers_invariants(_book: BookData) -> str:
    """Conservation laws and partial solutions."""
    return _table("invariants")


@fragment("known_answers_states")
def known_answers_states(_book: BookData) -> str:
    """How many states the rows speak of, and how many other pages do."""
    every = sbml.wholes(current_record())["bispecific"].states
    more = ", ".join(f"`{name}`" for name in every if name not in STATES)
    return (
        f"The {len(STATES)} states of these rows are those of a drug with compartments, of the "
        "network, of tocilizumab and of CRP. A dose under the skin, a clearance that falls and "
        f"dexamethasone add {len(every) - len(STATES)} ({more}), which makes the {len(every)} of "
        "[the exported files](interoperability.md).\n"
    )


@fragment("known_answers_solvers")
def known_answers_solvers(_book: BookData) -> str:
    """The stiff problem, the whole model, and the order of convergence."""
    return _table("solvers")


@fragment("known_answers_inference")
def known_answers_inference(_book: BookData) -> str:
    """Fits, profiles, Laplace, rejection, intervals of shares."""
    return _table("inference")


@fragment("known_answers_published")
def known_answers_published(_book: BookData) -> str:
    """Exposures that were measured."""
    return _table("published")


@fragment("known_answers_figure")
def known_answers_figure(_book: BookData) -> str:
    """Error against tolerance: the place of the picture, and its description."""
    return figure_block(_PICTURE, _ALT, SIZE)


@pictures("known_answers_figure")
def known_answers_pictures(_book: BookData) -> dict[str, bytes]:
    """Error against tolerance, drawn from the record."""
    record = read_record()
    curves = {CURVES[name]: errors for name, errors in record.convergence.items()}
    return figure_files(_PICTURE, lambda: error_against_tolerance(record.rtols, curves))
