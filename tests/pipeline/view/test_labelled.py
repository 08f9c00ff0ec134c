from pathlib import Path

import numpy as np
import pytest

from passerby_events.tracks import TrackKey
from pipeline.cli import main
from pipeline.view.labelled import LabelledPair, LabelledPairs, LabelsError, group_same, sure_persons
from reid_models.tracklet_folder import read_folder
from testing.view.viewed_site import jpeg_of, person


def crop_of(track: TrackKey) -> bytes | None:
    """The same number is the same person, in a coat of its own colour."""
    red, green, blue = np.random.default_rng(track.track).integers(10, 250, 3).tolist()
    return jpeg_of(person((red, green, blue)))


def pair(verdict: str, seen: str, before: str, person: str | None = None) -> LabelledPair:
    """Of sightings that the site took for two persons; or for one."""
    names = [f"{each[:4]}/r1/{each[4:]}" for each in (seen, before)]
    return LabelledPair(
        f"{seen}-{before}", verdict, names[0], names[1], 0.5, "m@1", 1.0, None, (person or seen, person or before)
    )


def test_sightings_that_operators_called_the_same_are_one_person_however_long_the_chain() -> None:
    found = group_same(
        [pair("same", "yard1", "door1"), pair("same", "door4", "yard1"), pair("different", "yard2", "door1")]
    )
    assert found["yard/r1/1"] == found["door/r1/1"] == found["door/r1/4"] != found["yard/r1/2"]


def test_of_groups_that_may_be_one_person_the_largest_stays_and_what_was_called_different_from_it() -> None:
    found = sure_persons(
        [
            pair("same", "yard1", "door1", "anna"),
            pair("same", "door4", "yard1", "anna"),
            pair("same", "yard5", "door6", "anna"),
            pair("same", "yard7", "door7", "bert"),
            pair("different", "hall1", "door1", "anna"),
        ]
    )
    assert {name for name in found if name.endswith(("/5", "/6"))} == set(), "whether they are anna, nobody said"
    assert found["yard/r1/1"] == found["door/r1/4"]
    assert len(found) == 6
    assert len({found["yard/r1/1"], found["yard/r1/7"], found["hall/r1/1"]}) == 3


def test_a_later_verdict_about_the_same_two_takes_the_place_of_the_earlier(tmp_path: Path) -> None:
    pairs = LabelledPairs(tmp_path, crop_of)
    pairs.add(pair("same", "yard1", "door1"))
    pairs.add(pair("different", "door1", "yard1"))
    assert [each.verdict for each in pairs.read()] == ["different"]
    assert len({tracklet.person for tracklet in read_folder(tmp_path / "tracklets")}) == 2


def test_whoever_was_erased_is_in_no_pair_and_on_no_image(tmp_path: Path) -> None:
    pairs = LabelledPairs(tmp_path, crop_of)
    pairs.add(pair("same", "yard1", "door1"))
    pairs.add(pair("same", "yard2", "door2"))
    pairs.forget([TrackKey("door", "r1", 1)])
    assert [each.seen for each in pairs.read()] == ["yard/r1/2"]
    assert sorted(path.name for path in (tmp_path / "crops").iterdir()) == ["door-r1-2.jpg", "yard-r1-2.jpg"]


def test_a_threshold_is_found_by_what_operators_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs = LabelledPairs(tmp_path / "verdicts", crop_of)
    for number in range(30):
        pairs.add(pair("same", f"yard{number}", f"door{number}"))
    pairs.add(pair("different", "yard1", "door2"))
    out = tmp_path / "calibration.json"
    command = [
        "calibrate",
        str(tmp_path / "verdicts" / "tracklets"),
        "--encoder",
        "colour-stripes",
        "--out",
        str(out),
        "--false-match-rate",
        "0.05",
    ]
    assert main(command) == 0, capsys.readouterr().err
    assert "30 same" in capsys.readouterr().out
    assert out.is_file()


def test_a_file_that_is_none_of_ours_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "pairs.jsonl").write_text("shopping list\n")
    with pytest.raises(LabelsError, match="expected labelled pairs in"):
        LabelledPairs(tmp_path, crop_of).add(pair("same", "yard1", "door1"))
    assert (tmp_path / "pairs.jsonl").read_text() == "shopping list\n"
