"""The view's web server, in a thread of its own beside whatever else the process does."""

import asyncio
import contextlib
import logging
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from importlib import resources
from importlib.metadata import PackageNotFoundError, version
from typing import Self
from urllib.parse import parse_qs

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from passerby_events.errors import PasserbyError
from pipeline.config_view import ViewConfig
from pipeline.view.access import COOKIE, SESSION_S, Access
from pipeline.view.api import PREFIX, Api, Endpoint, read_body, refusal_of
from pipeline.view.broadcast import Broadcast
from pipeline.view.desk import Desk
from pipeline.view.drawing import box_line
from pipeline.view.frames import Frames
from pipeline.view.guard import Guard, refuse
from pipeline.view.health_log import EVERY_S, HealthLog
from pipeline.view.openapi import document
from pipeline.view.viewed import Viewed

logger = logging.getLogger(__name__)

MOST_CONNECTIONS = 512
STARTS_WITHIN_S = 20.0
POLL_S = 1.0
"""Whether the state of the site is to be read."""
_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class ViewError(PasserbyError):
    """The port cannot be had."""


class ViewServer:
    """Serves the view of a site until it is closed.

    Args:
        viewed: the site.
        config: where, and who may.

    Raises:
        ViewError: if the port cannot be had.
    """

    def __init__(self, viewed: Viewed, config: ViewConfig) -> None:
        self._config = config
        self._socket = _listen(config)
        self._app = _make_app(viewed, config)
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._app.guard,
                log_config=None,
                access_log=False,
                lifespan="on",
                limit_concurrency=MOST_CONNECTIONS,
                timeout_keep_alive=15,
                timeout_graceful_shutdown=1,
                h11_max_incomplete_event_size=32 << 10,
                server_header=False,
                ws="none",
                # The header of a proxy is checked here, by who sent it.
                proxy_headers=False,
            )
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="view", daemon=True)
        self._thread.start()
        for _ in range(int(STARTS_WITHIN_S / 0.02)):
            if self._server.started or not self._thread.is_alive():
                break
            threading.Event().wait(0.02)

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    @property
    def address(self) -> str:
        """For people."""
        host = f"[{self._config.host}]" if ":" in self._config.host else self._config.host
        return f"http://{host}:{self.port}/"

    def close(self) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._app.end_streams)
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._server.serve(sockets=[self._socket])


def _listen(config: ViewConfig) -> socket.socket:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((config.host, config.port))
    except OSError as error:
        listening.close()
        raise ViewError(
            f"expected to serve the view on {config.host}:{config.port}: {error.strerror}; choose another port"
        ) from error
    return listening


@dataclass(frozen=True, slots=True)
class _App:
    """All that is served, behind its guard; and what ends streams, in the server's loop, so that it can close."""

    guard: Guard
    end_streams: Callable[[], None]


def _make_app(viewed: Viewed, config: ViewConfig) -> _App:
    access, health, desk = Access(config), HealthLog(viewed.card.cameras), Desk(viewed)
    broadcast = Broadcast(viewed.book)
    frames = Frames(viewed, config.frame_fps, lambda shown: broadcast.show(shown, lambda p: box_line(p, viewed.book)))
    api = Api(viewed, desk, frames, broadcast, health)
    endpoints = api.endpoints()
    viewed.book.listen(desk.hear)
    described = document(endpoints, _version())
    login = _Login(access)
    routes = [
        *(_route(endpoint) for endpoint in endpoints),
        Route(f"{PREFIX}/openapi.json", lambda _: JSONResponse(described)),
        Route("/view/{camera}", _answering(api.motion_jpeg)),
        Route("/livez", lambda _: JSONResponse({"ok": True})),
        Route("/login", login.page, methods=["GET"]),
        Route("/login", login.enter, methods=["POST"]),
        Route("/logout", login.leave, methods=["POST"]),
        Route("/", lambda _: _page("index.html")),
        Route("/assets/{name}", _asset),
    ]

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        broadcast.start()
        tasks = [asyncio.create_task(frames.run()), asyncio.create_task(_watch_health(viewed, health))]
        yield
        for task in tasks:
            task.cancel()

    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers={HTTPException: _as_json})

    def end_streams() -> None:
        broadcast.end()
        frames.end()

    return _App(Guard(app, access), end_streams)


async def _watch_health(viewed: Viewed, health: HealthLog) -> None:
    """Often while somebody wants to know, seldom while nobody does."""
    due_s = 0.0
    while True:
        if health.is_asked or time.monotonic() >= due_s:
            due_s = time.monotonic() + EVERY_S
            try:
                health.take(await run_in_threadpool(viewed.statuses))
                viewed.book.lost = health.lost()
            except PasserbyError as error:
                logger.warning("the view does not know how the site is: %s", error)
        await asyncio.sleep(POLL_S)


def _route(endpoint: Endpoint) -> Route:
    async def handle(request: Request) -> Response:
        if endpoint.is_for_operators and request.state.role != "operator":
            return refuse(403, "only operators may")
        return await _answering(endpoint.handler)(request)

    return Route(PREFIX + endpoint.path, handle, methods=[endpoint.method])


def _answering(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        try:
            return await handler(request)
        except Exception as error:  # noqa: BLE001 - `refusal_of` raises again what is no client's business
            return refusal_of(error)

    return handle


class _Login:
    """A page that takes a token, and gives a session for it."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def page(self, _: Request) -> Response:
        return _page("login.html")

    async def enter(self, request: Request) -> Response:
        try:
            content = await read_body(request, 2000)
            token = parse_qs(content.decode("ascii")).get("token", [""])[0]
        except (PasserbyError, ValueError, TimeoutError):
            return refuse(400, "expected a form with a token")
        role = self._access.role_of(token)
        if role is None:
            return _page("login.html", 401, note="That token is not known here.")
        answer = RedirectResponse("/", 303)
        answer.set_cookie(
            COOKIE,
            self._access.open_session(role),
            max_age=int(SESSION_S),
            httponly=True,
            samesite="strict",
            secure=request.headers.get("x-forwarded-proto") == "https",
        )
        return answer

    async def leave(self, request: Request) -> Response:
        self._access.close_session(request.cookies.get(COOKIE))
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(COOKIE)
        return answer


def _page(name: str, code: int = 200, *, note: str = "") -> Response:
    text = resources.files("pipeline.view").joinpath("pages", name).read_text(encoding="utf-8")
    return HTMLResponse(text.replace("<!-- note -->", note), code)


async def _asset(request: Request) -> Response:
    name: str = request.path_params["name"]
    kind = _KINDS.get(name[name.rfind(".") :])
    file = resources.files("pipeline.view").joinpath("pages", name)
    if kind is None or "/" in name or not file.is_file():
        return refuse(404, "there is no such file")
    return Response(file.read_bytes(), media_type=kind, headers={"Cache-Control": "no-cache"})


async def _as_json(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException), "registered for it alone"
    answer = refuse(error.status_code, str(error.detail).lower())
    answer.headers.update(error.headers or {})
    return answer


def _version() -> str:
    try:
        return version("passerby")
    except PackageNotFoundError:
        return "0"
