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
    """(side, side), standard deviation 1: folds of hanging cloth, lit from above."""
    soft = clouds(side, 3, 10 + seed) + 0.5 * clouds(side, 7, 20 + seed)
    ridges = -np.abs(soft)
    slope = (np.roll(ridges, -2, axis=0) - np.roll(ridges, 2, axis=0)) * 0.8
    slope += (np.roll(ridges, -2, axis=1) - np.roll(ridges, 2, axis=1)) * 0.6
    return np.clip(_unit(slope), -2.5, 2.5)


def _unit(field: NDArray[np.float64] | NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray((field - field.mean()) / field.std(), np.float32)
