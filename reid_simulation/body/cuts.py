"""Garments cut from the mesh's own tights and skirt, and those that lie ready. Only the pack script needs it."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import scipy.sparse
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from reid_simulation.body.coordinates import HEAD, LEFT_LEG, RIGHT_LEG, Coordinates
from reid_simulation.body.sources import Obj, read_binding, read_obj

NECK_M = 0.075
"""Half the width of a neckline."""
ARMPIT = 2.62
"""Its height; see `Cut`."""
TUCKED = 0.18
"""How far the upper part of a dress or coat reaches under its skirt; in heights."""
UNDER_HEM = 0.2
"""Legs this far above the hem of a skirt are not there; in heights."""
ON_SHOULDERS = 0.6
"""Thick cloth lies closer here."""
SOCK_M = 0.15
"""A sock is taller than a shoe."""
RIM_M = 0.03
"""Skin this near to the edge of a garment stays, so that no gap shows when a limb bends."""


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """A piece before it is reduced and packed; `points` and `hidden` are indices into the base mesh.

    Attributes: see `packed.Piece`; `hidden` is a list of indices here.
    """

    name: str
    points: NDArray[np.int64]
    weights: NDArray[np.float64]
    offset: NDArray[np.float64]
    triangles: NDArray[np.int64]
    hidden: NDArray[np.int64]
    scale_ends: NDArray[np.int64]
    scale_size: NDArray[np.float64]

    def placed(self, base: NDArray[np.float64]) -> NDArray[np.float64]:
        """Vertices (V, 3) over base vertices of some shape."""
        spans = np.array([abs(base[a, axis] - base[b, axis]) for axis, (a, b) in enumerate(self.scale_ends)])
        scale = np.where(spans > 0, spans / self.scale_size, 1.0)
        placed: NDArray[np.float64] = (base[self.points] * self.weights[..., None]).sum(axis=1) + self.offset * scale
        return placed


@dataclass(frozen=True, slots=True)
class Cut:
    """A garment as a part of the tights, of the skirt, or of both.

    Attributes:
        name: of the piece.
        arm: sleeves end here: 0 shoulder, 1 elbow, 2 wrist.
        top, bottom: heights between which it lies: 0 ankle, 1 knee, 2 hip, 3 base of the neck.
        skirt: the skirt ends at this height; None for no skirt.
        waist: where tights end and skirt begins.
        off_m: distance from the tights.
        flare_m: added towards the lower end of legs and sleeves.
        open_m: half the width of the gap in front.
        neck: how much lower the collar lies in front than beside the neck, in heights.
        shoulder_m: without sleeves: from the middle to the edge over the shoulder; 0 with sleeves.
    """

    name: str
    arm: float = -0.5
    top: float = 3.05
    bottom: float = 2.0
    skirt: float | None = None
    waist: float = 2.25
    off_m: float = 0.006
    flare_m: float = 0.0
    open_m: float = 0.0
    neck: float = 0.12
    shoulder_m: float = 0.0


CUTS = (
    Cut("tank", top=3.05, bottom=2.0, off_m=0.004, neck=0.30, shoulder_m=0.115),
    Cut("tee", arm=0.55, bottom=1.97, off_m=0.009, flare_m=0.012),
    Cut("tee-loose", arm=0.8, bottom=1.95, off_m=0.018, flare_m=0.02),
    Cut("longsleeve", arm=1.93, bottom=1.98, off_m=0.008, flare_m=0.006, neck=0.08),
    Cut("sweater", arm=1.95, bottom=1.96, off_m=0.020, flare_m=0.010, neck=0.05),
    Cut("jacket", arm=1.98, top=3.16, bottom=1.93, off_m=0.030, flare_m=0.008, neck=0.06),
    Cut("jacket-open", arm=1.98, top=3.14, bottom=1.93, off_m=0.028, flare_m=0.012, open_m=0.05, neck=0.1),
    Cut("puffer", arm=1.98, top=3.20, bottom=1.96, off_m=0.045, flare_m=0.004, neck=0.03),
    Cut("vest", shoulder_m=0.155, top=3.10, bottom=1.97, off_m=0.034, open_m=0.03, neck=0.06),
    Cut("coat", arm=1.98, top=3.16, skirt=1.05, off_m=0.030, flare_m=0.012, neck=0.06),
    Cut("coat-open", arm=1.98, top=3.16, skirt=1.05, off_m=0.028, flare_m=0.014, open_m=0.05, neck=0.1),
    Cut("coat-long", arm=1.98, top=3.18, skirt=0.55, off_m=0.030, flare_m=0.010, neck=0.06),
    Cut("coat-short", arm=1.98, top=3.18, skirt=1.55, off_m=0.036, flare_m=0.008, neck=0.05),
    Cut("dress-short", arm=0.4, skirt=1.25, off_m=0.006, flare_m=0.004),
    Cut("dress-long", arm=0.5, skirt=0.35, off_m=0.006, flare_m=0.004),
    Cut("dress-sleeveless", top=3.05, skirt=1.0, off_m=0.005, neck=0.26, shoulder_m=0.125),
    Cut("dress-winter", arm=1.93, skirt=1.1, off_m=0.008, flare_m=0.004, neck=0.05),
    Cut("skirt-short", top=2.35, bottom=2.3, skirt=1.45, waist=2.33, off_m=0.006),
    Cut("skirt-knee", top=2.35, bottom=2.3, skirt=0.98, waist=2.33, off_m=0.006),
    Cut("skirt-long", top=2.35, bottom=2.3, skirt=0.3, waist=2.33, off_m=0.006),
    Cut("shorts", top=2.32, bottom=1.35, off_m=0.010, flare_m=0.022),
    Cut("knee-trousers", top=2.32, bottom=1.02, off_m=0.010, flare_m=0.020),
    Cut("trousers-slim", top=2.32, bottom=0.06, off_m=0.007, flare_m=0.004),
    Cut("trousers-wide", top=2.32, bottom=0.02, off_m=0.012, flare_m=0.040),
    Cut("leggings", top=2.35, bottom=0.10, off_m=0.003),
)


def cut(recipe: Cut, base: Obj, at: Coordinates) -> Draft:
    normals = {name: normals_of(base.vertices, base.group(name)) for name in ("helper-tights", "helper-skirt")}
    parts = [_tights_part(recipe, base, at, normals["helper-tights"])]
    if recipe.skirt is not None:
        parts.append(_skirt_part(recipe, base, at, normals["helper-skirt"]))
    draft = join(parts)
    hidden = _under(draft, base, at, recipe.waist if recipe.skirt is not None else None)
    if recipe.skirt is not None and not recipe.open_m:
        legs = np.isin(at.region, (LEFT_LEG, RIGHT_LEG)) & (at.height > recipe.skirt + UNDER_HEM) & (at.height < 2.1)
        hidden = np.union1d(hidden, np.flatnonzero(legs))
    return replace(draft, name=recipe.name, hidden=hidden)


def _tights_part(recipe: Cut, base: Obj, at: Coordinates, normals: NDArray[np.float64]) -> Draft:
    bottom = recipe.bottom if recipe.skirt is None else min(recipe.waist - TUCKED, recipe.top - 0.03)
    is_front = base.vertices[:, 0] > base.vertices[base.group("helper-tights"), 0].mean()
    top = recipe.top - recipe.neck * np.exp(-((base.vertices[:, 1] / NECK_M) ** 2)) * np.where(is_front, 1.0, 0.35)
    field = np.minimum(top - at.height, at.height - bottom)
    if recipe.shoulder_m:
        field = np.minimum(field, _within_shoulders(recipe, base, at))
    else:
        field = np.minimum(field, np.where(at.arm >= 0, recipe.arm - at.arm, recipe.arm + 1))
    if recipe.open_m:
        gap = (np.abs(base.vertices[:, 1]) - recipe.open_m) / 0.4
        field = np.where(~is_front | (at.arm >= 0), field, np.minimum(field, gap))
    leg = np.clip((2.0 - at.height) / 2.0, 0, 1)
    flare = recipe.flare_m * np.where(at.arm >= 0, np.clip(at.arm / 2, 0, 1), leg)
    off = recipe.off_m * np.where(at.height > 2.7, ON_SHOULDERS, 1.0) + flare
    return clip_cloth(base, base.group("helper-tights"), field, normals * off[:, None])


def _within_shoulders(recipe: Cut, base: Obj, at: Coordinates) -> NDArray[np.float64]:
    """Positive where a garment without sleeves is: beside the neck, and below the arms."""
    wide = recipe.shoulder_m + 0.8 * np.maximum(ARMPIT - at.height, 0)
    field: NDArray[np.float64] = np.where(at.arm >= 0, -1.0, 1.0) * 0.02
    shoulder = (wide - np.abs(base.vertices[:, 1])) / 0.4
    return np.where(at.height > ARMPIT - 0.25, np.minimum(shoulder, np.where(at.arm > 0.25, field, 1.0)), field)


def _skirt_part(recipe: Cut, base: Obj, at: Coordinates, normals: NDArray[np.float64]) -> Draft:
    assert recipe.skirt is not None
    field = np.minimum(recipe.waist - at.height, at.height - recipe.skirt)
    if recipe.open_m:
        gap = (np.abs(base.vertices[:, 1]) - recipe.open_m) / 0.4
        field = np.where(base.vertices[:, 0] < 0, field, np.minimum(field, gap))
    down = np.clip((recipe.waist - at.height) / 2.0, 0, 1)
    off = normals * (recipe.off_m + recipe.flare_m * down)[:, None]
    return clip_cloth(base, base.group("helper-skirt"), field, off)


def clip_cloth(
    base: Obj, triangles: NDArray[np.int64], field: NDArray[np.float64], offset: NDArray[np.float64]
) -> Draft:
    """The part of some triangles where the field is positive; edges are cut where it is zero."""
    inside = field > 0
    kept = triangles[inside[triangles].all(axis=1)]
    faces: list[tuple[int, ...]] = [tuple(face) for face in kept.tolist()]
    vertices: dict[tuple[int, int], int] = {}

    def at(first: int, second: int) -> int:
        ends = (min(first, second), max(first, second))
        return vertices.setdefault(ends, len(field) + len(vertices))

    for face in triangles[inside[triangles].any(axis=1) & ~inside[triangles].all(axis=1)].tolist():
        while inside[face[2]] or (inside[face[1]] and not inside[face[0]]):
            face = face[1:] + face[:1]
        a, b, c = face
        if inside[b]:
            faces += [(a, b, at(b, c)), (a, at(b, c), at(a, c))]
        else:
            faces.append((a, at(a, b), at(a, c)))
    ends = np.array(list(vertices), np.int64).reshape(-1, 2)
    share = field[ends[:, 0]] / (field[ends[:, 0]] - field[ends[:, 1]])
    points = np.concatenate([np.repeat(np.arange(len(field))[:, None], 3, axis=1), ends[:, [0, 1, 1]]])
    weights = np.zeros((len(points), 3))
    weights[: len(field), 0] = 1
    weights[len(field) :, :2] = np.stack([1 - share, share], axis=1)
    offsets = np.concatenate([offset, offset[ends[:, 0]] * (1 - share)[:, None] + offset[ends[:, 1]] * share[:, None]])
    used, compact = np.unique(np.array(faces), return_inverse=True)
    return Draft(
        "", points[used], weights[used], offsets[used], compact.reshape(-1, 3), np.empty(0, np.int64), *remove_scale()
    )


def remove_scale() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    return np.zeros((3, 2), np.int64), np.ones(3)


def join(parts: list[Draft]) -> Draft:
    starts = np.cumsum([0] + [len(part.points) for part in parts])
    return Draft(
        "",
        np.concatenate([part.points for part in parts]),
        np.concatenate([part.weights for part in parts]),
        np.concatenate([part.offset for part in parts]),
        np.concatenate([part.triangles + start for part, start in zip(parts, starts, strict=False)]),
        np.empty(0, np.int64),
        *remove_scale(),
    )


def _under(draft: Draft, base: Obj, at: Coordinates, seam: float | None) -> NDArray[np.int64]:
    """Points of the base mesh under a garment and not near its edge: the nearest cloth is cloth that was kept.

    `seam`: height at which two parts overlap, whose edges there are none of the garment's.
    """
    cloth = draft.placed(base.vertices)
    sides = np.sort(
        np.concatenate([draft.triangles[:, [0, 1]], draft.triangles[:, [1, 2]], draft.triangles[:, [2, 0]]])
    )
    unique, counts = np.unique(sides, axis=0, return_counts=True)
    rim_vertices = np.unique(unique[counts == 1])
    if seam is not None:
        heights = at.height[draft.points[rim_vertices, 0]]
        rim_vertices = rim_vertices[(heights > seam + 0.1) | (heights < seam - TUCKED - 0.1)]
    rim = cloth[rim_vertices]
    whole = np.unique(base.group("helper-tights", "helper-skirt"))
    to_cloth = KDTree(cloth).query(base.vertices)[0]
    to_rim = KDTree(rim).query(base.vertices)[0]
    to_tights = KDTree(base.vertices[whole]).query(base.vertices)[0]
    covered = (to_cloth < to_tights + 0.05) & (to_rim > RIM_M) & (to_rim > to_cloth * 1.05) & (at.region != HEAD)
    return np.flatnonzero(covered)


READY = {
    "female_casualsuit01": ("tee-fitted", "jeans-slim"),
    "female_casualsuit02": ("tee-round", "shorts-hot"),
    "female_elegantsuit01": ("blouse", "skirt-pencil"),
    "female_sportsuit01": ("top-short", "sport-tights"),
    "male_casualsuit01": ("tracksuit",),
    "male_casualsuit02": ("shirt-long", "jeans"),
    "male_casualsuit03": ("shirt-neck", "chinos"),
    "male_casualsuit04": ("tee-straight", "trousers"),
    "male_casualsuit05": ("jacket-over-shirt", "trousers-field"),
    "male_casualsuit06": ("tee-creased", "trousers-plain"),
    "male_elegantsuit01": ("blazer", "trousers-suit"),
    "male_worksuit01": ("overall",),
}
"""Suits of the sources, and what their upper and lower parts are called here; one name: one piece."""
SHOES = {"shoes01": "shoes-laced", "shoes02": "shoes-flat", "shoes03": "shoes-strap"}
"""The other three have the same shapes."""


def ready(folder: Path, base: Obj) -> list[Draft]:
    """Garments, shoes, hair and hat of the sources."""
    drafts = []
    for suit, names in READY.items():
        drafts += _split(_with_helpers(_read(folder / "clothes" / suit, suit), base), names, base)
    for shoe, name in SHOES.items():
        drafts += _shoes(_read(folder / "clothes" / shoe, shoe), name, base)
    drafts.append(replace(_read(folder / "clothes" / "fedora01", "fedora"), name="hat"))
    styles = [_read(path, path.name) for path in sorted((folder / "hair").iterdir())]
    return drafts + [replace(style, hidden=_scalp_under(style, base)) for style in styles]


def _read(folder: Path, name: str) -> Draft:
    mesh, binding = read_obj(folder / f"{name}.obj"), read_binding(folder / f"{name}.mhclo")
    return Draft(
        name, binding.base, binding.weights, binding.offset, mesh.triangles, binding.hidden,
        binding.scale_ends, binding.scale_size,
    )  # fmt: skip


def _scalp_under(style: Draft, base: Obj) -> NDArray[np.int64]:
    """Skin straight under hair, not before the face."""
    skin = np.unique(base.group("body"))
    normals = normals_of(base.vertices, base.group("body"))[skin]
    hair = style.placed(base.vertices)
    away = hair[KDTree(hair).query(base.vertices[skin] + 0.012 * normals)[1]] - base.vertices[skin]
    above = (away * normals).sum(axis=1)
    beside = np.linalg.norm(away - above[:, None] * normals, axis=1)
    under = (above > -0.004) & (above < 0.035) & (beside < 0.012)
    return np.asarray(skin[under], np.int64)


def _with_helpers(suit: Draft, base: Obj) -> Draft:
    """What the sources hide is skin; the tights and the skirt over that skin lie under the suit as well."""
    skin = np.unique(base.group("body"))
    helpers = np.unique(base.group("helper-tights", "helper-skirt"))
    away, nearest = KDTree(base.vertices[skin]).query(base.vertices[helpers])
    under = helpers[np.isin(skin[nearest], suit.hidden) & (away < 0.06)]
    return replace(suit, hidden=np.union1d(suit.hidden, under))


def _shoes(pair: Draft, name: str, base: Obj) -> list[Draft]:
    """A pair without its socks; those of the first pair are a piece of their own."""
    label = _connected(pair)
    heights = np.array([np.ptp(pair.placed(base.vertices)[label == part, 2]) for part in range(label.max() + 1)])
    is_sock = (heights > SOCK_M)[label]
    named = [("socks", is_sock)] if name == "shoes-laced" else []
    return _parted(pair, [*named, (name, ~is_sock)], base)


def _connected(draft: Draft) -> NDArray[np.int64]:
    """Which connected part each vertex belongs to."""
    links = (draft.triangles.ravel(), draft.triangles[:, [1, 2, 0]].ravel())
    size = len(draft.points)
    matrix = scipy.sparse.coo_matrix((np.ones(len(links[0])), links), (size, size))
    return np.asarray(connected_components(matrix, directed=False)[1], np.int64)


def _split(suit: Draft, names: tuple[str, ...], base: Obj) -> list[Draft]:
    """A suit by its connected parts: those whose middle lies below the waist are its lower garment."""
    if len(names) == 1:
        return [replace(suit, name=names[0])]
    placed, label = suit.placed(base.vertices), _connected(suit)
    ends = [placed[label == part, 2] for part in range(label.max() + 1)]
    waist = (placed[:, 2].min() + placed[:, 2].max()) / 2 if placed[:, 2].min() < -0.5 else 0.085
    is_lower = (np.array([(end.min() + end.max()) / 2 for end in ends]) < waist + 0.12)[label]
    return _parted(suit, list(zip(names, (~is_lower, is_lower), strict=True)), base)


def _parted(whole: Draft, named: list[tuple[str, NDArray[np.bool_]]], base: Obj) -> list[Draft]:
    """Some vertices of a draft by name; each takes along what lies under it rather than under the others."""
    nearest = KDTree(whole.placed(base.vertices)).query(base.vertices[whole.hidden])[1]
    drafts = []
    for name, mine in named:
        triangles = whole.triangles[mine[whole.triangles[:, 0]]]
        used, compact = np.unique(triangles, return_inverse=True)
        drafts.append(
            replace(
                whole, name=name, points=whole.points[used], weights=whole.weights[used], offset=whole.offset[used],
                triangles=compact.reshape(-1, 3), hidden=whole.hidden[mine[nearest]],
            )
        )  # fmt: skip
    return drafts


def normals_of(vertices: NDArray[np.float64], triangles: NDArray[np.int64]) -> NDArray[np.float64]:
    a, b, c = (vertices[triangles[:, corner]] for corner in range(3))
    faces = np.cross(b - a, c - a)
    normals = np.zeros_like(vertices)
    for corner in triangles.T:
        np.add.at(normals, corner, faces)
    unit: NDArray[np.float64] = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return unit
