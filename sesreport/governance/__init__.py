"""What follows a judgement: explanations of an identity's policies, the quarterly review, and the watch on
changes.

May import everything from ``core`` to ``kpis``; ``monitor`` runs without pandas. A new Lambda function is a file in
``monitor/``.
"""
