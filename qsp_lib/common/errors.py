"""The errors this package raises on purpose.

Every message says what was given, what was expected and what to do, so a
caller can show it to a person as it stands.
"""

from __future__ import annotations


class QspError(ValueError):
    """Base of every error that bad input or a broken rule can cause."""


class EvidenceError(QspError):
    """A table row, a unit or a source that cannot be accepted."""


class InputError(QspError):
    """A dose, parameter, option or file outside what is allowed."""


class LockError(QspError):
    """An attempt to change, bypass or load a tampered lock record."""


class SealError(QspError):
    """A held-back table that must not, or cannot, be opened."""


class IntegrationError(QspError):
    """A result was asked of a simulation that did not complete."""
