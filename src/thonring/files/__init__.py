"""Text files: written whole or not at all, correctly quoted, and pipes are never opened."""
