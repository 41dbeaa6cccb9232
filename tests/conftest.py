"""Makes `simulated` known to every folder of tests; properties are not timed, since machines are busy."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
