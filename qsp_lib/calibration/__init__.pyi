from .joint_fit import BOUND_DECADES as BOUND_DECADES
from .joint_fit import CourseResiduals as CourseResiduals
from .joint_fit import calibrate as calibrate
from .joint_fit import drug_at as drug_at
from .joint_fit import estimated as estimated
from .joint_fit import make_problem as make_problem
from .joint_fit import network_at as network_at
from .joint_fit import root_mean_square as root_mean_square
