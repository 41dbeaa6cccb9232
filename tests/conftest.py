"""Properties have no deadline, since machines are busy.

Commands that tests start end by Ctrl-C, also where the tests themselves run in the background of a shell.
"""

import signal

from hypothesis import settings

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
