"""Cash to expect, period by period, from the loans that are there now: with intervals, and a naive forecast
beside it.
"""

from forbear.funding.forecast.history import History, book_history
from forbear.funding.forecast.model import Forecast, Period, forecast, past_forecasts
from forbear.funding.forecast.naive import naive_forecast
from forbear.funding.forecast.statuses import status_history
from forbear.funding.periods import Every

__all__ = [
    "Every",
    "Forecast",
    "History",
    "Period",
    "book_history",
    "forecast",
    "naive_forecast",
    "past_forecasts",
    "status_history",
]
