"""People cut out as a detector would, straight from random cameras: training crops without the frames around them.

Only the part of the background behind a person is drawn, at the size that the person has there; then it is spoilt as
cameras, encoders and detectors spoil crops.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from reid_simulation.output.scatter import scatter_people
from reid_simulation.render.background import Background, background, part
from reid_simulation.render.raster import project
from reid_simulation.render.render import COARSE, Dressed, Figures
from reid_simulation.render.sensor import Grain
from reid_simulation.render.stage import Posed, Stage
from reid_simulation.seams.cameras import Camera
from reid_simulation.seams.scene import Scene
from reid_simulation.seams.stance import Stance
from reid_simulation.world.surroundings import random_camera, random_scene

Image = NDArray[np.uint8]

PixelBox = tuple[int, int, int, int]
"""x1 y1 x2 y2 in whole pixels."""

_TRIES = 12
# Crops are drawn at most this many times as large as they are handed on.
_LARGEST = 1.25


@dataclass(frozen=True, slots=True)
class CropParams:
    """
    Attributes:
        height, width: of a crop in pixels.
        cameras: how many, each in a scene of its own.
        frame_width, frame_height: of the images that crops are thought to be cut from; larger ones cost memory.
        least_px: nobody is farther away than where a person is so many pixels tall.
        least_visibility: of the part of a person that is to be seen; who shows less is placed anew.
        crowded: share of tracklets with others close by.
        cut: share of crops whose box misses a large part of the person.
        loose: factor on how far the other boxes are off.
        margin: by how much a crop reaches over the box on each side, in sides of the crop; what the camera does not see
            of it repeats the image's border.
        spoilt: factor on motion blur, noise and compression; 0 leaves crops clean.
        seed: of the cameras and their scenes.
    """

    height: int = 256
    width: int = 128
    cameras: int = 24
    frame_width: int = 800
    frame_height: int = 600
    least_px: float = 55.0
    least_visibility: float = 0.35
    crowded: float = 0.35
    cut: float = 0.10
    loose: float = 1.0
    margin: float = 0.0
    spoilt: float = 1.0
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """
    Attributes:
        image: (height, width, 3) uint8 RGB.
        mask: (height, width) uint8, 255 where the person is seen.
        visibility: part of the person that nothing hides and the box does not cut.
    """

    image: Image
    mask: Image
    visibility: float


@dataclass(frozen=True, slots=True, eq=False)
class _Set:
    """A camera before its scene, and how it spoils images.

    Attributes:
        quality: of its JPEG compression, 0 to 100.
        blur_px: how far people smear, at most.
        grain: its noise.
    """

    scene: Scene
    camera: Camera
    background: Background
    quality: int
    blur_px: float
    grain: Grain


class Studio:
    """Random cameras, and people before them. Not to be shared between threads."""

    def __init__(self, figures: Figures, params: CropParams) -> None:
        self._params = params
        self._dressed = Dressed(figures)
        self._sets: dict[int, _Set] = {}

    def tracklet(
        self,
        rng: np.random.Generator,
        person: int,
        *,
        camera: int,
        count: int = 1,
        every_s: float = 0.2,
        others: Sequence[int] = (),
    ) -> list[Crop]:
        """Crops of one passage of a person before a camera.

        Args:
            rng: of place, way and disturbances.
            person: number of the identity.
            camera: below `cameras`; backgrounds are made when first asked for, in part of a second.
            count: of crops.
            every_s: time from one to the next.
            others: who may come near, or stand before the person.
        """
        stage = self._set(camera)
        best: list[Crop] = []
        for _ in range(_TRIES):
            start = scatter_people(rng, stage.camera, stage.scene, np.array([person]), least_px=self._params.least_px)
            if not start:
                continue
            company = self._company(rng, start[0], stage.camera, others)
            first = self._crop(rng, stage, start[0], company)
            if first is None or first.visibility < self._params.least_visibility:
                continue
            best = [first]
            for step in range(1, count):
                crop = self._crop(rng, stage, *_later(start[0], company, step * every_s))
                if crop is not None and crop.visibility >= 0.5 * self._params.least_visibility:
                    best.append(crop)
            if len(best) == count:
                return best
        # Who walked out of the image is seen again at its start.
        return [best[row % len(best)] for row in range(count)] if best else []

    def _set(self, number: int) -> _Set:
        if not 0 <= number < self._params.cameras:
            raise ValueError(f"camera: expected 0 to {self._params.cameras - 1}, found {number}")
        if number not in self._sets:
            rng = np.random.default_rng([self._params.seed, number])
            scene = random_scene(rng)
            size = {"width": self._params.frame_width, "height": self._params.frame_height}
            camera = random_camera(rng, name=f"crops{number}", **size)
            quality, blur_px = int(rng.uniform(25, 95)), float(rng.choice([0.0, 0.0, 2.0, 4.0]))
            width, height = int(self._params.width * _LARGEST), int(self._params.height * _LARGEST)
            grain = Grain(width, height, camera.seed)
            self._sets[number] = _Set(scene, camera, background(scene, camera), quality, blur_px, grain)
        return self._sets[number]

    def _company(self, rng: np.random.Generator, stance: Stance, camera: Camera, others: Sequence[int]) -> list[Stance]:
        """Others beside, behind and sometimes before somebody."""
        if not len(others) or rng.random() >= self._params.crowded:
            return []
        towards = np.arctan2(camera.y_m - stance.y_m, camera.x_m - stance.x_m)
        company = []
        for person in rng.choice(np.asarray(others), min(len(others), int(rng.integers(1, 4))), replace=False):
            angle = towards + (rng.normal(0, 0.5) if rng.random() < 0.4 else rng.uniform(-np.pi, np.pi))
            gap_m = rng.uniform(0.5, 1.6)
            heading = stance.heading if rng.random() < 0.5 else rng.uniform(-np.pi, np.pi)
            company.append(
                replace(
                    stance,
                    person=int(person),
                    x_m=float(stance.x_m + gap_m * np.cos(angle)),
                    y_m=float(stance.y_m + gap_m * np.sin(angle)),
                    heading=float(heading),
                    travelled_m=float(rng.uniform(0, 100)),
                )
            )
        return company

    def _crop(self, rng: np.random.Generator, stage: _Set, stance: Stance, company: list[Stance]) -> Crop | None:
        posed = self._dressed.pose(stance, COARSE)
        _, around = project(posed.mesh.vertices, stage.background.view)
        box = self._box(rng, around, stage.camera)
        if box is None:
            return None
        people = [posed, *(self._dressed.pose(each, COARSE) for each in company)]
        return self._shoot(rng, stage, people, box)

    def _box(self, rng: np.random.Generator, around: NDArray[np.float64], camera: Camera) -> PixelBox | None:
        """Where a detector would have found somebody, more or less; None: too little is in the image."""
        if around[0] > around[2]:
            return None
        limits = np.array([camera.width, camera.height, camera.width, camera.height])
        x1, y1, x2, y2 = np.clip(around, 0, limits)
        wide, tall = x2 - x1, y2 - y1
        whole = (around[2:] - around[:2]).prod()
        if wide < 6 or tall < 16 or wide * tall < 0.3 * whole:
            return None
        off = rng.normal(0, 0.035, 4) * [wide, tall, wide, tall]
        shift = self._params.loose * (off + rng.uniform(-0.01, 0.05) * np.array([-wide, -tall, wide, tall]))
        if rng.random() < self._params.cut:
            side = rng.integers(4)
            inwards = (1, 1, -1, -1)[side] * (wide if side % 2 == 0 else tall)
            shift[side] += inwards * rng.uniform(0.1, 0.45)
        x1, y1, x2, y2 = (int(value) for value in np.clip(np.rint(np.array([x1, y1, x2, y2]) + shift), 0, limits))
        return (x1, y1, x2, y2) if x2 - x1 > 4 and y2 - y1 > 10 else None

    def _shoot(self, rng: np.random.Generator, stage: _Set, people: list[Posed], box: PixelBox) -> Crop:
        params = self._params
        asked = _grown(box, params.margin)
        limits = (stage.camera.width, stage.camera.height)
        inside = (max(asked[0], 0), max(asked[1], 0), min(asked[2], limits[0]), min(asked[3], limits[1]))
        wide, tall = inside[2] - inside[0], inside[3] - inside[1]
        height = int(np.clip(tall, 24, params.height * _LARGEST))
        width = int(np.clip(height * wide / tall, 12, params.width * _LARGEST))
        rendered = Stage(part(stage.background, inside, width, height)).draw(people)
        person = people[0].stance.person
        visibility = next((each.visibility for each in rendered.people if each.person == person), 0.0)
        image = _spoilt(rng, rendered.image, stage, params.spoilt)
        mask = (rendered.person_pixels == person).astype(np.uint8) * 255
        stretch = np.array([width / wide, height / tall])
        asked_px = (np.array(asked).reshape(2, 2) - inside[:2]) * stretch
        scaled = self._scaled(image, asked_px, cv2.BORDER_REPLICATE)
        return Crop(scaled, self._scaled(mask, asked_px, cv2.BORDER_CONSTANT), visibility)

    def _scaled(self, image: Image, asked_px: NDArray[np.float64], border: int) -> Image:
        """The part between two corners, at the size of a crop."""
        size = (self._params.width, self._params.height)
        (left, top), (right, bottom) = asked_px
        if (left, top, right, bottom) == (0, 0, image.shape[1], image.shape[0]):
            return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), np.uint8)
        x, y = size[0] / (right - left), size[1] / (bottom - top)
        # Pixels are squares: their centres lie half a pixel from the corner.
        matrix = np.array([[x, 0, x * (0.5 - left) - 0.5], [0, y, y * (0.5 - top) - 0.5]])
        moved = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=border)
        return np.asarray(moved, np.uint8)


def _grown(box: PixelBox, margin: float) -> PixelBox:
    spare = margin / (1 - 2 * margin)
    x, y = round(spare * (box[2] - box[0])), round(spare * (box[3] - box[1]))
    return box[0] - x, box[1] - y, box[2] + x, box[3] + y


def _later(stance: Stance, company: list[Stance], after_s: float) -> tuple[Stance, list[Stance]]:
    """All of them, having walked on."""

    def moved(each: Stance) -> Stance:
        gone_m = each.speed_mps * after_s
        return replace(
            each,
            x_m=float(each.x_m + gone_m * np.cos(each.heading)),
            y_m=float(each.y_m + gone_m * np.sin(each.heading)),
            travelled_m=each.travelled_m + gone_m,
            time_s=each.time_s + after_s,
        )

    return moved(stance), [moved(each) for each in company]


def _spoilt(rng: np.random.Generator, image: Image, stage: _Set, strength: float) -> Image:
    """Smeared, noisy and compressed, as by this camera."""
    if strength <= 0:
        return image
    camera = stage.camera
    reach = strength * rng.uniform(0, stage.blur_px)
    if reach > 1:
        image = np.asarray(cv2.filter2D(image, -1, _smear(reach, rng.uniform(0, np.pi))), np.uint8)
    if camera.softness_px > 0.2:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), camera.softness_px), np.uint8)
    image = stage.grain.added(image, strength * camera.noise, rng)
    quality = int(np.clip(stage.quality + rng.normal(0, 6), 12, 97))
    _, coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)


def _smear(reach: float, angle: float) -> NDArray[np.float32]:
    """A line of weight 1."""
    side = 2 * int(np.ceil(reach / 2)) + 1
    kernel = np.zeros((side, side), np.float32)
    middle = side // 2
    reach_x, reach_y = round(reach / 2 * np.cos(angle)), round(reach / 2 * np.sin(angle))
    cv2.line(kernel, (middle - reach_x, middle - reach_y), (middle + reach_x, middle + reach_y), 1.0)
    return np.asarray(kernel / kernel.sum())
