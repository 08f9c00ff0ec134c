"""What stands before every request: who sends it, how often, by which name; and what every answer carries."""

from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.view.access import COOKIE, Access, Caller, RateLimit

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
OPEN = ("/login", "/assets/login.css", "/assets/login.js", "/livez")
"""For whoever comes; nothing of the site is there."""
WRITING = ("POST", "PUT", "PATCH", "DELETE")
MOST_PER_S, BURST = 200.0, 600.0
WRITES_PER_S, WRITES_BURST = 0.5, 20.0
LOGINS_PER_S, LOGINS_BURST = 0.1, 5.0


class Guard:
    """Lets through who may come in; says `role` and `address` in the scope's state."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access
        self._all = RateLimit(MOST_PER_S, BURST)
        self._writes = RateLimit(WRITES_PER_S, WRITES_BURST)
        self._logins = RateLimit(LOGINS_PER_S, LOGINS_BURST)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        guarded = _with_headers(send)
        await (refusal or self._app)(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        peer = scope["client"][0] if scope.get("client") else ""
        address, path, method = self._access.client(peer, headers), scope["path"], scope["method"]
        if not self._all.allows(address):
            return refuse(429, "too many requests: wait a second")
        if not self._access.is_our_name(headers.get("host")):
            return refuse(421, "this is not the name of this server: `view: {names: [...]}` says which are")
        if method in WRITING and not _is_of_this_site(headers):
            return refuse(403, "another site's page may not write here")
        caller = Caller(peer, headers, _cookie(headers))
        role = self._access.role(caller)
        scope.setdefault("state", {}).update(role=role, address=address, asks=not self._access.is_open)
        if path == "/login" and method in WRITING and not self._logins.allows(address):
            return refuse(429, "too many tokens were tried: wait a minute")
        if path in OPEN:
            return None
        if role is None:
            return _who_are_you(headers, path)
        if method in WRITING and not self._writes.allows(address):
            return refuse(429, "too many changes: wait a few seconds")
        return None


def refuse(code: int, why: str) -> JSONResponse:
    """An error as every client of the API gets it."""
    return JSONResponse({"error": why}, code)


def _who_are_you(headers: Headers, path: str) -> Response:
    if path == "/" and "text/html" in headers.get("accept", ""):
        return RedirectResponse("/login", 303)
    answer = refuse(401, "expected a token: `Authorization: Bearer TOKEN`, or a session of /login")
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _is_of_this_site(headers: Headers) -> bool:
    """Browsers say from which page a request comes; programs do not."""
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def _cookie(headers: Headers) -> str | None:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return None if found is None else found.value


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return sending
