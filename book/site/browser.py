"""A reader's browser, driven: the built book on the loopback address, and headless Chromium.

Used by the site tests and for the PDF. Playwright drives the system's own Chromium and downloads
none; nothing here reaches another host.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from typing import Any

from qsp_lib.common import InputError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATH_VARIABLE = "CHROMIUM"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def find_chromium() -> str:
    """The path of Chromium: what the variable CHROMIUM names, or the first of its usual names.

    Raises:
        InputError: there is none; the message says how to get it.
    """
    named = os.environ.get(PATH_VARIABLE)
    for name in (named,) if named else NAMES:
        if found := shutil.which(name):
            return found
    looked_for = named or ", ".join(NAMES)
    raise InputError(
        f"Chromium is needed and was not found (looked for {looked_for}). On Debian: "
        "'apt-get update && apt-get install -y chromium'; on Fedora: 'dnf install chromium'; or "
        f"set the variable {PATH_VARIABLE} to the path of a Chromium or Chrome."
    )


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless Chromium, as Playwright's ``Browser``.

    Raises:
        InputError: no Chromium, or no Playwright.
    """
    path = find_chromium()
    try:
        playwright = import_module("playwright.sync_api")
    except ImportError:
        raise InputError(
            "Playwright is needed and is not installed. 'make test-site' and 'make pdf' install "
            "it; by hand: .venv/bin/python -m pip install -r requirements-site.txt."
        ) from None
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, headless=True, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def serve(directory: Path) -> Iterator[str]:
    """The address, ending in ``/``, at which a folder is served on this machine only.

    Raises:
        InputError: there is no such folder.
    """
    if not directory.is_dir():
        raise InputError(f"there is no {directory}; build the book first: make site.")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(directory))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
