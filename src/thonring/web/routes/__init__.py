"""The JSON interface, one file a topic: each gives a `router(view)`."""
