"""Trends of sending: daily series in, judged rows out. Nothing here reads a file, a clock or AWS.

``series`` makes daily series in which unknown is not zero; ``expectation`` says what each day should have been;
``spikes``, ``silence`` and ``rates`` find what was out of the ordinary; ``forecast`` says when a quota or one of AWS's
lines will be reached. No day is judged by days after it.
"""

from sesreport.analysis.trends.anomalies import anomalies
from sesreport.analysis.trends.forecasts import forecasts
from sesreport.analysis.trends.series import Series, series

__all__ = ["Series", "anomalies", "forecasts", "series"]
