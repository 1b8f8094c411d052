"""Problems with a known answer, given to the machinery of this project and not to a copy of it.

Each module asks one part of the machinery: exposure in closed form, conservation laws, the
solvers, inference, and exposures that were measured. What came out is committed in
``data/known_answers.json`` and shown in the book; the tests ask everything again.
"""

from .answer import KnownAnswer
from .record import CHECKS, KnownAnswers, ask_all, read_record

__all__ = ["CHECKS", "KnownAnswer", "KnownAnswers", "ask_all", "read_record"]
