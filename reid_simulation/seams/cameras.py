"""Cameras: where they stand, what their lens and sensor do, and the way from the floor to the image and back."""

from dataclasses import dataclass
from functools import cached_property
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Beyond the radius where a step outwards is this small a part of one without distortion, the lens goes on in a straight
# line: what lies outside of the image must not fold back into it.
_LEAST_SLOPE = 0.15
_NEVER = 50.0
_NEWTON_STEPS = 12


class Calibration(TypedDict):
    """What OpenCV calls K, distortion, R and t; pixel (0, 0) reaches from 0 to 1, so that its centre is at 0.5."""

    camera: str
    width: int
    height: int
    K: list[list[float]]
    distortion: list[float]
    R: list[list[float]]
    t: list[float]


@dataclass(frozen=True)
class Camera:
    """A pinhole with a lens and a sensor.

    Attributes:
        name: as in events and truth.
        x_m, y_m, height_m: where it hangs.
        pan: radians from the x axis, counter-clockwise seen from above: where it looks.
        tilt: radians below the horizon.
        roll: radians, clockwise as the image turns.
        fov: radians, horizontal, before distortion.
        width, height: of the image in pixels.
        k1, k2: radial distortion, as OpenCV has it; negative k1 is a barrel.
        fps: images a second.
        clock_offset_s: how far its clock is ahead of the site's.
        exposure: factor on the light.
        cast: factors on red, green and blue.
        vignetting: how much of the light is missing in the corners, 0 to 1.
        noise: standard deviation in grey levels at middle grey.
        softness_px: standard deviation of the blur of lens and focus.
        shutter_s: how long the shutter is open; people who move are smeared by as much.
        crf: of the H.264 encoder; larger is coarser.
        seed: of its noise.
    """

    name: str
    x_m: float
    y_m: float
    height_m: float = 3.0
    pan: float = 0.0
    tilt: float = 0.4
    roll: float = 0.0
    fov: float = 1.2
    width: int = 1280
    height: int = 720
    k1: float = 0.0
    k2: float = 0.0
    fps: float = 25.0
    clock_offset_s: float = 0.0
    exposure: float = 1.0
    cast: tuple[float, float, float] = (1.0, 1.0, 1.0)
    vignetting: float = 0.15
    noise: float = 2.0
    softness_px: float = 0.4
    shutter_s: float = 0.01
    crf: int = 23
    seed: int = 0

    def __post_init__(self) -> None:
        if self.width < 16 or self.height < 16 or not 0.0 < self.fov < np.pi:
            raise ValueError(
                f"camera {self.name}: expected at least 16 x 16 pixels and a fov between 0 and pi, "
                f"found {self.width} x {self.height} and {self.fov}"
            )
        corner = float(np.hypot(self.width, self.height) / 2 / self.focal_px)
        if self._distorted(np.array([self.radius_limit])).item() < corner:
            raise ValueError(
                f"camera {self.name}: k1 {self.k1} and k2 {self.k2} fold the image's corners; weaken them, or fov"
            )

    @cached_property
    def focal_px(self) -> float:
        return float(self.width / 2 / np.tan(self.fov / 2))

    @cached_property
    def position_m(self) -> Floats:
        """(3,)."""
        return np.array([self.x_m, self.y_m, self.height_m])

    @cached_property
    def rotation(self) -> Floats:
        """(3, 3), rows: right, down and forward in the world."""
        cos_pan, sin_pan, cos_tilt, sin_tilt = np.cos(self.pan), np.sin(self.pan), np.cos(self.tilt), np.sin(self.tilt)
        forward = np.array([cos_pan * cos_tilt, sin_pan * cos_tilt, -sin_tilt])
        right = np.array([sin_pan, -cos_pan, 0.0])
        down = np.cross(forward, right)
        cos_roll, sin_roll = np.cos(self.roll), np.sin(self.roll)
        return np.stack([cos_roll * right - sin_roll * down, sin_roll * right + cos_roll * down, forward])

    @cached_property
    def radius_limit(self) -> float:
        """Distance from the axis, in focal lengths, up to which the distortion polynomial holds."""
        # slope 1 + 3 k1 q + 5 k2 q^2 = _LEAST_SLOPE, with q the squared radius
        roots = np.roots([5 * self.k2, 3 * self.k1, 1 - _LEAST_SLOPE])
        real = [float(root.real) for root in roots if abs(root.imag) < 1e-9 and root.real > 0]
        return float(np.sqrt(min(real))) if real else _NEVER

    @cached_property
    def lens(self) -> Floats:
        """(8,) for compiled code: focal length, centre x, y, k1, k2, limit, its distorted radius, the slope beyond."""
        limit = self.radius_limit
        reach = self._distorted(np.array([limit])).item()
        return np.array([self.focal_px, self.width / 2, self.height / 2, self.k1, self.k2, limit, reach, _LEAST_SLOPE])

    def project(self, points_m: Floats) -> tuple[Floats, Floats]:
        """(N, 3) points in the world to (N, 2) pixels and (N,) depths in metres; NaN pixels where depth is not > 0."""
        seen = (np.asarray(points_m, np.float64) - self.position_m) @ self.rotation.T
        depth = seen[:, 2]
        with np.errstate(divide="ignore", invalid="ignore"):
            plane = np.where(depth[:, None] > 0, seen[:, :2] / depth[:, None], np.nan)
        radius = np.hypot(plane[:, 0], plane[:, 1])
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = np.where(radius > 0, self._distorted(radius) / radius, 1.0)
        return plane * factor[:, None] * self.focal_px + [self.width / 2, self.height / 2], depth

    def rays(self, pixels: Floats) -> Floats:
        """(N, 2) pixels to (N, 3) directions in the world, 1 deep along the axis."""
        plane = (np.asarray(pixels, np.float64) - [self.width / 2, self.height / 2]) / self.focal_px
        bent = np.hypot(plane[:, 0], plane[:, 1])
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = np.where(bent > 0, self._straightened(bent) / bent, 1.0)
        seen = np.concatenate([plane * factor[:, None], np.ones((len(plane), 1))], axis=1)
        return np.asarray(seen @ self.rotation)

    def floor_points(self, pixels: Floats) -> Floats:
        """(N, 2) pixels to (N, 2) x and y on the floor; NaN above the horizon."""
        rays = self.rays(pixels)
        with np.errstate(divide="ignore", invalid="ignore"):
            depth = np.where(rays[:, 2] < 0, -self.height_m / rays[:, 2], np.nan)
        return self.position_m[:2] + rays[:, :2] * depth[:, None]

    def calibration(self) -> Calibration:
        """For JSON, and for who measures on the floor."""
        return {
            "camera": self.name,
            "width": self.width,
            "height": self.height,
            "K": [[self.focal_px, 0.0, self.width / 2], [0.0, self.focal_px, self.height / 2], [0.0, 0.0, 1.0]],
            "distortion": [self.k1, self.k2, 0.0, 0.0],
            "R": self.rotation.tolist(),
            "t": (-self.rotation @ self.position_m).tolist(),
        }

    def _distorted(self, radius: Floats) -> Floats:
        held = np.minimum(radius, self.radius_limit)
        square = held * held
        return held * (1 + square * (self.k1 + square * self.k2)) + _LEAST_SLOPE * (radius - held)

    def _straightened(self, bent: Floats) -> Floats:
        """Inverse of `_distorted`, by Newton's method."""
        limit = self.radius_limit
        reach = self._distorted(np.array([limit])).item()
        radius = np.minimum(bent, limit)
        for _ in range(_NEWTON_STEPS):
            square = radius * radius
            slope = 1 + square * (3 * self.k1 + 5 * square * self.k2)
            radius = np.clip(radius - (self._distorted(radius) - bent) / slope, 0.0, limit)
        return np.where(bent > reach, limit + (bent - reach) / _LEAST_SLOPE, radius)
