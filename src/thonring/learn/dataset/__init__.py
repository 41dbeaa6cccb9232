"""Data sets: elements from runs or simulation, on disk and back."""
