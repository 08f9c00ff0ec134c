"""The report of a run: the pages of the view, frozen, in one HTML file with all that they show inside.

It needs no server and no network. Images are inside too as long as they are few; else, and annotated videos always,
they lie beside it, in the run's folder.
"""

import base64
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from uuid import UUID

import numpy as np

from passerby_events.errors import PasserbyError
from passerby_events.schema import Event
from pipeline.output.causes import name_causes
from pipeline.output.files import written_whole
from pipeline.view.alike import VectorShelf
from pipeline.view.book import Book, take_all
from pipeline.view.lines import Json, Wanted

ALL = 10**9
MOST_BYTES_INSIDE = 8 << 20
"""Of images; more are left beside the page."""
ALIKE = 6
"""Persons who look most like each."""
MOST_ALIKE = 3000
"""Persons among whom that is asked: each is compared with each."""
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src 'self' data: file:; "
    "media-src 'self' file:"
)
_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([a-z]+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (async function|function|const) (\w+)", re.MULTILINE)
_DATA = re.compile(r'(<script type="application/json" id="data">)(.*?)(</script>)', re.DOTALL)


class ReportError(PasserbyError):
    """The report cannot be written."""


@dataclass(frozen=True, slots=True)
class CameraSummary:
    """What one camera contributed.

    Attributes:
        name: of the camera.
        frames: how many were looked at.
        tracks: how many tracks they gave.
        encoded: those of which there is an embedding.
        named: those that are somebody.
        not_encoded: how many are not encoded, by reason.
        joined: those named that are somebody whom another camera saw too.
        poor_boxes: the share of boxes that something speaks against, in words; empty: none.
    """

    name: str
    frames: int
    tracks: int
    encoded: int = 0
    named: int = 0
    not_encoded: Mapping[str, int] = field(default_factory=dict)
    joined: int = 0
    poor_boxes: str = ""


@dataclass(frozen=True, slots=True)
class Video:
    """An annotated video: where it lies, from the report, and the time of its first frame, seconds since the epoch."""

    href: str
    start_s: float


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What the events do not tell about a run.

    Attributes:
        site: name of the site.
        cameras: in the order in which they shall be shown.
        took_s: wall time of the run, seconds.
        plan: where cameras stand.
        videos: annotated ones, by camera.
        shelf: vectors of the tracks, for who looks like whom; None: nobody is compared.
        advice: what would change most, a sentence each.
    """

    site: str
    cameras: tuple[CameraSummary, ...]
    took_s: float
    plan: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    videos: Mapping[str, Video] = field(default_factory=dict)
    shelf: VectorShelf | None = None
    advice: tuple[str, ...] = ()


def write_report(path: Path, events: Iterable[Event], summary: RunSummary, *, thumbnails: Path | None = None) -> None:
    """Writes the report of a run.

    Args:
        path: of the HTML file; its folder is made.
        events: of the run, in order.
        summary: of the run; cameras that only the events name are added.
        thumbnails: folder of the images, beside the file, if they were kept.

    Raises:
        ReportError: if the file cannot be written.
    """
    book = take_all(Book(most=ALL), events)
    page = render(frozen_data(book, summary, thumbnails))
    try:
        with written_whole(path) as partial:
            partial.write_text(page, encoding="utf-8")
    except OSError as error:
        raise ReportError(f"expected to write a report to {path}: {error.strerror}; name another folder") from error


def add_score(path: Path, rows: Sequence[Mapping[str, str]], causes: Sequence[str]) -> None:
    """Puts how a run compares with the truth into its report, under Health.

    Args:
        path: of a report; one that is none of ours is left as it is.
        rows: of the table, each with the same columns.
        causes: of what was wrong, in words, the largest first.
    """
    page = path.read_text(encoding="utf-8")
    found = _DATA.search(page)
    if found is None:
        return
    data = json.loads(found[2])
    data["health"] |= {"score": [dict(row) for row in rows], "causes": list(causes)}
    with written_whole(path) as partial:
        partial.write_text(page[: found.start(2)] + _safe(data) + page[found.end(2) :], encoding="utf-8")


def frozen_data(book: Book, summary: RunSummary, thumbnails: Path | None) -> Json:
    """What the pages show, in the shape that `frozen.js` reads: whatever is said often stands once."""
    named = [camera.name for camera in summary.cameras]
    cameras = list(dict.fromkeys([*named, *book.cameras()]))
    start_s, end_s = book.span()
    persons = book.persons(Wanted(), 0, ALL).items
    sightings = book.sightings(Wanted(), 0, ALL).items[::-1]
    decisions = [_flat(each) for each in book.decisions(Wanted(), 0, ALL).items]
    for person in persons:
        person["is_here"] = False
        person["stays"] = [[*stay[:3], False] for stay in person["stays"]]  # type: ignore[attr-defined]
    return {
        "site": {
            "site": summary.site,
            "cameras": cameras,
            "plan": {name: list(place) for name, place in summary.plan.items()},
            "images": thumbnails is not None,
            "role": None,
            "live": False,
            "real_time": book.is_real_time,
            "start": start_s,
            "end": end_s,
            "now": end_s,
            "note": _note(summary),
        },
        "cameras": [_camera(camera) for camera in summary.cameras],
        "persons": persons,
        "sightings": [_sighting(each) for each in sightings],
        "decisions": decisions,
        "gone": book.gone(),
        "crops": {} if thumbnails is None else _crops(thumbnails),
        "videos": {name: {"href": video.href, "start": video.start_s} for name, video in summary.videos.items()},
        "alike": {} if summary.shelf is None else _alike(book, summary.shelf),
        "health": {
            "cameras": [_camera(camera) for camera in summary.cameras],
            "counts": {key: value for key, value in book.counts().items() if key != "here"},
            "took_s": summary.took_s,
        },
    }


def _note(summary: RunSummary) -> str:
    """What became of the tracks, in sentences: who was not encoded has no name, and is not among the people."""
    numbers = {
        name: sum(getattr(camera, name) for camera in summary.cameras)
        for name in ("frames", "tracks", "encoded", "named", "joined")
    }
    why: dict[str, int] = {}
    for camera in summary.cameras:
        for reason, count in camera.not_encoded.items():
            why[reason] = why.get(reason, 0) + count
    sentences = [
        "{frames:,} frames gave {tracks:,} tracks; {encoded:,} of them were encoded, {named:,} have a name, and "
        "{joined:,} are of people whom several cameras saw.".format(**numbers)
    ]
    if reasons := name_causes(why):
        left = numbers["tracks"] - numbers["encoded"]
        sentences.append(f"{left:,} were not encoded, and stand nowhere below: {reasons}.")
    sentences += [f"Camera {each.name}: poor boxes: {each.poor_boxes}." for each in summary.cameras if each.poor_boxes]
    return " ".join([*sentences, *(f"What would change most: {line}." for line in summary.advice)])


def _camera(camera: CameraSummary) -> Json:
    return {
        "name": camera.name,
        "state": "ended",
        "since": None,
        "fps": None,
        "frames": camera.frames,
        "tracks_open": 0,
        "tracks_ended": camera.tracks,
        "tracks_encoded": camera.encoded,
        "not_encoded": dict(camera.not_encoded),
        "dropped": {},
        "gate": {},
        "errors": {},
        "outcomes": {},
    }


def _sighting(line: Json) -> list[object]:
    camera, session, track = str(line["id"]).split("/")
    return [camera, session, int(track), line["start"], line["end"], _id(line["person"]), line["box"]]


def _id(who: object) -> str | None:
    return None if who is None else who["id"]  # type: ignore[index]


def _flat(line: Json) -> Json:
    """A decision with names in the place of persons and sightings."""
    flat: Json = dict(line)
    flat["person"], flat["seen"] = _id(line["person"]), _id(line["seen"])
    for name in ("other", "seen_before"):
        if name in line:
            flat[name] = _id(line[name])
    if "runners_up" in line:
        flat["runners_up"] = [
            {key: _id(value) if key == "person" else value for key, value in each.items() if key != "sighting"}
            for each in line["runners_up"]  # type: ignore[attr-defined]
        ]
    return flat


def _crops(folder: Path) -> Json:
    """For each track its largest image, which shows most."""
    best: dict[str, Path] = {}
    size: dict[str, int] = {}
    for path in sorted(folder.glob("*/*.jpg")):
        session, track, _ = path.stem.rsplit("-", 2)
        name, bytes_ = f"{path.parent.name}/{session}/{track}", path.stat().st_size
        if bytes_ > size.get(name, 0):
            best[name], size[name] = path, bytes_
    if sum(size.values()) > MOST_BYTES_INSIDE:
        return {name: f"{folder.name}/{path.parent.name}/{path.name}" for name, path in best.items()}
    return {
        name: f"data:image/jpeg;base64,{base64.b64encode(path.read_bytes()).decode()}" for name, path in best.items()
    }


def _alike(book: Book, shelf: VectorShelf) -> Json:
    """For each person those who look most alike, by the mean of their sightings."""
    ids: list[UUID] = []
    means = []
    for line in book.persons(Wanted(), 0, MOST_ALIKE).items:
        person = UUID(str(line["id"]))
        vectors = [vector for track in book.tracks_of(person) if (vector := shelf.vector(track)) is not None]
        if vectors:
            mean = np.mean(vectors, axis=0)
            ids.append(person)
            means.append(mean / max(1e-12, float(np.linalg.norm(mean))))
    if len(ids) < 2:
        return {}
    similarity = np.stack(means) @ np.stack(means).T
    np.fill_diagonal(similarity, -np.inf)
    nearest = np.argsort(-similarity, axis=1, kind="stable")[:, : min(ALIKE, len(ids) - 1)]
    return {
        str(person): [[str(ids[other]), round(float(similarity[row, other]), 3)] for other in nearest[row]]
        for row, person in enumerate(ids)
    }


def render(data: Json) -> str:
    """The page as text."""
    page = _file("index.html")
    page = page.replace('<link rel="stylesheet" href="/assets/style.css">', f"<style>{_file('style.css')}</style>")
    page = page.replace('<link rel="icon" href="/assets/icon.svg">\n', "")
    page = page.replace(
        '<script type="module" src="/assets/main.js"></script>',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
    )
    script = bundle("main").replace("</", "<\\/")
    inside = f'<script type="application/json" id="data">{_safe(data)}</script>\n<script>{script}</script>\n</body>'
    return page.replace("</body>", inside)


def _safe(data: object) -> str:
    """JSON in which nothing ends the element that it stands in."""
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def bundle(name: str) -> str:
    """A module and all that it imports as one script: pages from a folder may load no modules."""
    ordered: dict[str, str] = {}

    def add(module: str) -> None:
        if module in ordered:
            return
        text = _file(f"{module}.js")
        for _, needed in _IMPORT.findall(text):
            add(needed)
        names = ", ".join(exported for _, exported in _EXPORT.findall(text))
        body = _IMPORT.sub(lambda found: f"const {{{found[1].replace(' as ', ': ')}}} = modules.{found[2]};\n", text)
        body = _EXPORT.sub(r"\1 \2", body)
        ordered[module] = f"modules.{module} = (() => {{\n{body}\nreturn {{ {names} }};\n}})();\n"

    add(name)
    return '"use strict";\nconst modules = {};\n' + "".join(ordered.values())


def _file(name: str) -> str:
    return resources.files(__package__).joinpath("pages", name).read_text(encoding="utf-8")
