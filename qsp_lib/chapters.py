"""The chapters: which there are, what each depends on, and its parameters, strictly.

A chapter is a notebook ``notebooks/NN_name.ipynb``. Its parameters are declared once, in the
cell tagged ``parameters``, one a line::

    n_starts: int = 16  # starts of the multi-start fit; 1 to 256
    engine: str = "diffsol"  # integrator; one of diffsol, scipy

that is: a type (``int``, ``float``, ``bool``, ``str`` or a ``list[...]`` of one of them), a
default, and a comment that ends in the range or the choices (a ``bool`` needs neither; the range
of a list holds for each item). papermill reads the same lines for ``--help-notebook``. The next
cell starts the chapter::

    from qsp_lib.chapters import Chapter

    chapter = Chapter.start("01_calibration", globals())

which refuses an unknown, mistyped or out-of-range parameter before anything is computed, however
the notebook was run. ``python -m qsp_lib run`` refuses it before a kernel is started.

This module is imported by every chapter, so it reads notebooks as JSON and imports nothing heavy.
"""

from __future__ import annotations

import ast
import difflib
import io
import json
import math
import re
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from . import results
from .errors import InputError

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"

_NAME = re.compile(r"\d\d_[a-z][a-z0-9_]*")
_RANGE = re.compile(r";\s*(?P<low>\S+) to (?P<high>\S+)\s*$")
_CHOICES = re.compile(r";\s*one of (?P<choices>[^;]+)$")
_UNIT = re.compile(r",\s*(?P<unit>1/h|h|[pn]g/mL|mg/kg|mg)(?=\s|$)")
_TYPES: dict[str, type] = {"int": int, "float": float, "bool": bool, "str": str}
_PLAIN = (bool, int, float, complex, str, bytes, list, tuple, set, dict, type(None))
_IPYTHONS = re.compile(r"_+|_i{1,3}|_i?\d+|_[iods]h|_exit_code|__\w+")
_IPYTHONS_HISTORY = {"In": list, "Out": dict}


@dataclass(frozen=True)
class Parameter:
    """One declared parameter of a chapter.

    Attributes:
        name: its name.
        type: ``int``, ``float``, ``bool`` or ``str``, the type of the value or of its items.
        is_list: whether the value is a list of that type.
        default: the value it has in the notebook.
        help: what it is, in words, with its unit.
        low, high: the range of a number, both ends allowed.
        choices: the texts a ``str`` may be.
    """

    name: str
    type: str
    is_list: bool
    default: Any
    help: str
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}: {self.expected} ({self.help})"

    @property
    def unit(self) -> str:
        """The unit that follows a comma in ``help``; empty for a count or a pure number."""
        found = _UNIT.search(self.help)
        return found["unit"] if found else ""

    @property
    def expected(self) -> str:
        """The type and the range or choices, in words."""
        words = f"list of {self.type}" if self.is_list else self.type
        if self.choices:
            return f"{words}, one of {', '.join(self.choices)}"
        if self.type in ("int", "float"):
            return f"{words} from {_number(self.low)} to {_number(self.high)}"
        return words

    def accept(self, value: Any) -> Any:
        """``value`` if it is of the right type and within range; a whole number passes as float.

        Raises:
            InputError: it is not; the message names the parameter and what is allowed.
        """
        if not self.is_list:
            return self._accept_one(value, value)
        if not isinstance(value, list | tuple):
            raise self._refusal(value)
        return [self._accept_one(item, value) for item in value]

    def parse(self, text: str) -> Any:
        """The value written as ``text`` on a command line, accepted as by :meth:`accept`.

        >>> declared = parse_parameters("n: int = 16  # starts of the fit; 1 to 256")
        >>> declared["n"].parse("32")
        32
        """
        try:
            if self.is_list:
                value = json.loads(text)
            elif self.type == "bool":
                value = {"true": True, "false": False}[text.lower()]
            else:
                value = _TYPES[self.type](text)
        except (ValueError, KeyError) as problem:
            raise self._refusal(text) from problem
        return self.accept(value)

    def _accept_one(self, item: Any, whole: Any) -> Any:
        if self.type == "float" and isinstance(item, int) and not isinstance(item, bool):
            item = float(item)
        if type(item) is not _TYPES[self.type]:
            raise self._refusal(whole)
        outside = isinstance(item, int | float) and not self.low <= item <= self.high
        if outside or (self.choices and item not in self.choices):
            raise self._refusal(whole)
        return item

    def _refusal(self, value: Any) -> InputError:
        return InputError(
            f"Parameter {self.name!r} was given {value!r}; expected {self.expected} ({self.help})."
        )


@dataclass(frozen=True)
class Chapter:
    """A chapter that is running: its name and its checked parameters."""

    name: str
    parameters: Mapping[str, Any]

    @classmethod
    def start(cls, name: str, namespace: Mapping[str, Any], notebooks: Path = NOTEBOOKS) -> Chapter:
        """Check the parameters found in a notebook's ``globals()`` against those it declares.

        On the first call in a kernel, a plain value whose name is not declared is taken for a
        mistyped parameter and refused; imports, functions and IPython's names are not. When the
        cell is run again by hand, the names later cells have made are left alone.

        Raises:
            InputError: an unknown, missing, mistyped or out-of-range parameter, or no such chapter.
        """
        declared = declared_parameters(name, notebooks)
        again = any(isinstance(value, cls) for value in namespace.values())
        present = {
            key: value
            for key, value in namespace.items()
            if key in declared or (not again and _is_users(key, value))
        }
        missing = declared.keys() - present.keys()
        if missing:
            raise InputError(
                f"{name}: parameter {min(missing)!r} has no value; run the parameters cell first."
            )
        return cls(name, check_parameters(name, present, declared))

    def save(self, values: Mapping[str, Any], *, lock: Any = None) -> None:
        """Write the chapter's numbers if a results folder was named; see `results.save`."""
        results.save(self.name, values, parameters=self.parameters, lock=lock)


def chapter_names(notebooks: Path = NOTEBOOKS) -> tuple[str, ...]:
    """The chapters' names in reading order.

    Raises:
        InputError: there is no chapter, a notebook is not called ``NN_name.ipynb``, or two have
            the same number.
    """
    names = sorted(path.stem for path in notebooks.glob("*.ipynb"))
    if not names:
        raise InputError(
            f"There are no chapters in {notebooks}; expected notebooks called NN_name.ipynb. "
            "Chapters come with the repository, not with the installed package."
        )
    for name in names:
        if not _NAME.fullmatch(name):
            raise InputError(
                f"{notebooks / name}.ipynb is not called like a chapter; expected two digits, an "
                "underscore and a name in lower case, as in 01_calibration.ipynb."
            )
    for one, other in pairwise(names):
        if one[:2] == other[:2]:
            raise InputError(f"Two chapters have the number {one[:2]}: {one} and {other}.")
    return tuple(names)


def find_chapter(text: str, notebooks: Path = NOTEBOOKS) -> str:
    """The chapter called ``text``: its name, its number or its name without the number.

    Raises:
        InputError: there is no such chapter; the message lists those there are.
    """
    names = chapter_names(notebooks)
    text = Path(text).name.removesuffix(".ipynb")
    for name in names:
        number, tail = name.split("_", 1)
        if text in (name, tail) or (text.isdigit() and int(text) == int(number)):
            return name
    raise InputError(f"There is no chapter {text!r}; there are: {', '.join(names)}.")


def dependencies(name: str, notebooks: Path = NOTEBOOKS) -> tuple[str, ...]:
    """The chapters whose results this one reads: ``{"qsp": {"after": [...]}}`` in its metadata.

    Raises:
        InputError: it names a chapter that does not exist or does not come earlier.
    """
    settings = read_notebook(name, notebooks)["metadata"].get("qsp", {})
    after = settings.get("after", []) if isinstance(settings, dict) else None
    if not isinstance(after, list):
        raise InputError(
            f'{name} has the metadata {settings!r} under "qsp"; expected {{"after": [...]}}.'
        )
    earlier = [other for other in chapter_names(notebooks) if other < name]
    for other in after:
        if other not in earlier:
            raise InputError(
                f"{name} is to run after {other!r}; expected one of the chapters before it: "
                f"{', '.join(earlier) or 'there are none'}."
            )
    return tuple(after)


def read_notebook(name: str, notebooks: Path = NOTEBOOKS) -> dict[str, Any]:
    """A chapter's notebook as JSON.

    Raises:
        InputError: there is no such notebook, or it is not one.
    """
    path = notebooks / f"{name}.ipynb"
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as problem:
        known = ", ".join(sorted(other.stem for other in notebooks.glob("*.ipynb")))
        raise InputError(
            f"There is no chapter {name!r} in {notebooks}; there are: {known or 'none'}."
        ) from problem
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise InputError(f"{path} is not a notebook ({problem}).") from problem
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise InputError(f"{path} is not a notebook: it has no cells.")
    if not isinstance(notebook.get("metadata"), dict) or not all(map(_is_cell, notebook["cells"])):
        raise InputError(f"{path} is not a notebook of format 4; save it with Jupyter again.")
    return notebook


def _is_cell(cell: Any) -> bool:
    return (
        isinstance(cell, dict)
        and cell.get("cell_type") in ("code", "markdown", "raw")
        and isinstance(cell.get("metadata"), dict)
        and isinstance(cell.get("source"), str | list)
        and (cell["cell_type"] != "code" or isinstance(cell.get("outputs"), list))
    )


def source_of(cell: Mapping[str, Any]) -> str:
    """The text of a notebook cell, which the format allows to be a list of lines."""
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def title_of(notebook: Mapping[str, Any], name: str) -> str:
    """The first heading of a chapter, or its name."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            for line in source_of(cell).splitlines():
                if line.startswith("# "):
                    return line[2:].strip()
    return name


def declared_parameters(name: str, notebooks: Path = NOTEBOOKS) -> dict[str, Parameter]:
    """The parameters a chapter declares, in order.

    Raises:
        InputError: the notebook has not exactly one cell tagged ``parameters``, or a line of it
            is not as this module's description says.
    """
    tagged = [
        cell
        for cell in read_notebook(name, notebooks)["cells"]
        if cell["cell_type"] == "code" and "parameters" in cell["metadata"].get("tags", [])
    ]
    if len(tagged) != 1:
        raise InputError(
            f"{name} has {len(tagged)} code cells tagged 'parameters'; expected exactly one."
        )
    return parse_parameters(source_of(tagged[0]), name)


def parse_parameters(source: str, name: str = "the notebook") -> dict[str, Parameter]:
    """Read the declarations in the source of a parameters cell.

    Raises:
        InputError: naming the line that is not as this module's description says.
    """
    try:
        statements = ast.parse(source).body
    except SyntaxError as problem:
        raise InputError(f"The parameters cell of {name} is not Python: {problem}.") from problem
    comments = {
        token.start[0]: token.string.lstrip("# ").strip()
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    found: dict[str, Parameter] = {}
    for statement in statements:
        parameter = _parse_one(statement, comments.get(statement.end_lineno or 0, ""), name)
        if parameter.name in found:
            raise InputError(f"{name} declares the parameter {parameter.name!r} twice.")
        found[parameter.name] = parameter
    return found


def check_parameters(
    name: str, given: Mapping[str, Any], declared: Mapping[str, Parameter]
) -> dict[str, Any]:
    """The chapter's parameters with ``given`` in place of the defaults.

    Raises:
        InputError: an unknown, mistyped or out-of-range one; the message lists what is allowed.
    """
    unknown = sorted(given.keys() - declared.keys())
    if unknown:
        close = difflib.get_close_matches(unknown[0], declared, n=1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        raise InputError(
            f"{name} has no parameter {unknown[0]!r}{hint}. It has: {_listing(declared.values())}."
        )
    accepted = {key: parameter.default for key, parameter in declared.items()}
    for key, value in given.items():
        try:
            accepted[key] = declared[key].accept(value)
        except InputError as problem:
            raise InputError(f"{name}: {problem}") from problem
    return accepted


def _listing(declared: Iterable[Parameter]) -> str:
    return "; ".join(str(parameter) for parameter in declared) or "none"


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _is_users(key: str, value: Any) -> bool:
    history = _IPYTHONS_HISTORY.get(key)
    if _IPYTHONS.fullmatch(key) or (history is not None and isinstance(value, history)):
        return False
    return isinstance(value, _PLAIN)


def _parse_one(statement: ast.stmt, comment: str, name: str) -> Parameter:
    line = ast.unparse(statement)
    form = "name: type = default  # what it is, unit; LOW to HIGH"
    if not (
        isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and statement.value is not None
    ):
        raise InputError(f"In the parameters cell of {name}, {line!r} is not of the form {form!r}.")
    kind = ast.unparse(statement.annotation)
    item = re.fullmatch(r"list\[(\w+)\]", kind)
    base = item[1] if item else kind
    if base not in _TYPES:
        raise InputError(
            f"In the parameters cell of {name}, {line!r} is of type {kind}; expected int, float, "
            "bool, str or a list of one of them."
        )
    try:
        default = ast.literal_eval(statement.value)
    except ValueError as problem:
        raise InputError(
            f"In the parameters cell of {name}, the default in {line!r} is not a plain value."
        ) from problem
    span, choices = _RANGE.search(comment), _CHOICES.search(comment)
    numeric = base in ("int", "float")
    if not comment or (numeric and not span) or (base == "str" and not choices):
        ending = "; LOW to HIGH" if numeric else "; one of A, B" if base == "str" else ""
        raise InputError(
            f"In the parameters cell of {name}, {line!r} needs a comment on its line that says "
            f"what it is{f' and ends in {ending!r}' if ending else ''}."
        )
    low, high = -math.inf, math.inf
    if numeric and span:
        try:
            low, high = float(span["low"]), float(span["high"])
        except ValueError as problem:
            raise InputError(
                f"In the parameters cell of {name}, the range of {line!r} is not two numbers."
            ) from problem
        if not low <= high:
            raise InputError(f"In the parameters cell of {name}, the range of {line!r} is empty.")
    ending_at = span if numeric else choices if base == "str" else None
    parameter = Parameter(
        name=statement.target.id,
        type=base,
        is_list=item is not None,
        default=default,
        help=comment[: ending_at.start()].strip() if ending_at else comment,
        low=low,
        high=high,
        choices=tuple(part.strip() for part in choices["choices"].split(","))
        if choices and base == "str"
        else (),
    )
    try:
        parameter.accept(default)
    except InputError as problem:
        raise InputError(f"The default of a parameter of {name} is not allowed: {problem}") from (
            problem
        )
    return parameter
