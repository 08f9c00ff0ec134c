"""The description of a simulated site, as a YAML file has it: floor, things, light, cameras, and who comes."""

import math
from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from reid_simulation.seams.cameras import Camera
from reid_simulation.seams.scene import Scene
from reid_simulation.world.plan import Place, Plan, Walk
from reid_simulation.world.scenario import Traffic

Positive = Annotated[float, Field(gt=0)]
Metres3 = tuple[float, float, float]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SiteCamera(_Strict):
    """One camera, as whoever hangs it up would describe it. What is not said here stands in `cameras.Camera`.

    Attributes:
        name: in events, truth and file names.
        at: x, y and height in metres.
        looks_at: x, y and height of what is in the middle of its image.
        fov_degrees: horizontal field of view.
        roll_degrees: clockwise as the image turns.
        width, height: of the image in pixels.
        fps: images a second.
        clock_offset_s: how far its clock is ahead of the site's.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    at: Metres3
    looks_at: Metres3
    fov_degrees: float = Field(75.0, gt=5, lt=150)
    roll_degrees: float = 0.0
    width: int = Field(960, ge=64, multiple_of=2)
    height: int = Field(540, ge=64, multiple_of=2)
    fps: Positive = 10.0
    clock_offset_s: float = 0.0
    k1: float = 0.0
    k2: float = 0.0
    exposure: Positive = 1.0
    cast: Metres3 = (1.0, 1.0, 1.0)
    vignetting: float = Field(0.15, ge=0, le=1)
    noise: float = Field(2.0, ge=0)
    softness_px: float = Field(0.4, ge=0)
    shutter_s: float = Field(0.01, ge=0)
    crf: int = Field(23, ge=0, le=51)

    @model_validator(mode="after")
    def _looks_somewhere(self) -> Self:
        if math.dist(self.at[:2], self.looks_at[:2]) < 0.1:
            raise ValueError(f"expected to look somewhere else than straight down, found {list(self.looks_at)}")
        self.camera(0)
        return self

    def camera(self, seed: int) -> Camera:
        """The camera itself, with the seed of its noise."""
        x_m, y_m, height_m = self.at
        dx, dy, dz = (there - here for there, here in zip(self.looks_at, self.at, strict=True))
        return Camera(
            name=self.name,
            x_m=x_m,
            y_m=y_m,
            height_m=height_m,
            pan=math.atan2(dy, dx),
            tilt=math.atan2(-dz, math.hypot(dx, dy)),
            roll=math.radians(self.roll_degrees),
            fov=math.radians(self.fov_degrees),
            width=self.width,
            height=self.height,
            k1=self.k1,
            k2=self.k2,
            fps=self.fps,
            clock_offset_s=self.clock_offset_s,
            exposure=self.exposure,
            cast=self.cast,
            vignetting=self.vignetting,
            noise=self.noise,
            softness_px=self.softness_px,
            shutter_s=self.shutter_s,
            crf=self.crf,
            seed=seed,
        )


class PopulationParams(_Strict):
    """Who comes.

    Attributes:
        style: what they wear; see `people.py`.
        look_alikes: share of the people who are dressed like somebody else.
    """

    style: str = "shop"
    look_alikes: float = Field(0.0, ge=0, le=1)


class SimulatedSite(_Strict):
    """A site with known truth.

    Attributes:
        name: of the site.
        scene: what stands still.
        places, walks: where people go.
        cameras: who looks.
        population: who comes.
        traffic: how many, and what they do.
        duration_s: of what is recorded.
        starts_at: wall-clock time of the first moment.
        seed: of people and of what they do.
    """

    name: str = Field("site", pattern=r"^[A-Za-z0-9_.-]+$")
    scene: Scene = Scene()
    places: tuple[Place, ...]
    walks: tuple[Walk, ...]
    cameras: tuple[SiteCamera, ...] = Field(min_length=1)
    population: PopulationParams = PopulationParams()
    traffic: Traffic = Traffic()
    duration_s: Positive = 60.0
    starts_at: AwareDatetime = datetime(2026, 5, 4, 8, tzinfo=UTC)
    seed: int = Field(1, ge=0)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [camera.name for camera in self.cameras]
        if len(set(names)) != len(names):
            raise ValueError(f"camera names must differ, found {sorted(names)}")
        self.plan()
        return self

    def plan(self) -> Plan:
        """The floor plan."""
        return Plan(self.places, self.walks, self.scene.boxes)

    def built_cameras(self) -> tuple[Camera, ...]:
        """The cameras, each with noise of its own."""
        return tuple(camera.camera(1000 * self.seed + k) for k, camera in enumerate(self.cameras))
