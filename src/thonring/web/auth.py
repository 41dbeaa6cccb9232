"""Who may look and who may change: the server's address, its token, and the page's own origin."""

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

COOKIE = "thonring_token"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_EVERY_ADDRESS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - recognised here, bound only if asked for
_PLACE = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?", re.IGNORECASE)
"""Host and port as browsers write them, and nothing else."""


@dataclass(frozen=True, slots=True)
class Access:
    """How a server is reached: at `host` and `port`, and changed only with the `token`.

    At a loopback address anyone on this machine may look; elsewhere looking needs the token, too.
    """

    host: str
    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return _is_loopback(self.host)

    @property
    def address(self) -> str:
        """Where a browser finds the page, with the token that lets it make changes."""
        host = socket.gethostname() if self.host in _EVERY_ADDRESS else self.host
        shown = f"[{host}]" if ":" in host else host
        return f"http://{shown}:{self.port}/?token={self.token}"

    @property
    def cookie(self) -> str:
        """Name of the cookie with the token; browsers share cookies between the ports of a host."""
        return f"{COOKIE}_{self.port}"

    def knows(self, token: str | None) -> bool:
        """Whether a token is the right one, compared in constant time."""
        return token is not None and hmac.compare_digest(token.encode(), self.token.encode())


def answer_instead(access: Access, scope: Scope) -> Response | None:
    """Refuse a request, or let the token of the page's address move into a cookie; None lets it through.

    `scope["may_change"]` then tells whether it has the token.
    """
    headers = Headers(scope=scope)
    if access.loopback and not _is_local(headers.get("host", "")):
        return refused(scope, 421, "this server answers to the address of its own machine only.")
    if scope["path"] == "/" and access.knows(QueryParams(scope["query_string"]).get("token")):
        return _entry(access)
    by_program = access.knows(_bearer(headers))
    scope["may_change"] = by_program or any(map(access.knows, _cookies(headers, access.cookie)))
    if not scope["may_change"] and not access.loopback:
        return refused(scope, 401, "open the address that `thonring serve` printed: it has the token.")
    if scope["method"] in _READING:
        return _from_elsewhere(scope, headers)
    if not scope["may_change"]:
        return refused(scope, 403, "changes need the token: open the address that `thonring serve` printed.")
    return _foreign(scope, headers, by_program=by_program)


def refused(scope: Scope, status: int, sentence: str) -> Response:
    """Say why not: to programs in JSON, to people who open a page in words."""
    if scope["path"].startswith("/api"):
        return JSONResponse({"detail": sentence}, status_code=status)
    return PlainTextResponse(f"Thonring: {sentence}\n", status_code=status)


def _entry(access: Access) -> Response:
    """Take the token out of sight. Lax: the cookie must come along when the address is opened from a message."""
    answer = RedirectResponse("/", status_code=303)
    answer.set_cookie(access.cookie, access.token, httponly=True, samesite="lax")
    return answer


def _bearer(headers: Headers) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _cookies(headers: Headers, name: str) -> Iterable[str]:
    for sent in headers.getlist("cookie"):
        found = cookie_parser(sent).get(name)
        if found is not None:
            yield found


def _foreign(scope: Scope, headers: Headers, *, by_program: bool) -> Response | None:
    """A browser names the page's origin in every change; a program that sends the token itself need not."""
    origin = headers.get("origin")
    if origin is None:
        here = by_program and headers.get("sec-fetch-site") in {None, "none", "same-origin"}
    else:
        scheme, _, place = origin.partition("://")
        here = scheme in {"http", "https"} and place.lower() == headers.get("host", "").lower()
    return None if here else refused(scope, 403, "changes are taken from this server's own page only.")


def _from_elsewhere(scope: Scope, headers: Headers) -> Response | None:
    """Another site's page cannot read an answer, but it could let the server work."""
    if scope["path"].startswith("/api") and headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
        return refused(scope, 403, "the interface answers to this server's own page only.")
    return None


def _is_local(place: str) -> bool:
    """Whether the name that a browser was given is this machine's: a name elsewhere may be pointed here."""
    found = _PLACE.fullmatch(place)
    return found is not None and _is_loopback(found["host"].strip("[]"))


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


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
