"""What people put on and carry: garments that go together, by style, sex and age."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from reid_simulation.people import palette
from reid_simulation.seams.identity import Colour, Fabric, Pattern, Worn

Choices = Sequence[tuple[float, str]]


@dataclass(frozen=True, slots=True)
class Style:
    """How likely people are to wear what; the rest is a matter of sex and age.

    Attributes:
        outer: share who wear a jacket or coat.
        coat: of those, share of coats.
        warm: share of long sleeves among tops, and of long legs.
        formal: share of blazers, blouses, suit trousers and leather shoes.
        dress: share of women in a dress, or a skirt.
        backpack, bag, hand_bag, umbrella, hat: shares who carry one.
    """

    outer: float = 0.35
    coat: float = 0.25
    warm: float = 0.6
    formal: float = 0.15
    dress: float = 0.22
    backpack: float = 0.2
    bag: float = 0.16
    hand_bag: float = 0.12
    umbrella: float = 0.01
    hat: float = 0.06


STYLES = {
    "shop": Style(),
    "office": Style(outer=0.4, coat=0.2, warm=0.85, formal=0.6, dress=0.3, backpack=0.15, bag=0.24, hat=0.01),
    "winter": Style(outer=0.92, coat=0.5, warm=1.0, dress=0.12, umbrella=0.04, hat=0.3),
    "summer": Style(outer=0.04, warm=0.12, dress=0.35, backpack=0.22, hat=0.1),
    "campus": Style(outer=0.35, coat=0.12, formal=0.06, dress=0.15, backpack=0.5, hand_bag=0.04, hat=0.08),
    "station": Style(outer=0.5, coat=0.4, formal=0.25, backpack=0.3, bag=0.2, hand_bag=0.2, umbrella=0.02),
}

WOMEN_TOPS: tuple[Choices, Choices] = (
    ((3, "tee-fitted"), (2, "tee-round"), (2, "tee"), (1, "tank"), (1, "tee-loose"), (0.2, "top-short")),
    ((2, "longsleeve"), (2, "sweater"), (2, "blouse"), (1, "shirt-long")),
)
MEN_TOPS: tuple[Choices, Choices] = (
    ((3, "tee-straight"), (2, "tee-creased"), (2, "tee"), (1.5, "tee-loose"), (0.2, "tank")),
    ((2, "shirt-long"), (2, "longsleeve"), (2.5, "sweater"), (1, "shirt-neck")),
)
"""For warm days and for cold ones."""
WOMEN_LEGS: tuple[Choices, Choices] = (
    ((2, "shorts-hot"), (2, "shorts"), (1.5, "knee-trousers"), (1, "leggings")),
    ((4, "jeans-slim"), (2, "trousers-slim"), (1.5, "leggings"), (1, "trousers-wide"), (1, "sport-tights")),
)
MEN_LEGS: tuple[Choices, Choices] = (
    ((3, "shorts"), (3, "knee-trousers")),
    (
        (4, "jeans"),
        (2, "chinos"),
        (1.5, "trousers"),
        (1, "trousers-plain"),
        (1, "trousers-slim"),
        (1, "trousers-field"),
    ),
)
SKIRTS: Choices = ((2, "skirt-knee"), (1.5, "skirt-short"), (1, "skirt-pencil"), (1, "skirt-long"))
DRESSES: Choices = ((2, "dress-short"), (1, "dress-long"), (1.5, "dress-sleeveless"), (1, "dress-winter"))
JACKETS: Choices = (
    (3, "jacket"), (2.5, "jacket-open"), (2, "puffer"), (1, "vest"), (1.5, "jacket-over-shirt"),
)  # fmt: skip
COATS: Choices = ((2, "coat"), (1.5, "coat-open"), (1, "coat-long"), (1.5, "coat-short"))
ON_FEET = ("shoes", "socks")
JEANS = ("jeans", "jeans-slim", "shorts-hot")
ACCENTS: palette.Weighted = (
    (5, (236, 234, 228)), (3, (30, 30, 34)), (2, (176, 40, 44)), (2, (40, 70, 130)), (1, (226, 186, 60)),
    (1, (60, 120, 80)), (1, (120, 160, 200)),
)  # fmt: skip


def clothes(style: Style, is_woman: bool, age_years: float, rng: np.random.Generator) -> tuple[Worn, ...]:
    """Garments from the inside to the outside; no shoes."""
    is_formal = age_years > 18 and rng.random() < style.formal
    is_warm = rng.random() < style.warm
    worn = _basics(style, is_woman, is_formal, is_warm, rng)
    if rng.random() < style.outer:
        kind = _choose(COATS if rng.random() < style.coat else JACKETS, rng)
        if is_formal and rng.random() < 0.6:
            kind = "blazer"
        worn += (Worn(kind, _fabric("outer", kind, palette.pick(palette.OUTER, rng), rng)),)
    return worn


def _basics(style: Style, is_woman: bool, is_formal: bool, is_warm: bool, rng: np.random.Generator) -> tuple[Worn, ...]:
    if is_woman and rng.random() < style.dress:
        if rng.random() < 0.5:
            kind = "dress-winter" if is_warm and rng.random() < 0.6 else _choose(DRESSES, rng)
            return (Worn(kind, _fabric("dress", kind, palette.pick(palette.DRESS, rng), rng)),)
        legs = _choose(SKIRTS, rng)
    else:
        legs = _choose((WOMEN_LEGS if is_woman else MEN_LEGS)[is_warm or is_formal], rng)
        if is_formal:
            legs = "trousers-slim" if is_woman else "trousers-suit"
        elif rng.random() < 0.03:
            kind = "tracksuit"
            return (Worn(kind, _fabric("dress", kind, palette.pick(palette.OUTER, rng), rng)),)
    top = _choose((WOMEN_TOPS if is_woman else MEN_TOPS)[is_warm or is_formal], rng)
    if is_formal:
        top = "blouse" if is_woman else "shirt-neck"
    return (
        Worn(legs, _legs_fabric(legs, rng)),
        Worn(top, _fabric("upper", top, palette.pick(palette.UPPER, rng), rng)),
    )


def shoes(clothes: tuple[Worn, ...], is_woman: bool, rng: np.random.Generator) -> tuple[Worn, ...]:
    """With socks, but for most who wear a skirt."""
    is_formal = any(each.kind in ("blazer", "trousers-suit") for each in clothes)
    kind = _choose(((1, "shoes-laced"), (2 if is_woman else 0.6, "shoes-flat"), (1, "shoes-strap")), rng)
    colour = palette.pick(palette.SHOES[:2] if is_formal else palette.SHOES, rng)
    pair = Worn(kind, Fabric("leather", (colour,), 0.05, float(rng.uniform(0.1, 0.5)), _seed(rng)))
    is_bare = rng.random() < (0.8 if any(each.kind.startswith(("skirt", "dress")) for each in clothes) else 0.1)
    socks = Worn("socks", Fabric("knit", (palette.pick(palette.SOCKS, rng),), 0.02, 0.2, _seed(rng)))
    return (pair,) if is_bare else (socks, pair)


def choose_carried(style: Style, is_woman: bool, age_years: float, rng: np.random.Generator) -> tuple[Worn, ...]:
    things = []
    bags = (
        (style.backpack * (1.6 if age_years < 30 else 0.8), "backpack"),
        (style.bag * (1.4 if is_woman else 0.6), "shoulder-bag"),
        (style.hand_bag * (1.3 if is_woman else 0.7), "hand-bag"),
    )
    draw = rng.random()
    for share, kind in bags:
        if 0 <= draw < share:
            things.append(_thing(kind, rng))
        draw -= share
    if age_years > 15 and rng.random() < style.umbrella:
        things.append(_thing("umbrella", rng))
    elif rng.random() < style.hat:
        kind = _choose(((4, "beanie"), (4, "cap"), (1 if age_years > 30 else 0.2, "hat")), rng)
        things.append(Worn(kind, replace(_thing(kind, rng).fabric, pattern="knit" if kind == "beanie" else "plain")))
    return tuple(things)


def uniform(seed: int, number: int, is_woman: bool) -> tuple[Worn, ...]:
    """The clothes of one of a site's staffs: the same for all who wear them."""
    rng = np.random.default_rng([seed, 101, number])
    colour, legs_colour = palette.pick(palette.UNIFORM, rng, 0.02), palette.pick(palette.LOWER[:3], rng, 0.02)
    top, shown = _choose(((2, "tee-straight"), (2, "shirt-long"), (1, "sweater"), (1, "vest")), rng), _seed(rng)
    legs = "trousers-slim" if is_woman else "trousers"
    under = (Worn("longsleeve", Fabric("plain", ((230, 230, 226),), seed=shown)),) if top == "vest" else ()
    return (
        Worn(legs, Fabric("plain", (legs_colour,), seed=shown)),
        *under,
        Worn(top, Fabric("plain", (colour,), wear=0.15, seed=shown)),
    )


def _thing(kind: str, rng: np.random.Generator) -> Worn:
    pattern: Pattern = "leather" if kind in ("shoulder-bag", "hand-bag") and rng.random() < 0.6 else "plain"
    return Worn(kind, Fabric(pattern, (palette.pick(palette.BAG, rng),), 0.05, 0.2, _seed(rng)))


def _legs_fabric(kind: str, rng: np.random.Generator) -> Fabric:
    if kind in JEANS or (kind in ("knee-trousers", "skirt-short") and rng.random() < 0.4):
        return Fabric("denim", (palette.pick(palette.DENIM, rng),), 0.03, float(rng.uniform(0.1, 0.9)), _seed(rng))
    pattern: Pattern = "checks" if rng.random() < 0.04 else "plain"
    colour = palette.pick(palette.LOWER, rng)
    colours = (colour, palette.between(colour, (120, 120, 120), 0.4)) if pattern == "checks" else (colour,)
    return Fabric(pattern, colours, float(rng.uniform(0.02, 0.06)), float(rng.uniform(0.1, 0.5)), _seed(rng))


PATTERNS: dict[str, tuple[tuple[float, Pattern], ...]] = {
    "upper": ((56, "plain"), (12, "stripes"), (7, "checks"), (8, "print"), (14, "logo")),
    "sweater": ((40, "plain"), (35, "knit"), (15, "stripes"), (8, "logo")),
    "blouse": ((60, "plain"), (12, "stripes"), (8, "checks"), (14, "print")),
    "dress": ((52, "plain"), (10, "stripes"), (6, "checks"), (32, "print")),
    "outer": ((88, "plain"), (4, "checks"), (8, "leather")),
}


def _fabric(role: str, kind: str, colour: Colour, rng: np.random.Generator) -> Fabric:
    group = {"sweater": "sweater", "blouse": "blouse", "shirt-neck": "blouse", "shirt-long": "blouse"}.get(kind, role)
    table = PATTERNS["outer" if kind == "tracksuit" else group]
    weights = np.array([weight for weight, _ in table])
    pattern = table[rng.choice(len(table), p=weights / weights.sum())][1]
    if pattern == "leather" and kind in ("puffer", "blazer", "coat", "coat-open", "coat-long"):
        pattern = "plain"
    extra = {"plain": 0, "leather": 0, "knit": 0, "print": int(rng.integers(1, 4))}.get(pattern, 1)
    others = tuple(palette.pick(ACCENTS if rng.random() < 0.6 else palette.UPPER, rng) for _ in range(extra))
    scale_m = (
        float(np.exp(rng.uniform(np.log(0.02), np.log(0.16)))) if pattern in ("stripes", "checks", "print") else 0.05
    )
    return Fabric(pattern, (colour, *others), scale_m, float(rng.uniform(0.05, 0.5)), _seed(rng))


def _choose(choices: Choices, rng: np.random.Generator) -> str:
    weights = np.array([weight for weight, _ in choices])
    return choices[rng.choice(len(choices), p=weights / weights.sum())][1]


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(1 << 30))
