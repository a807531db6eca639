"""The sheets of the workbook, one file each, found by being here."""
