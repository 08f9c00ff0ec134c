import pytest
import torch
from torch import nn
from torch.nn import functional

from reid_models.training.imprint import imprint
from reid_models.training.learners.batch import Batch, as_batch

PERSONS, WIDTH = 12, 64


class Learner(nn.Module):
    """A network that yields the clip's own numbers, and a classifier of them, or of each of their frames."""

    def __init__(self, *, of_frames: bool) -> None:
        super().__init__()
        self.network = nn.Sequential(nn.BatchNorm1d(WIDTH), nn.Linear(WIDTH, PERSONS))
        self.classifier = nn.Linear(WIDTH, PERSONS)
        self.of_frames = of_frames

    def forward(self, batch: Batch) -> torch.Tensor:
        """The logits."""
        frames = batch.clips.flatten(2).float()
        self.network(frames.mean(1))
        logits: torch.Tensor = self.classifier(frames.flatten(0, 1) if self.of_frames else frames.mean(1))
        return logits


def batches(seed: int, *, persons: int = PERSONS, spread: float = 8.0) -> list[Batch]:
    """Every person has a place of its own among numbers of 0 to 255, far from 0; clips lie about it."""
    places = torch.rand(PERSONS, WIDTH, generator=torch.Generator().manual_seed(0)) * 20 + 100
    rng = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(6):
        who = torch.randint(persons, (8,), generator=rng)
        rows = places[who][:, None] + torch.randn(8, 2, WIDTH, generator=rng) * spread
        found.append(as_batch(rows.reshape(8, 2, 1, 8, 8), who))
    return found


@pytest.mark.parametrize("of_frames", [False, True])
def test_an_imprinted_classifier_knows_who_it_is_from_the_first_step(of_frames: bool) -> None:
    learner = Learner(of_frames=of_frames)
    assert imprint(learner, PERSONS, batches(1)) == 1
    for batch in batches(2):
        logits = learner(batch)
        who = batch.persons.repeat_interleave(len(logits) // len(batch.persons))
        assert functional.cross_entropy(logits, who) < 0.6 * torch.tensor(PERSONS).log()


def test_nothing_but_the_classifier_changes() -> None:
    learner = Learner(of_frames=False)
    before = {name: value.clone() for name, value in learner.state_dict().items()}
    imprint(learner, PERSONS, batches(1))
    changed = {name for name, value in learner.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {"classifier.weight", "classifier.bias"}


def test_logits_stay_small_where_features_say_nothing() -> None:
    learner = Learner(of_frames=False)
    imprint(learner, PERSONS, batches(1, spread=500.0))
    [batch, *_] = batches(2, spread=500.0)
    assert functional.cross_entropy(learner(batch), batch.persons) < torch.tensor(PERSONS).log() + 0.5


def test_somebody_who_is_in_no_batch_has_logits_of_nothing() -> None:
    learner = Learner(of_frames=False)
    imprint(learner, PERSONS, batches(1, persons=PERSONS - 1))
    assert not learner.classifier.weight[-1].any()
    assert learner.classifier.weight[0].any()


def test_logits_are_no_larger_than_other_batches_bear_out() -> None:
    """Clips of a person in one batch are much alike, and not like those in another."""
    rng = torch.Generator().manual_seed(3)
    places = torch.randn(PERSONS, WIDTH, generator=rng) * 4 + 120

    def batch(*who: int) -> Batch:
        once = places[list(who)] + torch.randn(len(who), WIDTH, generator=rng) * 12
        rows = once.repeat_interleave(2, 0)[:, None] + torch.randn(2 * len(who), 2, WIDTH, generator=rng)
        return as_batch(rows.reshape(2 * len(who), 2, 1, 8, 8), torch.tensor(who).repeat_interleave(2))

    learner = Learner(of_frames=False)
    imprint(learner, PERSONS, [batch(0, 1, 2, 3), batch(4, 5, 6, 7), batch(8, 9, 10, 11), batch(0, 4, 8)])
    unseen = batch(1, 5, 9, 2)
    assert functional.cross_entropy(learner(unseen), unseen.persons) < torch.tensor(PERSONS).log() + 0.5
