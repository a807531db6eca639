"""What every package rests on: errors, frames' schema, files, text made visible, periods, the loader of things.

May import no other package. A module belongs here when packages that know nothing of each other need it.
"""
