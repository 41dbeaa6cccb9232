"""Time as the watch sees it, so that a test can be faster."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


def _now() -> datetime:
    return datetime.now().astimezone()


@dataclass(frozen=True, slots=True)
class Clock:
    """`seconds` never go back; `now` is the time of day, with its zone; `sleep` waits so many seconds."""

    seconds: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = _now
    sleep: Callable[[float], None] = time.sleep
