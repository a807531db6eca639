"""The slides of the deck, one file each, found by being here."""
