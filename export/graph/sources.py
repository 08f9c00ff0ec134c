"""Where what is exported comes from: the folder of a training run, or a name and random numbers."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import torch
from torch import nn

from detectors.grid import STRIDES_PX
from detectors.training.network import PersonNetwork, ServedDetector
from detectors.training.train import restored_network
from export.graph.errors import ExportError
from export.graph.random_weights import enliven
from export.graph.subject import Subject
from reid_learning.checkpoint import FILE, Checkpoint, read_checkpoint
from reid_models.architectures.architecture import Lengths
from reid_models.architectures.backbones import TrunkSpec
from reid_models.architectures.catalogue import CATALOGUE
from reid_models.architectures.csa import SnippetMatcher, WithFlow
from reid_models.architectures.served import ServedNetwork
from reid_models.architectures.tkp import TKP
from reid_models.training.build import build_network
from reid_models.training.evaluation.subject import DESCRIBES_NOBODY, stage_folder
from reid_models.training.recipe import NetworkParams
from reid_models.training.restore import recipe_of, restored
from reid_runtime.card import ClipSpec

DETECTOR = "person-detector"
"""The name of the small detector, which the catalogue of re-ID networks does not have."""
ON = " on "
"""Between a network and its trunk, in cards."""
DETECTOR_PAPER = "ours, in the form of YOLOX (Ge et al. 2021)"
DETECTOR_PX = 384, 512
"""Height and width, as images of most cameras have them: one of 4:3 fills it."""
TKP_IMAGE = "tkp-image-resnet50"
"""A run of TKP trains two networks, and is named after the other."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """What is not to be as the recipe or the paper has it; None: as there.

    Attributes:
        frames: T of the clips that serving is to give the network.
        height: of its crops or images, pixels.
        width: of its crops or images, pixels.
    """

    frames: int | None = None
    height: int | None = None
    width: int | None = None

    def of(self, clip: ClipSpec) -> ClipSpec:
        """A clip with them."""
        return ClipSpec(self.frames or clip.frames, self.height or clip.height, self.width or clip.width)


AS_TRAINED = Sizes()
ENLIVENING_CLIPS = 4
"""By which random weights are settled: two differ too little in some channels of a norm behind the frames' mean."""


def trained_subject(run: Path, *, network: str | None = None, sizes: Sizes = AS_TRAINED) -> Subject:
    """The averaged network of a run of `reid-train fit`, or of the detector's training.

    Args:
        run: folder of a stage, or of a run of one stage.
        network: which, of a run that trained several: TKP's. None: that for clips.
        sizes: images of a detector have any size, clips of a network any T that it takes.

    Raises:
        CheckpointError: if the folder has no checkpoint that can be used.
        ExportError: if what was trained describes nobody, or is not made for such sizes.
    """
    checkpoint = read_checkpoint(stage_folder(run) / FILE)
    seen = f"trained on {', '.join(checkpoint.seen)}"
    if "network" in checkpoint.recipe:
        return _trained_encoder(checkpoint, network, sizes, f"reid_models.training, {checkpoint.step} steps, {seen}")
    if network not in (None, DETECTOR):
        raise ExportError(f"{run} is a run of a detector, and has no network {network}: leave --network away")
    origin = f"detectors.training, {checkpoint.step} steps, {seen}"
    return _detector(restored_network(checkpoint), origin, sizes)


def trunk_named(kind: str | None) -> TrunkSpec | None:
    """The frame network of that kind; None: the catalogue's.

    Raises:
        ExportError: if there is none.
    """
    if kind is None:
        return None
    kinds = get_args(TrunkSpec.__annotations__["kind"])
    if kind not in kinds:
        raise ExportError(f"expected a trunk of {', '.join(kinds)}, found {kind}")
    return TrunkSpec(kind, last_stride=2 if kind == "inception_v3" else 1)  # type: ignore[arg-type]  # it is one of them


def random_subject(name: str, *, seed: int, sizes: Sizes = AS_TRAINED, trunk: TrunkSpec | None = None) -> Subject:
    """A network that nobody has trained, for who wants to try an engine with it.

    Args:
        name: in the catalogue of re-ID networks, alone or, as cards have it, with its trunk: NAME on TRUNK; or
            `DETECTOR`.
        seed: of its weights.
        sizes: of its clips or images.
        trunk: another frame network than the catalogue's.

    Raises:
        ExportError: if there is no such network, or it cannot be built for such sizes.
    """
    name, _, kind = name.partition(ON)
    trunk = trunk or trunk_named(kind or None)
    origin = f"random numbers (seed {seed}): not trained, it recognises nobody"
    torch.manual_seed(seed)
    if name == DETECTOR:
        if trunk is not None:
            raise ExportError("a detector has no trunk to choose: leave --trunk away")
        return _detector(PersonNetwork().eval(), origin, sizes)
    if name not in CATALOGUE:
        raise ExportError(f"expected {DETECTOR} or a network of docs/models.md, found {name}")
    clip = sizes.of(CATALOGUE[name].clip)
    params = NetworkParams(name, clip, trunk)
    _check_frames(name, CATALOGUE[name].lengths, clip.frames)
    try:
        subject = encoder_subject(build_network(params), params, origin)
        (clips,) = subject.example(ENLIVENING_CLIPS)
        enliven(subject.network, clips)
    except (ValueError, RuntimeError) as error:
        if sizes == AS_TRAINED and trunk is None:
            raise
        raise ExportError(
            f"{name} cannot be built for crops of {clip.height} x {clip.width}{f' on {trunk.kind}' if trunk else ''}: "
            f"{str(error).splitlines()[0]}"
        ) from error
    return subject


def _trained_encoder(checkpoint: Checkpoint, network: str | None, sizes: Sizes, origin: str) -> Subject:
    recipe = recipe_of(checkpoint)
    params = recipe.network
    if isinstance(recipe.objective, DESCRIBES_NOBODY):
        raise ExportError(
            f"expected a run of a network that describes people, found {recipe.paper}: take another stage"
        )
    found = restored(recipe, checkpoint)
    if isinstance(found, TKP):
        found, params = (
            (found.image, replace(params, name=TKP_IMAGE)) if network == TKP_IMAGE else (found.video, params)
        )
    if isinstance(found, SnippetMatcher):
        if isinstance(found.snippets, WithFlow):
            raise ExportError("a network that looks at optical flow cannot be exported: OpenCV makes the flow")
        found = found.snippets
    if network not in (None, params.name):
        raise ExportError(f"expected a run of {network}, found one of {params.name}: leave --network away")
    return encoder_subject(found, replace(params, clip=_clip_of(params, sizes)), origin)


def _clip_of(params: NetworkParams, sizes: Sizes) -> ClipSpec:
    """The clip that was learnt from, longer or shorter where the network takes any."""
    clip, lengths = sizes.of(params.clip), CATALOGUE[params.name].lengths
    if (clip.height, clip.width) != (params.clip.height, params.clip.width):
        raise ExportError(
            f"expected crops of {params.clip.height} x {params.clip.width}, which the network has learnt from, "
            f"found {clip.height} x {clip.width}: leave --height and --width away"
        )
    if lengths.is_built_in and clip.frames != params.clip.frames:
        raise ExportError(
            f"{params.name} was built for {params.clip.frames} frames and takes no other: found {clip.frames}"
        )
    _check_frames(params.name, lengths, clip.frames)
    return clip


def _check_frames(name: str, lengths: Lengths, frames: int) -> None:
    if not lengths.allow(frames):
        multiple = f", a multiple of {lengths.multiple}" if lengths.multiple > 1 else ""
        raise ExportError(f"{name}: expected clips of {lengths.least} frames or more{multiple}, found {frames}")


def encoder_subject(network: nn.Module, params: NetworkParams, origin: str) -> Subject:
    """A network of the catalogue, clips -> Features, as serving runs it.

    Args:
        network: of whatever weights.
        params: which it is, and the clips that serving is to give it.
        origin: of its weights.
    """
    entry = CATALOGUE[params.name]
    is_own_trunk = params.trunk in (None, entry.trunk)
    return Subject(
        network=ServedNetwork(network).eval(),
        architecture=params.name if is_own_trunk or not params.trunk else f"{params.name}{ON}{params.trunk.kind}",
        paper=entry.paper,
        origin=origin,
        clip=params.clip,
        lengths=entry.lengths,
    )


def _detector(network: nn.Module, origin: str, sizes: Sizes) -> Subject:
    if sizes.frames is not None:
        raise ExportError("a detector takes images: leave --frames away")
    height, width = sizes.height or DETECTOR_PX[0], sizes.width or DETECTOR_PX[1]
    stride = STRIDES_PX[-1]
    if height % stride or width % stride:
        raise ExportError(f"expected a height and a width that are multiples of {stride}, found {height}, {width}")
    return Subject(
        network=ServedDetector(network).eval(),
        architecture=DETECTOR,
        paper=DETECTOR_PAPER,
        origin=origin,
        image=(height, width),
    )
