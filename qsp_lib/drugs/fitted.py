"""The table of joint draws that a fit writes beside a drug file: one row a draw.

``member`` says which of the record's draws of the network a row is of; the other columns are the
drug's own numbers, with their units in the header.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from ..common import InputError

FITTED_UNITS = {
    "k_act": "1/h",
    "k_exh": "1/h",
    "k_kill": "1/h",
    "k_rec": "1/h",
    "EC50": "ng/mL",
    "h": "1",
}
"""What may be drawn of a drug of one's own, and the unit it stands in."""
_MEMBER = "member"
_HEADER = {f"{name} ({unit})": name for name, unit in FITTED_UNITS.items()}


def fitted_csv(members: Sequence[int], values: Mapping[str, Sequence[float]]) -> str:
    """The table as text; numbers are written so that they are read back as they are.

    >>> print(fitted_csv([3, 1], {"k_act": [0.25, 0.5]}), end="")
    member,k_act (1/h)
    3,0.25
    1,0.5
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([_MEMBER, *(f"{name} ({FITTED_UNITS[name]})" for name in values)])
    for member, *row in zip(members, *values.values(), strict=True):
        writer.writerow([int(member), *(repr(float(value)) for value in row)])
    return buffer.getvalue()


def read_fitted(
    where: str, text: str, n_members: int
) -> tuple[tuple[int, ...], Mapping[str, tuple[float, ...]]]:
    """Members ``(N,)`` and numbers ``(N,)`` by name.

    Args:
        where: for the message.
        text: as of `fitted_csv`.
        n_members: how many draws of the network there are.

    Raises:
        InputError: another header, no rows, a field that is no number above 0, or an unknown
            member.
    """
    header, *rows = list(csv.reader(io.StringIO(text, newline=""))) or [[]]
    names = [_HEADER.get(name, "") for name in header[1:]]
    if header[:1] != [_MEMBER] or not names or "" in names or len(set(names)) < len(names):
        raise InputError(
            f"{where}: the header {','.join(header)!r} was given; expected {_MEMBER} and each of "
            f"{', '.join(_HEADER)} at most once. Fit again."
        )
    members: list[int] = []
    columns: list[list[float]] = []
    for number, row in enumerate(rows, 2):
        try:
            member, values = int(row[0]), [float(field) for field in row[1:]]
            known = 0 <= member < n_members and len(values) == len(names)
            if not known or not all(math.isfinite(value) and value > 0 for value in values):
                raise ValueError
        except (ValueError, IndexError):
            raise InputError(
                f"{where}, line {number}: {','.join(row)!r} was given; expected a member below "
                f"{n_members} and {len(names)} numbers above 0. Fit again."
            ) from None
        members.append(member)
        columns.append(values)
    if not members:
        raise InputError(f"{where}: no draw was given; expected one or more. Fit again.")
    found = dict(zip(names, map(tuple, zip(*columns, strict=True)), strict=True))
    return tuple(members), MappingProxyType(found)
