"""run.db: what a run keeps for good, and what people decided; read and written by nobody else."""
