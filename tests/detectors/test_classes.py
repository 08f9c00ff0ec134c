import pytest

from detectors.classes import choose_person, class_names

COCO = {0: "person", 1: "bicycle", 2: "car"}


def test_names_are_those_that_ultralytics_leaves_in_a_file() -> None:
    assert class_names({"names": "{0: 'person', 1: 'bicycle', 2: 'car'}"}) == COCO
    assert class_names({}) == {}
    assert class_names({"names": "person, car"}) == {}


@pytest.mark.parametrize(
    ("asked", "names", "count", "expected"),
    [
        (None, COCO, 3, 0),
        ("Car", COCO, 3, 2),
        ("1", COCO, 3, 1),
        (None, {}, 80, 0),
        (None, {}, 91, 1),
        (None, {0: "pedestrian"}, 1, 0),
        (None, {0: "0", 1: "1"}, 80, 0),
    ],
)
def test_the_class_of_people(asked: str | None, names: dict[int, str], count: int, expected: int) -> None:
    assert choose_person(asked, names, count=count) == expected


@pytest.mark.parametrize(
    ("asked", "names", "count", "message"),
    [
        ("3", COCO, 3, "has 3 classes here, 0 to 2, found --person-class 3"),
        ("pedestrian", COCO, 3, "has 3 classes here, person, bicycle, car; found no 'pedestrian' among them"),
        (None, {0: "mask", 1: "no mask"}, 2, "mask, no mask; found no 'person' among them: say --person-class NAME"),
        (None, {}, 20, "has 20 classes here that the file does not name, asked for 'person': say its number"),
        ("dog", {}, 80, "does not name, asked for 'dog'"),
    ],
)
def test_a_class_that_is_not_there_is_one_line(
    asked: str | None, names: dict[int, str], count: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        choose_person(asked, names, count=count)
