"""What can be worn, by name: which packed piece it is, where it lies, and from which side it is seen."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """
    Attributes:
        role: as in `mesh.Surface`.
        layer: garments of a higher layer lie over those of a lower one.
        is_open: its inside can be seen.
    """

    role: str
    layer: int
    is_open: bool = False


LAYERS = {
    "eyes": 0, "socks": 0, "shoes": 1, "lower": 2, "upper": 3, "dress": 4, "outer": 5, "hair": 6, "hat": 7,
    "carried": 8,
}  # fmt: skip

_BY_ROLE = {
    "shoes": ("shoes-laced", "shoes-flat", "shoes-strap"),
    "socks": ("socks",),
    "lower": (
        "jeans-slim", "shorts-hot", "skirt-pencil", "sport-tights", "jeans", "chinos", "trousers", "trousers-field",
        "trousers-plain", "trousers-suit", "skirt-short", "skirt-knee", "skirt-long", "shorts", "knee-trousers",
        "trousers-slim", "trousers-wide", "leggings",
    ),
    "upper": (
        "tee-fitted", "tee-round", "blouse", "top-short", "shirt-long", "shirt-neck", "tee-straight", "tee-creased",
        "tank", "tee", "tee-loose", "longsleeve", "sweater",
    ),
    "dress": ("tracksuit", "overall", "dress-short", "dress-long", "dress-sleeveless", "dress-winter"),
    "outer": (
        "jacket-over-shirt", "blazer", "jacket", "jacket-open", "puffer", "vest", "coat", "coat-open", "coat-long",
        "coat-short",
    ),
    "hair": (
        "afro01", "bob01", "bob02", "braid01", "long01", "ponytail01", "short01", "short02", "short03", "short04",
    ),
    "hat": ("hat", "beanie", "cap"),
    "carried": ("backpack", "shoulder-bag", "hand-bag", "umbrella"),
}  # fmt: skip
_CLOSED = {"eyes", "shoes", "socks"}

KINDS = {name: Kind(role, LAYERS[role], role not in _CLOSED) for role, names in _BY_ROLE.items() for name in names}
"""All that an identity may name; those of the role `carried` are built by `carried.py`, the others lie packed."""


def kind(name: str) -> Kind:
    if name not in KINDS:
        raise ValueError(f"nothing to wear is called {name!r}; there are {', '.join(sorted(KINDS))}")
    return KINDS[name]
