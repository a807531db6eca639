"""Trends of sending: daily series in, judged rows out. Nothing here reads a file, a clock or AWS.

:mod:`~sesreport.trends.series` makes daily series in which unknown is not zero; :mod:`~sesreport.trends.expectation`
says what each day should have been; :mod:`~sesreport.trends.spikes`, :mod:`~sesreport.trends.silence` and
:mod:`~sesreport.trends.rates` find what was out of the ordinary; :mod:`~sesreport.trends.forecast` says when a quota or
one of AWS's lines will be reached. No day is judged by days after it.
"""

from sesreport.trends.anomalies import anomalies
from sesreport.trends.forecasts import forecasts
from sesreport.trends.series import Series, series

__all__ = ["Series", "anomalies", "forecasts", "series"]
