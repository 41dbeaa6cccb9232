"""A run on disk: the database that is the truth, its folder, and who is accepted."""
