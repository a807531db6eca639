"""The demonstration organization: a loopback AWS endpoint that answers as AWS would for an invented company.

    with serve(today=reference_day()) as endpoint, endpoint.activate():
        ...                              # plain boto3 from here on

Its data is ``data/demo`` (see the README there). Everything is a function of that folder and of ``today``. May import
everything from ``core`` to ``report``. A new operation of AWS is one function with ``@operation`` in ``operations/``.
What answers needs the extra ``sesreport[demo]``; this module, ``endpoint`` and ``snapshot`` load without it.
"""

from __future__ import annotations

from sesreport.demo.endpoint import DemoError, Endpoint, data_path, reference_day, serve

__all__ = ["DemoError", "Endpoint", "data_path", "reference_day", "serve"]
