import pytest
import torch

from reid_models.training.feeds.crops import CropFeed, CropFeedParams, Size
from reid_models.training.sampling.batches import SamplerParams
from testing.coloured_people import coloured_people

PARAMS = CropFeedParams((Size(0.7, 16, 8), Size(1.0, 32, 16)), sampler=SamplerParams(persons=6, tracklets=3))


def feed(params: CropFeedParams = PARAMS) -> CropFeed:
    def nobody() -> None:
        raise AssertionError("nobody asks for proxies")

    return CropFeed(params, coloured_people(8, 4), batches=8, seed=0, proxies=nobody)  # type: ignore[arg-type]


def test_batches_have_the_size_of_their_part_of_the_run_and_are_functions_of_their_number() -> None:
    one, same = feed(), feed()
    small = one.batch(3)
    assert (small.clips.shape, small.clips.dtype) == ((18, 1, 3, 16, 8), torch.uint8)
    assert one.batch(7).clips.shape == (18, 1, 3, 32, 16)
    assert torch.equal(small.clips, same.batch(3).clips)
    assert torch.equal(small.persons, same.batch(3).persons)


def test_crops_are_changed_more_and_more_until_the_ramp_ends() -> None:
    """Two crops of one person differ by their tint alone at first, and by much in the end."""
    params = CropFeedParams((Size(1.0, 40, 20),), sampler=SamplerParams(persons=1, tracklets=4), ramp=0.9)
    found = feed(params)

    def spread(number: int) -> float:
        return float(found.batch(number).clips.float().std(dim=0).mean())

    assert sum(spread(number) for number in (0, 1)) < sum(spread(number) for number in (6, 7))


def test_sizes_must_reach_the_end() -> None:
    with pytest.raises(ValueError, match="expected sizes up to the end of the run"):
        CropFeedParams((Size(0.9, 32, 16),))
