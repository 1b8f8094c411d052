"""A plugin of pytest: the kernels of chapters get the setting's variables, and no others.

The checkout's own ``conftest.py`` fixes the number of threads and the hash seed for them, as a
build does. Here these are what is to be changed.
"""

from __future__ import annotations

import json
import os

VARIABLES = "QSP_PORTABLE_KERNELS"
"""Variable with the setting, as JSON."""


def pytest_configure() -> None:
    """Called when every conftest of the start has been read."""
    os.environ.update(json.loads(os.environ[VARIABLES]))
