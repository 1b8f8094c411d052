"""The kept sample and profiles beside lock v1: edited, cut, reordered or gone, it is noticed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from as_of_lock_v1 import cut_back
from cases import quick
from numpy.typing import NDArray
from protocol_bench import no_git

from qsp_lib.inference.fitting import Problem
from qsp_lib.protocol import kept_results as kept_results_module
from qsp_lib.protocol.findings import DIFFERS, LEFT_OUT, SAME, UNTOLD, Finding
from qsp_lib.protocol.history import History
from qsp_lib.protocol.kept_results import LOG_POSTERIOR_ATOL, kept_results
from qsp_lib.protocol.kept_sample import locked_problem, parse_table
from qsp_lib.protocol.lock import record_of
from qsp_lib.protocol.places import PACKAGED, Places
from qsp_lib.protocol.record import Record, digest_of
from qsp_lib.protocol.verification import verify_records

Array = NDArray[np.float64]
FILES = (
    "posterior/sample-v1.csv",
    "posterior/sample-v1.json",
    "profiles/profiles-v1.json",
    "profiles/second-verdicts-v1.json",
)
TABLE, ABOUT, PROFILES, SECOND = FILES


@pytest.fixture(scope="module")
def lock() -> Record:
    return record_of("v1")


class Remembering:
    """A problem that works out the cost of each point once; points hang on no others."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.known: dict[bytes, float] = {}

    def cost(self, theta: Array) -> Array:
        new = {point.tobytes(): point for point in theta if point.tobytes() not in self.known}
        if new:
            costs = self.problem.cost(np.array(list(new.values())))
            self.known.update(zip(new, costs.tolist(), strict=True))
        return np.array([self.known[point.tobytes()] for point in theta])


@pytest.fixture(scope="module", autouse=True)
def computed_once(lock: Record) -> Iterator[None]:
    """The 4000 draws, which most tests leave as they are, are simulated once for all of them."""
    remembering = Remembering(locked_problem(lock))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept_results_module, "locked_problem", lambda record: remembering)
        yield


@pytest.fixture
def own(tmp_path: Path) -> Places:
    """A copy of the kept files alone."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(PACKAGED.data / name, tmp_path / name)
    return Places(tmp_path)


def committed(path: Path) -> History:
    """A repository that has every file as the package has it."""
    return History(path, (PACKAGED.data / path.parent.name / path.name).read_text())


def looked(
    record: Record,
    places: Places,
    history: Callable[[Path], History] = no_git,
    **how: bool,
) -> dict[tuple[str, str], Finding]:
    return {(f.what, f.against): f for f in kept_results(record, places, history, **how)}


def wrong(found: dict[tuple[str, str], Finding]) -> list[Finding]:
    return [finding for finding in found.values() if finding.wrong]


@pytest.mark.thorough
def test_what_is_kept_is_whole_and_of_the_lock(lock: Record, own: Places) -> None:
    found = looked(lock, own, committed, recompute=True)
    assert {finding.verdict for finding in found.values()} == {SAME}
    assert found["sample v1", "the hash it states"].detail.startswith("79f449434aec")
    assert found["sample v1: draws", "the plan it was made by"].detail == "4000 draws"
    for name in FILES:
        assert found[Path(name).name, "the repository's history"].detail == "as committed"
    stated = json.loads((own.data / PROFILES).read_text())["digest"]
    assert found["profiles v1", "the hash it states"].detail == f"{stated[:12]}, from lock v1"


# ---------------------------------------------------------------- ways


def rows(change: Callable[[list[str]], list[str]], *, signed: bool = False) -> Any:
    """Other lines of the sample; signed: the record of how it was made says their hash."""

    def act(data: Path) -> None:
        header, *lines = (data / TABLE).read_text().splitlines()
        text = "\n".join([header, *change(lines)]) + "\n"
        (data / TABLE).write_text(text)
        if signed:
            sha256 = parse_table(text)[2]
            part(ABOUT, lambda c: c["table"].update(sha256=sha256), signed=True)(data)

    return act


def part(name: str, change: Callable[[dict[str, Any]], Any], *, signed: bool = False) -> Any:
    """Another content of a file; signed: with a digest that fits it."""

    def act(data: Path) -> None:
        content = json.loads((data / name).read_text())
        change(content)
        if signed:
            content["digest"] = digest_of(content)
        (data / name).write_text(json.dumps(content))

    return act


def gone(*names: str) -> Any:
    return lambda data: [(data / name).unlink() for name in names]


def torn(name: str) -> Any:
    """All but the first bytes of a file lost."""
    return lambda data: (data / name).write_text((data / name).read_text()[:4000])


def edited(lines: list[str]) -> list[str]:
    """One value of one draw, by a hundredth of a decade."""
    first, *rest = lines[1234].split(",")
    return [*lines[:1234], ",".join([f"{float(first) + 0.01:.6f}", *rest]), *lines[1235:]]


def backwards(content: dict[str, Any]) -> None:
    content["profiles"]["pair"]["k_fb"]["rise"].reverse()


def reordered(content: dict[str, Any]) -> None:
    content["optima"]["pair"].reverse()


def of_another(content: dict[str, Any]) -> None:
    content["lock"]["digest"] = "0" * 64


BY_HASH = {
    "a number of a draw": (rows(edited), "sample v1", "was edited"),
    "draws left out at the end": (rows(lambda r: r[:-1]), "sample v1", "was edited"),
    "two draws exchanged": (rows(lambda r: [r[1], r[0], *r[2:]]), "sample v1", "was edited"),
    "a draw twice": (rows(lambda r: [*r, r[-1]]), "sample v1", "was edited"),
    "the sample torn": (torn(TABLE), "sample v1", "is not the table of hash"),
    "the sample gone": (gone(TABLE), "sample v1", "sample-v1.csv is missing"),
    "its record gone": (gone(ABOUT), "sample v1", "sample-v1.json is missing"),
    "its record edited": (
        part(ABOUT, lambda c: c["diagnostics"].update(autocorrelation_times=99.0)),
        "sample v1",
        "sample-v1.json was edited",
    ),
    "a sample of another lock, signed": (
        part(ABOUT, of_another, signed=True),
        "sample v1",
        "made from a lock with digest 000000000000",
    ),
    "an end of an interval": (
        part(PROFILES, lambda c: c["profiles"]["pair"]["k_fb"].update(high=4.0)),
        "profiles v1",
        "profiles-v1.json was edited",
    ),
    "a profile backwards": (part(PROFILES, backwards), "profiles v1", "was edited"),
    "its optima in another order": (part(PROFILES, reordered), "profiles v1", "was edited"),
    "a profile left out": (
        part(PROFILES, lambda c: c["profiles"]["pair"].pop("k_fb")),
        "profiles v1",
        "was edited",
    ),
    "the profiles torn": (torn(PROFILES), "profiles v1", "cannot be read"),
    "profiles without a digest": (
        part(PROFILES, lambda c: c.pop("digest")),
        "profiles v1",
        "cannot be read (KeyError('digest'))",
    ),
    "profiles of another lock, signed": (
        part(PROFILES, of_another, signed=True),
        "profiles v1",
        "made from a lock with digest 000000000000",
    ),
    "a second verdict": (
        part(SECOND, lambda c: c["verdicts"]["pair"]["k_fb"].update(verdict="flat")),
        "second verdicts v1",
        "second-verdicts-v1.json was edited",
    ),
    "second verdicts of another lock, signed": (
        part(SECOND, of_another, signed=True),
        "second verdicts v1",
        "made from a lock with digest 000000000000",
    ),
}


@pytest.mark.parametrize("way", BY_HASH)
def test_its_hash_or_its_lock_shows_it(lock: Record, own: Places, way: str) -> None:
    act, what, told = BY_HASH[way]
    act(own.data)
    (finding,) = wrong(looked(lock, own))
    assert (finding.what, finding.against) == (what, "the hash it states")
    assert finding.verdict == DIFFERS and told in finding.detail


def test_draws_left_out_and_signed_are_counted(lock: Record, own: Places) -> None:
    rows(lambda r: r[:-1], signed=True)(own.data)
    (finding,) = wrong(looked(lock, own))
    assert finding.what == "sample v1: draws"
    assert finding.detail.startswith(
        "3999 draws, of which 4000 are on record and 4000 were planned"
    )
    part(ABOUT, lambda c: c["table"].update(rows=3999), signed=True)(own.data)
    (finding,) = wrong(looked(lock, own))
    assert "of which 3999 are on record and 4000 were planned" in finding.detail


@pytest.mark.thorough
def test_an_edited_draw_has_another_log_posterior_though_it_is_signed(
    lock: Record, own: Places
) -> None:
    rows(edited, signed=True)(own.data)
    quick = looked(lock, own)
    assert wrong(quick) == []
    assert quick["sample v1: log posterior", "computed again"].verdict == LEFT_OUT
    (finding,) = wrong(looked(lock, own, recompute=True))
    assert finding.what == "sample v1: log posterior"
    assert finding.detail.startswith("draw 1235 has another log posterior, ")
    assert "(1 such draws)" in finding.detail


@pytest.mark.thorough
def test_six_decimals_are_within_the_tolerance_and_a_hundredth_of_it_is_told(
    lock: Record, own: Places
) -> None:
    def by(amount: float) -> Callable[[list[str]], list[str]]:
        def change(lines: list[str]) -> list[str]:
            *point, density = lines[7].split(",")
            lines[7] = ",".join([*point, f"{float(density) + amount:.6f}"])
            return lines

        return change

    rows(by(LOG_POSTERIOR_ATOL / 2), signed=True)(own.data)
    assert wrong(looked(lock, own, recompute=True)) == []
    rows(by(LOG_POSTERIOR_ATOL), signed=True)(own.data)
    (finding,) = wrong(looked(lock, own, recompute=True))
    assert finding.detail.startswith("draw 8 has another log posterior")


def test_an_older_record_is_not_computed_again(lock: Record, own: Places) -> None:
    found = looked(lock, own, newest=False, recompute=True)
    assert found["sample v1: log posterior", "computed again"].verdict == UNTOLD


SIGNED = {
    "two draws exchanged": rows(lambda r: [r[1], r[0], *r[2:]], signed=True),
    "an interval": part(
        PROFILES, lambda c: c["profiles"]["pair"]["k_fb"].update(high=4.0), signed=True
    ),
    "a second verdict": part(
        SECOND, lambda c: c["verdicts"]["pair"]["k_fb"].update(verdict="flat"), signed=True
    ),
    "the sample and its record gone": gone(TABLE, ABOUT),
    "the profiles gone": gone(PROFILES),
    "the second verdicts gone": gone(SECOND),
}


@pytest.mark.parametrize("way", quick(SIGNED, few=["an interval", "the profiles gone"]))
def test_only_the_history_shows_it(lock: Record, own: Places, way: str) -> None:
    SIGNED[way](own.data)
    again = way == "two draws exchanged"  # of all others computing again says what hashes say
    assert wrong(looked(lock, own, recompute=again)) == []
    noticed = wrong(looked(lock, own, committed))
    assert noticed and {f.against for f in noticed} == {"the repository's history"}
    told = "gone; restore from the history" if "gone" in way else "edited since it was committed"
    assert all(told in finding.detail for finding in noticed)


def test_what_was_never_made_or_not_committed_yet_is_not_wrong(
    lock: Record, own: Places, tmp_path: Path
) -> None:
    found = looked(lock, Places(tmp_path / "none"))
    assert [(f.what, f.verdict, f.detail) for f in found.values()] == [
        (what, UNTOLD, "none is kept")
        for what in ("sample v1", "profiles v1", "second verdicts v1")
    ]
    found = looked(lock, own, lambda path: History(path, None))
    told = [found[Path(name).name, "the repository's history"] for name in FILES]
    assert {(f.verdict, f.detail) for f in told} == {(UNTOLD, "not committed yet; commit it")}


def test_the_verification_of_all_records_looks_at_them(own: Places) -> None:
    for name in ("locks", "predictions"):
        shutil.copytree(PACKAGED.data / name, own.data / name)
    for path in (PACKAGED.ledger, PACKAGED.sealed_list):
        shutil.copy(path, own.data / path.name)
    cut_back(own.data)
    rows(edited)(own.data)
    part(SECOND, of_another, signed=True)(own.data)
    found = verify_records(own, history=no_git, earlier=lambda path: ())
    told = [(finding.what, finding.against) for finding in found if finding.wrong]
    assert told == [
        ("sample v1", "the hash it states"),
        ("second verdicts v1", "the hash it states"),
    ]
