from .forecast import GRADE as GRADE
from .forecast import Forecast as Forecast
from .forecast import Forecasts as Forecasts
from .forecast import Quantity as Quantity
from .forecast import forecasts_text as forecasts_text
from .forecast import quantiles as quantiles
from .forecast import read_forecasts as read_forecasts
