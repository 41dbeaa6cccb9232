"""Text files of any kind: written whole or not at all, quoted right, and no pipe ever opened."""
