"""The pack: workbook, HTML report, deck, notebooks and manifest of one period."""
