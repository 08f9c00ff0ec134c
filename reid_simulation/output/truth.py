"""What is true of a simulated site, as files: boxes per camera, places on the floor, who everybody is."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from reid_simulation.render.render import Visible
from reid_simulation.seams.cameras import Camera
from reid_simulation.seams.identity import Identity
from reid_simulation.seams.stance import Stance

EVALUATED_FROM = 0.35
"""Who shows less of the body than this need not be found, and is no mistake if found."""
MIN_HEIGHT_PX = 30.0
"""Nor who is smaller."""
PEDESTRIAN, DISTRACTOR = 1, 8
"""Classes of MOT16."""
FLOOR_HEADER = ("time_s", "person", "x_m", "y_m", "heading", "speed_mps", "action")


def truth_lines(frame: int, people: Iterable[Visible], camera: Camera) -> str:
    """The people of one image as lines of MOT16 truth, `frame,id,x,y,w,h,evaluated,class,visibility`, by person.

    Boxes go round the whole body, hidden parts too, up to the edge of the image. Who is hardly to be seen is a
    distractor (0, class 8): scoring takes boxes on them for neither right nor wrong. Who is not to be seen has no line.

    Args:
        frame: from 1.
    """
    lines = []
    for seen in sorted(people, key=lambda each: each.person):
        x1, y1 = max(seen.box[0], 0.0), max(seen.box[1], 0.0)
        width, height = min(seen.box[2], camera.width) - x1, min(seen.box[3], camera.height) - y1
        if seen.visible_box is None or width <= 0 or height <= 0:
            continue
        evaluated = seen.visibility >= EVALUATED_FROM and height >= MIN_HEIGHT_PX
        kind = f"1,{PEDESTRIAN}" if evaluated else f"0,{DISTRACTOR}"
        lines.append(f"{frame},{seen.person},{x1:.2f},{y1:.2f},{width:.2f},{height:.2f},{kind},{seen.visibility:.3f}\n")
    return "".join(lines)


def write_floor(path: Path, moments: Iterable[Sequence[Stance]]) -> None:
    """Where everybody is, one line for each person and moment; metres, radians, seconds of the site's clock."""
    with path.open("w", encoding="ascii", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(FLOOR_HEADER)
        for stances in moments:
            for s in stances:
                numbers = (f"{number:.3f}" for number in (s.x_m, s.y_m, s.heading, s.speed_mps))
                writer.writerow((f"{s.time_s:.3f}", s.person, *numbers, s.action))


def write_calibration(path: Path, camera: Camera) -> None:
    """How the floor comes into the image."""
    _write_json(path, camera.calibration())


def write_identities(path: Path, people: Iterable[tuple[Identity, Mapping[str, int | str]]]) -> None:
    """Who everybody is: what they are made of, and the labels that a data set would give them."""
    _write_json(path, [{**asdict(identity), "attributes": dict(labels)} for identity, labels in people])


def _write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
