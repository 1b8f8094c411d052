"""Every page in a real browser: whole, quiet, drawn, readable on a phone and by a screen reader."""

from __future__ import annotations

from typing import Any

import pytest
from reader import AXE, AXE_RUN, HTML, PHONE, WIDE, Open, Visit

pytestmark = pytest.mark.site
PAGES = sorted(
    str(path.relative_to(HTML))
    for path in HTML.rglob("*.html")
    if "_static" not in path.parts and path != HTML / "index.html"  # a redirect
)
every_page = pytest.mark.parametrize("opened", PAGES, indirect=True)

DRAWN = """async () => {
  await window.MathJax?.startup?.promise;
  const undrawn = [];
  for (const math of document.querySelectorAll("article .math")) {
    const drawn = math.querySelector("mjx-container svg");
    if (!drawn || drawn.getBoundingClientRect().width === 0) undrawn.push(math.textContent);
    if (math.querySelector("mjx-merror, [data-mjx-error]")) undrawn.push(math.textContent);
  }
  for (const image of document.images) {
    image.loading = "eager";
    await image.decode().catch(() => {});
    if (!image.naturalWidth) undrawn.push(image.src);
    if (!image.hasAttribute("alt")) undrawn.push(`no alt: ${image.src}`);
  }
  return undrawn;
}"""
OPEN_ALL = """() => {
  for (const details of document.querySelectorAll("details")) details.open = true;
}"""
FOLD_ALL = """() => {
  for (const details of document.querySelectorAll("details")) details.open = false;
}"""
# the dark theme changes colours and nothing else: the other rules see the same page twice
RULES = {"light": [], "dark": ["color-contrast", "link-in-text-block"]}
THEME = "scheme => document.documentElement.dataset.theme === scheme"
BEYOND = """() => {
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  return wide > 0 ? wide : 0;
}"""


def test_there_are_pages() -> None:
    assert len(PAGES) > 5, f"no book in {HTML}; build it first: make site"


@every_page
def test_a_page_loads_clean_and_all_of_it_is_drawn(opened: Visit) -> None:
    opened.page.evaluate(OPEN_ALL)
    assert opened.page.evaluate(DRAWN) == []
    opened.page.wait_for_load_state("networkidle")
    assert opened.problems == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@every_page
def test_a_page_has_no_serious_accessibility_issue(opened: Visit, scheme: str) -> None:
    page = opened.page
    page.set_viewport_size(WIDE)
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function(THEME, arg=scheme)
    page.evaluate(DRAWN)
    page.evaluate(OPEN_ALL)
    page.evaluate(AXE)
    assert page.evaluate(AXE_RUN, RULES[scheme]) == []


@every_page
def test_a_page_fits_a_phone(opened: Visit) -> None:
    page = opened.page
    page.set_viewport_size(PHONE)
    page.reload(wait_until="load")
    page.evaluate(DRAWN)
    page.evaluate(FOLD_ALL)
    assert page.evaluate(BEYOND) == 0
    page.evaluate(OPEN_ALL)
    assert page.evaluate(BEYOND) == 0


def test_the_front_page_can_be_read_without_javascript(visit: Open) -> None:
    page = visit("book/index.html", java_script_enabled=False).page
    assert page.locator("article h1").is_visible()
    assert len(page.locator("article").inner_text()) > 500


def test_the_entrance_leads_to_the_front_page(visit: Open, address: str) -> None:
    opened = visit("index.html")
    opened.page.wait_for_url(f"{address}book/index.html")
    assert opened.page.locator("article h1").is_visible()
    assert opened.problems == []


def test_search_finds_a_term(visit: Open) -> None:
    opened = visit("search.html?q=exhaustion")
    # what is found is shown one by one
    opened.page.wait_for_selector("#search-results li a[href*='book/model.html']")
    assert opened.problems == []


def test_search_can_be_reached_by_keyboard(visit: Open) -> None:
    page = visit("book/model.html").page
    page.keyboard.press("Control+k")
    page.keyboard.type("tocilizumab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=tocilizumab*")
    page.wait_for_selector("#search-results li a")


def test_dark_mode_can_be_chosen_and_stays(visit: Open, address: str) -> None:
    page = visit("book/model.html", color_scheme="light").page
    root = "document.documentElement.dataset.theme"
    for _ in range(3):  # auto, light, dark
        if page.evaluate(root) == "dark":
            break
        page.locator("button.theme-switch-button:visible").click()
    assert page.evaluate(root) == "dark"
    page.goto(address + "book/data.html")
    assert page.evaluate(root) == "dark"


def test_previous_and_next_lead_through_the_book(visit: Open) -> None:
    page = visit("book/index.html", java_script_enabled=False).page
    seen = [page.url]
    while page.locator("a.right-next").count():
        with page.expect_navigation(wait_until="domcontentloaded"):
            page.locator("a.right-next").click()
        seen.append(page.url)
        assert len(seen) <= len(PAGES)
    assert len(seen) >= len([p for p in PAGES if p.startswith(("book/", "notebooks/"))])
    with page.expect_navigation(wait_until="domcontentloaded"):
        page.locator("a.left-prev").click()
    assert page.url == seen[-2]


def test_a_chapter_can_be_downloaded_and_its_code_copied(visit: Open) -> None:
    chapter = next(path for path in PAGES if path.startswith("notebooks/"))
    page = visit(chapter, permissions=["clipboard-read", "clipboard-write"]).page
    page.locator(".dropdown-download-buttons > button").click()
    with page.expect_download() as download:
        page.locator(".dropdown-download-buttons a[href$='.ipynb']").click()
    assert download.value.suggested_filename.endswith(".ipynb")
    code = page.locator(".cell_input pre").first
    assert not code.is_visible()  # folded: the page reads as text
    page.locator("div.cell details.hide > summary").first.press("Enter")
    code.scroll_into_view_if_needed()
    code.hover()
    page.locator(".cell_input button.copybtn").first.click()
    copied: Any = page.evaluate("navigator.clipboard.readText()")
    assert copied.strip() and copied.strip() in code.inner_text()
