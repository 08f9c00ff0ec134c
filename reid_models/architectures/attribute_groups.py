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

_OF_EVERYBODY = ("Female", "AgeYoung", "AgeTeenager", "AgeAdult", "AgeOld")
_HEAD = ("LongHair", "Hat")
_BAGS = ("Backpack", "ShoulderBag", "HandBag")
_UP = _coloured("Up", "Black White Red Purple Yellow Gray Blue Green")
_DOWN = _coloured("Down", "Black White Pink Purple Yellow Gray Blue Green Brown")
_MARS_UP = _coloured("Up", "Black Purple Green Blue Gray White Yellow Red Mixture")
_MARS_DOWN = _coloured("Down", "White Purple Black Green Gray Pink Yellow Blue Brown Mixture")

MARKET_GROUPS = (
    AttributeGroup("gender and age", _OF_EVERYBODY),
    AttributeGroup("head and shoulder", _HEAD),
    AttributeGroup("up-body", ("ShortSleeve", *_UP)),
    AttributeGroup("low-body", ("ShortBottoms", "Trousers", *_DOWN)),
    AttributeGroup("attachment", _BAGS),
)
"""Lin et al., "Improving Person Re-identification by Attribute and Identity Learning", 2019: the 27 labels of
Market-1501, age as four of them, so 30. There are none of shoes."""

MARS_GROUPS = (
    AttributeGroup("gender and age", _OF_EVERYBODY),
    AttributeGroup("head and shoulder", _HEAD),
    AttributeGroup("up-body", ("ShortSleeve", *_MARS_UP)),
    AttributeGroup("low-body", ("ShortBottoms", "Trousers", *_MARS_DOWN)),
    AttributeGroup("attachment", _BAGS),
)
"""MARS-Attribute's 32, in 12 columns of its file: Market-1501's and colours that are mixed."""

GROUPS = (RAP_GROUPS, MARKET_GROUPS, MARS_GROUPS)


def groups_of(names: Sequence[str]) -> tuple[AttributeGroup, ...]:
    """The groups that have these labels, in whatever order they stand.

    Raises:
        ValueError: if none has.
    """
    for groups in GROUPS:
        if {name for group in groups for name in group.attributes} == set(names):
            return groups
    raise ValueError(f"expected the attributes of RAP, Market-1501 or MARS-Attribute, found {len(names)} others")
