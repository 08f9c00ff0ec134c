"""Cloth, skin and hair as small images, drawn from a `Fabric`; the same fabric always looks the same."""

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from reid_simulation.render.noise import clouds, creases, grain
from reid_simulation.render.shading import Textures
from reid_simulation.seams.identity import Colour, Fabric
from reid_simulation.seams.mesh import Surface

SIDE = 256
GARMENT_SIDE = 2 * SIDE
Floats = NDArray[np.float32]
Image = NDArray[np.uint8]

# Wide enough that its repeats do not strike the eye on one garment.
_SPAN_M = 0.64
# What is drawn once on a garment: u is 0 at the breast bone, v at the hip; sleeves and legs lie below.
_ONCE_M, _ONCE_LEFT_M, _ONCE_LOW_M = 1.28, -0.64, -0.7
_BREAST_M = 0.40
_HAIR_SPAN_M = 0.25
_FACE_SPAN_M, _BELOW_CHIN_M = 0.4, 0.08
# Where the packed body has its eyes.
_EYE_U_M, _EYE_V_M = 0.0378, 0.1093
# Rows and columns of a face's image that have anything on them.
_FACE = (slice(6, 176), slice(43, 213))
_GLOSS = {"leather": 0.16, "denim": 0.0, "knit": 0.0}


def textures(surfaces: tuple[Surface, ...]) -> Textures:
    """Of all surfaces of a template."""
    pyramids, rows, offset = [], [], 0
    for surface in surfaces:
        texels, row = _surface(surface.role, surface.fabric)
        pyramids.append(texels)
        rows.append([offset, *row])
        offset += len(texels)
    return Textures(np.concatenate(pyramids), np.array(rows, np.float64))


def pyramid(image: Image) -> NDArray[np.uint8]:
    """All levels of a square image whose side is a power of two, flat, from the finest to a single texel."""
    levels = [image]
    while len(levels[-1]) > 1:
        side = len(levels[-1]) // 2
        smaller = cv2.resize(levels[-1], (side, side), interpolation=cv2.INTER_AREA)
        levels.append(np.asarray(smaller, np.uint8).reshape(side, side, 3))
    return np.concatenate([level.reshape(-1) for level in levels])


@lru_cache(maxsize=1024)
def _surface(role: str, fabric: Fabric) -> tuple[NDArray[np.uint8], tuple[float, ...]]:
    """Pyramid, and the columns of its row after OFFSET."""
    match role:
        case "skin":
            repeats = 1 / _FACE_SPAN_M
            return pyramid(face(fabric)), (SIDE, -_FACE_SPAN_M / 2, -_BELOW_CHIN_M, repeats, repeats, 1.0, 0.05)
        case "eyes":
            repeats = 1 / _FACE_SPAN_M
            return pyramid(eyes(fabric)), (SIDE, -_FACE_SPAN_M / 2, -_BELOW_CHIN_M, repeats, repeats, 1.0, 0.12)
        case "hair":
            repeats = 1 / _HAIR_SPAN_M
            return pyramid(strands(fabric)), (SIDE, 0.0, 0.0, repeats, repeats, 0.0, 0.10)
    gloss = 0.10 if role == "shoes" else _GLOSS.get(fabric.pattern, 0.015)
    if fabric.pattern == "logo" or role == "outer":
        repeats = 1 / _ONCE_M
        return pyramid(garment(fabric, role)), (GARMENT_SIDE, _ONCE_LEFT_M, _ONCE_LOW_M, repeats, repeats, 0.0, gloss)
    span = _span_m(fabric.scale_m)
    return pyramid(cloth(fabric, span)), (SIDE, 0.0, 0.0, 1 / span, 1 / span, 0.0, gloss)


def _span_m(scale_m: float) -> float:
    """A whole number of repeats, near _SPAN_M."""
    return scale_m * max(1, round(_SPAN_M / scale_m))


def cloth(fabric: Fabric, span_m: float) -> Image:
    """(SIDE, SIDE, 3) that goes on at its edges; the first row is the lowest."""
    rng = np.random.default_rng(fabric.seed)
    repeats = max(1, round(span_m / fabric.scale_m))
    draw: dict[str, Callable[[], Floats]] = {
        "stripes": lambda: _stripes(fabric.colours, repeats, rng),
        "checks": lambda: _checks(fabric.colours, repeats, rng),
        "print": lambda: _print(fabric.colours, repeats, rng),
        "denim": lambda: _denim(fabric.colours[0], fabric.wear, rng),
        "leather": lambda: _leather(fabric.colours[0], rng),
        "knit": lambda: _knit(fabric.colours, repeats),
    }
    drawn = draw.get(fabric.pattern, lambda: _ground(fabric.colours[0]))()
    folds = np.roll(creases(SIDE, int(rng.integers(6))), rng.integers(0, SIDE, 2), axis=(0, 1))
    depth = 0.04 + 0.06 * fabric.wear
    fading = 0.04 * fabric.wear * clouds(SIDE, 3)
    drawn *= (1 + depth * folds + fading + 0.025 * grain(SIDE, 1))[..., None]
    drawn += (7 * fabric.wear * np.maximum(0, clouds(SIDE, 4, 1)))[..., None]
    return _bytes(drawn)


def garment(fabric: Fabric, role: str) -> Image:
    """(GARMENT_SIDE, GARMENT_SIDE, 3): cloth with what is on it once: a print on the breast, or a zip and pockets."""
    rng = np.random.default_rng([fabric.seed, 1])
    drawn = np.tile(cloth(fabric, _ONCE_M / 2), (2, 2, 1)).astype(np.float32)
    if fabric.pattern == "logo":
        _logo(drawn, fabric.colours[1:] or (_contrast(fabric.colours[0]),), rng)
    if role == "outer":
        _fastening(drawn, rng)
    return _bytes(drawn)


def _logo(drawn: Floats, colours: tuple[Colour, ...], rng: np.random.Generator) -> None:
    """Letters, a number, an image, a band or a small badge."""
    match int(rng.integers(5)):
        case 0:
            letters = "".join(chr(65 + int(each)) for each in rng.integers(0, 26, int(rng.integers(2, 6))))
            _write(drawn, letters, rng.uniform(0.16, 0.26), colours[0])
        case 1:
            number = str(int(rng.integers(1, 99)))
            _write(drawn, number, 0.09 * len(number), colours[0])
        case 2:
            size = rng.uniform(0.06, 0.11)
            for part in range(int(rng.integers(3, 7))):
                shift = rng.normal(0, 0.35 * size, 2)
                x, y = _texel(float(shift[0]), _BREAST_M + float(shift[1]))
                radius = float(size * rng.uniform(0.3, 0.8) / _ONCE_M * GARMENT_SIDE)
                if rng.random() < 0.5:
                    cv2.circle(drawn, (x, y), round(radius), colours[part % len(colours)], -1, cv2.LINE_AA)
                else:
                    turns = np.arange(3 + part % 3) * 2 * np.pi / (3 + part % 3) + rng.uniform(0, 3)
                    outline = np.stack([x + radius * np.cos(turns), y + radius * np.sin(turns)], axis=1)
                    cv2.fillPoly(drawn, [np.rint(outline).astype(np.int32)], colours[part % len(colours)], cv2.LINE_AA)
        case 3:
            low = rng.uniform(0.22, 0.42)
            _fill(drawn, (-0.64, low), (0.64, low + rng.uniform(0.03, 0.12)), colours[0])
        case _:
            x, y = _texel(0.09, _BREAST_M + 0.04)
            cv2.ellipse(drawn, (x, y), (14, 10), 0, 0, 360, colours[0], -1, cv2.LINE_AA)


def _fastening(drawn: Floats, rng: np.random.Generator) -> None:
    shade = 0.55 if rng.random() < 0.8 else 1.35
    for left, low, right, high in (
        (-0.004, -0.06, 0.004, 0.52),
        (0.09, 0.09, 0.16, 0.098),
        (-0.16, 0.09, -0.09, 0.098),
    ):
        (x1, y1), (x2, y2) = _texel(left, low), _texel(right, high)
        drawn[y1 : y2 + 1, x1 : x2 + 1] *= shade


def _write(drawn: Floats, words: str, width_m: float, colour: Colour) -> None:
    font, thickness = cv2.FONT_HERSHEY_DUPLEX, 2
    (wide, tall), _ = cv2.getTextSize(words, font, 1.0, thickness)
    plate = np.zeros((tall + 8, wide + 8), np.float32)
    cv2.putText(plate, words, (4, tall + 3), font, 1.0, 1.0, thickness + 2, cv2.LINE_AA)
    width = max(4, round(width_m / _ONCE_M * GARMENT_SIDE))
    height = max(4, round(width * 0.6 * plate.shape[0] / plate.shape[1] * 1.6))
    # Rows run up, and u to the wearer's left: seen from before, the right way round.
    letters = np.asarray(cv2.resize(plate, (width, height), interpolation=cv2.INTER_AREA)[::-1])
    x, y = _texel(0.0, _BREAST_M)
    window = drawn[y - height // 2 :, x - width // 2 :][:height, :width]
    window += letters[..., None] * (np.array(colour, np.float32) - window)


def _fill(drawn: Floats, low: tuple[float, float], high: tuple[float, float], colour: Colour) -> None:
    (x1, y1), (x2, y2) = _texel(*low), _texel(*high)
    drawn[y1:y2, x1:x2] = 0.15 * drawn[y1:y2, x1:x2] + 0.85 * np.array(colour, np.float32)


def _texel(u_m: float, v_m: float) -> tuple[int, int]:
    """Column and row of a garment's image."""
    return round((u_m - _ONCE_LEFT_M) / _ONCE_M * GARMENT_SIDE), round((v_m - _ONCE_LOW_M) / _ONCE_M * GARMENT_SIDE)


def face(fabric: Fabric) -> Image:
    """(SIDE, SIDE, 3) around the nose, from below the chin up; at its rims it is plain, as the rest of the skin.

    Colours of the fabric: skin; then, where given, that of brows and beard.
    """
    rng = np.random.default_rng(fabric.seed)
    skin = np.array(fabric.colours[0], np.float32)
    hair = np.array(fabric.colours[1], np.float32) if len(fabric.colours) > 1 else 0.35 * skin
    u, v = (each[_FACE] for each in _face_grid())
    across = np.abs(u)
    image = _ground(fabric.colours[0])
    drawn = image[_FACE]

    def mix(strength: Floats, colour: Floats) -> None:
        drawn[:] += strength[..., None] * (colour - drawn)

    mix(0.22 * _spot(across - _EYE_U_M, v - _EYE_V_M, 0.022, 0.012), 0.45 * skin)
    mix(0.18 * _spot(across - 0.045, v - 0.072, 0.02, 0.02), skin * np.array([1.02, 0.80, 0.78], np.float32))
    if len(fabric.colours) > 2:
        stubble = _spot(u, v - 0.018, 0.060, 0.030) + _spot(across - 0.055, v - 0.050, 0.018, 0.040)
        mix(np.minimum(0.75, stubble) * (0.85 + 0.15 * grain(SIDE, 1)[_FACE]), np.array(fabric.colours[2], np.float32))
    mix(0.55 * _spot(u, v - 0.047, 0.021, 0.0065), skin * np.array([0.80, 0.52, 0.52], np.float32))
    mix(0.60 * _spot(u, v - 0.0475, 0.019, 0.0014), 0.30 * skin)
    mix(0.40 * _spot(across - 0.008, v - 0.071, 0.005, 0.003), 0.35 * skin)
    mix(
        0.85 * _spot(across - _EYE_U_M, v - _EYE_V_M - 0.006 + 8 * (across - _EYE_U_M) ** 2, 0.014, 0.0022), 0.25 * hair
    )
    arch = v - _EYE_V_M - 0.0195 + 9 * (across - _EYE_U_M) ** 2
    mix(rng.uniform(0.55, 0.9) * _spot(across - _EYE_U_M, arch, 0.018, 0.0038), 0.7 * hair)
    return _bytes(image * _mottled()[..., None])


@lru_cache(maxsize=1)
def _mottled() -> Floats:
    """(SIDE, SIDE): light and dark of skin; 1 at the rims, whose texels stand for all the rest of it."""
    u, v = _face_grid()
    inside = np.minimum(_FACE_SPAN_M / 2 - np.abs(u), np.minimum(v + _BELOW_CHIN_M, _FACE_SPAN_M - _BELOW_CHIN_M - v))
    spots = 0.02 * clouds(SIDE, 10) + 0.012 * grain(SIDE, 2)
    return np.asarray(1 + np.clip(inside / 0.03, 0, 1) * spots, np.float32)


def eyes(fabric: Fabric) -> Image:
    """(SIDE, SIDE, 3), laid out as `face`: white with an iris. Colours of the fabric: white, then the iris."""
    u, v = _face_grid()
    iris = _spot(np.abs(u) - _EYE_U_M, v - _EYE_V_M, 0.0065, 0.0062)[..., None]
    ground = 0.72 * _ground(fabric.colours[0])
    return _bytes(ground + np.minimum(1, 1.8 * iris) * (0.8 * np.array(fabric.colours[-1], np.float32) - ground))


def _face_grid() -> tuple[Floats, Floats]:
    """(SIDE, SIDE) u and v of the texels of a face, in metres."""
    place = (np.arange(SIDE) + 0.5) / SIDE * _FACE_SPAN_M
    u, v = place - _FACE_SPAN_M / 2, place - _BELOW_CHIN_M
    across, up = np.meshgrid(u.astype(np.float32), v.astype(np.float32))
    return across, up


def strands(fabric: Fabric) -> Image:
    """(SIDE, SIDE, 3) that goes on at its edges; strands run along v."""
    rng = np.random.default_rng(fabric.seed)
    fibre = cv2.blur(np.tile(grain(SIDE, 1), (2, 1)), (1, 81))[SIDE // 2 : SIDE // 2 + SIDE]
    locks = cv2.blur(np.tile(clouds(SIDE, 24), (2, 1)), (1, 61))[SIDE // 2 : SIDE // 2 + SIDE]
    shade = 1 + 0.9 * fibre + 0.10 * locks / locks.std()
    tint = np.array(fabric.colours[-1] if len(fabric.colours) > 1 else fabric.colours[0], np.float32)
    part = np.clip(0.5 + 0.5 * np.roll(locks, int(rng.integers(SIDE)), axis=1) / locks.std(), 0, 1)[..., None]
    ground = np.array(fabric.colours[0], np.float32)
    return _bytes((ground + 0.5 * part * (tint - ground)) * np.clip(shade, 0.45, 1.7)[..., None])


def _stripes(colours: tuple[Colour, ...], repeats: int, rng: np.random.Generator) -> Floats:
    line = _bands(colours, repeats, rng)
    lengthways = rng.random() < 0.3
    return np.broadcast_to(line[None] if lengthways else line[:, None], (SIDE, SIDE, 3)).copy()


def _checks(colours: tuple[Colour, ...], repeats: int, rng: np.random.Generator) -> Floats:
    line = _bands(colours, repeats, rng)
    return np.asarray(0.5 * line[None] + 0.5 * line[:, None])


def _bands(colours: tuple[Colour, ...], repeats: int, rng: np.random.Generator) -> Floats:
    """(SIDE, 3): the ground, and the other colours as bands in it, the same in every repeat."""
    finer = 8
    place = (np.arange(SIDE * finer) + 0.5) / (SIDE * finer) * repeats % 1
    widths = rng.uniform(0.6, 1.4, max(2, len(colours)))
    edges = np.cumsum(widths) / widths.sum()
    chosen = np.minimum(np.searchsorted(edges, place), len(widths) - 1)
    palette = np.array([*colours, _contrast(colours[0])] if len(colours) == 1 else colours, np.float32)
    return np.asarray(palette[chosen].reshape(SIDE, finer, 3).mean(axis=1), np.float32)


def _print(colours: tuple[Colour, ...], repeats: int, rng: np.random.Generator) -> Floats:
    drawn = _ground(colours[0])
    motifs = colours[1:] or (_contrast(colours[0]),)
    match int(rng.integers(4)):
        case 0:
            _dots(drawn, motifs, repeats, rng)
        case 1:
            _flowers(drawn, motifs, repeats, rng)
        case 2:
            for layer, motif in enumerate(motifs):
                field = np.roll(clouds(SIDE, 4 + 2 * min(repeats, 8), layer), rng.integers(0, SIDE, 2), axis=(0, 1))
                drawn[field > 0.45] = motif
        case _:
            rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE * 2 * np.pi
            wave = np.sin(repeats * rows + 2.2 * np.abs(np.arcsin(np.sin(repeats * columns / 2))))
            drawn[wave > 0.55] = motifs[0]
            drawn[wave < -0.7] = motifs[-1]
    return drawn


def _dots(drawn: Floats, motifs: tuple[Colour, ...], repeats: int, rng: np.random.Generator) -> None:
    step = SIDE / repeats
    radius = step * rng.uniform(0.16, 0.32)
    for row in range(repeats):
        for column in range(repeats):
            x, y = (column + 0.5 * (row % 2)) * step, row * step
            _stamp(drawn, x, y, radius, motifs[(row + column) % len(motifs)])


def _flowers(drawn: Floats, motifs: tuple[Colour, ...], repeats: int, rng: np.random.Generator) -> None:
    for _ in range(min(70, 2 * repeats * repeats)):
        x, y = rng.uniform(0, SIDE, 2)
        size = SIDE / repeats * rng.uniform(0.12, 0.3)
        colour = motifs[int(rng.integers(len(motifs)))]
        for turn in np.arange(5) * 2 * np.pi / 5 + rng.uniform(0, 1):
            _stamp(drawn, x + size * np.cos(turn), y + size * np.sin(turn), 0.62 * size, colour)
        _stamp(drawn, x, y, 0.5 * size, _contrast(colour))


def _stamp(drawn: Floats, x: float, y: float, radius: float, colour: Colour) -> None:
    """A disc that goes on at the edges."""
    for shift_x in (-SIDE, 0, SIDE):
        for shift_y in (-SIDE, 0, SIDE):
            if -radius <= x + shift_x <= SIDE + radius and -radius <= y + shift_y <= SIDE + radius:
                centre = (round((x + shift_x) * 16), round((y + shift_y) * 16))
                cv2.circle(drawn, centre, max(16, round(radius * 16)), colour, -1, cv2.LINE_AA, 4)


def _denim(colour: Colour, wear: float, rng: np.random.Generator) -> Floats:
    threads = cv2.blur(np.tile(grain(SIDE, 1), (2, 1)), (1, 25))[SIDE // 2 : SIDE // 2 + SIDE]
    rows, columns = np.mgrid[:SIDE, :SIDE]
    twill = ((rows + columns) % 4 < 2) * 0.06
    washed = np.clip(np.roll(clouds(SIDE, 3), int(rng.integers(SIDE)), axis=0), 0, 2) * wear
    drawn = _ground(colour) * (1 + 0.35 * threads - twill)[..., None]
    return np.asarray(drawn + washed[..., None] * np.array([38, 38, 34], np.float32), np.float32)


def _leather(colour: Colour, rng: np.random.Generator) -> Floats:
    hide = np.roll(clouds(SIDE, 20), int(rng.integers(SIDE)), axis=0)
    return np.asarray(_ground(colour) * (1 + 0.10 * hide)[..., None], np.float32)


def _knit(colours: tuple[Colour, ...], repeats: int) -> Floats:
    rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE * 2 * np.pi
    ribs = np.sin(columns * max(16, repeats)) + 0.4 * np.sin(rows * 48 + 2 * np.abs(np.sin(columns * 24)))
    drawn = _ground(colours[0]) * (1 + 0.10 * ribs)[..., None]
    if len(colours) > 1:
        flecks = grain(SIDE, 1) > 1.4
        drawn[flecks] = 0.5 * drawn[flecks] + 0.5 * np.array(colours[1], np.float32)
    return np.asarray(drawn, np.float32)


def _ground(colour: Colour) -> Floats:
    ground = np.empty((SIDE, SIDE, 3), np.float32)
    ground[:] = colour
    return ground


def _contrast(colour: Colour) -> Colour:
    return (235, 232, 225) if sum(colour) < 380 else (40, 42, 48)


def _spot(x: NDArray[np.floating], y: NDArray[np.floating], sigma_x: float, sigma_y: float) -> Floats:
    return np.asarray(np.exp(-0.5 * ((x / sigma_x) ** 2 + (y / sigma_y) ** 2)), np.float32)


def _bytes(drawn: NDArray[np.floating]) -> Image:
    return np.asarray(np.clip(drawn + 0.5, 0, 255), np.uint8)
