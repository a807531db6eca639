"""Ways to print the verdicts of the gate, one in each module."""
