from itertools import combinations
from uuid import uuid5

from pipeline.events.ids import NAMESPACE
from pipeline.output.person_labels import HUES, LIGHTNESS, UNIDENTIFIED, Colour, person_colours, short_name

PEOPLE = [uuid5(NAMESPACE, str(number)) for number in range(HUES * len(LIGHTNESS))]


def test_who_comes_later_changes_nobodys_colour() -> None:
    first = person_colours([PEOPLE[0], PEOPLE[1], PEOPLE[0]])
    later = person_colours([*PEOPLE[:2], *PEOPLE])
    assert list(first) == PEOPLE[:2]
    assert all(later[person] == colour for person, colour in first.items())


def test_the_first_two_dozen_people_look_different_and_nobody_is_grey() -> None:
    colours = list(person_colours(PEOPLE).values())
    apart = [sum(abs(a - b) for a, b in zip(one, other, strict=True)) for one, other in combinations(colours, 2)]
    assert min(apart) > 50
    assert all(max(colour) - min(colour) > 60 for colour in colours)
    assert UNIDENTIFIED not in colours


def test_a_colour_is_written_for_css_and_knows_whether_black_reads_on_it() -> None:
    assert Colour(255, 0, 10).css == "#ff000a"
    assert Colour(255, 255, 0).is_bright
    assert not Colour(0, 0, 255).is_bright


def test_a_name_is_the_first_digits_of_the_id() -> None:
    assert str(PEOPLE[0]).startswith(short_name(PEOPLE[0]))
