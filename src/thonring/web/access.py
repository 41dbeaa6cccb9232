"""Who may look and who may change: a loopback address, a token, and the page's own origin."""

import hmac
import ipaddress
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "thonring_token"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
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
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def address(self) -> str:
        """Where a browser finds the page, with the token that lets it make changes."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{shown}:{self.port}/?token={self.token}"

    def knows(self, token: str | None) -> bool:
        """Whether a token is the right one, compared in constant time."""
        return token is not None and hmac.compare_digest(token.encode(), self.token.encode())


class Guard:
    """Refuses what `Access` does not allow before anything else sees it, and sets the headers of every answer."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                if scope["path"].startswith("/api"):
                    headers.setdefault("cache-control", "no-store")
            await send(message)

        answer = self._entry(scope) or self._refusal(scope)
        await (answer or self._app)(scope, receive, send_with_headers)

    def _entry(self, scope: Scope) -> RedirectResponse | None:
        """The page's address with the right token: it moves into a cookie, out of sight."""
        if scope["path"] != "/" or not self._access.knows(QueryParams(scope["query_string"]).get("token")):
            return None
        answer = RedirectResponse("/", status_code=303)
        answer.set_cookie(self._cookie, self._access.token, httponly=True, samesite="strict")
        return answer

    @property
    def _cookie(self) -> str:
        """Browsers share cookies between the ports of a host."""
        return f"{COOKIE}_{self._access.port}"

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        headers = Headers(scope=scope)
        if self._access.loopback and not _is_local(headers.get("host", "")):
            return _refused(421, "this server answers to the address of its own machine only.")
        has_token = any(map(self._access.knows, _tokens(headers, self._cookie)))
        if not has_token and not self._access.loopback:
            return _refused(401, "open the address that `thonring serve` printed: it has the token.")
        scope["may_change"] = has_token
        if scope["method"] in _READING:
            return None
        if not has_token:
            return _refused(403, "changes need the token: open the address that `thonring serve` printed.")
        if not _same_origin(headers):
            return _refused(403, "changes are taken from this server's own page only.")
        return None


def _refused(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"detail": sentence}, status_code=status)


def _tokens(headers: Headers, cookie: str) -> Iterable[str]:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        yield token.strip()
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(cookie)
    except CookieError:
        found = None
    if found is not None:
        yield found.value


def _is_local(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _same_origin(headers: Headers) -> bool:
    """A browser names the page's origin in every change; a program that sends the token itself names none."""
    origin = headers.get("origin")
    if origin is None:
        return headers.get("authorization") is not None and headers.get("sec-fetch-site") in {
            None,
            "none",
            "same-origin",
        }
    return urlsplit(origin).netloc == headers.get("host")
