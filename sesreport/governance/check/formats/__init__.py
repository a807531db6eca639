"""Kinds of files that the gate reads, one in each module."""
