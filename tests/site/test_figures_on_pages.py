"""Figures as a reader meets them, the front page, and what terms say of themselves."""

from __future__ import annotations

from typing import Any

import pytest
from reader import HTML, PHONE, Open, Visit
from test_every_page import DRAWN, PAGES, every_page

pytestmark = pytest.mark.site
FRONT = "book/index.html"
CUT = """() => [...document.querySelectorAll("article figure")]
  .filter((figure) => figure.querySelector(".themed, svg.network"))
  .filter((figure) => {
    const all = [...figure.querySelectorAll("img, svg.network")];
    const seen = all.filter((picture) => picture.checkVisibility());
    const room = figure.closest("article").clientWidth;
    return figure.scrollWidth > figure.clientWidth || !seen.length ||
      seen.some((picture) => picture.getBoundingClientRect().width > room + 0.5);
  })
  .map((figure) => figure.textContent.slice(0, 80))"""
LETTERS = """() => [...document.querySelectorAll("svg.network text")]
  .filter((text) => text.checkVisibility())
  .map((text) => {
    const picture = text.ownerSVGElement;
    const scale = picture.getBoundingClientRect().width / picture.viewBox.baseVal.width;
    return scale * parseFloat(getComputedStyle(text).fontSize);
  })"""
LOWEST = """() => Math.max(...["article h1", "svg.network", "figure.story img"]
  .flatMap((what) => [...document.querySelectorAll(what)])
  .filter((seen) => seen.checkVisibility())
  .map((seen) => seen.getBoundingClientRect().bottom))"""
DRAWN_CHAPTERS = [
    page
    for page in PAGES
    if page.startswith("notebooks/") and 'class="zoom' in (HTML / page).read_text("utf-8")
]


@every_page
def test_no_figure_is_cut_on_a_phone(opened: Visit) -> None:
    page = opened.page
    page.set_viewport_size(PHONE)
    page.reload(wait_until="load")
    page.evaluate(DRAWN)
    assert page.evaluate(CUT) == []


@pytest.mark.parametrize("path", [FRONT, "book/model.html"])
def test_the_diagram_can_be_read_on_a_phone(visit: Open, path: str) -> None:
    sizes = visit(path, size=PHONE).page.evaluate(LETTERS)
    assert len(sizes) > 10 and min(sizes) >= 11


@pytest.mark.parametrize(
    ("size", "screens"), [({"width": 1280, "height": 800}, 1), ({"width": 390, "height": 844}, 2)]
)
def test_the_front_page_says_what_it_is_at_once(
    visit: Open, size: dict[str, int], screens: int
) -> None:
    page = visit(FRONT, size=size).page
    page.evaluate(DRAWN)
    assert page.evaluate(LOWEST) <= screens * size["height"]
    words = page.locator("article").inner_text()
    assert words.index("Asked.") < words.index("Found.") < words.index("Read")


def test_the_doors_of_the_front_page_open(visit: Open) -> None:
    page = visit(FRONT).page
    aims = page.locator(".doors a").evaluate_all("all => all.map((a) => a.getAttribute('href'))")
    assert len(aims) == 3 and all((HTML / "book" / aim).is_file() for aim in aims)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_of_two_pictures_one_is_seen(visit: Open, scheme: str) -> None:
    page = visit(FRONT, color_scheme=scheme).page
    seen = page.locator("figure.story img:visible")
    assert seen.count() == 1
    assert seen.get_attribute("class") == f"only-{scheme}"
    assert page.locator("figure.story figcaption").is_visible()


def test_of_two_pictures_one_is_seen_without_javascript(visit: Open) -> None:
    for scheme in ("light", "dark"):
        page = visit(FRONT, color_scheme=scheme, java_script_enabled=False).page
        assert page.locator("figure.story img:visible").count() == 1


@pytest.mark.parametrize("path", DRAWN_CHAPTERS)
def test_a_figure_opens_large_by_keyboard_and_gives_its_data(visit: Open, path: str) -> None:
    page = visit(path).page
    link = page.locator("a.zoom:visible").first
    link.focus()
    page.keyboard.press("Enter")
    large: Any = page.locator("dialog.large img")
    assert large.is_visible() and large.get_attribute("alt")
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="detached")  # it goes once the browser says it is closed
    assert link.evaluate("link => link === document.activeElement")
    with page.expect_download() as download:
        page.locator(".figure-links a[download]").first.click()
    assert download.value.path().read_text().startswith("panel,x axis,y axis,")


@pytest.mark.parametrize("path", DRAWN_CHAPTERS)
def test_how_a_figure_was_made_opens_its_code(visit: Open, path: str) -> None:
    page = visit(path).page
    made = page.locator("a.made").first
    made.click()
    name = (made.get_attribute("href") or "").removeprefix("#")
    assert page.locator(f"[id='{name}'] .cell_input").first.is_visible()


def test_a_term_says_what_it_means_to_the_pointer_and_to_the_keyboard(visit: Open) -> None:
    page = visit("book/limits.html").page
    term, tip = page.locator("article a.meaning").first, page.locator("#meaning")
    term.focus()
    assert tip.is_visible() and tip.inner_text() == term.get_attribute("data-meaning")
    assert term.get_attribute("aria-describedby") == "meaning"
    page.keyboard.press("Escape")
    assert not tip.is_visible() and term.get_attribute("aria-describedby") is None
    page.locator("article h1").click()
    term.hover()
    assert tip.is_visible()


@every_page
def test_a_page_explains_a_term_once(opened: Visit) -> None:
    aims = opened.page.locator("article a.meaning").evaluate_all("all => all.map((a) => a.href)")
    assert len(aims) == len(set(aims))


@pytest.mark.parametrize("path", DRAWN_CHAPTERS[:1])
def test_a_dark_figure_stands_on_the_dark_page(visit: Open, path: str) -> None:
    box = visit(path, color_scheme="dark").page.locator(".text_html:has(.themed)").first
    ground = box.evaluate("box => getComputedStyle(box).backgroundColor")
    assert ground == "rgba(0, 0, 0, 0)"
