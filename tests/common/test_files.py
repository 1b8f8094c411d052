"""A file is written whole or not at all."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from qsp_lib.common import files
from qsp_lib.common.errors import InputError
from qsp_lib.common.files import write_bytes_atomic, write_text_atomic


def test_text_is_written_as_utf8_with_its_own_line_ends(tmp_path):
    path = write_text_atomic(tmp_path / "a.txt", "α\nβ\n")
    assert path.read_bytes() == "α\nβ\n".encode()


def test_a_file_that_is_there_is_replaced_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old and longer")
    write_bytes_atomic(path, b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_a_new_file_can_be_read_by_others_as_any_new_file_can(tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("x")
    written = write_text_atomic(tmp_path / "written", "x")
    assert written.stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize("mode", [0o600, 0o755])
def test_a_replaced_file_keeps_its_permissions(tmp_path, mode):
    path = tmp_path / "a"
    path.write_text("x")
    path.chmod(mode)
    write_text_atomic(path, "y")
    assert path.stat().st_mode & 0o777 == mode


def test_a_missing_folder_is_named(tmp_path):
    folder = tmp_path / "nowhere"
    with pytest.raises(InputError, match="nowhere does not exist"):
        write_text_atomic(folder / "a.txt", "x")
    assert not folder.exists()


def test_a_folder_in_place_of_the_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        write_text_atomic(tmp_path, "x")


@pytest.mark.parametrize("step", ["mkstemp", "replace"])
def test_a_folder_that_refuses_is_named_and_the_old_file_stays(tmp_path, monkeypatch, step):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def refuse(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files.tempfile if step == "mkstemp" else files.os, step, refuse)
    with pytest.raises(InputError, match=f"folder {tmp_path} refused .*Permission denied"):
        write_text_atomic(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_what_may_not_be_replaced_is_not(tmp_path):
    path = tmp_path / "once.txt"
    write_text_atomic(path, "first", replace=False)
    with pytest.raises(FileExistsError):
        write_text_atomic(path, "second", replace=False)
    assert path.read_text() == "first"
    assert os.listdir(tmp_path) == ["once.txt"]


def test_of_many_that_write_a_file_once_one_does(tmp_path):
    path = tmp_path / "once.txt"

    def attempt(text: str) -> bool:
        try:
            write_text_atomic(path, text, replace=False)
        except FileExistsError:
            return False
        return True

    texts = [str(i) * 1000 for i in range(8)]
    with ThreadPoolExecutor(8) as pool:
        wrote = list(pool.map(attempt, texts))
    assert sum(wrote) == 1
    assert path.read_text() == texts[wrote.index(True)]
