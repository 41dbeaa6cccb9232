"""Polar cells drawn by the million, while a network trains."""
