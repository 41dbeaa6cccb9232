"""CTFFIND's diagnostic image and texts."""
