"""Who comes to a site: thousands of people, each the same whenever and wherever their number is asked for."""

from dataclasses import replace

import numpy as np

from reid_simulation.people import palette, tailor
from reid_simulation.people.labels import attributes
from reid_simulation.seams.identity import Fabric, Identity, Worn

__all__ = ["Population", "attributes"]

ANCESTRY_SHARES = (0.15, 0.20, 0.65)
"""African, Asian, Caucasian, as in `body.packed.ANCESTRIES`."""
GROWTH = ((8, 10, 12, 14, 16, 18), (1.28, 1.38, 1.50, 1.60, 1.63, 1.63), (1.28, 1.38, 1.49, 1.64, 1.73, 1.76))
"""Years, and mean heights of girls and boys in metres (WHO growth reference, rounded); the last are the grown's."""
SPREAD_M = 0.065
COPIED_FROM = 6
"""Somebody who is dressed like another is dressed like one of so many who came before."""
UNIFORMS = 2
"""Staffs with clothes of their own, among look-alikes."""
MEN_HAIR = ((3.0, "short01"), (4.0, "short02"), (3.0, "short03"), (3.0, "short04"))
WOMEN_HAIR = (
    (3.0, "long01"), (3.0, "ponytail01"), (2.5, "bob01"), (2.5, "bob02"), (1.5, "braid01"), (0.6, "short04"),
    (0.6, "short03"),
)  # fmt: skip


class Population:
    """Everybody of one site."""

    def __init__(self, seed: int, *, style: str = "shop", look_alikes: float = 0.0) -> None:
        """
        Args:
            seed: of the site; another seed is other people.
            style: one of `tailor.STYLES`, or `any` for all of them mixed.
            look_alikes: share who wear a uniform, or the clothes of somebody else with other shoes and bags.
        """
        if style != "any" and style not in tailor.STYLES:
            raise ValueError(f"expected a style among {', '.join(sorted(tailor.STYLES))} or any, found {style!r}")
        self._seed, self._style, self._look_alikes = seed, style, look_alikes

    def identity(self, number: int) -> Identity:
        if number < 1:
            raise ValueError(f"expected a person's number, from 1, found {number}")
        person = self._individual(number)
        rng = np.random.default_rng([self._seed, number, 2])
        if rng.random() >= self._look_alikes:
            return person
        if rng.random() < 0.5 or number == 1:
            clothes = tailor.uniform(self._seed, int(rng.integers(UNIFORMS)), person.sex < 0.5)
        else:
            model = self.identity(number - int(rng.integers(1, min(COPIED_FROM, number - 1) + 1)))
            clothes = tuple(each for each in model.worn if not each.kind.startswith(tailor.ON_FEET))
        shoes = tuple(each for each in person.worn if each.kind.startswith(tailor.ON_FEET))
        return replace(person, worn=shoes + clothes)

    def _individual(self, number: int) -> Identity:
        """Somebody dressed by their own taste."""
        rng = np.random.default_rng([self._seed, number, 1])
        styles = sorted(tailor.STYLES)
        style = tailor.STYLES[styles[rng.integers(len(styles))] if self._style == "any" else self._style]
        is_woman = bool(rng.random() < 0.5)
        age_years = _age(rng)
        ancestry = _ancestry(rng)
        old = float(np.clip((age_years - 30) / 50, 0, 1))
        height_m = _height(is_woman, age_years, rng)
        hair_colour = _hair_colour(ancestry, age_years, rng)
        is_bald = not is_woman and rng.random() < 0.45 * float(np.clip((age_years - 28) / 40, 0, 1))
        clothes = tailor.clothes(style, is_woman, age_years, rng)
        shoes = tailor.shoes(clothes, is_woman, rng)
        has_beard = not is_woman and age_years > 20 and rng.random() < 0.3
        return Identity(
            number=number,
            sex=float(np.clip(rng.normal(0.08, 0.06), 0, 0.3) if is_woman else np.clip(rng.normal(0.92, 0.06), 0.7, 1)),
            age_years=age_years,
            height_m=height_m,
            weight=float(np.clip(rng.normal(-0.05 + 0.3 * old, 0.38), -0.8, 0.95)),
            muscle=float(np.clip(rng.normal(0.15 - 0.4 * old, 0.3), -0.7, 0.8)),
            ancestry=ancestry,
            skin=_skin(ancestry, rng),
            hair=None if is_bald else Worn(_hair(is_woman, ancestry, rng), hair_colour),
            worn=(*shoes, *clothes),
            carried=tailor.choose_carried(style, is_woman, age_years, rng),
            stride_m=float(height_m * rng.normal(0.75 if is_woman else 0.77, 0.025) * (1 - 0.10 * old)),
            pace_mps=float(np.clip(rng.normal(1.36, 0.13), 1.0, 1.8) * (1 - 0.22 * old)),
            sway=float(np.clip(rng.normal(0.9, 0.2), 0.5, 1.4) * (1 - 0.3 * old)),
            beard=hair_colour.colours[0] if has_beard else None,
        )


def _age(rng: np.random.Generator) -> float:
    spans = ((0.07, 8, 16), (0.34, 16, 31), (0.38, 31, 56), (0.21, 56, 83))
    span = spans[rng.choice(len(spans), p=[share for share, _, _ in spans])]
    return float(rng.uniform(span[1], span[2]))


def _height(is_woman: bool, age_years: float, rng: np.random.Generator) -> float:
    mean = float(np.interp(age_years, GROWTH[0], GROWTH[1 if is_woman else 2]))
    shrunk = 0.05 * float(np.clip((age_years - 50) / 35, 0, 1))
    return float(mean * (1 + SPREAD_M / 1.7 * np.clip(rng.normal(), -2.4, 2.4)) - shrunk)


def _ancestry(rng: np.random.Generator) -> tuple[float, float, float]:
    main = int(rng.choice(3, p=ANCESTRY_SHARES))
    shares = 0.15 * rng.dirichlet((1.0, 1.0, 1.0))
    if rng.random() < 0.12:
        shares = shares + 0.4 * rng.dirichlet((1.0, 1.0, 1.0))
    shares[main] += 1 - shares.sum()
    return float(shares[0]), float(shares[1]), float(1 - shares[0] - shares[1])


def _skin(ancestry: tuple[float, float, float], rng: np.random.Generator) -> tuple[int, int, int]:
    share = float(np.clip(rng.normal(0.55, 0.25), 0, 1))
    tones = np.array([palette.between(dark, light, share) for dark, light in palette.SKIN])
    return palette.round_colour(np.array(ancestry) @ tones + 3 * rng.normal(size=3))


def _hair_colour(ancestry: tuple[float, float, float], age_years: float, rng: np.random.Generator) -> Fabric:
    colour = palette.pick(palette.HAIR[int(np.argmax(ancestry))], rng, 0.06)
    if rng.random() < 0.02:
        colour = palette.pick(palette.DYED, rng)
    grey = float(np.clip((age_years - rng.normal(52, 9)) / 16, 0, 1)) * (rng.random() < 0.85)
    seed = int(rng.integers(1 << 30))
    return Fabric("plain", (palette.between(colour, palette.GREY, grey), colour), 0.05, 0.0, seed)


def _hair(is_woman: bool, ancestry: tuple[float, float, float], rng: np.random.Generator) -> str:
    if ancestry[0] > 0.5 and rng.random() < (0.35 if is_woman else 0.6):
        return "afro01"
    styles = WOMEN_HAIR if is_woman else MEN_HAIR
    weights = np.array([weight for weight, _ in styles])
    return styles[rng.choice(len(styles), p=weights / weights.sum())][1]
