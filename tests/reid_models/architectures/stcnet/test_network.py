from dataclasses import replace
from pathlib import Path

import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from reid_models.architectures.stcnet.losses import reconstruction_loss
from reid_models.architectures.stcnet.network import Completion, Stcnet
from testing.architectures.golden import assert_close
from testing.architectures.small_stcnet import completed, inputs, small_stcnet


@pytest.fixture(scope="module")
def network() -> Stcnet:
    return small_stcnet()


def test_only_the_dropped_region_changes(network: Stcnet) -> None:
    found = inputs()
    completion = completed(network, found)
    is_dropped = found.masks.bool().expand(-1, 3, -1, -1)
    for frames in (completion.spatial, completion.temporal):
        assert torch.equal(frames[~is_dropped], (found.frames / 255)[~is_dropped])
        assert (frames - found.frames / 255)[is_dropped].abs().mean() > 0.05
        assert frames.min() >= 0
        assert frames.max() <= 1


def test_what_is_dropped_is_not_seen(network: Stcnet) -> None:
    found = inputs()
    hidden = torch.where(found.masks.bool(), 255 - found.frames, found.frames)
    completion, other = completed(network, found), completed(network, replace(found, frames=hidden))
    assert torch.equal(completion.temporal, other.temporal)
    assert torch.equal(completion.spatial, other.spatial)


def test_neighbours_are_seen_by_the_temporal_generator_only(network: Stcnet) -> None:
    found = inputs()
    completion = completed(network, found)
    for other in (replace(found, previous=255 - found.previous), replace(found, next=255 - found.next)):
        assert torch.equal(completed(network, other).spatial, completion.spatial)
        assert (completed(network, other).temporal - completion.temporal).abs().max() > 1e-3


def test_where_nothing_is_dropped_nothing_changes(network: Stcnet) -> None:
    found = inputs()
    completion = completed(network, replace(found, masks=torch.zeros_like(found.masks)))
    assert torch.equal(completion.temporal, found.frames / 255)


def test_bytes_and_their_fractions_give_the_same(network: Stcnet) -> None:
    found = inputs()
    fractions = replace(found, frames=found.frames / 255, previous=found.previous / 255, next=found.next / 255)
    assert_close(completed(network, fractions).temporal, completed(network, found).temporal, 1e-6)


def test_a_frame_alone_is_what_it_is_among_others(network: Stcnet) -> None:
    found = inputs()
    second = replace(found, **{name: getattr(found, name)[1:2] for name in ("frames", "previous", "next", "masks")})
    assert_close(completed(network, second).temporal, completed(network, found).temporal[1:2], 1e-5)


def test_every_parameter_learns_and_so_does_the_network() -> None:
    """Ten steps on one batch take a third off what is wrong in the dropped regions."""
    network, found = small_stcnet().train(), inputs()
    smooth = replace(found, **{name: getattr(found, name) // 8 + 160 for name in ("frames", "previous", "next")})
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(10):
        completion: Completion = network(*smooth.all())
        loss = reconstruction_loss(smooth.frames / 255, completion)
        optimiser.zero_grad()
        loss.backward()
        assert all(parameter.grad is not None and parameter.grad.any() for parameter in network.parameters())
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.67 * losses[0]


class Exported(nn.Module):
    """Tensors in the place of the record."""

    def __init__(self, network: Stcnet) -> None:
        super().__init__()
        self.network = network

    def forward(self, frames: Tensor, previous: Tensor, following: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
        completion: Completion = self.network(frames, previous, following, masks)
        return completion.spatial, completion.temporal


def test_exported_both_generators_give_the_same_for_any_batch(network: Stcnet, tmp_path: Path) -> None:
    names = ["frames", "previous", "following", "masks"]
    exported = torch.onnx.export(
        Exported(network).eval(),
        inputs().all(),
        dynamo=True,
        dynamic_shapes={name: {0: torch.export.Dim.DYNAMIC} for name in names},
        input_names=names,
        verbose=False,
    )
    assert exported is not None
    exported.save(tmp_path / "stcnet.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "stcnet.onnx", providers=["CPUExecutionProvider"])
    others = inputs(5, seed=1)
    fed = {name: values.contiguous().numpy() for name, values in zip(names, others.all(), strict=True)}
    spatial, temporal = session.run(None, fed)
    expected = completed(network, others)
    assert_close(torch.from_numpy(spatial), expected.spatial, 1e-4)
    assert_close(torch.from_numpy(temporal), expected.temporal, 1e-4)


def test_frames_that_do_not_shrink_evenly_are_refused(network: Stcnet) -> None:
    frames = torch.rand(1, 3, 26, 16)
    with pytest.raises(ValueError, match="expected frames with sides that are multiples of 4, found 26 x 16"):
        network(frames, frames, frames, torch.zeros(1, 1, 26, 16))


def test_masks_of_other_frames_are_refused(network: Stcnet) -> None:
    frames = torch.rand(2, 3, 24, 16)
    with pytest.raises(ValueError, match=r"expected masks \(N, 1, H, W\)"):
        network(frames, frames, frames, torch.zeros(1, 1, 24, 16))
