"""Findings over time, and the store of all snapshots.

>>> import sesreport as ses
>>> history = ses.History("data/snapshots")
>>> history.month_ends(), history.frame("identities", as_of="2026-10-31")
"""
