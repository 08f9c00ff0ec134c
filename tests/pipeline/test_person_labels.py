from uuid import UUID, uuid5

from pipeline.events.schema import NAMESPACE
from pipeline.person_labels import HUES, LIGHTNESS, UNIDENTIFIED, Colour, person_colour, short_name

PEOPLE = [uuid5(NAMESPACE, str(number)) for number in range(800)]


def test_a_person_has_one_colour_and_one_name() -> None:
    same = UUID(str(PEOPLE[0]))
    assert person_colour(same) == person_colour(PEOPLE[0])
    assert short_name(same) == str(PEOPLE[0])[:4]


def test_people_spread_over_all_colours_and_none_is_grey() -> None:
    colours = {person_colour(person) for person in PEOPLE}
    assert len(colours) == HUES * len(LIGHTNESS)
    assert all(max(colour) - min(colour) > 60 for colour in colours)
    assert UNIDENTIFIED not in colours


def test_a_colour_is_written_for_css_and_knows_whether_black_reads_on_it() -> None:
    assert Colour(255, 0, 10).css == "#ff000a"
    assert Colour(255, 255, 0).is_bright
    assert not Colour(0, 0, 255).is_bright
