"""What is wrong where: rules that fire on places of the organization, and the lives of what they found.

May import everything from ``core`` to ``analysis``. A new rule is one function with ``@rule`` in a file of ``rules/``,
a new frame one with ``@derived`` in a file here.
"""
