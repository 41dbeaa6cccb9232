"""Data sets: examples from runs or simulation, written and read."""
