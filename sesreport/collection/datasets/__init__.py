"""One file per collector."""
