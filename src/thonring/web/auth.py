"""Access control: the server's address, its token, and the origin of requests.

Every request passes through `AuthMiddleware`. It is rejected when its Host header is not a name of this machine (421,
so that no foreign name can be pointed at a loopback address), when it reads from elsewhere without the token (401),
when it changes something without the token or from another site's page (403), and when its body is too large (413) or
not JSON (415, since forms of other sites cannot send JSON).
"""

import hmac
import ipaddress
import re
import secrets
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.requests import cookie_parser
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 16 * 2**20
"""Room for the numbers of a million micrographs; only a POST has a body."""

_COOKIE_PREFIX = "thonring_token"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_ALL_INTERFACES = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - recognised here, bound only on request
_HOST_AND_PORT = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?", re.IGNORECASE)
"""Host and port as written by browsers, and nothing else."""

_SECURITY_HEADERS = {
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


@dataclass(frozen=True, slots=True)
class Access:
    """The address of a server, and the `token` required for changes.

    At a loopback address anyone on this machine may read without it; elsewhere reading needs the token, too.
    """

    host: str
    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return _is_loopback(self.host)

    @property
    def address(self) -> str:
        """Address of the page, with the token."""
        host = socket.gethostname() if self.host in _ALL_INTERFACES else self.host
        bracketed = f"[{host}]" if ":" in host else host
        return f"http://{bracketed}:{self.port}/?token={self.token}"

    @property
    def cookie(self) -> str:
        """Name of the cookie with the token; browsers share cookies between the ports of a host."""
        return f"{_COOKIE_PREFIX}_{self.port}"

    def is_token(self, candidate: str | None) -> bool:
        """Whether this is the token, compared in constant time."""
        return candidate is not None and hmac.compare_digest(candidate.encode(), self.token.encode())


class AuthMiddleware:
    """An application that receives only the requests that `Access` allows, with bounded JSON bodies."""

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
                _add_headers(MutableHeaders(scope=message), scope["path"])
            await send(message)

        response = _check_request(self._access, scope) or _check_content_type(scope)
        if response is None:
            receive, response = await _read_body(scope, receive)
        await (response or self._app)(scope, receive, send_with_headers)


def _check_request(access: Access, scope: Scope) -> Response | None:
    """Reject a request, or move the token from the page's address into a cookie; None lets the request pass.

    Sets `scope["may_change"]`: whether the request has the token.
    """
    headers = Headers(scope=scope)
    if access.loopback and not _is_this_machine(headers.get("host", "")):
        return _refusal(scope, 421, "this server only accepts requests addressed to its own machine.")
    if scope["path"] == "/" and access.is_token(QueryParams(scope["query_string"]).get("token")):
        return _redirect_with_cookie(access)

    from_program = access.is_token(_bearer_token(headers))
    scope["may_change"] = from_program or any(map(access.is_token, _cookies(headers, access.cookie)))
    if not scope["may_change"] and not access.loopback:
        return _refusal(scope, 401, "open the address that `thonring serve` printed: it contains the token.")
    if scope["method"] in _SAFE_METHODS:
        return _check_reading_site(scope, headers)
    if not scope["may_change"]:
        return _refusal(scope, 403, "changes need the token: open the address that `thonring serve` printed.")
    return _check_origin(scope, headers, from_program=from_program)


def _refusal(scope: Scope, status: int, sentence: str) -> Response:
    """Answer with an error: JSON for the interface, plain text for a page."""
    if scope["path"].startswith("/api"):
        return JSONResponse({"detail": sentence}, status_code=status)
    return PlainTextResponse(f"Thonring: {sentence}\n", status_code=status)


def _redirect_with_cookie(access: Access) -> Response:
    """Remove the token from the visible address."""
    response = RedirectResponse("/", status_code=303)
    # Not "strict": the cookie must be sent when the address is opened from a link in a message.
    response.set_cookie(access.cookie, access.token, httponly=True, samesite="lax")
    return response


def _bearer_token(headers: Headers) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _cookies(headers: Headers, name: str) -> Iterable[str]:
    for header in headers.getlist("cookie"):
        value = cookie_parser(header).get(name)
        if value is not None:
            yield value


def _check_origin(scope: Scope, headers: Headers, *, from_program: bool) -> Response | None:
    """Check the page's origin, which browsers send with every change; a program that sends the token need not."""
    origin = headers.get("origin")
    if origin is None:
        own_page = from_program and headers.get("sec-fetch-site") in {None, "none", "same-origin"}
    else:
        scheme, _, host = origin.partition("://")
        own_page = scheme in {"http", "https"} and host.lower() == headers.get("host", "").lower()
    if own_page:
        return None
    return _refusal(scope, 403, "changes are only accepted from this server's own page.")


def _check_reading_site(scope: Scope, headers: Headers) -> Response | None:
    """Reject requests from another site's page, which cannot read a response but could keep the server busy."""
    if scope["path"].startswith("/api") and headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
        return _refusal(scope, 403, "this interface only accepts requests from this server's own page.")
    return None


def _check_content_type(scope: Scope) -> Response | None:
    if scope["method"] != "POST":
        return None
    content_type = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        return _refusal(scope, 415, "expected a body of content-type application/json.")
    return None


async def _read_body(scope: Scope, receive: Receive) -> tuple[Receive, Response | None]:
    """Read the body of a request, unless it is too large, and give a `receive` that replays it."""
    # Reading needs no token on this machine: were bodies kept for it, anyone could fill the memory.
    most_bytes = MAX_BODY_BYTES if scope["method"] == "POST" else 0
    sentence = (
        f"a request body may be at most {most_bytes // 2**20} MiB."
        if most_bytes
        else "only a POST has a body."
    )
    too_large = _refusal(scope, 413, sentence)
    announced = Headers(scope=scope).get("content-length", "0")
    if announced.isdecimal() and int(announced) > most_bytes:
        return receive, too_large
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return receive, _refusal(scope, 400, "the connection ended before the body did.")
        body += message.get("body", b"")
        if len(body) > most_bytes:
            return receive, too_large
        if not message.get("more_body", False):
            break

    replayed = False

    async def replay() -> Message:
        nonlocal replayed
        if replayed:
            return await receive()
        replayed = True
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    return replay, None


def _add_headers(headers: MutableHeaders, path: str) -> None:
    for name, value in _SECURITY_HEADERS.items():
        headers[name] = value
    headers.setdefault("cache-control", "no-store" if path.startswith("/api") else "no-cache")


def _is_this_machine(host_header: str) -> bool:
    """Whether the requested host name is this machine's: foreign names may be pointed here."""
    match = _HOST_AND_PORT.fullmatch(host_header)
    return match is not None and _is_loopback(match["host"].strip("[]"))


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
