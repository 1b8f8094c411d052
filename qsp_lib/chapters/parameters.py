"""The parameters of a chapter: values in its notebook, types and ranges in a pydantic model.

The cell tagged ``parameters`` holds one a line, in the form that papermill reads::

    n_starts: int = 16  # starts of the multi-start fit; 16 to 256
    engine: str = "diffsol"  # integrator; one of diffsol, scipy

``parameters.py`` beside the notebooks holds one model a chapter, which decides what is allowed::

    class Calibration(Parameters):
        n_starts: Annotated[int, Field(ge=16, le=256)]
        engine: Literal["diffsol", "scipy"]


    CHAPTERS = {"01_calibration": Calibration}

What a comment says of type and range is compared with the model whenever both are read.
"""

from __future__ import annotations

import ast
import difflib
import io
import json
import math
import re
import runpy
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as Field

from ..common import InputError

MODELS = "parameters.py"
_UNIT = re.compile(r",\s*(?P<unit>1/h|h|[pn]g/mL|mg/kg|mg)(?=\s|$)")
_NAMES = {"integer": "int", "number": "float", "boolean": "bool", "string": "str"}
"""JSON schema's name of a type, and Python's."""


class Parameters(BaseModel):
    """Parameters of one chapter: none missing, none unknown, none of another type."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


@dataclass(frozen=True)
class Parameter:
    """One parameter as a reader sees it.

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
    def annotation(self) -> str:
        """The type as the notebook writes it."""
        return f"list[{self.type}]" if self.is_list else self.type

    @property
    def expected(self) -> str:
        """The type and the range or choices, in words."""
        words = f"list of {self.type}" if self.is_list else self.type
        if self.choices:
            return f"{words}, one of {', '.join(self.choices)}"
        if self.type in ("int", "float"):
            return f"{words} from {_exact(self.low)} to {_exact(self.high)}"
        return words

    def says(self, ending: str) -> bool:
        """Whether the end of a comment names this range or these choices."""
        if self.choices:
            return ending == f"one of {', '.join(self.choices)}"
        try:
            low, high = (float(end) for end in ending.split(" to "))
        except ValueError:
            return False
        return (low, high) == (self.low, self.high)


def load_models(folder: Path) -> dict[str, type[Parameters]]:
    """The models of the chapters in a folder, by chapter.

    Raises:
        InputError: no ``parameters.py``, or none that says which chapter has which model.
    """
    path = folder / MODELS
    if not path.is_file():
        raise InputError(f"There is no {path}; it holds a model of each chapter's parameters.")
    try:
        # run and not imported, which would leave bytecode beside the chapters
        return dict(runpy.run_path(str(path))["CHAPTERS"])
    except Exception as problem:  # it is Python, so anything can go wrong in it
        raise InputError(f"{path} cannot be read ({problem!r}).") from problem


def describe(
    model: type[Parameters], source: str, name: str = "the notebook"
) -> dict[str, Parameter]:
    """Every parameter of a chapter, in the order of its notebook.

    Args:
        model: what is allowed.
        source: the source of the cell tagged ``parameters``.
        name: the chapter, for messages.

    Raises:
        InputError: a line of the cell that is not of the form above, or says other than the model.
    """
    cell = _read_cell(source, name)
    if set(cell) != set(model.model_fields):
        only = set(cell) ^ set(model.model_fields)
        raise InputError(
            f"{name} declares {min(only)!r} in one place only; expected it in its parameters cell "
            f"and in its model in {MODELS}."
        )
    schema = model.model_json_schema()["properties"]
    found = {key: _describe_one(key, schema[key], *cell[key], name) for key in cell}
    try:
        model.model_validate({key: parameter.default for key, parameter in found.items()})
    except ValidationError as problem:
        raise InputError(
            f"A default of {name} is not allowed: {_refusal(problem, found)}"
        ) from problem
    return found


def check_parameters(
    name: str,
    given: Mapping[str, Any],
    model: type[Parameters],
    declared: Mapping[str, Parameter],
) -> dict[str, Any]:
    """``given``, every value of the right type and within its range.

    Raises:
        InputError: an unknown, missing, mistyped or out-of-range one, and what is allowed.
    """
    unknown = sorted(given.keys() - declared.keys())
    if unknown:
        close = difflib.get_close_matches(unknown[0], declared, n=1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        raise InputError(
            f"{name} has no parameter {unknown[0]!r}{hint}. It has: {_listing(declared.values())}."
        )
    try:
        return model.model_validate(dict(given)).model_dump()
    except ValidationError as problem:
        raise InputError(f"{name}: {_refusal(problem, declared)}") from problem


def read_text(text: str) -> Any:
    """A value as it is written on a command line: as JSON, as Python's truth value, or as text.

    >>> read_text("32"), read_text("[1, 2.5]"), read_text("True"), read_text("diffsol")
    (32, [1, 2.5], True, 'diffsol')
    """
    try:
        return json.loads(text)
    except ValueError:
        return {"True": True, "False": False}.get(text, text)


def _refusal(problem: ValidationError, declared: Mapping[str, Parameter]) -> str:
    first = problem.errors(include_url=False)[0]
    parameter = declared[str(first["loc"][0])]
    if first["type"] == "missing":
        return f"parameter {parameter.name!r} has no value; run the parameters cell first."
    return (
        f"Parameter {parameter.name!r} was given {first['input']!r}; expected "
        f"{parameter.expected} ({parameter.help})."
    )


def _listing(declared: Iterable[Parameter]) -> str:
    return "; ".join(str(parameter) for parameter in declared) or "none"


def _exact(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _describe_one(
    key: str, schema: Mapping[str, Any], annotation: str, default: Any, comment: str, name: str
) -> Parameter:
    is_list = schema["type"] == "array"
    item = schema["items"] if is_list else schema
    words, _, ending = comment.rpartition("; ")
    limited = item["type"] != "boolean"
    parameter = Parameter(
        name=key,
        type=_NAMES[item["type"]],
        is_list=is_list,
        default=default,
        help=words if limited else comment,
        low=float(item.get("minimum", -math.inf)),
        high=float(item.get("maximum", math.inf)),
        choices=tuple(item.get("enum", [item["const"]] if "const" in item else [])),
    )
    if annotation != parameter.annotation or (limited and not parameter.says(ending)):
        raise InputError(
            f"{name} says {key}: {annotation} ... # {comment}; its model in {MODELS} says "
            f"{parameter.expected}. Make the two agree."
        )
    if not parameter.help:
        raise InputError(f"{name} does not say in a comment what {key!r} is.")
    return parameter


def _read_cell(source: str, name: str) -> dict[str, tuple[str, Any, str]]:
    """Type, default and comment of each line of a parameters cell."""
    try:
        statements = ast.parse(source).body
    except SyntaxError as problem:
        raise InputError(f"The parameters cell of {name} is not Python: {problem}.") from problem
    comments = {
        token.start[0]: token.string.lstrip("# ").strip()
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    found: dict[str, tuple[str, Any, str]] = {}
    for statement in statements:
        match statement:
            case ast.AnnAssign(ast.Name(key), kind, ast.expr() as value) if key not in found:
                comment = comments.get(statement.end_lineno or 0, "")
                try:
                    found[key] = (ast.unparse(kind), ast.literal_eval(value), comment)
                    continue
                except ValueError:
                    pass  # a default that is computed: told below
        raise InputError(
            f"In the parameters cell of {name}, {ast.unparse(statement)!r} is not of the form "
            "'name: type = default  # what it is, unit; LOW to HIGH', once a name, with a plain "
            "value."
        )
    return found
