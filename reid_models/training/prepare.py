"""What a stage's network does to a data set before another stage learns from it."""

# N frames, T frames of a tracklet, A attributes, P parts

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from reid_learning.checkpoint import FILE, read_checkpoint
from reid_learning.machine import Machine
from reid_models.architectures.attribute_transfer import PredictedAttributes, identity_labels
from reid_models.architectures.stcnet.locator import OcclusionLocator
from reid_models.crops import fit
from reid_models.training.completing import COMPLETED, complete
from reid_models.training.datasets.completed import read as read_completed
from reid_models.training.evaluation.describe import describe_by
from reid_models.training.learners.attribute_transfer import TransferObjective
from reid_models.training.learners.completion import CompletionLearner, CompletionObjective
from reid_models.training.recipe import Recipe
from reid_models.training.restore import recipe_of, restored_learner
from reid_models.training.sampling.test_clips import TestClips
from reid_models.training.stores import with_frames
from reid_models.training.tracklets import Dataset, DatasetError, TrackletSet

CLEAR = "clear.npy"
"""In the guider's folder: which frames nothing hides."""
AT_ONCE = 64
"""Frames in one pass."""


def prepare(dataset: Dataset, stage: Path, recipe: Recipe, *, machine: Machine) -> Dataset:
    """The data set as a stage's network leaves it for a recipe.

    A network of attributes labels those who are learnt from; STCnet completes the frames of all, into a folder of its
    own, once; and for STCnet a re-ID network picks the frames that nothing hides.

    Args:
        dataset: as it is on disk.
        stage: folder of the stage.
        recipe: that learns from what comes out.
        machine: where the network runs.

    Raises:
        CheckpointError: if the stage has not been run.
        DatasetError: if its network does none of this.
    """
    checkpoint = read_checkpoint(stage / FILE)
    by = recipe_of(checkpoint)
    learner = restored_learner(by, checkpoint).to(machine.device)
    if isinstance(by.objective, TransferObjective):
        return replace(dataset, train=labelled(dataset.train.named(), learner.get_submodule("network"), by, machine))
    if isinstance(learner, CompletionLearner) and isinstance(by.objective, CompletionObjective):
        folder = stage / COMPLETED
        complete(dataset, learner, folder, tau=by.objective.tau, machine=machine)
        return read_completed(folder, 0)
    if isinstance(recipe.objective, CompletionObjective):
        trunk = learner.get_submodule("network.trunk")
        locator = OcclusionLocator(trunk, tau=recipe.objective.tau).eval()  # type: ignore[arg-type]
        people = dataset.train.named()
        return replace(dataset, train=clear(people, locator, recipe.objective.guider, machine, stage / CLEAR))
    raise DatasetError(f"expected {stage} to label people or to complete frames, found a network that does neither")


def labelled(people: TrackletSet, network: nn.Module, recipe: Recipe, machine: Machine) -> TrackletSet:
    """With the attributes that each person has by the mean over all their frames (Zhao et al., section 4.2)."""

    def through(clips_BTHWC: NDArray[np.uint8]) -> NDArray[np.float32]:
        clips = torch.from_numpy(clips_BTHWC).permute(0, 1, 4, 2, 3).to(machine.device)
        with torch.inference_mode(), machine.autocast():
            found: PredictedAttributes = network(clips)
        rows: NDArray[np.float32] = found.logits.float().sigmoid().mean(dim=1).cpu().numpy()
        return rows

    clips = TestClips("dense", 32, weigh="frames")
    rows_NA = describe_by(through, people, clips, recipe.network.clip)
    of_frames = torch.from_numpy(np.repeat(rows_NA, people.lengths, axis=0))
    persons = torch.from_numpy(people.persons)
    has_PA = identity_labels(of_frames, persons.repeat_interleave(torch.from_numpy(people.lengths)))
    _, person_N = np.unique(people.persons, return_inverse=True)
    attributes = has_PA.numpy()[person_N].astype(np.float32)
    return replace(people, attributes=attributes, attribute_names=recipe.network.attributes)


def clear(
    people: TrackletSet, locator: OcclusionLocator, size: tuple[int, int], machine: Machine, kept: Path
) -> TrackletSet:
    """Only the frames that nothing hides; of a person who has none all of them, so that nobody is missing.

    Args:
        people: whose frames.
        locator: on the trunk that has learnt who they are.
        size: H and W of the frames that it has learnt on.
        machine: where it is.
        kept: file of the answer, which takes a pass over all frames; read where it is there.
    """
    if not kept.is_file() or len(np.load(kept)) != people.frame_count:
        np.save(kept, np.concatenate([~hidden for hidden in _hidden(people, locator, size, machine)]))
    is_clear = np.load(kept)
    owners = np.repeat(people.persons, people.lengths)
    is_clear |= ~np.isin(owners, np.unique(owners[is_clear]))
    return with_frames(people, is_clear)


def _hidden(
    people: TrackletSet, locator: OcclusionLocator, size: tuple[int, int], machine: Machine
) -> Iterator[NDArray[np.bool_]]:
    """(T,) of each tracklet."""
    for tracklet in range(len(people)):
        clips = _frames(people, tracklet, size).to(machine.device)
        with torch.inference_mode(), machine.autocast():
            features = [locator.describe(some.unsqueeze(0)) for some in clips.split(AT_ONCE)]
            found = locator.compare(torch.cat(features, dim=1).float())
        hidden: NDArray[np.bool_] = found.is_occluded[0].any(dim=1).cpu().numpy()
        yield hidden


def _frames(people: TrackletSet, tracklet: int, size: tuple[int, int]) -> Tensor:
    """(T, 3, H, W) uint8."""
    frames = people.read(tracklet, np.arange(people.lengths[tracklet]))
    return torch.from_numpy(fit(frames, height=size[0], width=size[1])).permute(0, 3, 1, 2)
