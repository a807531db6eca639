"""One module per service; each function answers one operation and registers itself."""
