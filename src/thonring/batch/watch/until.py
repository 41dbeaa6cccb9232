"""When a watch ends by itself."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Until:
    """What comes first ends it: nothing new for `idle_s` seconds and all done, a time, or so many `files` done."""

    idle_s: float | None = None
    at: datetime | None = None
    files: int | None = None

    def is_over(self, now: datetime, done: int) -> bool:
        """Whether the time has come or the number is reached, whatever is still to be done."""
        return (self.at is not None and now >= self.at) or (self.files is not None and done >= self.files)

    def is_idle(self, idle_s: float) -> bool:
        """Whether so long without anything to do is the end."""
        return self.idle_s is not None and idle_s >= self.idle_s
