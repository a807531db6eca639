"""The pack of a month: workbook, HTML report, deck, notebooks, and their delivery.

May import everything from ``core`` to ``governance``. A new sheet is a file in ``workbook/sheets``, a slide in
``deck/slides``, a section in ``html/sections``, a chart in ``charts``, a destination in ``delivery/destinations``.
"""
