"""Formats of cost exports, one family a file: which columns make one, and where each field of a charge is."""
