"""The server's connections: how many there are, how long they may wait, and how much is logged about them.

uvicorn limits neither the number of connections that send nothing, nor the time in which a request must arrive or an
answer be read, and asyncio writes a traceback for every connection for which no file descriptor is left: whoever
reaches the address could stop the server for everyone and fill the disk of its log. Here the number of connections
stays below the file descriptors of the process, the connection that has waited longest gives way to a new one, and
there is a deadline for all that a client has to do.
"""

import asyncio
import logging
import math
import resource
import socket
import time
from typing import Any, cast

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_CONNECTIONS = 256
"""A browser opens six; the rest is for many people and for programs."""

RESERVED_DESCRIPTORS = 64
"""File descriptors of the process that connections leave to databases, images and exports, at the least."""

BACKLOG = 64
"""Connections that the system accepts before the server does, and that the server accepts at a time."""

HEADER_S = 10.0
"""Time for the header of a request, from the connection or from the end of the answer before."""

BODY_S = 60.0
"""Time for the body of a request: 16 MiB at 280 kB/s."""

STALLED_S = 60.0
"""Time in which a client must read some of an answer."""

CLOSING_S = 10.0
"""Time in which a client must read the rest of an answer after which the connection is closed."""

LOG_RECORDS, LOG_PERIOD_S = 5, 60.0
"""So many messages from one line of the source are logged in this time."""

_BUSY_BODY = b'{"detail": "too many connections at the moment. Try again shortly."}'
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 10\r\n"
    b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(_BUSY_BODY), _BUSY_BODY)
)

_logger = logging.getLogger(__name__)


def serve(app: ASGIApp, bound: socket.socket) -> None:
    """Serve an application on a bound socket until Ctrl-C or SIGTERM, which is raised again after the last answer."""
    handler = logging.StreamHandler()
    handler.addFilter(RepetitionFilter())
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s", handlers=[handler])
    limited_server(app).run(sockets=[bound])


def limited_server(app: ASGIApp) -> "LimitedServer":
    """Create a server with limits on its connections, which leaves logging as it is."""
    return LimitedServer(
        uvicorn.Config(
            app,
            http=LimitedProtocol,
            ws="none",
            backlog=BACKLOG,
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
    )


def max_connections() -> int:
    """Give the number of connections that the process may have, at most half of its file descriptors."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if descriptors == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return max(1, min(MAX_CONNECTIONS, descriptors // 2, descriptors - RESERVED_DESCRIPTORS))


class LimitedServer(uvicorn.Server):
    """A server that once a second closes the connections whose time is over."""

    async def on_tick(self, counter: int) -> bool:
        """Do what is due ten times a second; True ends the server."""
        if counter % 10 == 0:
            now_s = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                cast("LimitedProtocol", connection).close_if_late(now_s)
        return await super().on_tick(counter)


class LimitedProtocol(H11Protocol):
    """A connection with a deadline for what its client has to do next."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Take a connection; beyond the limit in place of the one that has waited longest, or not at all."""
        super().connection_made(transport)
        self._phase = ""
        self._since_s = self._stalled_since_s = self._closing_since_s = math.inf
        self._enter_phase()
        others = [cast("LimitedProtocol", one) for one in self.connections if one is not self]
        if len(others) < max_connections():
            return
        _logger.warning("the limit of %d connections is reached", max_connections())
        waiting = [one for one in others if one.waiting_since_s < math.inf]
        if waiting:
            min(waiting, key=lambda one: one.waiting_since_s).abort()
        else:
            self.transport.write(_BUSY)
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Read what the client sent."""
        super().data_received(data)
        self._enter_phase()

    def on_response_complete(self) -> None:
        """Go on to the next request."""
        super().on_response_complete()
        self._enter_phase()

    def pause_writing(self) -> None:
        """Wait for the client to read."""
        super().pause_writing()
        self._stalled_since_s = self.loop.time()

    def resume_writing(self) -> None:
        """Go on writing."""
        super().resume_writing()
        self._stalled_since_s = math.inf

    @property
    def waiting_since_s(self) -> float:
        """Since when the server has waited for the client, and could do without it; infinite while it computes."""
        answering = self.cycle is not None and not self.cycle.response_complete
        return min(self._stalled_since_s, self._closing_since_s, math.inf if answering else self._since_s)

    def close_if_late(self, now_s: float) -> None:
        """Close the connection if its client took too long."""
        if self.transport.is_closing():
            self._closing_since_s = min(self._closing_since_s, now_s)
        limit_s = {"header": HEADER_S, "body": BODY_S}.get(self._phase, math.inf)
        if (
            now_s - self._closing_since_s > CLOSING_S
            or now_s - self._stalled_since_s > STALLED_S
            or now_s - self._since_s > limit_s
        ):
            self.abort()

    def abort(self) -> None:
        """Close the connection now, without what the client has not read."""
        self.connections.discard(self)
        self.transport.abort()

    def _enter_phase(self) -> None:
        """Note what the connection waits for, and since when, unless it is what it has waited for all along."""
        state = self.conn.their_state
        phase = {h11.IDLE: "header", h11.SEND_BODY: "body"}.get(state, "answer")
        if phase != self._phase:
            self._phase, self._since_s = phase, self.loop.time()


class RepetitionFilter(logging.Filter):
    """A filter that passes LOG_RECORDS messages from each line of the source in LOG_PERIOD_S, and counts the rest."""

    def __init__(self) -> None:
        super().__init__()
        self._periods: dict[tuple[str, int], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log a message; the first of a new period says how many were left out before it."""
        line, now_s = (record.pathname, record.lineno), time.monotonic()
        start_s, count = self._periods.get(line, (now_s, 0))
        if now_s - start_s >= LOG_PERIOD_S:
            left_out, start_s, count = count - LOG_RECORDS, now_s, 0
            if left_out > 0:
                record.msg, record.args = _with_count(record.getMessage(), left_out), None
        self._periods[line] = start_s, count + 1
        return count < LOG_RECORDS


def _with_count(message: Any, left_out: int) -> str:  # noqa: ANN401
    return f"{message} ({left_out} more such messages were left out)"
