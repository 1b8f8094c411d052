"""The explorer as a reader uses it: mouse, keyboard, a shared address, and a wrong one."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from reader import HTML, PHONE, Open

from book.explorer import DRUGS, TOCILIZUMAB, Setting, controls, solve
from book.explorer import script as javascript
from qsp_lib.chapters import results
from qsp_lib.protocol.lock import current_record

pytestmark = pytest.mark.site
PAGE = "book/explorer.html"
MOST_MS = 50


def index_of(page: Any) -> float:
    page.wait_for_function("document.getElementById('live-explorer').dataset.ready === 'yes'")
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return float(page.get_attribute("#live-explorer", "data-index"))


def state_of(page: Any) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


def test_the_page_has_the_script_that_the_unit_tests_hold_to_scipy() -> None:
    static = HTML / "_static"
    made = javascript.model_script(current_record())
    assert (static / javascript.SCRIPT).read_text(encoding="utf-8") == made
    source = (javascript.STATIC / javascript.SOLVER).read_bytes()
    assert (static / javascript.SOLVER).read_bytes() == source


@pytest.mark.parametrize("drug", DRUGS)
def test_it_shows_the_locked_number_of_a_drug(visit: Open, drug: str) -> None:
    opened = visit(f"{PAGE}?drug={drug}")
    arms = results.load("03_blind_prediction").value(f"prediction/arms/{drug}")
    expected = arms["severity"]["index"]["central"]
    assert index_of(opened.page) == pytest.approx(expected, abs=1e-4)
    assert f"severity index {expected:.2f}" in opened.page.inner_text("#explorer-summary")
    assert not opened.page.is_visible("#explorer-mark")
    assert opened.problems == []


def test_a_solve_takes_less_than_fifty_milliseconds(visit: Open) -> None:
    page = visit(PAGE).page
    times = []
    for drug in DRUGS:
        page.select_option("#control-drug", drug)
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
    assert moved > current_record().drug("tgn1412").k_exh
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
    assert not page.is_visible("#explorer-mark")


def test_the_mouse_moves_everything_and_reset_undoes_it(visit: Open) -> None:
    page = visit(PAGE).page
    before = index_of(page)
    slider = page.locator("#slider-dose")
    box = slider.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.1, box["y"] + box["height"] / 2)
    low_dose = index_of(page)
    assert low_dose < before
    page.click("label[for=control-feedback]")
    page.click("label[for=control-give]")
    index_of(page)
    state = state_of(page)
    assert {"dose", "feedback", "tocilizumab"} <= set(state)
    assert state["feedback"] == "off" and state["tocilizumab"] == "6"
    page.click("#explorer-reset")
    assert index_of(page) == before
    assert state_of(page) == {"drug": "tgn1412"}


def test_a_shared_address_gives_the_same_view(visit: Open) -> None:
    query = "drug=okt3&dose=2.5&k_exh=0.2&K_M=400&K_S=150&feedback=off&tocilizumab=-3&hours=24"
    opened = visit(f"{PAGE}?{query}")
    setting = Setting(
        "okt3", dose=2.5, k_exh=0.2, K_M=400.0, K_S=150.0, feedback=False, tocilizumab_h=-3.0
    )
    assert index_of(opened.page) == pytest.approx(solve(setting).index, abs=1e-4)
    shown = {
        "drug": "okt3",
        "dose": "2.5",
        "k_exh": "0.2",
        "K_M": "400",
        "K_S": "150",
        "tocilizumab": "-3",
        "hours": "24",
    }
    for name, value in shown.items():
        assert opened.page.input_value(f"#control-{name}") == value
    assert not opened.page.is_checked("#control-feedback")
    assert state_of(opened.page) == shown | {"feedback": "off"}
    assert opened.problems == []


def test_the_link_can_be_copied(visit: Open) -> None:
    page = visit(PAGE + "?k_exh=0.3", permissions=["clipboard-read", "clipboard-write"]).page
    index_of(page)
    page.click("#explorer-copy")
    page.wait_for_function("document.querySelector('.copied').textContent !== ''")
    assert page.evaluate("navigator.clipboard.readText()").endswith("?drug=tgn1412&k_exh=0.3")
    page.click("#explorer-reset")
    assert page.inner_text(".copied") == ""


def ends_of_every_control() -> list[tuple[str, str, float]]:
    """Drug, name in the address and value of both ends of every number, as the page has them."""
    record = current_record()
    ends = [
        (drug, key, end)
        for drug in DRUGS
        for key, control in controls(record, drug).items()
        for end in (control.low, control.high)
    ]
    return [
        *ends,
        *(("tgn1412", "tocilizumab", end) for end in (TOCILIZUMAB.low, TOCILIZUMAB.high)),
    ]


@pytest.mark.parametrize(("drug", "key", "end"), ends_of_every_control())
def test_an_end_of_a_range_is_in_the_range(visit: Open, drug: str, key: str, end: float) -> None:
    opened = visit(f"{PAGE}?drug={drug}&{key}={end:g}")
    index_of(opened.page)
    assert opened.page.inner_text(f"#remark-{key}") == ""
    assert float(state_of(opened.page)[key]) == pytest.approx(end)
    # as the page prints it
    printed = opened.page.inner_text(f"#locked-{key}").split("; ")[1].removesuffix(" h")
    assert end in [pytest.approx(float(text), rel=1e-3) for text in printed.split(" to ")]


def test_a_treatment_is_called_treated_and_not_unlocked(visit: Open) -> None:
    page = visit(f"{PAGE}?tocilizumab=6").page
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
    page.click("label[for=control-give]")
    index_of(page)
    assert page.is_visible("#explorer-dashed")
    assert page.locator("#panel-S path.locked").count() == 1


@pytest.mark.parametrize("given", [0, 6, 60, 96])
def test_no_curve_runs_through_the_label_of_tocilizumab(visit: Open, given: int) -> None:
    page = visit(f"{PAGE}?tocilizumab={given}&hours=168").page
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
        ("drug=aspirin", "drug", "is not a drug of this page"),
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
    ],
)
def test_a_wrong_address_is_named_beside_the_control(
    visit: Open, query: str, at: str, says: str
) -> None:
    opened = visit(f"{PAGE}?{query}")
    assert index_of(opened.page) == pytest.approx(solve(Setting("tgn1412")).index, abs=1e-4)
    assert says in opened.page.inner_text(f"#remark-{at}")
    others = opened.page.locator(f".remark:not(#remark-{at})").all_inner_texts()
    assert not any(others)
    assert not opened.page.is_visible("#explorer-mark")
    assert opened.problems == []


def test_a_wrong_number_typed_falls_back_to_the_lock(visit: Open) -> None:
    page = visit(PAGE).page
    before = index_of(page)
    page.fill("#control-k_exh", "0.5")
    page.keyboard.press("Enter")
    assert index_of(page) != before
    page.fill("#control-k_exh", "500")
    page.keyboard.press("Tab")
    assert index_of(page) == before
    assert "out of range" in page.inner_text("#remark-k_exh")
    assert page.get_attribute("#control-k_exh", "aria-invalid") == "true"
    page.fill("#control-k_exh", "0.5")
    page.keyboard.press("Tab")
    index_of(page)
    assert page.inner_text("#remark-k_exh") == ""


def test_a_solve_that_fails_says_so_and_draws_nothing_stale(visit: Open) -> None:
    page = visit(PAGE).page
    index_of(page)
    assert page.locator("svg .curve").count() > 5
    page.evaluate("() => { qspSolver.solve = () => { throw new Error('no luck'); }; }")
    page.focus("#slider-k_exh")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.getElementById('live-explorer').dataset.index === ''")
    assert "could not be solved" in page.inner_text("#explorer-failure")
    assert "no luck" in page.inner_text("#explorer-failure")
    assert page.locator("svg .curve, svg .dot").count() == 0
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
    assert page.locator("svg[role=img][aria-label]").count() == 7


def test_every_control_has_a_name(visit: Open) -> None:
    page = visit(PAGE).page
    index_of(page)
    for control in page.locator("#live-explorer :is(input, select, button)").all():
        name = control.evaluate(
            "c => c.getAttribute('aria-label') || c.labels?.[0]?.textContent || c.textContent"
        )
        assert name.strip()


def test_without_javascript_the_page_says_what_it_lacks(visit: Open) -> None:
    page = visit(PAGE, java_script_enabled=False).page
    assert "This page needs JavaScript" in page.inner_text("article")


def test_nothing_is_clipped_on_a_phone(visit: Open) -> None:
    page = visit(f"{PAGE}?drug=blinatumomab&k_exh=0.2&tocilizumab=6", size=PHONE).page
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
