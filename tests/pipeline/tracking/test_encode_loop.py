"""How tracklets are put together for the encoder: what the network is given is what was configured and is counted."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from passerby_events.tracks import TrackKey
from pipeline.build import build_encoder, build_stages
from pipeline.config import ComputeConfig, NetworkConfig, PipelineConfig
from pipeline.records import TrackEnd, Tracklet, Window
from pipeline.telemetry.metrics import Metrics
from pipeline.telemetry.observers import EncodeCounter
from pipeline.tracking.encode_loop import EncodeLoop
from reid_models.clip_encoder import ClipEncoder
from reid_models.crop_encoder import OSNET, CropEncoder
from reid_models.encoder import Encoder
from reid_runtime.adopt import adopt
from reid_runtime.card import ArtefactError, ClipSpec, Pixels, file_sha256, write_card
from reid_runtime.load import describe
from testing.networks import MemorySession, card, constant_network, mean_network

RAW = Pixels(order="rgb", layout="nthwc", dtype="uint8")
SPEC = ClipSpec(frames=4, height=8, width=4)


def window(count: int) -> Window:
    random = np.random.default_rng(0)
    return Window(9.0, tuple(tracklet(i, random.integers(0, 256, (6, 8, 4, 3), np.uint8)) for i in range(count)), ())


def tracklet(track: int, crops: NDArray[np.uint8]) -> Tracklet:
    n = len(crops)
    return Tracklet(
        track=TrackKey("door", "r", track),
        tracklet_index=0,
        start_s=0.0,
        cut_s=1.0,
        clock="container",
        crops=crops,
        times_s=np.arange(n) / 10,
        boxes=np.tile(np.array([0, 0, 4, 8], np.float32), (n, 1)),
        quality=np.ones(n, np.float32),
    )


def encoders() -> dict[str, tuple[Encoder, MemorySession, int]]:
    """Each with its session, and rows of the network's input for one clip."""
    clips = MemorySession(
        card((None, 4, 8, 4, 3), family="clip", pixels=RAW, clip=SPEC), lambda rows: rows.mean(axis=(1, 2, 3))
    )
    crops = MemorySession(card((None, 3, 8, 4)), lambda rows: rows.mean(axis=(2, 3)))
    return {"clips": (ClipEncoder(clips), clips, 1), "crops": (CropEncoder(crops, frames=4), crops, 4)}


@pytest.mark.parametrize("kind", ["clips", "crops"])
@pytest.mark.parametrize(
    ("batch", "batches"), [(1, [1] * 50), (32, [32, 18]), (33, [33, 17]), (48, [48, 2]), (64, [50])]
)
def test_the_network_is_given_the_batch_that_was_asked_for_and_that_is_what_is_counted(
    kind: str, batch: int, batches: list[int]
) -> None:
    encoder, session, rows = encoders()[kind]
    metrics = Metrics()
    embedded = EncodeLoop(encoder, batch=batch, observers=[EncodeCounter(metrics)]).step(window(50))
    assert session.batches == [rows * size for size in batches]
    assert [embedding.track.track for embedding in embedded.embeddings] == list(range(50))
    count = metrics.registry.get_sample_value
    assert (count("reid_encode_batch_clips_sum"), count("reid_encode_batch_clips_count")) == (50, len(batches))


def test_a_clip_has_the_same_numbers_in_a_batch_as_alone() -> None:
    (alone, _, _), (together, _, _) = encoders()["crops"], encoders()["crops"]
    one, many = (EncodeLoop(encoder, batch=size).step(window(9)) for encoder, size in ((alone, 1), (together, 9)))
    for a, b in zip(one.embeddings, many.embeddings, strict=True):
        np.testing.assert_allclose(a.vector, b.vector, atol=1e-6)


@pytest.mark.parametrize("nothing", [np.nan, np.inf, 0.0])
@pytest.mark.parametrize("kind", ["clips", "crops"])
def test_a_tracklet_of_which_the_network_makes_nothing_is_dropped_counted_and_named_once_and_the_rest_go_on(
    kind: str, nothing: float, caplog: pytest.LogCaptureFixture
) -> None:
    def spoilt_by_white(rows: NDArray[np.float32]) -> NDArray[np.float32]:
        vectors = np.asarray(rows.mean(axis=tuple(axis for axis in range(1, rows.ndim) if axis != colours)), np.float32)
        vectors[(rows == rows[0].dtype.type(255)).all(axis=tuple(range(1, rows.ndim)))] = nothing
        return vectors

    colours = {"clips": 4, "crops": 1}[kind]
    encoder: Encoder
    if kind == "clips":
        encoder = ClipEncoder(
            MemorySession(card((None, 4, 8, 4, 3), family="clip", pixels=RAW, clip=SPEC), spoilt_by_white)
        )
    else:
        encoder = CropEncoder(MemorySession(card((None, 3, 8, 4)), spoilt_by_white), frames=4)
    good = window(4).tracklets
    white = np.full((6, 8, 4, 3), 255, np.uint8)
    mixed = Window(9.0, (*good[:2], tracklet(7, white), *good[2:], tracklet(8, white)), ())
    metrics = Metrics()
    loop = EncodeLoop(encoder, batch=3, observers=[EncodeCounter(metrics)])
    embedded = loop.step(mixed)
    assert [each.track.track for each in embedded.embeddings] == [0, 1, 2, 3]
    assert all(np.isclose(np.linalg.norm(each.vector), 1) for each in embedded.embeddings)
    assert metrics.registry.get_sample_value("reid_tracklets_unencoded_total", {"camera": "door"}) == 2
    (line,) = caplog.messages
    assert line.startswith("door: tiny@000000000000 made NaN or zeros of a tracklet, which is dropped")


def test_a_track_counts_as_encoded_once_it_has_ended_and_the_network_made_something_of_one_of_its_tracklets() -> None:
    def nothing_of_white(rows: NDArray[np.float32]) -> NDArray[np.float32]:
        vectors = np.asarray(rows.mean(axis=(2, 3)), np.float32)
        vectors[(rows == 255).all(axis=(1, 2, 3))] = np.nan
        return vectors

    noise = np.random.default_rng(0).integers(0, 256, (6, 8, 4, 3), np.uint8)
    white = np.full_like(noise, 255)
    metrics = Metrics()
    loop = EncodeLoop(
        CropEncoder(MemorySession(card((None, 3, 8, 4)), nothing_of_white), frames=4),
        observers=[EncodeCounter(metrics)],
    )
    loop.step(Window(8.0, (tracklet(1, noise), tracklet(2, white), tracklet(3, white)), ()))
    assert metrics.registry.get_sample_value("reid_tracks_encoded_total", {"camera": "door"}) is None
    ends = tuple(TrackEnd(TrackKey("door", "r", track), 9.0, 0.0, 8.9, "container") for track in (1, 2, 3, 4))
    loop.step(Window(9.0, (tracklet(1, white), tracklet(3, noise)), ends))
    assert metrics.registry.get_sample_value("reid_tracks_encoded_total", {"camera": "door"}) == 2
    left_out = {"camera": "door", "reason": "network"}
    assert metrics.registry.get_sample_value("reid_tracks_not_encoded_total", left_out) == 1


def test_a_network_that_makes_nothing_of_anything_is_refused_before_it_is_used(tmp_path: Path) -> None:
    """As of a file that was changed after its card was written: the card is of what it is now."""
    network = mean_network(tmp_path / "tiny.onnx", ["n", 3, 8, 4], axes=[2, 3])
    written = adopt(network, OSNET, name="tiny", licence="CC0-1.0", origin="made in a test")
    constant_network(network, ["n", 3, 8, 4], np.full((1, 3), np.nan, np.float32))
    signature = describe(network)
    spoilt = {"sha256": file_sha256(network), "inputs": signature.inputs, "outputs": signature.outputs}
    write_card(written.model_copy(update=spoilt), network)
    with pytest.raises(ArtefactError, match=r"tiny@\w+ yields nothing but NaN or zeros for a clip of noise") as refused:
        build_encoder(NetworkConfig(kind="network", model=str(network), frames=1), ComputeConfig())
    assert "\n" not in str(refused.value)


def test_a_batch_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a batch of at least 1 clip, found 0"):
        EncodeLoop(encoders()["clips"][0], batch=0)


@pytest.mark.parametrize(
    ("compute", "shape", "batch"),
    [
        ({}, ["n", 3, 8, 4], 1),
        ({"encode_batch": 48}, ["n", 3, 8, 4], 48),
        ({"encode_batch": 48}, [1, 3, 8, 4], 1),
        ({}, [16, 3, 8, 4], 2),
    ],
    ids=["usual", "asked for", "the network takes one crop", "the network takes sixteen crops"],
)
def test_the_batch_of_the_configuration_reaches_the_loop_unless_the_network_fixes_it(
    tmp_path: Path, compute: dict[str, object], shape: Sequence[int | str], batch: int
) -> None:
    network = mean_network(tmp_path / "tiny.onnx", list(shape), axes=[2, 3])
    adopt(network, OSNET, name="tiny", licence="CC0-1.0", origin="made in a test")
    config = PipelineConfig.model_validate(
        {
            "cameras": [{"name": "door", "source": "door.mp4"}],
            "detector": {"kind": "hog"},
            "encoder": {"kind": "network", "model": str(network)},
            "compute": compute,
        }
    )
    with ExitStack() as owned:
        assert build_stages(config, owned).encode_batch == batch
