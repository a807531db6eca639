"""Collection: every account and Region read in parallel, every gap written down.

:func:`sesreport.collect` makes one snapshot. Collectors are the files in ``datasets/``; they never catch what they do
not understand, and the lane they run in turns each failure into a coverage row.
"""
