"""The HTTP API of the view: what it answers. `openapi.py` describes it, from the same table."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse

from passerby_events.errors import PasserbyError
from passerby_events.tracks import TrackKey
from pipeline.store.client import StoreError
from pipeline.store.erasure_requests import ErasureError
from pipeline.view import questions
from pipeline.view.broadcast import Broadcast, TooManyError
from pipeline.view.desk import Desk
from pipeline.view.frames import BOUNDARY, Frames
from pipeline.view.guard import refuse
from pipeline.view.health_log import HealthLog
from pipeline.view.labelled import LabelsError
from pipeline.view.lines import track_from
from pipeline.view.questions import QuestionError
from pipeline.view.uploads import MOST_BYTES, UploadError
from pipeline.view.viewed import NotPossibleError, Recorded, Viewed
from reid_runtime.card import ArtefactError

PREFIX = "/api/v1"
MOST_JSON_BYTES = 10_000
BODY_WITHIN_S = 15.0
JPEG = "image/jpeg"
_SIGHTING = "/sightings/{camera}/{session}/{track}"
_LOOK_S = 2.0
"""A page that reads a stream looks at its cameras; said again so often."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One entry of the API.

    Attributes:
        method, path: after the prefix.
        handler: makes the answer.
        summary: in a line.
        question: what may stand in the address.
        answer: name of a schema in `openapi.py`, or a media type.
        body: of the request; `image` for a shown.
        is_for_operators: viewers may not.
    """

    method: Literal["GET", "POST"]
    path: str
    handler: Callable[[Request], Awaitable[Response]]
    summary: str
    question: type[BaseModel]
    answer: str
    body: type[BaseModel] | Literal["image"] | None = None
    is_for_operators: bool = False


class Api:
    """Answers for one site. The server's loop; what blocks goes to the pool."""

    def __init__(self, viewed: Viewed, desk: Desk, frames: Frames, broadcast: Broadcast, health: HealthLog) -> None:
        self._viewed = viewed
        self._desk = desk
        self._frames = frames
        self._broadcast = broadcast
        self._health = health

    def endpoints(self) -> list[Endpoint]:
        q = questions
        return [
            Endpoint("GET", "/site", self._site, "What is looked at, and what you may do", q.NoQuestion, "Site"),
            Endpoint("GET", "/cameras", self._cameras, "State of each camera", q.NoQuestion, "Cameras"),
            Endpoint("GET", "/cameras/{camera}/frame.jpg", self._frame, "A frame", q.FrameQuestion, JPEG),
            Endpoint(
                "GET",
                "/cameras/{camera}/recording",
                self._recording,
                "What a moment is in",
                q.MomentQuestion,
                "Recording",
            ),
            Endpoint(
                "GET", "/cameras/{camera}/recording.mp4", self._video, "The file of it", q.MomentQuestion, "video/mp4"
            ),
            Endpoint("GET", "/persons", self._persons, "Persons, last seen first", q.PersonsQuestion, "Persons"),
            Endpoint("GET", "/persons/{person}", self._person, "Somebody, with all sightings", q.NoQuestion, "Person"),
            Endpoint("GET", "/sightings", self._sightings, "Sightings, newest first", q.SightingsQuestion, "Sightings"),
            Endpoint(
                "GET",
                f"{_SIGHTING}/crop.jpg",
                self._crop,
                "The best crop of a sighting",
                q.NoQuestion,
                JPEG,
            ),
            Endpoint("GET", f"{_SIGHTING}/moments.jpg", self._moments, "Crops in order of time", q.NoQuestion, JPEG),
            Endpoint(
                "GET",
                f"{_SIGHTING}/attention.jpg",
                self._show_attention,
                "Where the network looks in them",
                q.AttentionQuestion,
                JPEG,
            ),
            Endpoint("GET", "/decisions", self._decisions, "Matches and others", q.DecisionsQuestion, "Decisions"),
            Endpoint("GET", "/decisions/{decision}", self._decision, "One of them", q.NoQuestion, "Decision"),
            Endpoint("GET", "/search", self._like_sighting, "Who looks like a sighting", q.SearchQuestion, "Found"),
            Endpoint("POST", "/search", self._like_image, "Who looks so", q.SearchQuestion, "Found", "image"),
            Endpoint("GET", "/health", self._site_health, "How the site is, and was", q.NoQuestion, "Health"),
            Endpoint("GET", "/stream", self._stream, "What is new, as it comes", q.StreamQuestion, "text/event-stream"),
            Endpoint("GET", "/verdicts", self._verdicts, "What operators said", q.NoQuestion, "Verdicts"),
            Endpoint("POST", "/verdicts", self._say, "Say who is who", q.NoQuestion, "Verdict", q.VerdictBody, True),
            Endpoint(
                "POST",
                "/persons/{person}/erase",
                self._erase,
                "Forget somebody",
                q.NoQuestion,
                "Audit",
                q.EraseBody,
                True,
            ),
            Endpoint("GET", "/audit", self._audit, "Who was erased", q.NoQuestion, "AuditList", None, True),
        ]

    async def _site(self, request: Request) -> Response:
        questions.ask(questions.NoQuestion, request)
        card, book = self._viewed.card, self._viewed.book
        attention = await run_in_threadpool(self._desk.attention_names) if card.keeps_images else ()
        start_s, end_s = book.span()
        return JSONResponse(
            {
                "site": card.name,
                "cameras": list(card.cameras),
                "plan": {name: list(place) for name, place in card.plan.items()},
                "images": card.keeps_images,
                "attention": list(attention),
                "records": card.keeps_images and self._viewed.records,
                "role": request.state.role,
                "asks": request.state.asks,
                "live": True,
                "real_time": book.is_real_time,
                "now": time.time() if book.is_real_time and end_s > time.time() - 86_400 else end_s,
                "start": start_s,
                "end": end_s,
                "counts": book.counts(),
            }
        )

    async def _cameras(self, request: Request) -> Response:
        questions.ask(questions.NoQuestion, request)
        return JSONResponse({"items": self._health.cameras()})

    async def _frame(self, request: Request) -> Response:
        asked = questions.ask(questions.FrameQuestion, request)
        camera = self._camera(request)
        self._need_images()
        self._frames.look([camera])
        shown = self._frames.newest(camera) if asked.name is None else self._frames.of_name(camera, asked.name)
        if shown is None:
            return refuse(404, f"there is no such frame of {camera} now: ask again in a second")
        return Response(shown.jpeg, media_type=JPEG)

    async def _recording(self, request: Request) -> Response:
        return JSONResponse({"start": self._recorded(request).start_s})

    async def _video(self, request: Request) -> Response:
        """As far as it is written; players ask for a part of it."""
        return FileResponse(self._recorded(request).path, media_type="video/mp4")

    def _recorded(self, request: Request) -> Recorded:
        asked, camera = questions.ask(questions.MomentQuestion, request), self._camera(request)
        self._need_images()
        found = self._viewed.recorded(camera, asked.at)
        if found is None:
            raise NotThereError(f"nothing is recorded of {camera} at that moment")
        return found

    async def motion_jpeg(self, request: Request) -> Response:
        """`/view/CAMERA`."""
        camera = self._camera(request)
        self._need_images()
        if self._frames.is_full:
            return refuse(503, "too many watch already")
        media = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
        return StreamingResponse(self._frames.motion_jpeg(camera), media_type=media)

    async def _persons(self, request: Request) -> Response:
        asked = questions.ask(questions.PersonsQuestion, request)
        page = await run_in_threadpool(self._viewed.book.persons, asked.wanted(), asked.offset, asked.limit)
        return JSONResponse({"total": page.total, "items": page.items})

    async def _person(self, request: Request) -> Response:
        questions.ask(questions.NoQuestion, request)
        found = await run_in_threadpool(self._viewed.book.person, _id(request, "person"))
        return refuse(404, "nobody here has that id") if found is None else JSONResponse(found)

    async def _sightings(self, request: Request) -> Response:
        asked = questions.ask(questions.SightingsQuestion, request)
        page = await run_in_threadpool(self._viewed.book.sightings, asked.wanted(), asked.offset, asked.limit)
        return JSONResponse({"total": page.total, "items": page.items})

    async def _crop(self, request: Request) -> Response:
        questions.ask(questions.NoQuestion, request)
        return _kept(await run_in_threadpool(self._viewed.crop, self._sighting(request)))

    async def _moments(self, request: Request) -> Response:
        questions.ask(questions.NoQuestion, request)
        return _kept(await run_in_threadpool(self._viewed.moments, self._sighting(request)))

    async def _show_attention(self, request: Request) -> Response:
        asked, track = questions.ask(questions.AttentionQuestion, request), self._sighting(request)
        moments = await run_in_threadpool(self._viewed.moments, track)
        return _kept(moments and await run_in_threadpool(self._desk.show_attention, moments, asked.of))

    def _sighting(self, request: Request) -> TrackKey:
        """Whose images are asked for, if there may be any."""
        self._need_images()
        names = request.path_params
        try:
            track = track_from("/".join((names["camera"], names["session"], names["track"])))
        except ValueError:
            raise NotThereError("there is no such sighting") from None
        if self._viewed.book.is_erased(track):
            raise NotThereError("there is no such sighting")
        return track

    async def _decisions(self, request: Request) -> Response:
        asked = questions.ask(questions.DecisionsQuestion, request)
        page = await run_in_threadpool(self._viewed.book.decisions, asked.wanted(), asked.offset, asked.limit)
        return JSONResponse({"total": page.total, "items": page.items})

    async def _decision(self, request: Request) -> Response:
        questions.ask(questions.NoQuestion, request)
        found = self._viewed.book.decision(_id(request, "decision"))
        if found is None:
            return refuse(404, "there is no such decision")
        return JSONResponse(self._viewed.book.decision_line(found))

    async def _like_sighting(self, request: Request) -> Response:
        asked = questions.ask(questions.SearchQuestion, request)
        if asked.sighting is None:
            return refuse(400, "sighting: expected the id of one, or a shown with POST")
        return JSONResponse(await run_in_threadpool(self._desk.search_sighting, asked))

    async def _like_image(self, request: Request) -> Response:
        asked = questions.ask(questions.SearchQuestion, request)
        if request.headers.get("content-type", "").partition(";")[0].strip() not in (JPEG, "image/png"):
            return refuse(415, "expected a shown, image/jpeg or image/png")
        content = await read_body(request, MOST_BYTES)
        return JSONResponse(await run_in_threadpool(self._desk.search_image, content, asked))

    async def _site_health(self, request: Request) -> Response:
        questions.ask(questions.NoQuestion, request)
        return JSONResponse({**self._health.site(), "counts": self._viewed.book.counts()})

    async def _stream(self, request: Request) -> Response:
        asked = questions.ask(questions.StreamQuestion, request)
        cameras = [name for name in asked.frames.split(",") if name in self._viewed.card.cameras]
        stream = self._broadcast.stream(cameras)
        try:
            first = await anext(stream)
        except TooManyError:
            return refuse(503, "too many streams are open already")

        async def content() -> AsyncIterator[bytes]:
            looker = asyncio.create_task(self._keep_looking(cameras))
            try:
                yield first
                async for message in stream:
                    yield message
            finally:
                looker.cancel()
                await stream.aclose()  # type: ignore[attr-defined]

        return StreamingResponse(content(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    async def _keep_looking(self, cameras: list[str]) -> None:
        while cameras:
            self._frames.look(cameras)
            await asyncio.sleep(_LOOK_S)

    async def _verdicts(self, request: Request) -> Response:
        questions.ask(questions.NoQuestion, request)
        pairs = await run_in_threadpool(self._desk.pairs.read)
        fields = ("id", "verdict", "seen", "seen_before", "similarity", "given_at", "decision")
        return JSONResponse({"items": [{name: getattr(pair, name) for name in fields} for pair in pairs[::-1]]})

    async def _say(self, request: Request) -> Response:
        questions.ask(questions.NoQuestion, request)
        body = questions.checked(questions.VerdictBody, await _json(request))
        return JSONResponse(await run_in_threadpool(self._desk.give_verdict, body))

    async def _erase(self, request: Request) -> Response:
        questions.ask(questions.NoQuestion, request)
        person = _id(request, "person")
        body = questions.checked(questions.EraseBody, await _json(request))
        if body.confirm != person:
            raise QuestionError("confirm: expected the id of the person once more")
        entry = await run_in_threadpool(self._desk.erase, person, request.state.address)
        return JSONResponse(entry.model_dump(mode="json"))

    async def _audit(self, request: Request) -> Response:
        questions.ask(questions.NoQuestion, request)
        entries = await run_in_threadpool(self._viewed.audit)
        return JSONResponse({"items": [entry.model_dump(mode="json") for entry in entries]})

    def _camera(self, request: Request) -> str:
        camera: str = request.path_params["camera"]
        if camera not in self._viewed.card.cameras:
            raise NotThereError("there is no such camera")
        return camera

    def _need_images(self) -> None:
        if not self._viewed.card.keeps_images:
            raise NotThereError("this site keeps no images: `view: {images: true}` lets it")


class NotThereError(PasserbyError):
    """What an address names is not there."""


def refusal_of(error: Exception) -> Response:
    """What a client hears of an error; raises it again if it is ours."""
    match error:
        case NotThereError():
            return refuse(404, str(error))
        case QuestionError() | UploadError():
            return refuse(400, str(error))
        case NotPossibleError() | ErasureError() | ArtefactError() | LabelsError():
            return refuse(409, str(error))
        case StoreError():
            return refuse(503, str(error))
        case TimeoutError() | ClientDisconnect():
            return refuse(408, "the body took too long")
    raise error


def _kept(jpeg: bytes | None) -> Response:
    if not jpeg:
        raise NotThereError("no image of it is kept")
    return Response(jpeg, media_type=JPEG, headers={"Cache-Control": "private, max-age=30"})


def _id(request: Request, name: str) -> UUID:
    try:
        return UUID(request.path_params[name])
    except ValueError:
        raise NotThereError(f"{name}: expected an id (a UUID)") from None


async def _json(request: Request) -> object:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise QuestionError("expected a body of application/json")
    content = await read_body(request, MOST_JSON_BYTES)
    try:
        found: object = json.loads(content)
    except (ValueError, RecursionError):
        raise QuestionError("expected JSON, found another thing") from None
    return found


async def read_body(request: Request, most: int) -> bytes:
    """The body, if it is small and comes soon."""
    content = bytearray()
    async with asyncio.timeout(BODY_WITHIN_S):
        async for chunk in request.stream():
            content += chunk
            if len(content) > most:
                raise QuestionError(f"expected a body of at most {most:,} bytes")
    return bytes(content)
