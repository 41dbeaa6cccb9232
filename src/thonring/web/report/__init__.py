"""A run as one page to keep and to send: everything inside, nothing fetched."""
