"""A digest changes when what is meant changes, and only then."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import qsp_lib
from qsp_lib.common.digests import SCIENCE, code_digest, digest, named_digest, parsed_table
from qsp_lib.common.errors import InputError

CODE = '''"""A module."""

from math import log10
import os

LIMIT = 0.25  # of the peak


def share(x: float) -> float:
    """What is left."""
    return log10(x) * LIMIT
'''


def of(tmp_path: Path, text: str, name: str = "a.py") -> str:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode())
    return code_digest([path])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  # of the peak", "  # of something else"),
        ('"""What is left."""', '"""Other words."""'),
        ('"""A module."""', '"""Another."""'),
        ("\n", "\r\n"),
        ("log10(x) * LIMIT", "log10(\n        x\n    ) * LIMIT"),
        ("import os\n", ""),
    ],
)
def test_words_layout_and_imports_change_nothing(tmp_path: Path, old: str, new: str) -> None:
    assert old in CODE
    assert of(tmp_path, CODE.replace(old, new)) == of(tmp_path, CODE)


def test_a_moved_file_changes_nothing(tmp_path: Path) -> None:
    assert of(tmp_path, CODE, "sub/b.py") == of(tmp_path, CODE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.25", "0.26"),
        ("* LIMIT", "/ LIMIT"),
        ("share(x", "share(y"),
        ("x: float", "x: int"),
    ],
)
def test_a_number_a_term_or_a_name_changes_it(tmp_path: Path, old: str, new: str) -> None:
    assert old in CODE
    assert of(tmp_path, CODE.replace(old, new)) != of(tmp_path, CODE)


def test_code_that_moves_between_files_changes_nothing(tmp_path: Path) -> None:
    head, tail = CODE.split("\n\n\n")
    (tmp_path / "one.py").write_text(head)
    (tmp_path / "two.py").write_text(tail)
    assert code_digest([tmp_path / "two.py", tmp_path / "one.py"]) == of(tmp_path, CODE)


ONE_STEP = "_STEP = 0.02\n\n\ndef one(x: float) -> float:\n    return x * _STEP\n"
OTHER_STEP = "_STEP = 1e-3\n\n\ndef other(x: float) -> float:\n    return x - _STEP\n"


def both(tmp_path: Path, one: str, other: str) -> str:
    """The digest of two modules, in files whose names do not matter."""
    (tmp_path / "a.py").write_text(one)
    (tmp_path / "b.py").write_text(other)
    return code_digest([tmp_path / "a.py", tmp_path / "b.py"])


def test_constants_of_one_name_exchanged_between_two_modules_change_it(tmp_path: Path) -> None:
    before = both(tmp_path, ONE_STEP, OTHER_STEP)
    assert both(tmp_path, OTHER_STEP, ONE_STEP) == before  # the files are moved
    exchanged = ONE_STEP.replace("0.02", "1e-3"), OTHER_STEP.replace("1e-3", "0.02")
    assert both(tmp_path, *exchanged) != before


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("model/schedule.py", "model/engines/diffsol.py"),
        pytest.param(
            "protocol/locking.py", "protocol/calibration_check.py", marks=pytest.mark.thorough
        ),
        pytest.param(
            "inference/profiles.py", "analyses/second_profiler.py", marks=pytest.mark.thorough
        ),
    ],
)
def test_exchanged_constants_of_the_science_change_its_digest(
    tmp_path: Path, one: str, other: str
) -> None:
    root = Path(qsp_lib.__file__).parent
    files = [path for wing in SCIENCE for path in (root / wing).rglob("*.py")]
    pair = [root / one, root / other]
    texts = [path.read_text(encoding="utf-8") for path in pair]
    lines = [dict(re.findall(r"^(_?[A-Z_]+) = (.+)$", text, re.MULTILINE)) for text in texts]
    names = [n for n in lines[0] if n in lines[1] and lines[0][n] != lines[1][n]]
    assert names
    rest = [path for path in files if path not in pair]
    for name in names:
        held = [f"{name} = {found[name]}" for found in lines]
        copies = [tmp_path / "one.py", tmp_path / "other.py"]
        for copy, text, old, new in zip(copies, texts, held, held[::-1], strict=True):
            copy.write_text(text.replace(old, new), encoding="utf-8")
        assert code_digest([*rest, *copies]) != code_digest([*rest, *pair]), name


def test_a_name_that_means_the_same_everywhere_moves_with_its_code(tmp_path: Path) -> None:
    """What each file repeats, such as a short name of a type, ties nothing to its file."""
    told = "Array = list\n"
    one, other = "def one() -> Array: ...\n", "def other() -> Array: ...\n"
    before = both(tmp_path, told + one, told + other)
    assert both(tmp_path, told + one + other, told) == before


SHOWN = """TIE = 0.05
class Row:
    @property
    def ready(self) -> bool:
        return self.state == "yes"

    def other(self) -> int:
        return 1


def same(a: str) -> bool:
    return a == "b"


def split(a: str) -> str:
    return a
"""


def test_named_definitions_are_digested_and_nothing_beside_them(tmp_path: Path) -> None:
    path = tmp_path / "shown.py"

    def now(text: str) -> str:
        path.write_text(text)
        return named_digest({path: ("TIE", "Row.ready", "same")})

    before = now(SHOWN)
    for old, new in (("return 1", "return 2"), ("return a\n", "return a + a\n")):
        assert now(SHOWN.replace(old, new)) == before
    for old, new in (('"yes"', '"no"'), ('"b"', '"c"'), ("0.05", "0.06")):
        assert now(SHOWN.replace(old, new)) != before
    for name in ("gone", "Row.gone", "Gone.ready"):
        with pytest.raises(InputError, match=f"shown.py defines no '{name}'"):
            named_digest({path: (name,)})


def test_the_same_text_one_or_true_is_another_value(tmp_path: Path) -> None:
    digests = {of(tmp_path, f"x = {value}\n") for value in ("1", "1.0", "True", "'1'")}
    assert len(digests) == 4


def test_a_table_is_its_cells() -> None:
    table = "id,value,note\nA,1.50,a b\nB,,\n"
    same = "\ufeffid,value,note\r\nA, 1.5,a b\r\nB,,\r\n"
    assert digest(parsed_table(table)) == digest(parsed_table(same))
    for old, new in (("1.50", "1.51"), ("a b", "a  b"), ("B,,", "B,0,"), ("id", "ID")):
        assert digest(parsed_table(table.replace(old, new))) != digest(parsed_table(table))


def test_a_quoted_cell_may_break_its_line_either_way() -> None:
    one, other = '"a\nb",1\n', '"a\r\nb",1\r\n'
    assert parsed_table(one) == parsed_table(other) == [["a\nb", 1.0]]


def test_the_order_of_keys_does_not_matter_and_a_nan_is_refused() -> None:
    assert digest({"a": 1, "b": [2.5]}) == digest({"b": [2.5], "a": 1})
    with pytest.raises(ValueError, match="JSON"):
        digest({"a": float("nan")})


def test_a_page_is_not_science_and_the_equations_are(tmp_path: Path) -> None:
    before = code_digest()
    assert before == code_digest()
    from qsp_lib.model.parts import t_cells

    here, there = Path(t_cells.__file__), tmp_path / "t_cells.py"
    there.write_text(here.read_text().replace("p.k_exh * y.A", "p.k_exh * y.A * y.A"))
    assert code_digest([there]) != code_digest([here])
