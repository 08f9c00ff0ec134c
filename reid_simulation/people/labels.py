"""What data sets would say of a person: the attributes that can be seen."""

from reid_simulation.people.palette import name_of
from reid_simulation.people.wardrobe import kind
from reid_simulation.seams.identity import Identity, Worn

SHORT_SLEEVES = frozenset(
    {
        "tee-fitted", "tee-round", "top-short", "tee-straight", "tee-creased", "tank", "tee", "tee-loose",
        "overall", "dress-short", "dress-long", "dress-sleeveless",
    }
)  # fmt: skip
SHORT_LEGS = frozenset(
    {
        "shorts-hot", "skirt-pencil", "skirt-short", "skirt-knee", "shorts", "knee-trousers", "dress-short",
        "dress-sleeveless", "dress-winter",
    }
)  # fmt: skip
LONG_HAIR = frozenset({"bob01", "bob02", "braid01", "long01", "ponytail01"})
TIGHT = frozenset({"leggings", "sport-tights", "jeans-slim", "trousers-slim"})
HATS = frozenset({"hat", "cap", "beanie"})
COMMON = ("Black", "White", "Gray", "Red", "Green", "Blue", "Yellow")
UP_COLOURS = (*COMMON, "Brown", "Purple", "Pink", "Orange", "Mixture")
LOW_COLOURS = (*COMMON, "Mixture")
SHOE_COLOURS = (*COMMON, "Brown")
MARS_TOPS = ("black", "purple", "green", "blue", "gray", "white", "yellow", "red", "complex")
MARS_BOTTOMS = ("white", "purple", "black", "green", "gray", "pink", "yellow", "blue", "brown", "complex")
MARS_NEAR = {"orange": "red", "pink": "red", "brown": "complex"}
"""Colours that MARS does not name for tops, and what comes nearest."""


def attributes(identity: Identity) -> dict[str, int | str]:
    """Two sets of labels in one: the 0 or 1 of Zhao et al., CVPR 2019, Figure 4, as far as they can be known here, and
    the columns of MARS-Attribute (`Tops.c` and on) with its codes. `sex`, `top` and `bottom` are for people to read."""
    roles = {kind(each.kind).role: each for each in identity.worn}
    top = roles.get("outer") or roles.get("dress") or roles["upper"]
    bottom = roles.get("lower") or roles["dress"]
    kinds = {each.kind for each in (*identity.worn, *identity.carried)}
    is_woman = identity.sex < 0.5
    has_long_hair = identity.hair is not None and identity.hair.kind in LONG_HAIR
    found: dict[str, int | str] = {
        "sex": "female" if is_woman else "male",
        "top": f"{_colour(top)} {top.kind}",
        "bottom": f"{_colour(bottom)} {bottom.kind}",
    }
    found |= _of_person(identity, is_woman, has_long_hair, kinds)
    found |= _of_clothes(top, bottom, roles["shoes"], kinds)
    found |= _mars(identity, top, bottom, is_woman, has_long_hair, kinds)
    return found


def _of_person(identity: Identity, is_woman: bool, has_long_hair: bool, kinds: set[str]) -> dict[str, int]:
    hair = identity.hair
    return {
        "Female": int(is_woman),
        "AgeLess16": int(identity.age_years < 16),
        "Age17-30": int(16 <= identity.age_years < 31),
        "Age31-45": int(31 <= identity.age_years < 46),
        "BaldHead": int(hair is None),
        "LongHair": int(has_long_hair),
        "BlackHair": int(hair is not None and name_of(hair.fabric.colours[0]) == "black"),
        "Hat": int(bool(kinds & HATS)),
        "Backpack": int("backpack" in kinds),
        "SingleShoulderBag": int("shoulder-bag" in kinds),
        "HandBag": int("hand-bag" in kinds),
    }


def _of_clothes(top: Worn, bottom: Worn, shoes: Worn, kinds: set[str]) -> dict[str, int]:
    role = kind(top.kind).role
    labels = {
        "Shirt": top.kind in ("blouse", "shirt-neck", "shirt-long"),
        "Sweater": top.kind in ("sweater", "longsleeve"),
        "Vest": top.kind in ("vest", "tank"),
        "TShirt": top.kind.startswith("tee"),
        "Cotton": top.kind == "puffer",
        "Jacket": role == "outer" and top.kind not in ("blazer", "puffer", "vest"),
        "SuitUp": top.kind == "blazer",
        "ShortSleeve": top.kind in SHORT_SLEEVES,
        "LongTrousers": bottom.kind not in SHORT_LEGS and not bottom.kind.startswith(("skirt", "dress")),
        "Skirt": bottom.kind.startswith("skirt"),
        "ShortSkirt": bottom.kind in ("skirt-short", "skirt-pencil"),
        "Dress": bottom.kind.startswith("dress"),
        "Jeans": bottom.fabric.pattern == "denim",
        "TightTrousers": bottom.kind in TIGHT,
    }
    colours = (("Up", top, UP_COLOURS), ("Low", bottom, LOW_COLOURS), ("Shoes", shoes, SHOE_COLOURS))
    for part, worn, names in colours:
        mine = _colour(worn).capitalize()
        labels |= {part + name: name == mine for name in names}
    return {name: int(holds) for name, holds in labels.items()}


def _mars(
    identity: Identity, top: Worn, bottom: Worn, is_woman: bool, has_long_hair: bool, kinds: set[str]
) -> dict[str, int]:
    tops = MARS_NEAR.get(_colour(top), _colour(top))
    bottoms = {"orange": "yellow", "red": "complex"}.get(_colour(bottom), _colour(bottom))
    return {
        "Tops.c": MARS_TOPS.index("complex" if tops == "mixture" else tops),
        "Bottoms.c": MARS_BOTTOMS.index("complex" if bottoms == "mixture" else bottoms),
        "Age": sum(identity.age_years >= start for start in (13, 20, 60)),
        "Tops.l": int(top.kind in SHORT_SLEEVES),
        "Bottoms.l": int(bottom.kind in SHORT_LEGS),
        "shoulder bag": int("shoulder-bag" in kinds),
        "backpack": int("backpack" in kinds),
        "hat": int(bool(kinds & HATS)),
        "handbag": int("hand-bag" in kinds),
        "hair": int(has_long_hair),
        "gender": int(is_woman),
        "Bottoms.t": int(not bottom.kind.startswith(("skirt", "dress"))),
    }


def _colour(worn: Worn) -> str:
    """Name of what one sees most of; `mixture` for patterns of several colours."""
    names = {name_of(colour) for colour in worn.fabric.colours}
    if worn.fabric.pattern in ("stripes", "checks", "print") and len(names) > 1:
        return "mixture"
    return name_of(worn.fabric.colours[0])
