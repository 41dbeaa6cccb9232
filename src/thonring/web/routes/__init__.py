"""The JSON interface, one file per topic, each with a `router(view)`."""
