"""KPIs by subject; each is one function with ``@kpi``, found by being here."""
