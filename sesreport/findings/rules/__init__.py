"""Rules by subject; each is one function with ``@rule``, found by being here."""
