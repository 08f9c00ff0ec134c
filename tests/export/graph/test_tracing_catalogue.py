"""Every network of the catalogue as a file that serving runs."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from export.graph.artefact import Exported, Words, export_onnx
from export.graph.sources import encoder_subject
from export.graph.subject import Subject
from reid_models.architectures.catalogue import CATALOGUE
from reid_models.clip_encoder import ClipEncoder
from reid_models.training.recipe import NetworkParams
from reid_runtime.card import read_card
from reid_runtime.load import open_session
from testing.architectures.small_networks import small_clip, small_network

SAME_CODE = {
    "pooling-mean-resnet18": "pooling-mean-resnet50 on another trunk",
    "cosam-mean-se-resnet50": "cosam-mean-resnet50 on another trunk",
    "attributes-resnet18": "attributes-resnet50 on another trunk",
    "cosam-attention-resnet50": "COSAM, and the attention of pooling-attention-resnet50",
    "cosam-recurrent-resnet50": "COSAM, and the recurrence of pooling-recurrent-resnet50",
    "gltr-dtp-resnet50": "half of gltr-released-resnet50",
    "gltr-tsa-resnet50": "the other half",
    "m3d-streams-resnet50": "m3d-attention-resnet50, and a trunk",
}
"""What these are made of is exported in others: torch takes seconds for each."""
NETWORKS = [name for name in CATALOGUE if name not in SAME_CODE]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    subject: Subject
    file: Path
    exported: Exported


@pytest.fixture(scope="module", params=NETWORKS)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    name = str(request.param)
    subject = encoder_subject(small_network(name), NetworkParams(name, small_clip(name)), "a test")
    file = tmp_path_factory.mktemp("exported") / "network.onnx"
    return Case(subject, file, export_onnx(subject, file, Words("CC0-1.0", "Good for nothing.")))


def serve(case: Case, frames: int) -> ClipEncoder:
    """As serving loads it, with a card that asks for clips of that many frames."""
    card = read_card(case.file)
    assert card.clip is not None
    longer = card.model_copy(update={"clip": replace(card.clip, frames=frames)})
    return ClipEncoder(open_session(case.file, longer, provider="cpu", threads=1))


def test_the_file_says_what_the_network_says(case: Case) -> None:
    assert case.exported.difference < 1e-4


def test_serving_gives_it_any_number_of_clips_of_any_length_that_it_takes(case: Case) -> None:
    lengths, clip = case.subject.lengths, case.subject.clip
    assert lengths is not None
    assert clip is not None
    is_free = lengths.is_free_when_exported
    assert (read_card(case.file).inputs[0].shape[1] is None) == is_free
    for frames in (lengths.least, clip.frames + 3 * lengths.multiple) if is_free else (clip.frames,):
        (clips,) = case.subject.example(5, frames)
        with torch.inference_mode():
            expected = case.subject.network(clips).numpy()
        found = serve(case, frames).encode(clips.numpy())
        assert np.allclose(np.linalg.norm(expected, axis=1), 1, atol=1e-5)
        assert (found * expected).sum(axis=1) == pytest.approx(1, abs=1e-5)
        assert np.abs(found[0] - found[1]).max() > 1e-3 * np.abs(found).max()


def test_its_card_says_what_it_is(case: Case) -> None:
    card = read_card(case.file)
    assert card.name == "network"
    assert card.model_id == f"network@{card.sha256[:12]}"
    assert (card.licence, card.notes, card.origin) == ("CC0-1.0", "Good for nothing.", "a test")
    assert card.outputs[0].name == "embeddings"
    assert card.outputs[0].dtype == "float32"
