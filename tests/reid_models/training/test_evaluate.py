import numpy as np
from torch import Tensor, nn

from reid_models.architectures.features import Features
from reid_models.ranking import Labelled
from reid_models.training.evaluate import RankedClips, embed, rank_clips


class Colours(nn.Module):
    """Knows people by the mean colour of their clips (B, T, C, H, W)."""

    def forward(self, clips: Tensor) -> Features:
        return Features(embedding=clips.float().mean(dim=(1, 3, 4)))


def clips() -> RankedClips:
    """Four people of one colour each, seen by two cameras."""
    colours = np.array([[250, 10, 10], [10, 250, 10], [10, 10, 250], [200, 200, 10]] * 2, np.uint8)
    images = np.broadcast_to(colours[:, None, None, None], (8, 2, 6, 3, 3)).copy()
    return RankedClips(images, Labelled(np.arange(8) % 4, np.arange(8) // 4))


def test_people_who_are_told_apart_are_ranked_first() -> None:
    found = rank_clips(Colours(), clips())
    assert found.mean_average_precision == 1.0


def test_a_network_that_learns_goes_on_learning() -> None:
    network = Colours().train()
    rank_clips(network, clips())
    assert network.training
    rank_clips(network.eval(), clips())
    assert not network.training


def test_batches_change_nothing_and_rows_have_length_1() -> None:
    whole, split = (embed(Colours(), clips().clips, batch=batch) for batch in (8, 3))
    np.testing.assert_array_equal(whole, split)
    np.testing.assert_allclose(np.linalg.norm(whole, axis=1), 1, rtol=1e-6)
