import torch

from reid_models.architectures.layout import frames_to_clips, frames_to_volume, volume_to_frames

FRAMES = torch.arange(6 * 2 * 3 * 4).reshape(6, 2, 3, 4)


def test_frames_lie_clip_by_clip() -> None:
    clips = frames_to_clips(FRAMES, 3)
    assert clips.shape == (2, 3, 2, 3, 4)
    assert torch.equal(clips[1, 2], FRAMES[5])


def test_a_volume_has_its_frames_behind_its_channels_and_comes_back() -> None:
    volume = frames_to_volume(FRAMES, 3)
    assert volume.shape == (2, 2, 3, 3, 4)
    assert torch.equal(volume[1, :, 2], FRAMES[5])
    assert torch.equal(volume_to_frames(volume), FRAMES)
