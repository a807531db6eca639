"""Kinds of news of page one: a new one is one file with one function under ``@happening``.

May import what ``kpis`` may. Texts name places and numbers; outside text is made visible where it is written out.
"""
