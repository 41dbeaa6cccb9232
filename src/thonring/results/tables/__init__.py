"""Tables of a run for other programs and for people, each a pure function of its store."""
