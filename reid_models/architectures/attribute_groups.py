"""Which attributes of a person there are, and which of them a description keeps together.

Names and groups of Zhao et al., CVPR 2019, Figure 4: those of RAP's attributes that belong to a person and not to the
moment. Its text says 68; the figure names these 66.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AttributeGroup:
    """Attributes that say something of the same part of a person.

    Attributes:
        name: of the part.
        attributes: each is there or not; one column of the labels each, in this order.
    """

    name: str
    attributes: tuple[str, ...]


def _coloured(part: str, colours: str) -> tuple[str, ...]:
    return tuple(f"{part}{colour}" for colour in colours.split())


UP_COLOURS = _coloured("Up", "Black White Gray Red Green Blue Yellow Brown Purple Pink Orange Mixture")
LOW_COLOURS = _coloured("Low", "Black White Gray Red Green Blue Yellow Mixture")
SHOES_COLOURS = _coloured("Shoes", "Black White Gray Red Green Blue Yellow Brown")
UP_GARMENTS = ("Shirt", "Sweater", "Vest", "TShirt", "Cotton", "Jacket", "SuitUp", "Tight", "ShortSleeve")
LOW_GARMENTS = ("LongTrousers", "Skirt", "ShortSkirt", "Dress", "Jeans", "TightTrousers")
SHOES = ("Leather", "Sport", "Boots", "Cloth", "Casual")
THINGS = ("Backpack", "SingleShoulderBag", "HandBag", "Box", "PlasticBag", "PaperBag", "HandTrunk", "Other")

RAP_GROUPS = (
    AttributeGroup("gender and age", ("Female", "AgeLess16", "Age17-30", "Age31-45")),
    AttributeGroup("head and shoulder", ("BaldHead", "LongHair", "BlackHair", "Hat", "Glasses", "Muffler")),
    AttributeGroup("up-body", UP_GARMENTS + UP_COLOURS),
    AttributeGroup("low-body", LOW_GARMENTS + LOW_COLOURS),
    AttributeGroup("shoes", SHOES + SHOES_COLOURS),
    AttributeGroup("attachment", THINGS),
)
"""Six groups, of 4, 6, 21, 14, 13 and 8 attributes: colours count to the part that has them."""


PARTS = (
    ("attachment", ("bag", "backpack", "attachment", "box")),
    ("shoes", ("shoe", "boots")),
    ("head and shoulder", ("hair", "hat", "head", "glasses", "muffler", "hs-")),
    ("low-body", ("down", "low", "bottom", "lb-", "trousers", "skirt", "pants")),
    ("up-body", ("up", "top", "ub-", "sleeve", "shirt", "clothes")),
)
"""Groups of the labels of other sets, by what stands in their names; the first that fits. All others are of the whole
person: gender and age."""


def groups_of(names: Sequence[str]) -> tuple[AttributeGroup, ...]:
    """The groups of a set's attributes: RAP's for RAP's, else by their names.

    Args:
        names: of the labels' columns; groups keep their order among themselves.
    """
    if set(names) == {name for group in RAP_GROUPS for name in group.attributes}:
        return RAP_GROUPS
    members: dict[str, list[str]] = {"gender and age": []}
    for name in names:
        fits = [part for part, words in PARTS if any(word in name.lower() for word in words)]
        members.setdefault(fits[0] if fits else "gender and age", []).append(name)
    return tuple(AttributeGroup(part, tuple(found)) for part, found in members.items() if found)
