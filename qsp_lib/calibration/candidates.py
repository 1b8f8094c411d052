"""The structures that version 2 of the model was chosen from, each fitted to the same open data.

Three T-cell parts are compared under the gated feedback, which is the published one: as in
version 1; with recovery that needs rest; and with a steep superagonist besides. Then three
feedbacks are compared under the part that the rule chooses.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..inference import Problem
from ..model import CONSTANT_RECOVERY, RECOVERY_AT_REST
from .joint_fit import FIT_RTOL, make_problem

FITTED = ("blinatumomab", "tgn1412")
"""The drugs that calibrate and develop the model."""
_STEEPNESS = "tgn1412.h"


@dataclass(frozen=True)
class CandidateModel:
    """One structure.

    Attributes:
        name: in file names and tables.
        label: in words.
        t_cells, feedback: of :class:`qsp_lib.model.Structure`.
        steep: whether the Hill coefficient of the superagonist is estimated; 1 otherwise.
    """

    name: str
    label: str
    t_cells: str
    feedback: str = "gated"
    steep: bool = True

    def problem(
        self,
        rtol: float = FIT_RTOL,
        without_course: str | None = None,
        published_only: bool = False,
    ) -> Problem:
        """The fit of both drugs to version 2's open data.

        Args:
            rtol: of the integration.
            without_course: a course to leave out.
            published_only: leave out every row that is a declared assumption.
        """
        return make_problem(
            FITTED,
            self.feedback,
            without_course,
            rtol,
            inputs=INPUTS,
            t_cells=self.t_cells,
            fixed={} if self.steep else {_STEEPNESS: 1.0},
            published_only=published_only,
        )


T_CELL_CANDIDATES = (
    CandidateModel(
        "constant", "recovery at all times, as in version 1", CONSTANT_RECOVERY, steep=False
    ),
    CandidateModel("rest", "recovery at rest", RECOVERY_AT_REST, steep=False),
    CandidateModel("gated", "recovery at rest, steep superagonist", RECOVERY_AT_REST),
)
FEEDBACK_CANDIDATES = (
    CandidateModel("none", "the same without feedback", RECOVERY_AT_REST, "none"),
    CandidateModel("ungated", "the same with an ungated feedback", RECOVERY_AT_REST, "ungated"),
)
CANDIDATES = {one.name: one for one in (*T_CELL_CANDIDATES, *FEEDBACK_CANDIDATES)}
INPUTS = "v2"
"""The version of observations, priors and drug files that they are fitted to."""
LOCKED = "gated"
"""The structure that is locked: the T-cell part by the rule, the feedback as published."""
