from .base import CENTRAL as CENTRAL
from .base import Outcome as Outcome
from .base import Task as Task
from .choice import ENGINES as ENGINES
from .choice import solve as solve
from .diffsol import compile_text as compile_text
from .diffsol import solve_diffsol as solve_diffsol
from .scipy import solve_scipy as solve_scipy
