from collections import Counter

import numpy as np
import pytest

from reid_models.architectures.attribute_groups import RAP_GROUPS
from reid_simulation.body import packed
from reid_simulation.people.people import Population, attributes
from reid_simulation.people.tailor import STYLES
from reid_simulation.people.wardrobe import KINDS
from reid_simulation.seams.identity import Identity

CROWD = [Population(3, style="any").identity(number) for number in range(1, 401)]
MARS_CLASSES = {
    "Tops.c": 9, "Bottoms.c": 10, "Age": 4, "Tops.l": 2, "Bottoms.l": 2, "shoulder bag": 2, "backpack": 2, "hat": 2,
    "handbag": 2, "hair": 2, "gender": 2, "Bottoms.t": 2,
}  # fmt: skip


def test_a_number_is_the_same_person_in_every_process_and_order() -> None:
    again = Population(3, style="any")
    assert [again.identity(number) for number in (200, 7)] == [CROWD[199], CROWD[6]]


def test_another_seed_is_other_people() -> None:
    assert Population(4, style="any").identity(7) != CROWD[6]


def test_people_do_not_depend_on_the_machine() -> None:
    """Known from the day this was written; a change here changes every simulated site."""
    person = Population(0).identity(1)
    assert person.height_m == pytest.approx(1.7938614755280922)
    assert person.skin == (230, 194, 176)
    assert [each.kind for each in person.worn] == ["socks", "shoes-strap", "knee-trousers", "tee-straight"]


def test_no_two_are_dressed_alike_unless_asked_for() -> None:
    looks = {(person.worn, person.skin, person.hair) for person in CROWD}
    assert len(looks) == len(CROWD)


def clothes(person: Identity) -> tuple[object, ...]:
    return tuple(each for each in person.worn if not each.kind.startswith(("shoes", "socks")))


def test_look_alikes_share_clothes_and_not_shoes() -> None:
    crowd = [Population(3, look_alikes=0.8).identity(number) for number in range(1, 101)]
    times = Counter(clothes(person) for person in crowd)
    alike = sum(count for count in times.values() if count > 1)
    assert 75 < alike <= 100
    common = times.most_common(1)[0][0]
    worn_with = {person.worn[: -len(common)] for person in crowd if clothes(person) == common}
    assert len(worn_with) > 5


def test_a_crowd_is_plausible() -> None:
    heights = np.array([[p.sex, p.age_years, p.height_m] for p in CROWD])
    grown = heights[heights[:, 1] >= 18]
    women, men = grown[grown[:, 0] < 0.5, 2], grown[grown[:, 0] >= 0.5, 2]
    assert 1.58 < women.mean() < 1.66 < 1.70 < men.mean() < 1.79
    assert heights[heights[:, 1] < 12, 2].max() < 1.75
    assert 0.4 < len(women) / len(grown) < 0.6
    assert {int(np.argmax(person.ancestry)) for person in CROWD} == {0, 1, 2}
    for person in CROWD:
        assert sum(person.ancestry) == pytest.approx(1)
        assert 0.6 < person.stride_m / person.height_m < 0.9


@pytest.mark.parametrize("style", STYLES)
def test_whoever_is_dressed_wears_what_there_is(style: str) -> None:
    population = Population(1, style=style)
    for number in range(1, 80):
        person = population.identity(number)
        roles = [KINDS[each.kind].role for each in (*person.worn, *person.carried)]
        assert roles.count("shoes") == 1
        assert roles.count("dress") == 1 or (roles.count("lower"), roles.count("upper")) == (1, 1)


def test_every_kind_is_packed_or_built() -> None:
    missing = {name for name, kind in KINDS.items() if kind.role != "carried"} - set(packed.piece_names())
    assert not missing


def test_winter_is_dressed_warmer_than_summer() -> None:
    def coats(style: str) -> int:
        population = Population(1, style=style)
        people = [population.identity(number) for number in range(1, 101)]
        return sum(any(KINDS[each.kind].role == "outer" for each in person.worn) for person in people)

    assert coats("winter") > 80
    assert coats("summer") < 20


def test_attributes_are_those_that_networks_learn() -> None:
    known = {name for group in RAP_GROUPS for name in group.attributes}
    for person in CROWD[:100]:
        labels = attributes(person)
        assert set(labels) - set(MARS_CLASSES) - {"sex", "top", "bottom"} <= known
        for name, classes in MARS_CLASSES.items():
            assert labels[name] in range(classes)
        assert sum(int(labels[name]) for name in labels if name.startswith("Up")) == 1
        assert labels["gender"] == labels["Female"] == int(person.sex < 0.5)


def test_attributes_tell_of_bags_and_hats() -> None:
    carried = {each.kind: attributes(person) for person in CROWD for each in person.carried}
    assert carried["backpack"]["backpack"] == carried["backpack"]["Backpack"] == 1
    assert carried["cap"]["hat"] == carried["beanie"]["Hat"] == 1


def test_bad_styles_and_numbers_are_named() -> None:
    with pytest.raises(ValueError, match=r"expected a style among .*winter.* found 'beach'"):
        Population(1, style="beach")
    with pytest.raises(ValueError, match="expected a person's number, from 1, found 0"):
        Population(1).identity(0)
