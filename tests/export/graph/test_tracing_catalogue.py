"""Every network of the catalogue as a file that serving runs."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from export.graph.artefact import Exported, Words, export_onnx
from export.graph.extras import with_attention, with_mask
from export.graph.random_weights import enliven
from export.graph.sources import encoder_subject
from export.graph.subject import Subject
from pipeline.build import encoder_of
from reid_models.architectures.backbones import TrunkSpec, build_trunk
from reid_models.architectures.catalogue import CATALOGUE
from reid_models.architectures.features import Features
from reid_models.clips import USUAL_FRAMES
from reid_models.encoder import Encoder
from reid_models.training.recipe import NetworkParams
from reid_runtime.card import ClipSpec, read_card
from reid_runtime.load import load_session, open_session
from testing.architectures.small_networks import small_trunk

SAME_LAYERS = {
    "pooling-mean-resnet18": "tkp-image-resnet50",
    "pooling-mean-resnet50": "tkp-image-resnet50",
    "pooling-recurrent-resnet50": "csa-recurrent-resnet50",
    "cosam-paper-form-resnet50": "cosam-mean-resnet50",
    "cosam-attention-resnet50": "cosam-mean-resnet50 and pooling-attention-resnet50",
    "cosam-recurrent-resnet50": "cosam-mean-resnet50 and csa-recurrent-resnet50",
    "cosam-mean-se-resnet50": "cosam-mean-resnet50 and pooling-neck-se-resnet50",
    "gltr-paper-resnet50": "gltr-released-resnet50",
    "gltr-dtp-resnet50": "gltr-released-resnet50",
    "gltr-tsa-resnet50": "gltr-released-resnet50",
    "gltr-baseline-resnet50": "tkp-image-resnet50",
    "m3d-streams-resnet50": "m3d-attention-resnet50 and tkp-image-resnet50",
    "csa-resnet50": "csa-recurrent-resnet50",
    "attributes-resnet18": "attributes-resnet50",
    "vrstc-resnet50": "tkp-video-resnet50",
}
"""Where else the layers of these are exported: torch takes seconds for each network. All of them are exported, at the
papers' sizes, by `python -m benchmarks.speed.exports`."""
NETWORKS = [name for name in CATALOGUE if name not in SAME_LAYERS]
DEPTHS = {
    "tkp-video-resnet50": (1, 2, 1, 1),
    "m3d-plain-resnet50": (1, 1, 1, 1),
    "m3d-attention-resnet50": (1, 1, 1, 1),
    "ap3d-resnet50": (1, 1, 1, 1),
}
"""Of a compact trunk under networks that look inside the stages; their way through bottlenecks is longer to trace."""
ATTENTION = {
    "pooling-attention-resnet50": ["frame_weights"],
    "cosam-mean-resnet50": ["stage4_spatial", "stage4_channel", "stage5_spatial", "stage5_channel"],
    "gltr-released-resnet50": ["frame_weights"],
    "csa-recurrent-resnet50": ["frame_weights"],
    "sta-resnet50": ["attention_maps", "strip_weights"],
    "attributes-resnet50": ["frame_weights"],
}
"""What networks that have attention call it."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    subject: Subject
    file: Path
    exported: Exported


@pytest.fixture(scope="module", params=NETWORKS)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    name = str(request.param)
    clip = ClipSpec(CATALOGUE[name].small_clip.frames, 64, 32)
    subject = encoder_subject(network_of(name, clip), NetworkParams(name, clip), "a test")
    enliven(subject.network, *subject.example())
    if CATALOGUE[name].lengths.takes_padding:
        subject = with_mask(subject)
    if name in ATTENTION:
        subject = with_attention(subject)
    file = tmp_path_factory.mktemp("exported") / "network.onnx"
    return Case(subject, file, export_onnx(subject, file, Words("CC0-1.0", "Good for nothing.")))


def network_of(name: str, clip: ClipSpec) -> nn.Module:
    """On the cheapest trunk under which its layers are what they are."""
    entry = CATALOGUE[name]
    torch.manual_seed(0)
    if name in DEPTHS:
        return entry.build(build_trunk(TrunkSpec("compact"), depths=DEPTHS[name]), clip)
    if entry.small_depths is None:
        entry = replace(entry, trunk=TrunkSpec("resnet50", last_stride=2), small_depths="plain")
    return entry.build(small_trunk(entry), clip)


def serve(case: Case, frames: int) -> Encoder:
    """As the pipeline takes a file that its configuration names, with a card that asks for clips of so many frames."""
    card = read_card(case.file)
    assert card.clip is not None
    longer = card.model_copy(update={"clip": replace(card.clip, frames=frames)})
    return encoder_of(open_session(case.file, longer, provider="cpu", threads=1), frames=USUAL_FRAMES)


def embed(case: Case, clips: Tensor) -> NDArray[np.float32]:
    """By torch, without a mask."""
    network = case.subject.network.get_submodule("network")
    with torch.inference_mode():
        features: Features = network(clips.permute(0, 1, 4, 2, 3))
    rows: NDArray[np.float32] = torch.nn.functional.normalize(features.embedding).numpy()
    return rows


def test_the_file_says_what_the_network_says(case: Case) -> None:
    assert case.exported.difference < 1e-4


def test_serving_gives_it_any_number_of_clips_of_any_length_that_it_takes(case: Case) -> None:
    lengths, clip = case.subject.lengths, case.subject.clip
    assert lengths is not None
    assert clip is not None
    is_free = lengths.is_free_when_exported
    assert (read_card(case.file).inputs[0].shape[1] is None) == is_free
    for frames in (lengths.least, clip.frames + 3 * lengths.multiple) if is_free else (clip.frames,):
        clips, *_ = case.subject.example(5, frames)
        expected = embed(case, clips)
        found = serve(case, frames).encode(clips.numpy())
        assert np.allclose(np.linalg.norm(expected, axis=1), 1, atol=1e-5)
        assert (found * expected).sum(axis=1) == pytest.approx(1, abs=1e-5)
        assert np.abs(found[0] - found[1]).max() > 1e-3 * np.abs(found).max()


def test_frames_that_are_padding_change_nothing(case: Case) -> None:
    lengths, clip = case.subject.lengths, case.subject.clip
    assert lengths is not None
    assert clip is not None
    session = load_session(case.file, provider="cpu", threads=1)
    if not lengths.takes_padding:
        assert [spec.name for spec in session.card.inputs] == ["clips"]
        return
    clips, _ = case.subject.example(3)
    mask = np.ones((3, clip.frames), np.bool_)
    mask[0, clip.frames - 1 :] = mask[2, lengths.least :] = False
    found = session.run({"clips": clips.numpy(), "mask": mask})["embeddings"]
    for row, present in enumerate(mask.sum(axis=1)):
        assert found[row] == pytest.approx(embed(case, clips[row : row + 1, :present])[0], abs=1e-4)


def test_it_yields_what_it_looked_at(case: Case) -> None:
    card = read_card(case.file)
    names = [spec.name for spec in card.outputs]
    assert names == ["embeddings", *ATTENTION.get(card.network, [])]
    found = load_session(case.file, provider="cpu", threads=1).run(inputs_of(case))
    for name in set(names) & {"frame_weights", "strip_weights"}:
        assert found[name].sum(axis=1) == pytest.approx(1, abs=1e-4)
    for name in names:
        if name.startswith("stage"):
            assert ((found[name] > 0) & (found[name] < 1)).all()


def inputs_of(case: Case) -> dict[str, NDArray[Any]]:
    return {name: tensor.numpy() for name, tensor in zip(case.subject.inputs, case.subject.example(), strict=True)}


def test_its_card_says_what_it_is(case: Case) -> None:
    card = read_card(case.file)
    assert card.name == "network"
    assert card.model_id == f"network@{card.sha256[:12]}"
    assert (card.licence, card.notes, card.origin) == ("CC0-1.0", "Good for nothing.", "a test")
    assert (card.network, card.paper, card.opset) == (case.subject.architecture, case.subject.paper, 20)
    assert card.outputs[0].name == "embeddings"
    assert card.outputs[0].dtype == "float32"
