"""Opening under a lock that scores, from made-up rows to the ledger, for a table of each kind."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import quick
from made_up import forecasts
from protocol_bench import all_committed, no_git, wrong_of
from scored_bench import ARMS, TABLES, build, file_of, lock, put_on_record

from qsp_lib import protocol
from qsp_lib.__main__ import main
from qsp_lib.common.errors import InputError, LockError, SealError
from qsp_lib.common.text import canonical_json
from qsp_lib.evidence import judge_eligibility
from qsp_lib.protocol import scored
from qsp_lib.protocol.blind_test import committed_prediction
from qsp_lib.protocol.ledger import read_ledger
from qsp_lib.protocol.lock import lock_path, read_record
from qsp_lib.protocol.opening import MADE_UP_ROWS, Opened, open_table, rehearse
from qsp_lib.protocol.places import Places
from qsp_lib.protocol.record import OPTIONAL, digest_of, verify
from qsp_lib.protocol.scored import drawn_again, evaluation_of, forecasts_of, require_ready
from qsp_lib.protocol.seal import judge, rule_of, sealed_tables, verdicts_path
from qsp_lib.protocol.verification import verify_records
from qsp_lib.scoring import Forecasts, Rules, forecasts_text, plain_rules

OKT3, STEP, OTHERS = TABLES
EXPECTED = {
    OKT3: {"rows": 5, "eligible": 3, "scored": 1, "below_limit": 0, "pass_or_fail_only": 2},
    STEP: {"rows": 10, "eligible": 5, "scored": 4, "below_limit": 1, "pass_or_fail_only": 1},
    OTHERS: {"rows": 13, "eligible": 8, "scored": 7, "below_limit": 1, "pass_or_fail_only": 1},
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Places:
    return build(tmp_path_factory.mktemp("scored"))


@pytest.fixture
def places(built: Places, tmp_path: Path) -> Places:
    shutil.copytree(built.data, tmp_path, dirs_exist_ok=True)
    sealed_tables.cache_clear()
    return Places(tmp_path)


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Draws of lock v1 take ten seconds; where they are not looked at, made-up ones stand in."""
    if "drawn_again" not in request.node.name:
        monkeypatch.setattr(scored, "drawn_again", lambda version, places: forecasts(OKT3, 1.0))


def opened(places: Places, table: str, date: str = "2026-12-03") -> Opened:
    record = lock(places)
    return open_table(
        table,
        record=record,
        evaluate=evaluation_of(record, table, places),
        ready=lambda: require_ready(record, table, places),
        places=places,
        date=date,
        history=all_committed,
    )


def sealed(places: Places, table: str) -> bool:
    """Whether nothing came of it."""
    entries = read_ledger(places.ledger)
    return not verdicts_path(table, places).exists() and table not in {e.table for e in entries}


# ---------------------------------------------------------------- a table of each kind


@pytest.mark.parametrize("table", TABLES)
def test_a_table_is_opened_once_and_scored(places: Places, table: str) -> None:
    first = opened(places, table)
    assert first.new
    summary = json.loads(json.dumps(first.entry.summary))
    assert {key: summary[key] for key in EXPECTED[table]} == EXPECTED[table]
    assert summary["tested"] == "tested"
    also = ["lock v1"] if table == OKT3 else []
    assert set(summary["draws"]) == {*ARMS, *also}
    for told in summary["scores"].values():
        assert told["tested"]["crps"] and {"reference", "copy of tgn1412"} <= set(told)
    assert not any(summary["not_predicted"].values())
    again = opened(places, table, "2026-12-04")
    assert again.entry == first.entry and not again.new


@pytest.mark.parametrize("table", TABLES)
def test_a_rehearsal_shows_the_same_and_writes_nothing(places: Places, table: str) -> None:
    record = lock(places)
    mine = places.data / "mine.csv"
    # other bytes than the made-up table that is held back here
    mine.write_text(MADE_UP_ROWS[table].read_text().replace("adults", "grown-ups"))
    before = {path: path.read_bytes() for path in places.data.rglob("*") if path.is_file()}
    shown = rehearse(
        table,
        mine,
        record=record,
        evaluate=evaluation_of(record, table, places),
        places=places,
        history=no_git,
    )
    assert before == {path: path.read_bytes() for path in places.data.rglob("*") if path.is_file()}
    assert {key: shown.summary[key] for key in EXPECTED[table]} == EXPECTED[table]
    assert "Open it in a clone of the repository" in shown.refusal
    assert shown.summary == opened(places, table).entry.summary


@pytest.mark.parametrize("table", [STEP, OTHERS])
def test_the_made_up_rows_hold_one_of_every_kind(places: Places, table: str) -> None:
    rows = judge(table, MADE_UP_ROWS[table].read_bytes(), rule_of(lock(places), table))
    reasons = " ".join(row.reason for row in rows)
    for words in ("same source, dose and time", "pass or fail only", "n is", "scored", "not clear"):
        assert words in reasons
    assert any(row.target is not None and row.target.is_below_limit for row in rows)
    text = MADE_UP_ROWS[table].read_text().splitlines()[1:]
    assert all("made up; no measurement" in line for line in text)


def test_a_row_that_cannot_be_read_stays_listed(places: Places) -> None:
    text = MADE_UP_ROWS[STEP].read_text().replace("pg/mL,1,10,", "no such unit,1,10,", 1)
    rows = judge(STEP, text.encode(), rule_of(lock(places), STEP))
    assert rows[0].reason.startswith("refused: ") and not rows[0].eligible
    assert [row.id for row in rows] == [f"MU{i:03d}" for i in range(1, 11)]


def test_an_interrupted_opening_is_finished(places: Places) -> None:
    def stops(rows: Any) -> Any:
        raise KeyboardInterrupt

    record = lock(places)
    with pytest.raises(KeyboardInterrupt):
        open_table(
            STEP, record=record, evaluate=stops, places=places, date="2026-12-03",
            history=all_committed,
        )  # fmt: skip
    finished = opened(places, STEP)
    assert finished.new and finished.finished


# ---------------------------------------------------------------- the command


@pytest.fixture
def command(places: Places, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """``qsp-crs`` on the made-up data."""
    monkeypatch.setattr(protocol, "newest_record", lambda: lock(places))
    for name in ("evaluation_of", "require_ready"):
        monkeypatch.setattr(protocol, name, partial(getattr(protocol, name), places=places))
    known = {"places": places, "history": all_committed}
    monkeypatch.setattr(protocol, "rehearse", partial(protocol.rehearse, **known))
    known["date"] = "2026-12-03"
    monkeypatch.setattr(protocol, "open_table", partial(protocol.open_table, **known))
    return lambda *arguments: main(list(arguments))


@pytest.mark.parametrize("table", TABLES)
def test_the_command_shows_verdicts_comparison_and_scores(
    command: Callable[..., int], places: Places, table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = places.data / "mine.csv"
    mine.write_text(MADE_UP_ROWS[table].read_text().replace("adults", "grown-ups"))
    assert command("open", table, "--dry-run", str(mine)) == 0
    rehearsed = capsys.readouterr().out
    assert "nothing was written" in rehearsed and "would be refused" not in rehearsed
    assert rehearsed.count("eligible: ") == EXPECTED[table]["rows"]
    assert sealed(places, table)
    assert command("open", table) == 0
    told = capsys.readouterr().out
    for text in (rehearsed, told):
        assert f"{EXPECTED[table]['scored']} rows scored" in text
        assert "with s_study" in text and "without s_study" in text
        assert ("none claimed" in text) == (table != OTHERS)
        for name in ("tested", "beside", "reference", "copy of blinatumomab", "copy of tgn1412"):
            assert re.search(rf"(?m)^{name}\s+[\d.]+", text), name
    assert not sealed(places, table)
    assert command("open", table) == 0
    assert "the same came out, and nothing was added" in capsys.readouterr().out


# ---------------------------------------------------------------- which evaluation


def test_lock_v1_keeps_its_own_rule_and_comparison() -> None:
    record = read_record(lock_path("v1"), against_code=False)
    assert record.scoring == {} and record.forecasts_for(OKT3) == {}
    rows = judge(OKT3, MADE_UP_ROWS[OKT3].read_bytes(), rule_of(record, OKT3))
    assert [(r.eligible, r.reason) for r in rows if r.row] == [
        judge_eligibility(r.row) for r in rows if r.row
    ]
    summary = evaluation_of(record, OKT3)(rows)
    assert set(summary) == {"rows", "eligible", "comparison"}
    require_ready(record, OKT3)


def test_a_record_holds_its_rules_and_refuses_others(places: Places) -> None:
    record = lock(places)
    assert canonical_json(plain_rules()) == canonical_json(
        json.loads(canonical_json(plain_rules()))
    )
    content = json.loads(canonical_json(scored_content(places)))
    verify(content | {"digest": digest_of(content)}, places=places)
    content["scoring"]["common"]["least_n"] = 2
    with pytest.raises(LockError, match="the rules of scoring is not what lock v2 was made from"):
        verify(content | {"digest": digest_of(content)}, places=places)
    assert set(OPTIONAL) <= set(record.content)
    first = json.loads((places.locks / "lock-v1.json").read_text()) | {"scoring": {}}
    with pytest.raises(LockError, match="holds 'scoring', which no record of format 1 does"):
        verify(first | {"digest": digest_of(first)}, against_code=False)


def scored_content(places: Places) -> dict[str, Any]:
    content = json.loads((places.locks / "lock-v2.json").read_text())
    del content["digest"]
    return content


# ---------------------------------------------------------------- refused before it is read


def changed(places: Places, table: str, new: Forecasts | None, arm: str = "tested") -> None:
    path = places.predictions / file_of(table, arm)
    if new is None:
        path.unlink()
    else:
        path.write_text(forecasts_text(new))


def without(table: str, words: str) -> Forecasts:
    whole = forecasts(table)
    return Forecasts.of({f.quantity: f.draws for key, f in whole.items() if words not in key})


def rebuilt(tmp_path: Path, table: str, new: Forecasts) -> Places:
    return build(tmp_path / "again", **{table: new})


@pytest.mark.parametrize(
    ("table", "left_out", "words"),
    [
        (OKT3, "TNF", "does not hold okt3/clinical/1/TNF/peak, beside"),
        (OKT3, "grade", "does not hold okt3/clinical/1/grade/peak"),
        (STEP, "/300h", "from 0 to 672 h in steps of 12 h"),
        (STEP, "/672h", "from 0 to 672 h in steps of 12 h"),
        (OTHERS, "epcoritamab/step/3", "does not hold epcoritamab/step/3/IL6/peak"),
        (OTHERS, "single@60", "single/IL6 from 0.05 to 60 mg"),
        (OTHERS, "teclistamab", "and 4 more"),
    ],
)
def test_no_table_is_opened_before_everything_is_forecast(
    tmp_path: Path, table: str, left_out: str, words: str
) -> None:
    places = rebuilt(tmp_path, table, without(table, left_out))
    with pytest.raises(SealError, match=words):
        opened(places, table)
    assert sealed(places, table)


@pytest.mark.parametrize("arm", list(ARMS))
def test_no_table_is_opened_with_draws_that_were_edited(places: Places, arm: str) -> None:
    changed(places, STEP, forecasts(STEP, 2.5), arm)
    with pytest.raises(SealError, match="is not what the ledger put on record"):
        opened(places, STEP)
    assert sealed(places, STEP)
    wrong = wrong_of(verify_records(places, history=no_git, earlier=lambda path: ()))
    assert [f.what for f in wrong] == [file_of(STEP, arm)]


def test_no_table_is_opened_without_its_draws(places: Places) -> None:
    changed(places, OTHERS, None, "beside")
    with pytest.raises(SealError, match="external_drugs-beside-v2.csv is not there"):
        opened(places, OTHERS)
    with pytest.raises(SealError, match="external_drugs-beside-v2.csv is not there"):
        forecasts_of(lock(places), OTHERS, places)


def test_draws_that_the_lock_does_not_list_are_not_scored(tmp_path: Path) -> None:
    listed = {table: [file_of(table, "tested")] for table in TABLES}
    places = build(tmp_path, {"predictions": listed})
    with pytest.raises(SealError, match="does not list it among the predictions that come first"):
        opened(places, STEP)
    assert sealed(places, STEP)
    found = verify_records(places, history=no_git, earlier=lambda path: ())
    strange = [f.what for f in wrong_of(found)]
    assert strange == [file_of(table, "beside") for table in TABLES]


def test_a_lock_that_names_no_draws_scores_nothing(tmp_path: Path) -> None:
    places = build(tmp_path, {"forecasts": {}})
    with pytest.raises(SealError, match="names no draws to set beside table"):
        opened(places, STEP)


def test_a_lock_without_a_rule_for_a_table_does_not_open_it(tmp_path: Path) -> None:
    rules = plain_rules()
    del rules["tables"][STEP]
    places = build(tmp_path, {"scoring": rules})
    record = read_record(places.locks / "lock-v2.json", against_code=False, places=places)
    with pytest.raises(SealError, match="no rule says how a row of 'blinatumomab_step_dosing'"):
        require_ready(record, STEP, places)


@pytest.mark.parametrize(
    ("text", "digest", "words"),
    [
        ("draw,nonsense\n0,1\n", None, "names no quantity"),
        ("draw,a/b/1/IL6/peak\n0,1.0\n", "0" * 64, "made from another record than lock v2"),
    ],
)
def test_draws_that_are_none_or_of_another_record_are_refused(
    places: Places, text: str, digest: str | None, words: str
) -> None:
    record = lock(places)
    other = places.predictions / "made-up-v2.csv"
    other.write_text(text)
    put_on_record(places, "prediction", other, digest or record.digest)
    rules = Rules.from_plain(record.scoring)
    with pytest.raises((SealError, InputError), match=words):
        scored._on_record(record, STEP, "x", other.name, (other.name,), rules, places)


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        (["a/b"], "does not hold a/b, beside which a row"),
        (["a/b", "c/d"], "does not hold a/b, and 1 more, beside which a row"),
        (["a/b", "c/d", "e/f"], "does not hold a/b, and 2 more, beside which a row"),
    ],
)
def test_the_first_that_is_missing_is_named_and_the_others_are_counted(
    places: Places, monkeypatch: pytest.MonkeyPatch, missing: list[str], words: str
) -> None:
    monkeypatch.setattr(scored, "not_covered", lambda *_: missing)
    with pytest.raises(SealError, match=words):
        forecasts_of(lock(places), STEP, places)


# ---------------------------------------------------------------- opened again


@pytest.mark.parametrize("table", quick(TABLES, few=["okt3_outcomes"]))
def test_a_verification_judges_and_scores_an_opened_table_again(places: Places, table: str) -> None:
    opened(places, table)

    def wrong() -> list[str]:
        found = verify_records(places, history=no_git, earlier=lambda path: ())
        return [f"{f.what}: {f.detail}" for f in wrong_of(found)]

    assert wrong() == []
    verdicts = verdicts_path(table, places)
    verdicts.write_text(verdicts.read_text().replace("yes", "no"))
    assert len(wrong()) == 1 and "other verdicts than the rule gives" in wrong()[0]


# ---------------------------------------------------------------- lock v1's draws


@pytest.mark.thorough
def test_lock_v1_drawn_again_gives_its_committed_numbers(places: Places) -> None:
    found = drawn_again("v1", places)
    held = committed_prediction(read_record(places.locks / "lock-v1.json", against_code=False))
    assert found.n_draws == held["draws"] - held["failed_draws"]
    for name in ("TNF", "IFN", "IL6"):
        levels = 10 ** found[f"okt3/clinical/1/{name}/peak"].draws
        told = held["arms"]["okt3"][name]["peak"]
        expected = [told[key] for key in ("low", "median", "high")]
        assert np.percentile(levels, [5, 50, 95]) == pytest.approx(expected, rel=1e-6)
    grades = found["okt3/clinical/1/grade/peak"].draws
    shares = [float(np.mean(grades == grade)) for grade in range(5)]
    assert shares == held["grades"]["okt3"]["shares"]
    edited = dict(held) | {"draws": 1999}
    patched = pytest.MonkeyPatch()
    with patched.context() as patch:
        patch.setattr(scored, "committed_prediction", lambda record, places: edited)
        with pytest.raises(SealError, match="made again from its seed, do not give its committed"):
            drawn_again("v1", places)
        edited["draws"] = held["draws"]
        arms = json.loads(json.dumps(held["arms"]))
        arms["okt3"]["IL6"]["peak"]["median"] *= 1 + 2e-6
        edited["arms"] = arms
        with pytest.raises(SealError, match="arms/okt3/IL6/peak/median"):
            drawn_again("v1", places)
