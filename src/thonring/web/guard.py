"""What stands before the application: it refuses what may not pass, and sets the headers of every answer."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from thonring.web.access import Access, answer_instead, refused

MOST_BYTES = 16 * 2**20
"""Of the body of a request: the numbers of a million micrographs."""

_HEADERS = {
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Guard:
    """An application that only sees what `Access` allows, with bodies that are JSON of a bounded size."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _complete(MutableHeaders(scope=message), scope["path"])
            await send(message)

        answer = answer_instead(self._access, scope) or _unfit(scope)
        if answer is None:
            receive, answer = await _whole_body(scope, receive)
        await (answer or self._app)(scope, receive, send_with_headers)


def _complete(headers: MutableHeaders, path: str) -> None:
    for name, value in _HEADERS.items():
        headers[name] = value
    headers.setdefault("cache-control", "no-store" if path.startswith("/api") else "no-cache")


def _unfit(scope: Scope) -> Response | None:
    """Forms of other sites cannot send JSON, so nothing else is taken."""
    if scope["method"] != "POST":
        return None
    kind = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        return refused(scope, 415, "expected a body of content-type application/json.")
    return None


async def _whole_body(scope: Scope, receive: Receive) -> tuple[Receive, Response | None]:
    """Read the body of a request, as far as it may be large, and hand it on."""
    too_large = refused(scope, 413, f"the body of a request may have {MOST_BYTES // 2**20} MiB at most.")
    announced = Headers(scope=scope).get("content-length", "0")
    if announced.isdecimal() and int(announced) > MOST_BYTES:
        return receive, too_large
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            return receive, too_large
        if not message.get("more_body", False):
            break

    sent = False

    async def again() -> Message:
        nonlocal sent
        if sent or message["type"] == "http.disconnect":
            return await receive()
        sent = True
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    return again, None
