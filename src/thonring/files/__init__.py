"""Text files, written atomically and correctly quoted; named pipes are never opened."""
