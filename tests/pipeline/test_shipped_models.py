"""The networks that came with the project are whole, small, and say what they are."""

from pathlib import Path

import numpy as np
import pytest

from detectors.network_detector import NetworkDetector
from pipeline.model_zoo import find_artefact, shipped_models
from reid_models.clip_encoder import ClipEncoder
from reid_runtime.card import read_card
from reid_runtime.load import load_session

DETECTOR, ENCODER = "passerby-detector", "passerby-encoder"
MOST_BYTES = 20_000_000


def test_they_are_small_together() -> None:
    assert {DETECTOR, ENCODER} <= shipped_models().keys()
    assert sum(path.stat().st_size for path in shipped_models().values()) < MOST_BYTES


@pytest.mark.parametrize("name", [DETECTOR, ENCODER])
def test_a_card_belongs_to_its_file_and_says_what_taught_the_network(name: str, tmp_path: Path) -> None:
    card = read_card(find_artefact(name, tmp_path))
    assert (card.name, card.licence) == (name, "Apache-2.0")
    assert "simulated" in card.origin
    assert "not good" in card.notes.lower()


def test_the_detector_sees_nobody_where_nobody_is() -> None:
    detector = NetworkDetector(load_session(shipped_models()[DETECTOR], provider="cpu", threads=1))
    (found,) = detector.detect([np.full((240, 320, 3), 90, np.uint8)])
    assert not (found.scores > 0.5).any()


def test_the_encoder_tells_clothes_apart() -> None:
    encoder = ClipEncoder(load_session(shipped_models()[ENCODER], provider="cpu", threads=1))
    clip = encoder.clip
    clips = np.full((3, clip.frames, clip.height, clip.width, 3), 120, np.uint8)
    third = clip.height // 3
    for row, colour in enumerate(((200, 30, 30), (200, 30, 30), (30, 40, 190))):
        clips[row, :, third : 2 * third, clip.width // 4 : 3 * clip.width // 4] = colour
    clips[1, :, :third] = 140
    same, other = (encoder.encode(clips) @ encoder.encode(clips).T)[0, 1:]
    assert same > other
