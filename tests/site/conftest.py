"""One served book and one browser for the tests of a process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from reader import HTML, WIDE, Open, Visit

from book.site.browser import chromium, serve


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    with serve(HTML) as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.fixture
def visit(address: str, browser: Any) -> Iterator[Open]:
    """Open a page of the book, listening for errors and for requests to anywhere else."""
    contexts = []

    def opened(path: str, *, size: dict[str, int] = WIDE, **options: Any) -> Visit:
        context = browser.new_context(viewport=size, **options)
        contexts.append(context)
        made = listening(context.new_page(), address)
        made.page.goto(address + path, wait_until="networkidle")
        return made

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def tab(address: str, browser: Any) -> Iterator[Visit]:
    """One tab for the tests that look at every page, so that scripts are fetched once."""
    with browser.new_context(viewport=WIDE, reduced_motion="reduce") as context:
        yield listening(context.new_page(), address)


@pytest.fixture(scope="session")
def opened(request: pytest.FixtureRequest, address: str, tab: Visit) -> Visit:
    """A page of the book in that tab; pytest runs the tests of one page one after another."""
    tab.page.goto("about:blank")  # what the last page still had to say belongs to it
    tab.problems.clear()
    tab.page.set_viewport_size(WIDE)
    tab.page.emulate_media(color_scheme="light")
    tab.page.goto(address + request.param, wait_until="networkidle")
    return tab


def listening(page: Any, address: str) -> Visit:
    """A tab whose errors, warnings, failed requests and requests to elsewhere are written down."""
    made = Visit(page)
    note = made.problems.append

    def on_console(message: Any) -> None:
        if message.type in ("error", "warning"):
            note(f"console {message.type}: {message.text} ({message.location.get('url')})")

    def on_request(request: Any) -> None:
        if not request.url.startswith((address, "data:", "blob:")):
            note(f"external request: {request.url}")

    def on_response(response: Any) -> None:
        if response.status >= 400:
            note(f"status {response.status}: {response.url}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: note(f"error: {error}"))
    page.on("request", on_request)
    page.on("response", on_response)
    page.on("requestfailed", lambda request: note(f"request failed: {request.url}"))
    return made
