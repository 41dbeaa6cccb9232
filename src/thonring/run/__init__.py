"""A run on disk: its database, which is the reference, its folder, and manual decisions."""
