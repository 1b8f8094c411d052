"""A record names each input that it was made from; what it does not name does not concern it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from qsp_lib.common.errors import InputError, LockError
from qsp_lib.common.inputs import VERSIONS
from qsp_lib.drugs import class_defaults
from qsp_lib.protocol import inputs
from qsp_lib.protocol.inputs import check_inputs, data_files, input_digest, input_digests
from qsp_lib.protocol.lock import current_record, record_of
from qsp_lib.scoring import rules


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package's data that the digests are taken of."""
    copy = tmp_path / "data"
    shutil.copytree(inputs.DATA, copy)
    monkeypatch.setattr(inputs, "DATA", copy)
    return copy


def test_everything_that_lock_v1_names_is_as_it_was_but_for_one_rule() -> None:
    record = record_of("v1")
    checks = {check.name: check for check in check_inputs("v1", record.content["digests"])}
    assert [name for name, check in checks.items() if not check.same] == ["eligibility"]
    assert "history" in checks["eligibility"].why


def test_everything_that_the_current_lock_names_is_as_it_was() -> None:
    record = current_record()
    assert all(check.same for check in check_inputs(record.version, record.content["digests"]))


def test_a_new_table_and_a_new_drug_do_not_concern_an_old_record(data: Path) -> None:
    before = input_digests("v1")
    (data / "evidence" / "newer.csv").write_text("id,value\nNW001,1\n")
    (data / "drugs" / "newer.toml").write_text('name = "newer"\n')
    assert all(check.same for check in check_inputs("v2", before))
    assert set(data_files("v1")) - set(before) == {"evidence/newer.csv", "drugs/newer.toml"}


@pytest.mark.parametrize("name", ["drugs/okt3.toml", "evidence/potency.csv", "observations.csv"])
def test_a_comment_line_ends_or_a_byte_order_mark_change_nothing_and_a_number_does(
    data: Path, name: str
) -> None:
    path = data / name
    text, before = path.read_bytes(), input_digest(name)
    for same in (text.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + text):
        path.write_bytes(same)
        assert input_digest(name) == before
    if name.endswith(".toml"):
        path.write_bytes(b"# a remark\n" + text)
        assert input_digest(name) == before
    digit = next(i for i in range(text.index(b"\n"), len(text)) if text[i : i + 1] == b"5")
    path.write_bytes(text[:digit] + b"6" + text[digit + 1 :])
    assert input_digest(name) != before


def test_a_number_of_a_table_is_its_value_and_one_of_toml_is_of_its_type(data: Path) -> None:
    for name, one, other, same in (
        ("drugs/okt3.toml", "weight = { value = 70,", "weight = { value = 70.0,", False),
        ("network_parameters.csv", ",4000,", ",4000.0,", True),
    ):
        path = data / name
        text, before = path.read_text(encoding="utf-8"), input_digest(name)
        assert one in text
        path.write_text(text.replace(one, other), encoding="utf-8")
        assert (input_digest(name) == before) is same


@pytest.mark.parametrize(
    ("module", "read", "name"),
    [
        (class_defaults, class_defaults.class_table.__wrapped__, "class_defaults.toml"),
        (rules, rules.plain_rules, rules.FILE),
    ],
)
def test_what_reads_a_file_of_the_package_takes_a_byte_order_mark_too(
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    read: Callable[[], Any],
    name: str,
) -> None:
    before = read()
    path = data / name
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    monkeypatch.setattr(module.resources, "files", lambda package: data.parent)
    assert read() == before


@pytest.mark.parametrize("version", VERSIONS)
def test_a_unit_that_is_kept_and_a_table_that_is_sealed_do_not_concern_any_record(
    data: Path, version: str
) -> None:
    before = input_digests(version)
    for name in ("known_units.csv", "sealed_tables.csv"):
        with (data / name).open("a", encoding="utf-8") as file:
            file.write("furlong,1,,0\n")
    assert input_digests(version) == before


def test_an_input_that_is_gone_is_named(data: Path) -> None:
    before = input_digests("v1")
    (data / "evidence" / "potency.csv").unlink()
    with pytest.raises(LockError, match=r"v2 was made from 'evidence/potency.csv'"):
        check_inputs("v2", before)


@pytest.mark.parametrize("name", ["", "../pyproject.toml", "drug nothing", "drugs/nothing.toml"])
def test_no_other_name_is_an_input(name: str) -> None:
    with pytest.raises(InputError, match="there is no input"):
        input_digest(name)
