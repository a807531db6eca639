"""Collections: every account and Region read at the pace AWS allows, cut off and resumed without loss.

May import everything from ``core`` to ``aws``. A new dataset is one file in ``datasets/``.
"""
