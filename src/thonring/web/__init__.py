"""The report of a run, and the page with its JSON interface to view and curate it."""
