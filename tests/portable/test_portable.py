"""Not one printed digit, verdict, draw or kept result hangs on the machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tolerances import ANYWHERE, DISTURBED

from qsp_lib.chapters import notebooks
from qsp_lib.chapters.results import largest_difference

from .chapters import changed_numbers, run_chapter
from .conftest import NOT_TRIED, TRIED
from .settings import HOME, NOISE, ROOT, SETTINGS, Setting, elsewhere, run_module, takes_effect

pytestmark = pytest.mark.portable
TEMPLATE = "qsp_lib/data/templates/bispecific.toml"


@pytest.fixture(scope="module")
def at_home() -> dict[str, Any]:
    """What the probe gives on this machine as it is."""
    return json.loads(run_module("portable.probe"))


def printed(setting: Mapping[str, str], root: Path = ROOT) -> list[str]:
    """What commands print that a reader would set beside the book."""
    predict = ("predict", TEMPLATE, "--draws", "20", "--interval")
    return [
        run_module("qsp_lib", *command, setting=setting, root=root)
        for command in (("lock", "verify", "--quick"), predict)
    ]


@pytest.fixture(scope="module")
def printed_at_home() -> list[str]:
    """The same on this machine as it is."""
    return printed({})


# the longest first: what is quick fills the gaps at the end
def test_the_draws_of_every_committed_prediction_are_found_again() -> None:
    """The whole of what ``lock verify`` looks at, for which it simulates for a minute."""
    disturbed, told = (
        run_module("qsp_lib", "lock", "verify", setting=s) for s in (NOISE, elsewhere())
    )
    assert "drawn again from the record's seed  same" in told and "nothing differs" in told
    assert disturbed == told


@pytest.mark.parametrize("world", ["noise", "elsewhere"])
@pytest.mark.parametrize("name", notebooks.chapter_names())
def test_a_chapter_prints_and_keeps_the_same(name: str, world: str, tmp_path: Path) -> None:
    outcome = run_chapter(name, NOISE if world == "noise" else elsewhere(), tmp_path)
    # what was not disturbed cannot have stood it
    assert outcome.disturbed == (world == "noise")
    assert not outcome.flipped, "\n\n".join(outcome.flipped)
    changed = changed_numbers(name, outcome, DISTURBED if world == "noise" else ANYWHERE)
    assert not changed, "\n".join(changed)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_a_setting_changes_no_bit_of_a_draw_and_no_printed_digit(
    setting: Setting,
    at_home: dict[str, Any],
    printed_at_home: list[str],
    record_property: Any,
) -> None:
    tried = takes_effect(setting)
    record_property(TRIED if tried else NOT_TRIED, setting.name)
    if not tried:
        return
    found = json.loads(run_module("portable.probe", setting=setting.environment))
    assert found["bits"] == at_home["bits"]
    assert len(found["bits"]["first_draws"]) == 1
    assert largest_difference(at_home["numbers"], found["numbers"]) < 1e-9
    assert printed(setting.environment) == printed_at_home


def test_noise_changes_no_printed_digit(printed_at_home: list[str]) -> None:
    assert printed(NOISE) == printed_at_home


def test_some_settings_take_effect_on_any_machine() -> None:
    tried = {setting.witness for setting in SETTINGS if takes_effect(setting)}
    assert tried >= {"hash", "time_zone", "threads"}, tried
    assert set(HOME) & set(elsewhere())
