"""Noise that goes on at its edges, for textures; made once."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


@lru_cache(maxsize=64)
def clouds(side: int, octave: int, seed: int = 0) -> NDArray[np.float32]:
    """(side, side), standard deviation 1: soft shapes, about `octave` of them across."""
    rng = np.random.default_rng([5, seed, side, octave])
    waves = np.fft.rfft2(rng.normal(size=(side, side)))
    rows, columns = np.fft.fftfreq(side)[:, None] * side, np.fft.rfftfreq(side)[None] * side
    square = (rows**2 + columns**2) / octave**2
    waves *= (square > 0) / (1 + square) ** 1.3
    return _unit(np.fft.irfft2(waves, (side, side)))


@lru_cache(maxsize=64)
def grain(side: int, width: int, seed: int = 0) -> NDArray[np.float32]:
    """(side, side), standard deviation 1: specks about `width` texels wide."""
    rng = np.random.default_rng([6, seed, side, width])
    waves = np.fft.rfft2(rng.normal(size=(side, side)))
    rows, columns = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None]
    waves *= np.exp(-2 * (rows**2 + columns**2) * width**2)
    return _unit(np.fft.irfft2(waves, (side, side)))


@lru_cache(maxsize=64)
def creases(side: int, seed: int) -> NDArray[np.float32]:
    """(side, side), standard deviation 1: folds of hanging cloth, lit from above and from one side."""
    rng = np.random.default_rng([7, seed, side])
    height = _drawn_out(rng, side, octave=3.0, stretch=2.2) + 0.35 * _drawn_out(rng, side, octave=8.0, stretch=1.4)
    slope = 0.7 * (height - np.roll(height, 3, axis=0)) + (height - np.roll(height, 3, axis=1))
    return np.clip(_unit(slope), -2.2, 2.2)


def _drawn_out(rng: np.random.Generator, side: int, octave: float, stretch: float) -> NDArray[np.float64]:
    """Soft shapes, `stretch` times as long as they are wide, with some sharp crests."""
    waves = np.fft.rfft2(rng.normal(size=(side, side)))
    rows, columns = np.fft.fftfreq(side)[:, None] * side, np.fft.rfftfreq(side)[None] * side
    square = ((rows * stretch) ** 2 + columns**2) / octave**2
    soft = np.fft.irfft2(waves * square / (1 + square) ** 3, (side, side))
    return np.asarray(-np.sqrt((soft / soft.std()) ** 2 + 0.15))


def _unit(field: NDArray[np.float64] | NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray((field - field.mean()) / field.std(), np.float32)
