from .courses import ATOL as ATOL
from .courses import RTOL as RTOL
from .courses import reference_courses as reference_courses
from .everything import packs as packs
from .everything import read_manifest as read_manifest
from .everything import write as write
from .formula import identifier as identifier
from .verifying import findings as findings
