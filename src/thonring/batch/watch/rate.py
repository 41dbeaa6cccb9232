"""How often something happens."""

from collections import deque

WINDOW_S = 3600.0
LEAST_S = 60.0


class Rate:
    """Events an hour, over the last hour or since the beginning; None before a minute has gone."""

    def __init__(self, now_s: float) -> None:
        self._began_s = now_s
        self._moments_s: deque[float] = deque()

    def add(self, now_s: float, count: int = 1) -> None:
        """So many events, now."""
        self._moments_s.extend([now_s] * count)

    def per_hour(self, now_s: float) -> float | None:
        """The rate now."""
        while self._moments_s and self._moments_s[0] < now_s - WINDOW_S:
            self._moments_s.popleft()
        elapsed_s = min(WINDOW_S, now_s - self._began_s)
        return None if elapsed_s < LEAST_S else 3600.0 * len(self._moments_s) / elapsed_s
