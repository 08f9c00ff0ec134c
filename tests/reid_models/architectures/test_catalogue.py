"""What holds for every network of the catalogue, whichever paper it is from."""

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass

import pytest
import torch
from torch import Tensor, nn

from reid_models.architectures.catalogue import CATALOGUE
from reid_models.architectures.features import Features
from testing.architectures.golden import assert_close
from testing.architectures.small_networks import clips_for, small_clip, small_network

SAME_CODE = {"pooling-mean-resnet18", "cosam-mean-se-resnet50", "attributes-resnet18"}
"""Another network of the catalogue on another trunk, which these tests replace by a small one."""
NETWORKS = [name for name in CATALOGUE if name not in SAME_CODE]
ALLOWED = [
    (name, lengths.least + more * lengths.multiple)
    for name, lengths in ((name, CATALOGUE[name].lengths) for name in NETWORKS)
    for more in (0, 2)
]
REFUSED = [
    (name, frames)
    for name, lengths in ((name, CATALOGUE[name].lengths) for name in NETWORKS)
    for frames in {lengths.least - 1, lengths.least + 1}
    if frames > 0 and not lengths.allow(frames)
]


@pytest.fixture(scope="module", params=NETWORKS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def network(name: str) -> nn.Module:
    """Tests leave it in eval mode, with the weights that it came with."""
    return small_network(name)


def embed(network: nn.Module, clips: Tensor) -> Tensor:
    with torch.inference_mode():
        features: Features = network(clips)
    return features.embedding


def learnt(found: object) -> Iterator[Tensor]:
    """All tensors of a record that have a gradient: what a loss may read."""
    if isinstance(found, Tensor) and found.requires_grad:
        yield found
    elif isinstance(found, tuple):
        for part in found:
            yield from learnt(part)
    elif is_dataclass(found):
        for part in fields(found):
            yield from learnt(getattr(found, part.name))


@pytest.mark.parametrize(("named", "frames"), ALLOWED)
def test_it_takes_clips_of_every_length_that_it_allows(named: str, frames: int) -> None:
    embedding = embed(small_network(named, frames), clips_for(named, batch=2, frames=frames))
    assert embedding.shape[0] == 2
    assert embedding.isfinite().all()


@pytest.mark.parametrize(("named", "frames"), REFUSED)
def test_it_refuses_a_length_that_it_does_not_allow(named: str, frames: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        embed(small_network(named, frames), clips_for(named, batch=1, frames=frames))


def test_it_takes_other_lengths_than_it_was_built_for_or_says_that_it_does_not(name: str, network: nn.Module) -> None:
    clips = clips_for(name, batch=1, frames=16)
    if not CATALOGUE[name].lengths.is_built_in:
        assert embed(network, clips).shape == embed(network, clips_for(name, batch=1)).shape
        return
    with pytest.raises(ValueError, match="expected"):
        embed(network, clips)


WRONG: dict[str, tuple[Callable[[Tensor], object], type[Exception], str]] = {
    "bytes as floats": (lambda clips: clips.float(), ValueError, r"floats in \[0, 1\], found floats from"),
    "normalised": (lambda clips: clips.float() / 64 - 2, ValueError, "mean and standard deviation to the network"),
    "not a number": (lambda clips: clips.float() * torch.nan, ValueError, "found floats from nan"),
    "no frames": (lambda clips: clips[:, :0], ValueError, "expected clips"),
    "images": (lambda clips: clips[0], ValueError, r"expected clips \(B, T, 3, H, W\)"),
    "one channel": (lambda clips: clips[:, :, :1], ValueError, r"expected clips \(B, T, 3, H, W\)"),
    "numpy": (lambda clips: clips.numpy(), TypeError, "expected clips as a torch.Tensor, found ndarray"),
    "a list": (list, TypeError, "expected clips as a torch.Tensor, found list"),
    "specks": (lambda clips: clips[..., :1, :1], ValueError, "expected (frames|clips|maps)"),
}


def test_what_is_no_clip_is_refused_in_our_words(name: str, network: nn.Module) -> None:
    # The stems without convolutions of their own take a single pixel for a frame.
    takes_specks = name.startswith(("m3d", "pooling-mean", "ap3d"))
    for wrong, (spoil, kind, says) in WRONG.items():
        if wrong == "specks" and takes_specks:
            continue
        with pytest.raises(kind, match=says):
            embed(network, spoil(clips_for(name, batch=1)))  # type: ignore[arg-type]


def test_bytes_and_their_fractions_give_the_same(name: str, network: nn.Module) -> None:
    clips = clips_for(name, batch=2)
    assert_close(embed(network, clips.float() / 255), embed(network, clips), 1e-4)


def test_a_clip_alone_is_what_it_is_among_others(name: str, network: nn.Module) -> None:
    clips = clips_for(name, batch=3)
    together = embed(network, clips)
    alone = torch.cat([embed(network, clip) for clip in clips.split(1)])
    assert_close(alone, together, 1e-4 * float(together.abs().max()))
    assert (together[0] - together[1]).abs().max() > 1e-3 * together.abs().max()


def test_a_state_dict_is_all_that_a_network_remembers(name: str, network: nn.Module) -> None:
    clips = clips_for(name, batch=1)
    other = small_network(name)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
    other.load_state_dict(network.state_dict())
    assert torch.equal(embed(other, clips), embed(network, clips))


def test_every_parameter_learns(name: str) -> None:
    network = small_network(name).train()
    features: Features = network(clips_for(name, batch=4))
    torch.stack([(tensor * torch.randn_like(tensor)).sum() for tensor in learnt(features)]).sum().backward()
    stuck = [
        parameter_name
        for parameter_name, parameter in network.named_parameters()
        if parameter.requires_grad and (parameter.grad is None or not parameter.grad.any())
    ]
    assert not stuck


PADDED = [name for name in NETWORKS if CATALOGUE[name].lengths.takes_padding]


@pytest.mark.parametrize("named", PADDED)
def test_padding_changes_nothing(named: str) -> None:
    """Whatever it looks like, and in whatever company."""
    lengths = CATALOGUE[named].lengths
    frames = small_clip(named).frames + 2
    network = small_network(named, frames)
    clips = clips_for(named, batch=3, frames=frames)
    present = torch.ones(3, frames, dtype=torch.bool)
    present[0, frames - 2 :] = present[1, lengths.least :] = False
    with torch.inference_mode():
        found: Features = network(clips, present)
    whole, short, least = (
        embed(network, clips[2:]),
        embed(network, clips[:1, :-2]),
        embed(network, clips[1:2, : lengths.least]),
    )
    scale = 1e-4 * float(whole.abs().max())
    assert_close(found.embedding[2:], whole, scale)
    assert_close(found.embedding[:1], short, scale)
    assert_close(found.embedding[1:2], least, scale)
    assert (whole - short).abs().max() > 10 * scale
    for attention in found.attention():
        if "weights" in attention.name:
            assert not attention.values[0, -2:].any()
