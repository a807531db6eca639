"""Kinds of waste, one registered function each; a file holds those of one subject."""
