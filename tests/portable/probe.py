"""The quick science that is done under each setting; prints JSON.

``bits`` have to be the same bits anywhere: what is random, and digests. ``numbers`` go through
powers and exponentials, whose last bits belong to the processor: they have to agree to 1e-9.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsp_lib.common import CURRENT, code_digest
from qsp_lib.inference import laplace_draws, sobol, standard_normals
from qsp_lib.model import FEEDBACKS, canonical_equations
from qsp_lib.protocol import current_record
from qsp_lib.protocol.blind_test import predict
from qsp_lib.protocol.inputs import input_digests

N_DRAWS = (*range(1, 41), 2000)


def digest(values: NDArray[Any]) -> str:
    """Of the bits of an array, in one order of bytes."""
    return sha256(np.ascontiguousarray(values, dtype="<f8").tobytes()).hexdigest()


def bits() -> dict[str, Any]:
    """Digests of n draws ``(n, d)`` and of the first of them, and the package's own digests."""
    record = current_record()
    _, mean, covariance = record.posterior
    made = [laplace_draws(mean, covariance, n, record.seed) for n in N_DRAWS]
    return {
        "draws": [digest(draws) for draws in made],
        "first_draws": sorted({digest(draws[0]) for draws in made}),
        "normals": digest(standard_normals(2000, 20, record.seed)),
        "sobol": digest(sobol(1024, 17, record.seed)),
        "code": code_digest(),
        "equations": {feedback: canonical_equations(feedback) for feedback in FEEDBACKS},
        "inputs": input_digests(CURRENT),
        "record": record.digest,
    }


def numbers() -> dict[str, Any]:
    """The blind prediction over a few draws, verdicts and shares included, and those draws."""
    record = current_record()
    draws = record.draws(12)
    return {
        "prediction": predict(record, draws),
        "draws": {
            drug: {name: column.tolist() for name, column in sorted(found.values.items())}
            for drug, found in draws.items()
        },
    }


if __name__ == "__main__":
    print(json.dumps({"bits": bits(), "numbers": numbers()}))
