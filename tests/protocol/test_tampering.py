"""Ways to tamper with what was put on record, each of them noticed, or named as out of reach."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cases import quick
from protocol_bench import TABLE, Bench, build, no_git

from qsp_lib.common.text import canonical_json
from qsp_lib.protocol import computed_again, record, verification
from qsp_lib.protocol.blind_test import predict
from qsp_lib.protocol.computed_again import predicted_again
from qsp_lib.protocol.findings import LEFT_OUT
from qsp_lib.protocol.ledger import LedgerEntry, file_hash
from qsp_lib.protocol.lock import lock_path, read_record
from qsp_lib.protocol.places import PACKAGED, Places
from qsp_lib.protocol.record import Record, digest_of
from qsp_lib.protocol.seal import known_path, sealed_tables, verdicts_path
from qsp_lib.protocol.verification import verify_records

KNOWN_V1 = json.loads((PACKAGED.predictions / "prediction-v1.json").read_text())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Places:
    return build(tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module", autouse=True)
def once() -> Any:
    """What is computed again from a record, computed once a record."""
    v1 = {key: value for key, value in KNOWN_V1.items() if key != "lock_digest"}

    def once_a_record(act: Callable[..., Any], known: dict[str, Any]) -> Callable[..., Any]:
        def remembered(held: Record, *rest: Any) -> Any:
            if held.digest not in known:
                found = act(held, *rest)
                known[held.digest] = tuple(found) if isinstance(found, Iterator) else found
            return known[held.digest]

        return remembered

    # that the numbers of v1 come out again is a test of its own
    drawn = once_a_record(lambda held: v1 if held.version == "v1" else predict(held), {})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(computed_again, "predict", drawn)
        for name in ("run_protocol", "numbers"):
            patch.setattr(computed_again, name, once_a_record(getattr(computed_again, name), {}))
        looked = once_a_record(verification.computed_again, {})
        patch.setattr(verification, "computed_again", looked)
        patch.setattr(record, "equations_digest", cache(record.equations_digest))
        yield


@pytest.fixture
def bench(built: Places, tmp_path: Path) -> Bench:
    return Bench.copy(built, tmp_path)


def test_nothing_is_wrong_before(bench: Bench) -> None:
    assert [entry.kind for entry in bench.entries] == [
        "lock",
        "prediction",
        "lock",
        "prediction",
        "evaluation",
    ]
    of_lock_v1 = PACKAGED.ledger.read_text().splitlines(keepends=True)[:2]
    assert bench.ledger.read_text().startswith("".join(of_lock_v1))
    assert bench.noticed() == [] == bench.noticed(with_history=True)


def test_each_commit_of_the_ledger_is_counted_once(bench: Bench) -> None:
    """The newest commit is among those that git lists, and its text is asked for besides."""
    told = [
        finding.detail
        for finding in verify_records(bench.places, history=bench.history, earlier=bench.earlier)
        if finding.what == "ledger" and finding.against == "the repository's history"
    ]
    assert told == ["only added to over 1 commit"]


# ---------------------------------------------------------------- ways


def without(*numbers: int) -> Callable[[Bench], None]:
    """Lines taken out, the rest as they are."""

    def act(bench: Bench) -> None:
        kept = (text for i, text in enumerate(bench.lines) if i not in numbers)
        bench.ledger.write_text("".join(kept))

    return act


def swapped(one: int, other: int, *, signed: bool = False) -> Callable[[Bench], None]:
    def act(bench: Bench) -> None:
        entries = bench.entries
        entries[one], entries[other] = entries[other], entries[one]
        bench.write(entries, signed=signed)

    return act


def line(number: int, *, signed: bool = False, **changes: Any) -> Callable[[Bench], None]:
    return lambda bench: bench.line(number, signed=signed, **changes)


def text(old: str, new: str) -> Callable[[Bench], None]:
    def act(bench: Bench) -> None:
        before = bench.ledger.read_text()
        assert old in before
        bench.ledger.write_text(before.replace(old, new, 1))

    return act


def put(number: int, name: str, *path: str, to: Any) -> Callable[[Bench], None]:
    """A value of a line's summary exchanged, and the chain made to fit."""

    def act(bench: Bench) -> None:
        summary = json.loads(json.dumps(bench.entries[number].summary))
        within(summary, name, *path, to=to)
        bench.line(number, signed=True, summary=summary)

    return act


def within(content: Any, *path: str, to: Any) -> None:
    for key in path[:-1]:
        content = content[key]
    content[path[-1]] = to(content[path[-1]]) if callable(to) else to


def locked(*path: str, to: Any, version: str = "v2") -> Callable[[Bench], None]:
    """A record's value exchanged; digest, ledger and chain made to fit."""
    return lambda bench: bench.record(lambda c: within(c, *path, to=to), version)


def predicted(
    *path: str, to: Any, version: str = "v2", signed: bool = False
) -> Callable[[Bench], None]:
    """A predicted number exchanged; signed: ledger and chain made to fit."""

    def act(bench: Bench) -> None:
        bench.predicted(lambda c: within(c, *path, to=to), version)
        if signed:
            bench.sign()

    return act


def gone(which: Callable[[Bench], Path]) -> Callable[[Bench], None]:
    return lambda bench: which(bench).unlink()


def covariance(value: Any) -> Any:
    value[0][0] = value[0][0] * 1.5
    return value


def recorded_by_hand(bench: Bench, change: Callable[[dict[str, Any]], Any], *, line: bool) -> None:
    """A lock v3 that no fit made; with or without a line that fits the chain."""
    content = json.loads(bench.lock().read_text())
    content |= {"version": "v3", "predictions": {TABLE: ["prediction-v3.json"]}}
    change(content)
    content["digest"] = digest_of(content)
    path = bench.lock("v3")
    path.write_text(canonical_json(content))
    if line:
        told = {"reason": content["reason"]}
        entry = LedgerEntry(
            "v3",
            content["digest"],
            path.name,
            file_hash(path),
            "c" * 64,
            "2026-12-03",
            told,
            "lock",
        )
        bench.write([*bench.entries, replace(entry, own="x")], signed=True)


def opened_before_it_was_predicted(bench: Bench) -> None:
    entries = bench.entries
    early = replace(entries[4], date=entries[3].date)
    bench.write([*entries[:3], early, replace(entries[3])], signed=True)


def edited_list(bench: Bench) -> None:
    path = bench.places.sealed_list
    path.write_text(path.read_text().replace("ed1ba74a", "ed1ba74b"))


def other_verdicts(bench: Bench) -> None:
    path = verdicts_path(TABLE, bench.places)
    path.write_text(path.read_text().replace("MU004,no", "MU004,yes"))


def other_table(bench: Bench) -> None:
    path = known_path(TABLE, bench.places)
    path.write_text(path.read_text().replace("1000000", "1"))


IL6 = ("arms", "okt3", "IL6", "peak", "median")
TORN = "ends in the middle of line 5"

NOTICED: dict[str, tuple[Callable[[Bench], None], str]] = {
    # the ledger
    "the first line out": (without(0), "line 2 does not follow"),
    "lock v1's prediction out": (without(1), "line 2 does not follow"),
    "both lines of lock v1 out": (without(0, 1), "does not follow"),
    "lock v2 out": (without(2), "does not follow"),
    "the prediction of v2 out": (without(3), "does not follow"),
    "the opening out": (without(4), "run 'open okt3_outcomes' again"),
    "the prediction and the opening out": (without(3, 4), "prediction-v2.json is not in the led"),
    "lock v2 and all after it out": (without(2, 3, 4), "lock-v2.json is not in the ledger"),
    "no line left": (without(0, 1, 2, 3, 4), "lock-v1.json is not in the ledger"),
    "no ledger": (gone(lambda b: b.ledger), "lock-v1.json is not in the ledger"),
    "lock v1 and its prediction exchanged": (swapped(0, 1), "line 3 does not follow"),
    "chained lines exchanged": (swapped(2, 3), "does not follow"),
    "chained lines exchanged, signed": (swapped(2, 3, signed=True), "dated 2026-12-01, before"),
    "a line twice": (
        lambda b: b.ledger.write_text("".join((t := b.lines) + t[-1:])),
        "does not follow",
    ),
    "the date of lock v1": (text("2026-11-22", "2026-11-21"), "line 3 does not follow"),
    "the reason of lock v1": (text("First lock", "Best lock"), "line 3 does not follow"),
    "the date of lock v2": (text("2026-12-01", "2026-11-30"), "line 3 was edited"),
    "the date of lock v2, signed": (line(2, signed=True, date="2026-11-30"), "date is"),
    "the date of the opening": (text("2026-12-03", "2026-12-04"), "line 5 was edited"),
    "an opening dated before its lock, signed": (
        line(4, signed=True, date="2026-11-30"),
        "dated 2026-11-30, before the line above",
    ),
    "a date that is none, signed": (line(4, signed=True, date="tomorrow"), "expected YYYY-MM-DD"),
    "the outcome": (text('"verdict": "fail"', '"verdict": "pass"'), "line 5 was edited"),
    "the outcome, signed": (
        put(4, "comparison", "IFN", "verdict", to="pass"),
        "comparison/IFN/verdict is 'pass', expected 'fail'",
    ),
    "the number of eligible rows, signed": (put(4, "eligible", to=5), "eligible is 5, expected 3"),
    "the hash of the opened table, signed": (
        line(4, signed=True, table_sha256="0" * 64),
        "another hash than the lock",
    ),
    "the lock of the opening, signed": (
        line(4, signed=True, lock_version="v1"),
        "line 5 is of lock v1",
    ),
    "an opening before its prediction, signed": (
        opened_before_it_was_predicted,
        "prediction-v2.json was not in the ledger before",
    ),
    "the hashes of the chain left out": (
        lambda b: b.write([replace(e, own="", previous="") for e in b.entries], signed=False),
        "begins with lines",
    ),
    "a line of no kind, signed": (line(4, signed=True, kind="remark"), "expected a kind among"),
    "another layout": (
        text('{"kind": "lock"', '{ "kind": "lock"'),
        "not written as the ledger writes it",
    ),
    "a torn last line": (
        lambda b: b.ledger.write_text(b.ledger.read_text()[:-40]),
        TORN,
    ),
    # predictions
    "the median of v1": (predicted(*IL6, to=2000.0, version="v1"), "hash of the file"),
    "the median of v1, and the ledger's hash": (
        predicted(*IL6, to=2000.0, version="v1", signed=True),
        "begins with lines",
    ),
    "the prediction of v1 gone": (gone(lambda b: b.prediction("v1")), "is gone; restore it"),
    "the median of v2": (predicted(*IL6, to=2000.0), "hash of the file"),
    "the median of v2, signed": (
        predicted(*IL6, to=2000.0, signed=True),
        "IL6/peak/median is 2000",
    ),
    "a median by a millionth part more, signed": (
        predicted(*IL6, to=lambda v: v * (1 + 2e-6), signed=True),
        "IL6/peak/median",
    ),
    "the share of a check of v2, signed": (
        predicted("checks", "Q3", "share_holds", to=0.95, signed=True),
        "Q3/share_holds is 0.95",
    ),
    "a number at the locked point of v2, signed": (
        predicted("arms", "tgn1412", "TNF", "peak", "central", to=1.0, signed=True),
        "tgn1412/TNF/peak/central is 1.0",
    ),
    "an end of an interval of v2, signed": (
        predicted("arms", "okt3", "TNF", "peak", "high", to=9e9, signed=True),
        "okt3/TNF/peak/high",
    ),
    "a check of v2 taken out, signed": (
        lambda b: (b.predicted(lambda c: c["checks"].pop("Q1")), b.sign()),
        "checks/Q1 is missing",
    ),
    "the prediction of v2 gone": (gone(lambda b: b.prediction()), "is gone; restore it"),
    "the prediction of v1 in the place of v2's": (
        lambda b: shutil.copy(b.prediction("v1"), b.prediction()),
        "made from another record",
    ),
    "a prediction of another record, signed": (
        lambda b: (b.predicted(lambda c: c.update(lock_digest="0" * 64)), b.sign()),
        "made from another record",
    ),
    "a prediction of no lock": (
        lambda b: shutil.copy(b.prediction(), b.prediction("v7")),
        "is of no lock on file",
    ),
    "a prediction that is none": (
        lambda b: b.prediction().write_text("[]"),
        "restore prediction-v2.json",
    ),
    # records
    "a value of v1": (
        lambda b: b.lock("v1").write_text(b.lock("v1").read_text().replace("795.99", "895.99")),
        "lock v1 was edited",
    ),
    "a value of v1, signed": (
        locked("network", "K_M", to=895.0, version="v1"),
        "begins with lines",
    ),
    "the covariance of v1, its digest made to fit": (
        lambda b: _resigned(b, "v1", lambda c: covariance(c["posterior"]["covariance_log10"])),
        "lock v1: digest is",
    ),
    "the covariance, signed": (
        locked("posterior", "covariance_log10", to=covariance),
        "the covariance of k_IFN and k_IFN",
    ),
    "the optimum, signed": (
        locked("posterior", "mean_log10", to=lambda v: [v[0] + 0.1, *v[1:]]),
        "cost is",
    ),
    "a locked value, signed": (locked("network", "K_M", to=895.0), "index/"),
    "a locked drug's rate, signed": (locked("drugs", "tgn1412", "k_exh", to=0.2), "index/tgn1412"),
    "the blind drug's potency, signed": (
        locked("drugs", "okt3", "k_exh", to=0.2),
        "arms/okt3/",
    ),
    "the seed, signed": (locked("blind_test", "seed", to=1), "arms/"),
    "the number of draws, signed": (
        locked("blind_test", "n_draws", to=9),
        "medians, intervals, shares: arms",
    ),
    "the boundaries, signed": (
        locked("severity", "boundaries", "grade_4", to=2.6),
        "boundaries/grade_4 is 2.6",
    ),
    "an assumed spread, signed": (
        locked("assumed", "okt3.k_exh", "log10_sd", to=0.1),
        "assumed/okt3.k_exh/log10_sd is 0.1",
    ),
    "the tie, signed": (locked("severity", "tie", to=0.5), "tie of two indices"),
    "the healthy levels, signed": (locked("severity", "baselines", "IL6", to=1.0), "healthy"),
    "a limit of the checks, signed": (
        locked("blind_test", "limits", "second_of_first", to=0.9),
        "limits of the checks",
    ),
    "the wording of a check, signed": (locked("blind_test", "checks", "Q2", to="any"), "wording"),
    "the digest of the class defaults, signed": (
        locked("digests", "class_defaults.toml", to="0" * 64),
        "class_defaults.toml",
    ),
    "the digest of the rule, signed": (locked("digests", "eligibility", to="0" * 64), "eligib"),
    "the digest of the checks, signed": (locked("digests", "checks", to="0" * 64), "checks"),
    "an input of another name, signed": (
        lambda b: b.record(lambda c: c["digests"].update({"evidence/other.csv": "0" * 64})),
        "which is not here",
    ),
    "the equations, signed": (locked("structure", "equations_sha256", to="0" * 64), "equations"),
    "the hash of a held-back table, signed": (
        locked("sealed", "external_drugs", to="0" * 64),
        "held-back table external_drugs",
    ),
    "the list of held-back tables": (edited_list, "held-back table external_drugs"),
    "the predictions that come first, signed": (
        locked("predictions", to={}),
        "lists no prediction",
    ),
    "the reason of v2": (
        lambda b: _resigned(b, "v2", lambda c: c.update(reason="a better one")),
        "lock v2: digest is",
    ),
    "the newest record gone": (gone(lambda b: b.lock()), "lock-v2.json is gone"),
    "an older record gone": (gone(lambda b: b.lock("v1")), "lock-v1.json is gone"),
    "a record under another version's name": (
        lambda b: shutil.copy(b.lock("v1"), b.lock()),
        "holds lock v1",
    ),
    "a part that no record has, signed": (
        lambda b: b.record(lambda c: c.update(remark="")),
        "holds 'remark'",
    ),
    "a later record, by hand": (
        lambda b: recorded_by_hand(b, lambda c: None, line=False),
        "lock-v3.json is not in the ledger",
    ),
    "a later record, by hand, with a line that fits": (
        lambda b: recorded_by_hand(b, lambda c: c["network"].update(K_M=895.0), line=True),
        "index/",
    ),
    "a record with a version left out": (
        line(2, signed=True, lock_version="v3"),
        "expected lock v2",
    ),
    "a record among the predictions": (
        lambda b: shutil.copy(b.lock("v1"), b.places.predictions),
        "lock-v1.json is of no lock on file",
    ),
    # the opened table
    "a verdict": (other_verdicts, "holds other verdicts"),
    "the verdicts gone": (gone(lambda b: verdicts_path(TABLE, b.places)), "is gone or holds other"),
    "the opened table": (other_table, "It is not the table that was sealed"),
}


def _resigned(bench: Bench, version: str, change: Callable[[dict[str, Any]], Any]) -> None:
    """A record with a digest that fits, and the ledger as it was."""
    content = json.loads(bench.lock(version).read_text())
    change(content)
    content["digest"] = digest_of(content)
    bench.lock(version).write_text(canonical_json(content))


@pytest.mark.parametrize("way", quick(NOTICED, few=[*NOTICED][::3]))
def test_it_is_noticed(bench: Bench, way: str) -> None:
    act, words = NOTICED[way]
    act(bench)
    found = bench.noticed()
    told = [f"{f.what}: {f.detail}" for f in found]
    assert any(words in one for one in told), told


@pytest.mark.parametrize("path", [("okt3", "TNF", "peak"), ("okt3_double", "IL6", "peak")])
def test_a_number_at_the_locked_point_is_computed_again_without_any_draw(
    path: tuple[str, ...],
) -> None:
    held = read_record(lock_path("v1"), against_code=False)
    numbers, draws = predicted_again(held, KNOWN_V1, recompute=False)
    assert not numbers.wrong and draws.verdict is LEFT_OUT
    told = copy.deepcopy(KNOWN_V1)
    at = told["arms"]
    for key in path:
        at = at[key]
    at["central"] *= 1.001
    numbers, _ = predicted_again(held, told, recompute=False)
    assert numbers.wrong and f"arms/{'/'.join(path)}/central is " in numbers.detail


def test_tables_that_were_never_opened_are_told_beside_the_one_that_was(bench: Bench) -> None:
    def told() -> dict[str, str]:
        sealed_tables.cache_clear()
        found = verify_records(bench.places, history=no_git, earlier=lambda path: ())
        return {f.what: f.detail for f in found if f.what.startswith("table ")}

    others = sorted(set(sealed_tables(bench.places)) - {TABLE})
    assert told() == {f"table {TABLE}, opened 2026-12-03": "5 rows judged again"} | {
        f"table {name}": "sealed" for name in others
    }
    # the file of one may be there; nobody has read it
    known_path(others[0], bench.places).write_text("made up\n")
    assert told()[f"table {others[0]}"] == "its file is there, unopened"


ONLY_BY_HISTORY: dict[str, Callable[[Bench], None]] = {
    "the opening and its verdicts out": lambda b: (
        without(4)(b),
        verdicts_path(TABLE, b.places).unlink(),
    ),
    "lock v2 out with everything made from it": lambda b: (
        without(2, 3, 4)(b),
        b.lock().unlink(),
        b.prediction().unlink(),
        verdicts_path(TABLE, b.places).unlink(),
    ),
    "a later date of the opening, signed": line(4, signed=True, date="2026-12-24"),
    "a later date of the prediction, signed": line(3, signed=True, date="2026-12-03"),
    "the code that is said to have predicted, signed": line(3, signed=True, code_digest="0" * 64),
    "the reason of a record and its line, signed": locked("reason", to="a better one"),
}


@pytest.mark.parametrize("way", ONLY_BY_HISTORY)
def test_only_the_history_shows_it(bench: Bench, way: str) -> None:
    ONLY_BY_HISTORY[way](bench)
    assert bench.noticed() == []
    assert any("history" in f.against for f in bench.noticed(with_history=True))


def test_forty_ways_were_tried() -> None:
    assert len(NOTICED) >= 40
