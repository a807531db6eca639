"""Forms of a fix, one in each module."""
