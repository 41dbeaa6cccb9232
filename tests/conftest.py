"""Makes `simulated` known to every folder of tests."""
