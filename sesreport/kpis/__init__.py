"""KPIs with targets: measured, broken down, judged, put on a scorecard and into words.

May import everything from ``core`` to ``findings``. A new KPI is one function with ``@kpi`` in a file of ``measures/``.
"""
