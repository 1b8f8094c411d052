"""The explorer as a reader uses it: mouse, keyboard, a shared address, and a wrong one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from reader import AXE, AXE_RUN, HTML, PHONE, Open

from book.explorer import TOCILIZUMAB, Setting, controls, shown_drugs, solve
from book.explorer import script as javascript
from qsp_lib.model import severity
from qsp_lib.model.dosing import Infusion, Regimen
from qsp_lib.prediction import predict
from qsp_lib.prediction.templates import template
from qsp_lib.protocol.lock import current_record

pytestmark = pytest.mark.site
RECORD = current_record()
DRUGS = shown_drugs(RECORD)
PAGE = "book/explorer.html"
MOST_MS = 50


def index_of(page: Any) -> float:
    page.wait_for_function("document.getElementById('live-explorer').dataset.ready === 'yes'")
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return float(page.get_attribute("#live-explorer", "data-index"))


def settled(page: Any) -> None:
    """Wait until what was asked for is drawn."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def state_of(page: Any) -> dict[str, str]:
    """What the address asks for, without the lock that it names."""
    state = {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}
    assert state.pop("lock", RECORD.version) == RECORD.version
    return state


def asked(**wanted: Any) -> str:
    """The page's address with a query of this lock."""
    return f"{PAGE}?{urlencode(wanted | {'lock': RECORD.version})}"


def given(name: str, text: str | bytes) -> dict[str, Any]:
    """A file as it is chosen."""
    data = text.encode() if isinstance(text, str) else text
    return {"name": name, "mimeType": "text/plain", "buffer": data}


def test_the_page_has_the_scripts_that_the_unit_tests_hold_to_scipy() -> None:
    static = HTML / "_static"
    made = {javascript.SCRIPT: javascript.model_script(RECORD)}
    made |= {javascript.PAGE_SCRIPT: javascript.page_script()}
    for file, text in made.items():
        assert (static / file).read_text(encoding="utf-8") == text
    assert sum(len(text.encode()) for text in made.values()) < 400_000


@pytest.mark.parametrize("drug", DRUGS)
def test_it_shows_the_locked_number_of_a_drug(visit: Open, drug: str) -> None:
    opened = visit(f"{PAGE}?drug={drug}")
    expected = solve(Setting(drug)).index
    assert index_of(opened.page) == pytest.approx(expected, abs=1e-4)
    assert f"severity index {expected:.2f}" in opened.page.inner_text("#explorer-summary")
    assert opened.page.inner_text("#explorer-mark") == ""
    assert opened.problems == []


def test_it_lists_what_may_be_simulated_and_nothing_else(visit: Open) -> None:
    page = visit(PAGE).page
    listed = page.eval_on_selector_all("#control-drug option", "all => all.map(o => o.value)")
    assert tuple(listed) == DRUGS


def test_a_solve_takes_less_than_fifty_milliseconds(visit: Open) -> None:
    page = visit(PAGE).page
    times = []
    for drug in DRUGS:
        page.select_option("#control-drug", drug)
        page.select_option("#control-hours", "168")
        page.focus("#slider-k_exh")
        for _ in range(8):
            page.keyboard.press("ArrowRight")
            index_of(page)
            times.append(float(page.get_attribute("#live-explorer", "data-solve-ms")))
    assert sorted(times)[len(times) // 2] < MOST_MS, times
    print(f"solve: median {sorted(times)[len(times) // 2]:.1f} ms, longest {max(times):.1f} ms")


def test_the_keyboard_moves_a_slider_and_the_result(visit: Open) -> None:
    page = visit(PAGE).page
    before = index_of(page)
    page.focus("#control-k_exh")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "slider-k_exh"
    for _ in range(4):
        page.keyboard.press("PageUp")
    after = index_of(page)
    moved = float(state_of(page)["k_exh"])
    assert moved > RECORD.drug("tgn1412").k_exh
    assert after < before
    assert after == pytest.approx(solve(Setting("tgn1412", k_exh=moved)).index, abs=1e-4)
    assert page.input_value("#control-k_exh") == str(moved)
    mark = page.inner_text("#explorer-mark")
    assert mark.startswith("Unlocked: k_exh")
    assert page.locator("#panel-S text.mark").count() == 1
    assert page.locator("#panel-S path.locked").count() == 1


def test_a_slider_goes_back_to_the_locked_value(visit: Open) -> None:
    page = visit(PAGE).page
    before = index_of(page)
    page.focus("#slider-K_M")
    page.keyboard.press("ArrowRight")
    assert "K_M" in state_of(page)
    page.keyboard.press("ArrowLeft")
    assert index_of(page) == before
    assert state_of(page) == {"drug": "tgn1412"}
    assert page.inner_text("#explorer-mark") == ""


def test_the_mouse_moves_everything_and_reset_undoes_it(visit: Open) -> None:
    page = visit(PAGE).page
    before = index_of(page)
    slider = page.locator("#slider-dose")
    box = slider.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.1, box["y"] + box["height"] / 2)
    low_dose = index_of(page)
    assert low_dose < before
    page.click("label[for=control-feedback]")
    page.click("label[for=control-give-tocilizumab]")
    index_of(page)
    state = state_of(page)
    assert {"dose", "feedback", "tocilizumab"} <= set(state)
    assert state["feedback"] == "off" and state["tocilizumab"] == "6"
    page.click("#explorer-reset")
    assert index_of(page) == before
    assert state_of(page) == {"drug": "tgn1412"}


def test_a_shared_address_gives_the_same_view(visit: Open) -> None:
    shown = {
        "drug": "blinatumomab",
        "dose": "25",
        "EC50": "0.3",
        "h": "1.5",
        "k_act": "0.2",
        "k_exh": "0.4",
        "K_M": "400",
        "K_S": "150",
        "tocilizumab": "-3",
        "dexamethasone": "-1",
        "hours": "24",
    }
    opened = visit(asked(**shown, feedback="off"))
    setting = Setting(
        "blinatumomab",
        dose=25.0,
        EC50=0.3,
        h=1.5,
        k_act=0.2,
        k_exh=0.4,
        K_M=400.0,
        K_S=150.0,
        feedback=False,
        tocilizumab_h=-3.0,
        dexamethasone_h=-1.0,
    )
    assert index_of(opened.page) == pytest.approx(solve(setting).index, abs=1e-4)
    for name, value in shown.items():
        assert opened.page.input_value(f"#control-{name}") == value
    assert not opened.page.is_checked("#control-feedback")
    assert state_of(opened.page) == shown | {"feedback": "off"}
    assert opened.problems == []
    assert not any(opened.page.locator(".remark").all_inner_texts())


@pytest.mark.parametrize("link", [f"{PAGE}?k_exh=0.3", f"{PAGE}#drug=tgn1412&k_exh=0.3"])
def test_an_address_of_the_first_version_is_named(visit: Open, link: str) -> None:
    page = visit(link).page
    assert index_of(page) == pytest.approx(solve(Setting("tgn1412", k_exh=0.3)).index, abs=1e-4)
    says = page.inner_text("#remark-address")
    assert "made by the first version of this page" in says
    assert f"everything else is as in lock {RECORD.version}" in says


def test_the_link_can_be_copied(visit: Open) -> None:
    page = visit(asked(k_exh=0.3), permissions=["clipboard-read", "clipboard-write"]).page
    index_of(page)
    page.click("#explorer-copy")
    page.wait_for_function("document.querySelector('.copied').textContent !== ''")
    assert page.evaluate("navigator.clipboard.readText()").endswith(
        f"?drug=tgn1412&k_exh=0.3&lock={RECORD.version}"
    )
    page.click("#explorer-reset")
    assert page.inner_text(".copied") == ""


@pytest.mark.parametrize("drug", DRUGS)
def test_an_end_of_a_range_is_in_the_range(visit: Open, drug: str) -> None:
    page = visit(f"{PAGE}?drug={drug}").page
    page.click("label[for=control-band]")
    page.click("label[for=control-give-tocilizumab]")
    known = controls(RECORD, drug) | {"tocilizumab": TOCILIZUMAB}
    for key, control in known.items():
        # as the page prints it
        printed = page.inner_text(f"#locked-{key}").split("; ")[1].removesuffix(" h").split(" to ")
        assert [float(end) for end in printed] == pytest.approx([control.low, control.high], 1e-3)
        for end in (control.low, control.high):
            page.fill(f"#control-{key}", f"{end:g}")
            page.press(f"#control-{key}", "Enter")
            assert page.inner_text(f"#remark-{key}") == ""
            assert float(state_of(page)[key]) == pytest.approx(end, rel=1e-5)


def test_a_treatment_is_called_treated_and_not_unlocked(visit: Open) -> None:
    page = visit(asked(tocilizumab=6)).page
    index_of(page)
    assert page.inner_text("#explorer-mark").startswith("Treated: tocilizumab at 6 h")
    assert page.text_content("#panel-S text.mark") == "treated"
    assert "unlocked" not in page.get_attribute("#panel-S", "aria-label")
    page.fill("#control-k_exh", "0.7")
    page.keyboard.press("Tab")
    index_of(page)
    assert page.text_content("#panel-S text.mark") == "unlocked, treated"


def test_the_key_names_a_dashed_curve_only_where_there_is_one(visit: Open) -> None:
    page = visit(PAGE).page
    index_of(page)
    assert not page.is_visible("#explorer-dashed")
    page.click("label[for=control-give-tocilizumab]")
    index_of(page)
    assert page.is_visible("#explorer-dashed")
    assert page.locator("#panel-S path.locked").count() == 1


@pytest.mark.parametrize("at_h", [0, 6, 60, 96])
def test_no_curve_runs_through_the_label_of_tocilizumab(visit: Open, at_h: int) -> None:
    page = visit(asked(tocilizumab=at_h, hours=168)).page
    index_of(page)
    for panel in ("IL6", "S"):
        crossed = page.evaluate(
            """id => {
          const svg = document.getElementById(id);
          const texts = [...svg.querySelectorAll("text")];
          const box = texts.find(t => t.textContent === "tocilizumab").getBBox();
          const inside = ({x, y}) => x >= box.x && x <= box.x + box.width &&
            y >= box.y && y <= box.y + box.height;
          return [...svg.querySelectorAll("path.curve")].some(path =>
            [...Array(400).keys()].some(k =>
              inside(path.getPointAtLength(path.getTotalLength() * k / 399))));
        }""",
            f"panel-{panel}",
        )
        assert not crossed


@pytest.mark.parametrize(
    ("query", "at", "says"),
    [
        ("drug=aspirin", "drug", "is not a drug that this page shows"),
        ("dose=abc", "dose", "is not a number"),
        ("dose=1e9", "dose", "is out of range"),
        ("k_exh=-1", "k_exh", "is out of range"),
        ("k_exh=NaN", "k_exh", "is not a number"),
        ("K_M=0x10", "K_M", "is not a number"),
        ("K_S=", "K_S", "is not a number"),
        ("K_S=Infinity", "K_S", "is not a number"),
        ("tocilizumab=1000", "tocilizumab", "is out of range"),
        ("feedback=maybe", "feedback", "neither on nor off"),
        ("hours=5", "hours", "is not one of"),
        ("k_ehx=0.3", "address", "is no control of this page"),
        ("dose=0.1&dose=0.2", "address", "twice"),
        ("dose=%3Cimg%20src%3Dx%3E", "dose", "is not a number"),
        ("regimen=mine", "regimen", "is no regimen of TGN1412; expected clinical"),
        ("doses=0:abc:1", "doses", "is not a list of doses"),
        ("doses=0:100", "doses", "is not a list of doses"),
        ("dexamethasone=-1000", "dexamethasone", "is out of range"),
        ("lock=v7", "address", "made by a page on lock v7"),
    ],
)
def test_a_wrong_address_is_named_beside_the_control(
    visit: Open, query: str, at: str, says: str
) -> None:
    lock = "" if "lock=" in query else f"&lock={RECORD.version}"
    opened = visit(f"{PAGE}?{query}{lock}")
    assert index_of(opened.page) == pytest.approx(solve(Setting("tgn1412")).index, abs=1e-4)
    assert says in opened.page.inner_text(f"#remark-{at}")
    others = opened.page.locator(f".remark:not(#remark-{at})").all_inner_texts()
    assert not any(others)
    assert opened.page.inner_text("#explorer-mark") == ""
    assert opened.problems == []


def test_a_slip_of_typing_keeps_what_was_there(visit: Open) -> None:
    page = visit(PAGE).page
    page.fill("#control-k_exh", "0.5")
    page.keyboard.press("Enter")
    before = index_of(page)
    page.fill("#control-k_exh", "500")
    page.keyboard.press("Tab")
    assert (
        index_of(page) == before == pytest.approx(solve(Setting("tgn1412", k_exh=0.5)).index, 1e-4)
    )
    assert page.input_value("#control-k_exh") == "0.5"
    says = page.inner_text("#remark-k_exh")
    assert says == "500 is out of range; expected 0.01 to 10 1/h. Kept: 0.5."
    assert page.get_attribute("#control-k_exh", "aria-invalid") == "true"
    page.fill("#control-k_exh", "0.6")
    page.keyboard.press("Tab")
    assert index_of(page) != before
    assert page.inner_text("#remark-k_exh") == ""


NO_LUCK = """() => {
  for (const { rhs } of Object.values(qspModel.structures)) {
    for (const key of Object.keys(rhs)) rhs[key] = () => { throw new Error("no luck"); };
  }
}"""


def test_a_solve_that_fails_says_so_and_draws_nothing_stale(visit: Open) -> None:
    page = visit(PAGE).page
    index_of(page)
    assert page.locator("svg .curve").count() > 5
    page.evaluate(NO_LUCK)
    page.focus("#slider-k_exh")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.getElementById('live-explorer').dataset.index === ''")
    nothing_is_drawn(page)
    assert "could not be solved" in page.inner_text("#explorer-failure")
    assert "no luck" in page.inner_text("#explorer-failure")


def nothing_is_drawn(page: Any) -> None:
    drawn = "#live-explorer svg :is(.curve, .dot, .band, .reading)"
    assert page.locator(drawn).count() == 0
    assert "no result" in page.get_attribute("#panel-S", "aria-label")
    assert page.inner_text("#explorer-summary") == "No result."
    now = page.locator(".explorer-table tbody tr td:nth-of-type(1)").all_inner_texts()
    assert set(now) == {"no result"}


def test_pictures_say_their_numbers(visit: Open) -> None:
    page = visit(f"{PAGE}?drug=blinatumomab").page
    index_of(page)
    peak, at_h = solve(Setting("blinatumomab")).peak("IFN")
    label = page.get_attribute("#panel-IFN", "aria-label")
    assert f"at {at_h:.1f} h" in label and "blinatumomab" in label
    assert "targets" in page.get_attribute("#panel-T", "aria-label")
    assert page.locator("#live-explorer svg[role=img][aria-label]:visible").count() == 7


# ---------------------------------------------------------------- a file of the reader's own

OWN = template("bispecific")


def predicted(tmp_path: Path, text: str = OWN, **options: Any) -> Any:
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    return predict(tmp_path / "own.toml", RECORD, n_draws=0, **options)


def test_a_file_of_ones_own_gives_the_command_lines_numbers(visit: Open, tmp_path: Path) -> None:
    opened = visit(PAGE)
    page = opened.page
    page.set_input_files("#control-file", given("mine.toml", OWN))
    page.wait_for_function("document.getElementById('control-drug').value === 'own'")
    expected = predicted(tmp_path).untreated
    assert index_of(page) == pytest.approx(expected.severity.central, rel=1e-3)
    week = page.locator(".explorer-table tbody tr").last.locator("td").first.inner_text()
    assert float(week) == pytest.approx(expected.severity_week.central, rel=1e-3)
    assert page.input_value("#control-hours") == "all"
    assert "Example CD3 bispecific is your own: mine.toml" in page.inner_text("#explorer-mark")
    assert "drug=" not in page.url
    page.select_option("#control-regimen", "full_at_once")
    full = predicted(tmp_path, regimen="full_at_once").untreated
    assert index_of(page) == pytest.approx(full.severity.central, rel=1e-3)
    page.click("#explorer-reset")
    assert index_of(page) == pytest.approx(expected.severity.central, rel=1e-3)
    page.click("#explorer-copy")
    assert "cannot hold your own file" in page.inner_text(".copied")
    assert opened.problems == []


def test_a_file_may_be_dropped(visit: Open, tmp_path: Path) -> None:
    page = visit(PAGE).page
    drop(page, f"new File([{json.dumps(OWN)}], 'dropped.toml')")
    page.wait_for_function("document.getElementById('control-drug').value === 'own'")
    expected = predicted(tmp_path).untreated.severity.central
    assert index_of(page) == pytest.approx(expected, rel=1e-3)


def drop(page: Any, file: str) -> None:
    page.evaluate(
        f"""() => {{
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add({file});
      const event = new DragEvent("drop", {{ dataTransfer, bubbles: true, cancelable: true }});
      document.getElementById("live-explorer").dispatchEvent(event);
    }}"""
    )


BAD_FILES = {
    "no TOML": ("new File(['drug: TGN1412'], 'bad.toml')", "not readable as TOML (line 1"),
    "large": ("new File([new Uint8Array(5e7)], 'bad.toml')", "has 50.0 MB; expected a drug file"),
    "no text": ("new File([new Uint8Array([255, 254, 0])], 'bad.toml')", "not a text in UTF-8"),
    "empty": ("new File([], 'bad.toml')", "nothing was given; expected this key"),
    "a table": (
        f"new File([{json.dumps(template('bispecific', 'table'))}], 'bad.toml')",
        "a table in another file, which this page does not have; use qsp-crs predict",
    ),
}


@pytest.mark.parametrize("kind", BAD_FILES)
@pytest.mark.parametrize("before", ["tgn1412", "own"])
def test_a_file_that_cannot_be_used_is_named_and_nothing_stale_is_shown(
    visit: Open, kind: str, before: str
) -> None:
    opened = visit(PAGE)
    page = opened.page
    if before == "own":
        page.set_input_files("#control-file", given("mine.toml", OWN))
        page.wait_for_function("document.getElementById('control-drug').value === 'own'")
        page.click("#explorer-keep")
    index_of(page)
    file, says = BAD_FILES[kind]
    drop(page, file)
    page.wait_for_function("document.getElementById('live-explorer').dataset.index === ''")
    nothing_is_drawn(page)
    remark = page.inner_text("#remark-file")
    assert remark.startswith("bad.toml") and says in remark and "Nothing of it is shown" in remark
    assert page.inner_text("#explorer-failure") == "Nothing is drawn: the file was not read."
    assert page.locator("#control-drug option[value=own]").count() == 0
    page.select_option("#control-drug", "blinatumomab")
    assert index_of(page) == pytest.approx(solve(Setting("blinatumomab")).index, abs=1e-4)
    assert page.inner_text("#remark-file") == page.inner_text("#explorer-failure") == ""
    assert opened.problems == []


# ---------------------------------------------------------------- doses, cover, comparison, band


def test_doses_are_set_one_by_one(visit: Open) -> None:
    page = visit(PAGE).page
    page.click("label[for=control-band]")
    page.click("#group-doses summary")
    page.fill("#dose-0-amount_ug", "400")
    page.press("#dose-0-amount_ug", "Enter")
    page.click("#doses-add")
    page.fill("#dose-1-time_h", "72")
    page.press("#dose-1-time_h", "Enter")
    page.fill("#dose-1-amount_ug", "9000")
    page.press("#dose-1-amount_ug", "Enter")
    first = RECORD.regimen("tgn1412").doses[0]
    assert isinstance(first, Infusion)
    regimen = Regimen.of(Infusion(0, first.duration_h, 400), Infusion(72, first.duration_h, 9000))
    course = RECORD.run("tgn1412", regimen, horizon_h=168 + 336)
    index = float(severity.index(course))
    assert index_of(page) == pytest.approx(index, abs=1e-3)
    assert page.is_disabled("#control-dose")
    assert "Unlocked: doses differs" in page.inner_text("#explorer-mark")
    page.fill("#dose-1-amount_ug", "lots")
    page.press("#dose-1-amount_ug", "Tab")
    assert "“lots” is not a number; expected" in page.inner_text("#remark-doses")
    assert page.input_value("#dose-1-amount_ug") == "9000"
    assert index_of(page) == pytest.approx(index, abs=1e-3)
    shared = page.url
    page.click("#doses-back")
    assert index_of(page) == pytest.approx(solve(Setting("tgn1412")).index, abs=1e-4)
    page.goto(shared)
    page.reload()
    assert index_of(page) == pytest.approx(index, abs=1e-3)
    assert not any(page.locator(".remark").all_inner_texts())


def test_a_dose_after_the_week_is_followed_or_counted(visit: Open) -> None:
    page = visit(PAGE).page
    page.click("label[for=control-band]")
    page.click("#group-doses summary")
    page.click("#doses-add")
    settled(page)
    assert page.input_value("#control-hours") == "all"
    assert "doses begin" not in page.inner_text("#explorer-mark")
    page.select_option("#control-hours", "168")
    settled(page)
    assert "1 dose begins after the 168 h that are solved" in page.inner_text("#explorer-mark")


def test_dexamethasone_lowers_the_index_as_in_python(visit: Open) -> None:
    page = visit(PAGE).page
    page.click("label[for=control-give-dexamethasone]")
    expected = solve(Setting("tgn1412", dexamethasone_h=-1.0)).index
    assert index_of(page) == pytest.approx(expected, abs=1e-4)
    assert expected < solve(Setting("tgn1412")).index
    assert page.inner_text("#explorer-mark").startswith("Treated: dexamethasone at -1 h")


def test_a_setting_is_kept_beside_another(visit: Open) -> None:
    page = visit(asked(k_exh=0.3)).page
    kept = index_of(page)
    assert not page.is_visible("#explorer-forget")
    page.click("#explorer-keep")
    page.select_option("#control-drug", "blinatumomab")
    now = index_of(page)
    assert "kept: TGN1412, k_exh 0.3" in page.inner_text("#explorer-dashed")
    heads = page.locator(".explorer-table thead th").all_inner_texts()
    assert "kept" in heads
    last = page.locator(".explorer-table tbody tr").last.locator("td").all_inner_texts()
    shown = dict(zip(heads[1:], last, strict=True))
    assert shown["now"].startswith(f"{now:.3f}") and shown["kept"].startswith(f"{kept:.3f}")
    assert f"kept {kept:.2f}" in page.inner_text("#explorer-summary")
    assert page.locator("#panel-S path.locked").count() == 1
    page.click("#explorer-forget")
    index_of(page)
    assert page.locator("#panel-S path.locked").count() == 0


def test_the_band_comes_once_the_controls_rest(visit: Open) -> None:
    page = visit(PAGE).page
    page.evaluate("qspModel.draws.n = 12")
    page.focus("#slider-K_S")
    page.keyboard.press("ArrowRight")
    settled(page)
    assert page.locator("path.band").count() == 0
    page.wait_for_selector("#panel-S path.band")
    assert "90 % of 12 draws" in page.inner_text("#explorer-banded")
    assert "90 % of the draws from" in page.inner_text("#explorer-summary")
    page.click("label[for=control-band]")
    settled(page)
    assert page.locator("path.band").count() == 0


# ---------------------------------------------------------------- reading values


def test_values_are_read_by_keyboard(visit: Open) -> None:
    page = visit(PAGE).page
    page.click("label[for=control-band]")
    page.fill("#control-at", "12")
    page.keyboard.press("Tab")
    solution = solve(Setting("tgn1412"))
    value = float(solution.trajectory.at("S", 12.0)) + RECORD.baselines["IL6"]
    said = page.inner_text("#explorer-reading")
    assert said.startswith("At 12 h: Drug concentration")
    signal = float(said.split("Effective signal ")[1].split(" pg/mL")[0].replace(",", ""))
    assert signal == pytest.approx(value, rel=6e-3)
    assert page.locator(".explorer-table thead th").last.inner_text() == "at 12 h"
    page.focus("#slider-at")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#explorer-reading") != said
    assert page.get_attribute("#explorer-reading", "role") == "status"


def test_values_are_read_under_the_pointer(visit: Open) -> None:
    page = visit(PAGE).page
    index_of(page)
    line = "#panel-S .reading line"
    at_rest = page.get_attribute(line, "x1")
    page.locator("#panel-S").scroll_into_view_if_needed()
    box = page.locator("#panel-S").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] / 2)
    there = page.get_attribute(line, "x1")
    assert float(there) == pytest.approx(0.4 * 236, abs=1)
    assert page.get_attribute("#panel-IL6 .reading line", "x1") == there
    page.mouse.move(1, 1)
    assert page.get_attribute(line, "x1") == at_rest


def test_every_control_has_a_name(visit: Open) -> None:
    page = visit(PAGE).page
    index_of(page)
    for control in page.locator("#live-explorer :is(input, select, button)").all():
        name = control.evaluate(
            "c => c.getAttribute('aria-label') || c.labels?.[0]?.textContent || c.textContent"
        )
        assert name.strip()


def test_a_screen_reader_is_told_what_changes(visit: Open) -> None:
    page = visit(PAGE).page
    index_of(page)
    assert page.get_attribute("#explorer-summary", "role") == "status"
    assert page.get_attribute("#explorer-failure", "role") == "alert"
    assert page.get_attribute("#remark-k_exh", "role") == "alert"
    before = page.inner_text("#explorer-summary")
    page.focus("#slider-k_act")
    page.keyboard.press("PageDown")
    settled(page)
    assert page.inner_text("#explorer-summary") != before
    assert page.get_attribute("#slider-k_act", "aria-valuetext").endswith(" 1/h")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_is_found_with_everything_open(visit: Open, scheme: str) -> None:
    page = visit(asked(tocilizumab=6, dexamethasone=-1, k_exh=0.3), color_scheme=scheme).page
    page.click("label[for=control-band]")
    page.click("#explorer-keep")
    page.set_input_files("#control-file", given("bad.toml", "nothing"))
    page.wait_for_function("document.getElementById('live-explorer').dataset.index === ''")
    page.set_input_files("#control-file", given("mine.toml", OWN))
    page.wait_for_function("document.getElementById('control-drug').value === 'own'")
    page.click("#group-doses summary")
    page.fill("#control-k_exh", "slip")
    page.keyboard.press("Tab")
    index_of(page)
    page.evaluate(AXE)
    assert page.evaluate(AXE_RUN, []) == []


def test_it_works_from_a_file(browser: Any) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto((HTML / PAGE).as_uri())
        assert index_of(page) == pytest.approx(solve(Setting("tgn1412")).index, abs=1e-4)


def test_numbers_that_do_not_load_are_missed_in_words(visit: Open) -> None:
    page = visit("index.html").page
    page.route("**/generated/model.js", lambda route: route.abort())
    page.goto(page.url.replace("index.html", PAGE).split("?")[0].replace("book/book", "book"))
    assert "did not load" in page.inner_text("#live-explorer")


BOTH_IN_VIEW = """id => {
  const curve = document.getElementById("panel-watch").getBoundingClientRect();
  const watch = document.querySelector(".watch").getBoundingClientRect();
  const slider = document.getElementById(id).getBoundingClientRect();
  return curve.height > 80 && curve.top >= 0 && curve.bottom <= innerHeight &&
    slider.top >= watch.bottom && slider.bottom <= innerHeight;
}"""


def test_the_curve_stays_in_view_on_a_phone_while_a_control_moves(visit: Open) -> None:
    page = visit(PAGE, size=PHONE).page
    index_of(page)
    for key in ("dose", "EC50", "k_exh", "K_S"):
        before = page.get_attribute("#panel-watch path.now", "d")
        page.focus(f"#slider-{key}")
        page.keyboard.press("PageUp")
        # the page may still be scrolling
        page.wait_for_function(BOTH_IN_VIEW, arg=f"slider-{key}")
        settled(page)
        assert page.get_attribute("#panel-watch path.now", "d") != before, key
    page.select_option("#control-watch", "IL6")
    assert page.get_attribute("#panel-watch", "aria-label").startswith("IL-6")
    assert visit(PAGE).page.is_hidden("#panel-watch")


def test_without_javascript_the_page_says_what_it_lacks(visit: Open) -> None:
    page = visit(PAGE, java_script_enabled=False).page
    assert "This page needs JavaScript" in page.inner_text("article")


def test_nothing_is_clipped_on_a_phone(visit: Open) -> None:
    page = visit(asked(drug="blinatumomab", k_exh=0.2, tocilizumab=6), size=PHONE).page
    index_of(page)
    outside = page.evaluate("""() => {
      const out = [];
      for (const svg of document.querySelectorAll("#live-explorer svg")) {
        const frame = svg.getBoundingClientRect();
        for (const text of svg.querySelectorAll("text")) {
          const box = text.getBoundingClientRect();
          if (box.left < frame.left - 1 || box.right > frame.right + 1 ||
              box.top < frame.top - 1 || box.bottom > frame.bottom + 1) out.push(text.textContent);
        }
      }
      return out;
    }""")
    assert outside == []
