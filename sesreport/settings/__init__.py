"""``sesreport.toml``, the register of approved outside accounts, and reference tables.

May import ``core``. A new setting is a field of its section in ``config``; a new reference table a file in
``data/reference`` and a function in ``reference``.
"""
