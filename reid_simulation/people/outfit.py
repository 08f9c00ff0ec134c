"""Skin, clothes, hair and shoes of one person as one mesh in the rest pose; what lies under cloth is left out."""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reid_simulation.body import packed
from reid_simulation.people.carried import Dressed, build
from reid_simulation.people.footsteps import Shoe
from reid_simulation.people.palette import between
from reid_simulation.people.wardrobe import kind
from reid_simulation.seams.identity import Colour, Fabric, Identity, Worn
from reid_simulation.seams.mesh import Surface, Template

HAIR_OVER_M = 0.035
"""Long hair lies so far outside of where it would lie on bare shoulders: over a jacket."""
LAYER_M = np.float32(0.012)
"""What each layer of clothes adds to those over it."""
SUNK_M = 0.008
"""Skin that reaches under cloth is drawn in by this much."""
RADIUS_M = np.array([0.15, 0.095, 0.048, 0.048, 0.08, 0.08], np.float32)
"""Of trunk, head, arms and legs of somebody of 1.7 m: what an angle round them is worth in metres of cloth."""
MOST_COVERED = {"socks": 1}
"""A triangle is left out if so many of its corners lie under something; of all else, three."""
EYES = Fabric("plain", ((238, 236, 232), (70, 50, 35)), wear=0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Outfit:
    """
    Attributes:
        rest: (V, 3) float32, metres.
        bones: (V, 4) int64.
        weights: (V, 4) float32.
        triangles: (F, 3) int64 over these vertices, for normals.
        twin: (W,) int64: vertices of the template, which stand twice where the cloth is sewn.
        template: what does not change with the pose.
        shoe: the left one, for the feet to be laid down.
    """

    rest: NDArray[np.float32]
    bones: NDArray[np.int64]
    weights: NDArray[np.float32]
    triangles: NDArray[np.int64]
    twin: NDArray[np.int64]
    template: Template
    shoe: Shoe


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One surface before all are put together; fields as in `Outfit` and `Template`.

    Attributes:
        faces: (F, 3) int64 over the twins; the same triangles as `triangles`.
    """

    surface: Surface
    rest: NDArray[np.float32]
    bones: NDArray[np.int64]
    weights: NDArray[np.float32]
    triangles: NDArray[np.int64]
    faces: NDArray[np.int64]
    twin: NDArray[np.int64]
    uv_m: NDArray[np.float32]


def dress(identity: Identity, points: NDArray[np.float32], detail: int) -> Outfit:
    """`points`: (P, 3) of `shape.shaped`."""
    body = _Body(points, identity.height_m / 1.7, detail)
    hair = (identity.hair,) if identity.hair else ()
    everything = sorted((*identity.worn, *hair, *identity.carried), key=lambda each: kind(each.kind).layer)
    parts: list[Part] = []
    clothes = [each for each in everything if kind(each.kind).role != "carried"]
    covered, scalp = np.zeros(len(points), np.bool_), np.zeros(len(points), np.bool_)
    for each in reversed(clothes):
        inner = [packed.piece(other.kind, detail).clothed for other in clothes if _is_over(each, other)]
        parts.append(_garment(each, body, covered, inner))
        hidden = packed.piece(each.kind, detail).hidden
        if kind(each.kind).role == "hair":
            scalp = hidden
        else:
            covered = covered | hidden
    parts += _skin(identity, body, covered, scalp)
    parts += _things([each for each in everything if kind(each.kind).role == "carried"], identity, body, parts)
    return _together([part for part in parts if len(part.triangles)], points)


@dataclass(frozen=True, slots=True, eq=False)
class _Body:
    """Points (P, 3) of `shape.shaped`, the size of the person, 1 for 1.7 m, and the level of detail."""

    points: NDArray[np.float32]
    scale: float
    detail: int


def _is_over(outer: Worn, inner: Worn) -> bool:
    cloth = ("lower", "upper", "dress", "outer")
    layers = kind(outer.kind), kind(inner.kind)
    return layers[0].role in cloth and layers[1].role in cloth and layers[0].layer > layers[1].layer


def _things(carried: list[Worn], identity: Identity, body: _Body, parts: list[Part]) -> list[Part]:
    """What is carried lies on what is worn."""
    solid = [part for part in parts if part.surface.role not in ("hair", "eyes", "hat")]
    dressed = Dressed(
        np.concatenate([part.rest for part in solid]),
        np.concatenate([part.bones for part in solid]),
        np.concatenate([part.weights for part in solid]),
    )
    found = []
    for each in carried:
        is_left = identity.number % 2 == 0
        thing = build(each.kind, body.points, dressed, body.scale, body.detail, is_left=is_left)
        every = np.arange(len(thing.rest))
        surface = Surface("carried", each.fabric, is_open=True)
        found.append(
            Part(surface, thing.rest, thing.bones, thing.weights, thing.triangles, thing.triangles, every, thing.uv_m)
        )
    return found


def _garment(each: Worn, body: _Body, covered: NDArray[np.bool_], inner: list[NDArray[np.bool_]]) -> Part:
    """
    Args:
        covered: (P,) points of the body under what is worn over this.
        inner: (P,) each, points at which something is worn beneath it, from which it keeps away.
    """
    piece = packed.piece(each.kind, body.detail)
    surface = Surface(kind(each.kind).role, each.fabric, kind(each.kind).is_open)
    rest = _placed(piece, body)
    if surface.role == "hair":
        rest = rest + _over_clothes(rest, body.points)
    if inner:
        layers = np.stack(inner)[:, piece.points].max(axis=2).sum(axis=0)
        rest = rest + (LAYER_M * layers)[:, None] * _normals(rest, piece.triangles)
    under = (covered[piece.points] | (piece.weights == 0)).all(axis=1)
    shown = under[piece.triangles].sum(axis=1) < MOST_COVERED.get(surface.role, 3)
    return _part(each.kind, surface, rest, shown, body)


def _skin(identity: Identity, body: _Body, covered: NDArray[np.bool_], scalp: NDArray[np.bool_]) -> list[Part]:
    """Skin, eyes, and the skin under hair, which takes its colour: no bald patch shows between strands."""
    piece = packed.piece("skin", body.detail)
    under, haired = covered[piece.points[:, 0]], scalp[piece.points[:, 0]]
    rest = _placed(piece, body)
    rest = np.where((under | haired)[:, None], rest - SUNK_M * _normals(rest, piece.triangles), rest)
    shown = np.asarray(~under[piece.triangles].all(axis=1))
    is_scalp = np.asarray(haired[piece.triangles].all(axis=1))
    beard = (identity.beard,) if identity.beard else ()
    fabric = Fabric("plain", (identity.skin, _brows(identity), *beard), wear=0.0, seed=identity.number)
    parts = [_part("skin", Surface("skin", fabric), rest, shown & ~is_scalp, body)]
    if identity.hair:
        parts.append(_part("skin", Surface("hair", identity.hair.fabric), rest, shown & is_scalp, body))
    eyes = packed.piece("eyes", body.detail)
    every = np.ones(len(eyes.triangles), np.bool_)
    return [*parts, _part("eyes", Surface("eyes", EYES), _placed(eyes, body), every, body)]


def _brows(identity: Identity) -> Colour:
    if identity.hair:
        return identity.hair.fabric.colours[-1]
    return identity.beard or between(identity.skin, (0, 0, 0), 0.6)


def _part(name: str, surface: Surface, rest: NDArray[np.float32], shown: NDArray[np.bool_], body: _Body) -> Part:
    """Those triangles of a piece that are `shown`, (F,), with vertices `rest`, (V, 3)."""
    triangles, cloth = packed.piece(name, body.detail).triangles, unroll(name, body.detail)
    bones, weights = skinning(name, body.detail)
    used, compact = np.unique(triangles[shown], return_inverse=True)
    twins, faces = np.unique(cloth.faces[shown], return_inverse=True)
    uv_m = np.stack([cloth.around * RADIUS_M[cloth.region], cloth.along_m], axis=1)[twins] * body.scale
    return Part(
        surface, rest[used].astype(np.float32), bones[used], weights[used], compact.reshape(-1, 3),
        faces.reshape(-1, 3), np.searchsorted(used, cloth.twin[twins]), uv_m.astype(np.float32),
    )  # fmt: skip


def _placed(piece: packed.Piece, body: _Body) -> NDArray[np.float32]:
    """Vertices (V, 3) of a piece on this body."""
    points = body.points
    first, second = piece.scale_ends.T
    spans = np.abs(points[first, range(3)] - points[second, range(3)])
    scales = np.where(first == second, body.scale, spans / piece.scale_size)
    placed: NDArray[np.float32] = np.einsum("vkc,vk->vc", points[piece.points], piece.weights) + piece.offset * scales
    return placed


def _over_clothes(rest: NDArray[np.float32], points: NDArray[np.float32]) -> NDArray[np.float32]:
    """What moves hair that falls below the neck out of the clothes, (V, 3)."""
    body = packed.body()
    neck = points[body.joints[body.bones.index("Neck")]]
    low = np.clip((neck[2] + 0.03 - rest[:, 2]) / 0.08, 0, 1)
    moved = np.zeros_like(rest)
    moved[:, 0] = np.where(rest[:, 0] < neck[0], -1, 1) * HAIR_OVER_M * low
    return moved


def _normals(vertices: NDArray[np.float32], triangles: NDArray[np.int64]) -> NDArray[np.float32]:
    a, b, c = (vertices[triangles[:, corner]] for corner in range(3))
    across = np.cross(b - a, c - a)
    normals = np.stack(
        [sum(np.bincount(corner, across[:, axis], len(vertices)) for corner in triangles.T) for axis in range(3)],
        axis=1,
    )
    unit: NDArray[np.float32] = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return unit


@functools.cache
def skinning(name: str, detail: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Bones (V, 4) and weights (V, 4) of a piece: those of the points it is bound to."""
    body, piece = packed.body(), packed.piece(name, detail)
    full = np.zeros((len(piece.points), len(body.bones)), np.float32)
    rows = np.arange(len(full))
    for corner in range(3):
        for slot in range(4):
            share = np.maximum(piece.weights[:, corner], 0) * body.skin_weights[piece.points[:, corner], slot]
            np.add.at(full, (rows, body.skin_bones[piece.points[:, corner], slot]), share)
    bones = np.argsort(-full, axis=1)[:, :4]
    weights = np.take_along_axis(full, bones, axis=1)
    return bones, weights / weights.sum(axis=1, keepdims=True)


@dataclass(frozen=True, slots=True, eq=False)
class Cloth:
    """A piece cut open at its seams.

    Attributes:
        faces: (F, 3) int64 over the W twins.
        twin: (W,) int64, the vertex that each stands for.
        region: (W,) int64; around: (W,) float32 radians; along_m: (W,) float32.
    """

    faces: NDArray[np.int64]
    twin: NDArray[np.int64]
    region: NDArray[np.int64]
    around: NDArray[np.float32]
    along_m: NDArray[np.float32]


@functools.cache
def unroll(name: str, detail: int) -> Cloth:
    body, piece = packed.body(), packed.piece(name, detail)
    heaviest = np.take_along_axis(piece.points, piece.weights.argmax(axis=1)[:, None], axis=1)[:, 0]
    region = body.region[heaviest].astype(np.int64)
    around, along_m = body.around[heaviest], body.along_m[heaviest]
    corners = region[piece.triangles]
    face_region = np.where(corners[:, 1] == corners[:, 2], corners[:, 1], corners[:, 0])
    angles = around[piece.triangles]
    wraps = (np.ptp(angles, axis=1) > np.pi)[:, None] & (angles < 0)
    keys = np.stack([piece.triangles, np.repeat(face_region[:, None], 3, axis=1), wraps], axis=-1).reshape(-1, 3)
    twins, faces = np.unique(keys, axis=0, return_inverse=True)
    angle = around[twins[:, 0]] + np.float32(2 * np.pi) * twins[:, 2]
    return Cloth(faces.reshape(-1, 3), twins[:, 0], twins[:, 1], angle.astype(np.float32), along_m[twins[:, 0]])


def _together(parts: list[Part], points: NDArray[np.float32]) -> Outfit:
    vertex_starts = np.cumsum([0] + [len(part.rest) for part in parts])
    twin_starts = np.cumsum([0] + [len(part.twin) for part in parts])
    template = Template(
        triangles=_shifted([part.faces for part in parts], twin_starts).astype(np.int32),
        surface=np.repeat(np.arange(len(parts)), [len(part.faces) for part in parts]).astype(np.uint8),
        uv_m=np.concatenate([part.uv_m for part in parts]),
        surfaces=tuple(part.surface for part in parts),
    )
    return Outfit(
        np.concatenate([part.rest for part in parts]),
        np.concatenate([part.bones for part in parts]),
        np.concatenate([part.weights for part in parts]),
        _shifted([part.triangles for part in parts], vertex_starts),
        _shifted([part.twin for part in parts], vertex_starts),
        template,
        _left_shoe(parts, points),
    )


def _shifted(arrays: list[NDArray[np.int64]], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([array + start for array, start in zip(arrays, starts, strict=False)])


def _left_shoe(parts: list[Part], points: NDArray[np.float32]) -> Shoe:
    body = packed.body()
    ankle, joint = (points[body.joints[body.bones.index(name)]] for name in ("LeftFoot", "LeftToeBase"))
    roles = [part.surface.role for part in parts]
    part = parts[roles.index("shoes" if "shoes" in roles else "skin")]
    toe = body.bones.index("LeftToeBase")
    share = np.where(part.bones == toe, part.weights, 0).sum(axis=1)
    side = (part.rest - ankle)[:, [0, 2]].astype(np.float64)
    is_low = (part.rest[:, 1] > 0) & (part.rest[:, 2] < ankle[2])
    return Shoe(side[is_low & (share < 0.5)], side[is_low & (share >= 0.5)], (joint - ankle)[[0, 2]].astype(np.float64))
