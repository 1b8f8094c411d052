"""The parameters that a chapter declares: their types, ranges and units, read strictly."""

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
from typing import Any

from ..common import InputError

_RANGE = re.compile(r";\s*(?P<low>\S+) to (?P<high>\S+)\s*$")
_CHOICES = re.compile(r";\s*one of (?P<choices>[^;]+)$")
_UNIT = re.compile(r",\s*(?P<unit>1/h|h|[pn]g/mL|mg/kg|mg)(?=\s|$)")
_TYPES: dict[str, type] = {"int": int, "float": float, "bool": bool, "str": str}


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
