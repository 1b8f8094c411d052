"""A pytest plugin for runs among mutants: digests stand still, and lines are mapped to tests.

A changed equation changes the digest of the equations, and with it every test that reads a lock
record fails, whether or not any test knows what the equation says. So the digests of equations and
of code are here those of the code as it is. What they were is read from a file; it is written by
the first run, on code that nothing has changed.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import coverage
import pytest

KEPT = Path(os.environ["MUTANTS_KEPT"])
"""Where digests and the map are kept."""
WANTED = os.environ.get("MUTANTS_WANTED", "")
"""A file that lists the tests to run, in this order; all of them, and mapped, if there is none."""
RULE_HELPERS = "qsp_lib.protocol.rule_helpers"


def stand_still() -> None:
    """Put the digests of the code as it is in the place of what digests code and equations."""
    kept_equations = importlib.import_module("qsp_lib.model.kept_equations")
    digests = importlib.import_module("qsp_lib.common.digests")
    kept = KEPT / "digests.json"
    if not kept.exists():
        structure = importlib.import_module("qsp_lib.model.structure")
        of_equations = {
            f"{feedback} {part}": kept_equations.equations_digest(feedback, part)
            for feedback in structure.FEEDBACKS
            for part in structure.T_CELLS
        }
        checks = importlib.import_module("qsp_lib.protocol.eight_checks")
        found = {
            "equations": of_equations,
            "code": digests.code_digest(),
            "checks": checks.checks_digest(),
            "helpers": importlib.import_module(RULE_HELPERS).helpers_digest(),
        }
        kept.write_text(json.dumps(found))
        raise SystemExit(0)
    found = json.loads(kept.read_text())
    worked_out = kept_equations.equations_digest

    def equations_digest(feedback: str, t_cells: str = kept_equations.CONSTANT_RECOVERY) -> str:
        known: str | None = found["equations"].get(f"{feedback} {t_cells}")
        return known if known is not None else worked_out(feedback, t_cells)

    kept_equations.equations_digest = equations_digest
    digests._digest_of_science = lambda: found["code"]
    checks = importlib.import_module("qsp_lib.protocol.eight_checks")
    checks.checks_digest = lambda: found["checks"]
    importlib.import_module(RULE_HELPERS).helpers_digest = lambda: found["helpers"]


class Mapper:
    """Which tests run a line, by themselves or in a fixture that they share."""

    def __init__(self) -> None:
        self.covering = coverage.Coverage(
            data_file=None, config_file=False, include=[f"{Path.cwd()}/qsp_lib/*"]
        )
        self.covering.start()
        self.now = ""
        self.fixtures: dict[str, list[str]] = {}
        self.seconds: dict[str, float] = {}
        self.failed: list[str] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[Any]:
        forget()
        self.context(item.nodeid)
        self.fixtures[item.nodeid] = list(getattr(item, "fixturenames", ()))
        began = time.process_time()
        result = yield
        self.seconds[item.nodeid] = time.process_time() - began
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> Iterator[Any]:
        shared = fixturedef.scope != "function"
        before = self.now
        if shared:
            self.context(f"fixture {fixturedef.argname}")
        result = yield
        if shared:
            self.context(before)
        return result

    def context(self, name: str) -> None:
        self.now = name
        self.covering.switch_context(name)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed or report.skipped:
            self.failed.append(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        self.covering.stop()
        data = self.covering.get_data()
        tests: dict[str, dict[int, list[str]]] = {}
        users: dict[str, list[str]] = {}
        for test, names in self.fixtures.items():
            for name in names:
                users.setdefault(f"fixture {name}", []).append(test)
        for file in data.measured_files():
            lines = data.contexts_by_lineno(file)
            tests[os.path.relpath(file)] = {
                line: sorted({t for c in contexts for t in users.get(c, [c]) if t})
                for line, contexts in lines.items()
            }
        foreign = [
            name
            for name, module in sys.modules.items()
            if (file := getattr(module, "__file__", None))
            and not Path(file).is_relative_to(Path.cwd())
            and module.__spec__ is not None
            and module.__spec__.name == name
        ]
        (KEPT / "loaded.json").write_text(json.dumps(foreign))
        made = {"tests": tests, "seconds": self.seconds, "failed": self.failed}
        (KEPT / "map.json").write_text(json.dumps(made))


def forget() -> None:
    """Empty the caches of the package, so that a test reaches what it needs by itself."""
    for name, module in list(sys.modules.items()):
        if name.startswith("qsp_lib"):
            for value in list(vars(module).values()):
                if isinstance(value, functools._lru_cache_wrapper):
                    value.cache_clear()


class Chosen:
    """Runs the tests that are wanted, in their order."""

    def __init__(self) -> None:
        self.wanted = {name: i for i, name in enumerate(json.loads(Path(WANTED).read_text()))}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if item.nodeid in self.wanted]
        items.sort(key=lambda item: self.wanted[item.nodeid])


def pytest_configure(config: pytest.Config) -> None:
    stand_still()
    config.pluginmanager.register(Chosen() if WANTED else Mapper())
