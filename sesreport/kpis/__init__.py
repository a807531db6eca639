"""KPIs with targets: measured, broken down, judged, put on a scorecard and into words.

May import everything from ``core`` to ``findings``. A new KPI is one function with ``@kpi`` in a file of ``measures/``,
a new kind of news for page one one with ``@happening`` in a file of ``happened/``.
"""
