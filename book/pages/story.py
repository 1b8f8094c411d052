"""The figure of the front page, drawn when the book is built from the lock and chapter 3's numbers.

The courses are medians and central 90 % of the posterior's draws; severities and intervals are
those that chapter 3 saved. Numbers of another lock are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from qsp_lib.chapters import Results
from qsp_lib.common import InputError, decimals, number
from qsp_lib.figures import LABELS
from qsp_lib.model import severity
from qsp_lib.protocol import current_record

from .fragments import BookData, fragment, pictures, require_current_lock
from .story_figure import BROAD, DrugStory, picture
from .themed import themed_files, themed_picture

CHAPTER = "03_blind_prediction"
ORDER = ("blinatumomab", "okt3", "tgn1412")
"""As claimed, the mildest first."""
N_DRAWS = 400
"""Draws behind the courses, the first of the kept sample; the severities are of all."""
QUANTILES = (0.05, 0.5, 0.95)


def drug_stories(numbers: Results) -> dict[str, DrugStory]:
    """What the figure shows of each drug.

    Args:
        numbers: what chapter 3 saved.

    Raises:
        InputError: numbers of no lock, or of another than the current one.
    """
    if numbers.lock is None:
        raise InputError(
            f"The numbers of {numbers.chapter} name no lock record; the front page shows those of "
            "one only. Run the chapter again: make notebooks."
        )
    require_current_lock(numbers)
    return {name: _drug_story(name, numbers) for name in ORDER}


def _drug_story(name: str, numbers: Results) -> DrugStory:
    index = numbers.value(f"prediction/arms/{name}/severity/index")
    times, (low, median, high) = _course(name)
    severity_of = {end: index[end] for end in ("median", "low", "high")}
    return DrugStory(times, median, low, high, locked=index["central"], **severity_of)


@cache
def _course(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Times (h), and quantiles over draws of the effective signal's log10 fold-rise, ``(3, T)``."""
    record = current_record()
    run = record.run(name, draws=record.draws(N_DRAWS)[name])
    good = run.select(run.completed)
    rises = np.log10(severity.fold_rise(np.asarray(good["S"]), "IL6"))
    return good.times, np.quantile(rises, QUANTILES, axis=0)


@pictures("story")
def draw(book: BookData) -> Mapping[str, bytes]:
    """The figure as four files: for a page and for a phone, in light and in dark."""
    severity_of_lock = current_record().content["severity"]
    edges = tuple(severity_of_lock["boundaries"][f"grade_{n}"] for n in (1, 2, 3, 4))
    stories = drug_stories(_numbers(book))
    drawn = {
        f"story{suffix}": picture(stories, edges, severity_of_lock["tie"], narrow=narrow)
        for suffix, narrow in (("", False), ("-narrow", True))
    }
    return themed_files(drawn)


@fragment("story")
def shown(book: BookData) -> str:
    """The figure with its description and its caption."""
    numbers, record = _numbers(book), current_record()
    stories = drug_stories(numbers)
    draws = numbers.value("prediction/draws")
    # raw HTML, because Markdown cannot give a phone another picture
    shown_as = themed_picture("../_static/generated/story", _described(stories), BROAD)
    return f"""```{{raw}} html
<figure class="align-default story">
{shown_as}
<figcaption><p>Left, the IL-6 signal that the one network gives for each drug; right, its highest
point, the severity. OKT3 entered no fit.</p>
<details><summary>What the bands, bars and shades are</summary><p>The curves are medians of the
effective IL-6 signal for each drug's own exposure and T cells, over {N_DRAWS} draws of the
posterior; their bands, and the bars on the right, reach from the 5th to the 95th percentile. The
highest point of a course is the severity index z: its median is the dot, over {draws:,} draws, and
the short line is the locked point, the one parameter set at the optimum. Shades are the
illustrative grades. OKT3's course is the blind prediction of lock {record.version} of
{record.date}.</p></details></figcaption>
</figure>
```
"""


def _numbers(book: BookData) -> Results:
    try:
        return book.results[CHAPTER]
    except KeyError:
        raise InputError(
            f"The front page's figure needs the numbers of {CHAPTER}, which are not there. "
            "Run the chapter: make notebooks."
        ) from None


def _described(stories: Mapping[str, DrugStory]) -> str:
    """The figure in words, for those who cannot see it."""
    courses = "; ".join(
        f"{LABELS[name]} rises to {_fold(drug.rise.max())} times the healthy level at "
        f"{decimals(drug.times_h[int(np.argmax(drug.rise))], 0)} hours and is at "
        f"{_fold(drug.rise[-1])} times after a week"
        for name, drug in stories.items()
    )
    indices = ", ".join(
        f"{LABELS[name]} {decimals(drug.median, 2)} "
        f"(interval {decimals(drug.low, 2)} to {decimals(drug.high, 2)}, at the "
        f"locked point {decimals(drug.locked, 2)})"
        for name, drug in stories.items()
    )
    return f"Effective IL-6 signal over a week, medians: {courses}. Severity index: {indices}."


def _fold(rise: float) -> str:
    return number(10.0 ** float(rise))
