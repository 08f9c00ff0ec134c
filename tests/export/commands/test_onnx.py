from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from detectors import network_params
from detectors.network_detector import NetworkDetector
from detectors.training.network import PersonNetwork
from detectors.training.objective import DetectorLearner
from detectors.training.train import small_person_detector
from export.cli import main
from export.graph.sources import trained_subject
from reid_learning.checkpoint import FILE, Checkpoint, read_checkpoint, save_checkpoint
from reid_learning.loop import LoopParams
from reid_learning.recipes import kept
from reid_models.architectures.backbones import TrunkSpec
from reid_models.architectures.features import Features
from reid_models.architectures.tkp import TKPImage, TKPVideo
from reid_models.attention import AttentionReader, attention_names
from reid_models.clip_encoder import ClipEncoder
from reid_models.training.build import build_learner
from reid_models.training.feeds.tracklets import TrackletFeedParams
from reid_models.training.learners.attribute_transfer import TransferObjective
from reid_models.training.learners.identity import IdentityObjective
from reid_models.training.learners.tkp import PropagationObjective
from reid_models.training.recipe import NetworkParams, Objective, Recipe
from reid_models.training.restore import recipe_of, restored
from reid_models.training.sampling.batches import SamplerParams
from reid_runtime.card import ClipSpec, read_card
from reid_runtime.load import load_session

SEEN = ("mars (MARS, for research)", "places (unknown)")
WORDS = ("--licence", "LicenseRef-research", "--notes", "Good for nothing.")
CLIP = ClipSpec(3, 64, 32)


def encoder_run(folder: Path, network: str = "gltr-paper-resnet50", objective: Objective | None = None) -> Path:
    """A stage's folder as training leaves it."""
    folder.mkdir(exist_ok=True)
    recipe = Recipe(
        paper="a test's",
        network=NetworkParams(network, CLIP, trunk=TrunkSpec("compact"), attributes=("Female", "Hat")),
        loop=LoopParams(steps=7),
        feed=TrackletFeedParams(SamplerParams(persons=2, tracklets=2)),
        objective=objective or IdentityObjective(),
    )
    torch.manual_seed(1)
    state = build_learner(recipe, 5).state_dict()
    save_checkpoint(Checkpoint(kept(recipe), 7, state, state, [], SEEN), folder)
    return folder


def detector_run(folder: Path) -> Path:
    """A folder as the detector's training leaves it."""
    torch.manual_seed(0)
    state = DetectorLearner(PersonNetwork()).state_dict()
    save_checkpoint(Checkpoint(kept(small_person_detector(steps=3)), 3, state, state, [], SEEN), folder)
    return folder


def refused(argv: Sequence[object], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line of a command that must fail."""
    assert main(["onnx", *map(str, argv)]) in (1, 2)
    reported = capsys.readouterr().err
    assert reported.startswith("reid-export: ")
    assert reported.count("\n") == 1
    return reported


def test_a_stage_is_exported_with_what_its_checkpoint_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = encoder_run(tmp_path / "run")
    file = tmp_path / "gltr.onnx"
    assert main(["onnx", str(run), str(file), *WORDS, "--threshold", "0.7", "--frames", "5"]) == 0
    card = read_card(file)
    assert capsys.readouterr().out.startswith(f"{file}: gltr@{card.sha256[:12]}, differs from torch by ")
    assert card.origin == "reid_models.training, 7 steps, trained on mars (MARS, for research), places (unknown)"
    assert (card.licence, card.notes, card.threshold) == ("LicenseRef-research", "Good for nothing.", 0.7)
    assert card.clip == ClipSpec(5, 64, 32)
    encoder = ClipEncoder(load_session(file, provider="cpu", threads=1))
    clips = torch.randint(0, 255, (2, 5, 64, 32, 3), dtype=torch.uint8)
    checkpoint = read_checkpoint(run / FILE)
    network = restored(recipe_of(checkpoint), checkpoint)
    with torch.inference_mode():
        features: Features = network(clips.permute(0, 1, 4, 2, 3))
    assert np.allclose(encoder.encode(clips.numpy()), torch.nn.functional.normalize(features.embedding), atol=1e-4)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gltr.json", "gltr.onnx", "run"]


def test_a_detector_is_exported_as_serving_reads_it(tmp_path: Path) -> None:
    run, file = detector_run(tmp_path), tmp_path / "people.onnx"
    assert main(["onnx", str(run), str(file), *WORDS, "--height", "160", "--width", "192"]) == 0
    card = read_card(file)
    assert card.origin == "detectors.training, 3 steps, trained on mars (MARS, for research), places (unknown)"
    assert card.inputs[0].shape == (None, 3, 160, 192)
    params = network_params.NetworkParams(score=1e-5, nms_iou=0.3, max_batch=2)
    detector = NetworkDetector(load_session(file, provider="cpu", threads=1), params)
    images = np.random.default_rng(0).integers(0, 256, (3, 120, 160, 3), np.uint8)
    together = detector.detect(list(images))
    alone = [found for image in images for found in detector.detect([image])]
    assert all(len(found) and np.isfinite(found.boxes).all() for found in together)
    for one, other in zip(together, alone, strict=True):
        assert np.allclose(one.boxes, other.boxes, atol=1e-2)


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that no checkpoint has weights of."""
    file = tmp_path_factory.mktemp("untrained") / "sta.onnx"
    sizes = ["--height", "64", "--width", "32", "--frames", "2", "--attention"]
    assert main(["onnx", "--network", "sta-resnet50", "--trunk", "compact", *sizes, str(file)]) == 0
    return file


def test_without_a_checkpoint_a_network_has_random_weights_and_its_card_says_so(untrained: Path) -> None:
    card = read_card(untrained)
    assert card.origin == "random numbers (seed 0): not trained, it recognises nobody"
    assert "Not trained" in card.notes
    assert card.clip == ClipSpec(2, 64, 32)


def test_where_an_exported_network_looks_can_be_asked_for_over_the_frames_of_a_clip(untrained: Path) -> None:
    assert attention_names(read_card(untrained)) == ("attention_maps", "strip_weights")
    reader = AttentionReader(load_session(untrained, provider="cpu", threads=1))
    clip = np.random.default_rng(0).integers(0, 256, (2, 64, 32, 3), np.uint8)
    for name, width in (("attention_maps", 2), ("strip_weights", 1)):
        maps = reader.look(clip, name)
        assert maps.shape == (2, 4, width)
        assert (float(maps.min()), float(maps.max())) == (0.0, 1.0)


def test_of_a_run_of_tkp_either_network_can_be_had(tmp_path: Path) -> None:
    run = encoder_run(tmp_path / "run", "tkp-video-resnet50", PropagationObjective())
    video, image = trained_subject(run), trained_subject(run, network="tkp-image-resnet50")
    assert (video.architecture, image.architecture) == (
        "tkp-video-resnet50 on compact",
        "tkp-image-resnet50 on compact",
    )
    assert isinstance(video.network.get_submodule("network"), TKPVideo)
    assert isinstance(image.network.get_submodule("network"), TKPImage)


REFUSED: dict[str, tuple[list[str], str]] = {
    "nothing to export": ([], "expected a CHECKPOINT before the file, or --network NAME"),
    "no run": (["{tmp}/none"], "found no checkpoint.pt"),
    "two runs": (["{tmp}/run", "{tmp}/run"], "expected one CHECKPOINT and one FILE"),
    "another network": (["{tmp}/run", "--network", "sta-resnet50"], "found one of gltr-paper-resnet50"),
    "a detector's run as another network": (["{tmp}/detector", "--network", "sta-resnet50"], "leave --network away"),
    "a detector that compares": (["{tmp}/detector", "--threshold", "0.5"], "compares nobody"),
    "a detector of clips": (["{tmp}/detector", "--frames", "4"], "takes images"),
    "a detector of odd sizes": (["{tmp}/detector", "--height", "100"], "multiples of 32, found 100, 512"),
    "crops of another size": (["{tmp}/run", "--height", "128"], "expected crops of 64 x 32"),
    "a trunk for a run": (["{tmp}/run", "--trunk", "compact"], "leave --trunk away"),
    "a stage that describes nobody": (["{tmp}/labels"], "expected a run of a network that describes people"),
    "an unknown network": (
        ["--network", "resnet"],
        "expected person-detector or a network of docs/models.md, found resnet",
    ),
    "an unknown trunk": (["--network", "sta-resnet50", "--trunk", "vgg"], "expected a trunk of resnet18, "),
    "an odd length": (["--network", "m3d-plain-resnet50", "--frames", "6"], "a multiple of 4, found 6"),
    "a mask for frames that are compared by their places": (
        ["--network", "cosam-mean-resnet50", "--trunk", "compact", "--height", "64", "--width", "32", "--mask"],
        "compares or merges frames by their places",
    ),
    "attention of a network without": (
        ["--network", "tkp-image-resnet50", "--trunk", "compact", "--height", "64", "--width", "32", "--attention"],
        "has no attention to show",
    ),
    "a mask for a detector": (["{tmp}/detector", "--mask"], "leave --mask away"),
    "attention of a detector": (["{tmp}/detector", "--attention"], "has no attention to show"),
    "crops too small for a network": (
        ["--network", "sta-resnet50", "--trunk", "compact", "--height", "32", "--width", "32"],
        "sta-resnet50 cannot be built for crops of 32 x 32 on compact: expected maps whose rows divide into 4 parts",
    ),
    "crops too small for a convolution": (
        ["--network", "stmp-inception-v3", "--height", "32", "--width", "32"],
        "stmp-inception-v3 cannot be built for crops of 32 x 32: ",
    ),
    "crops too small for a trunk": (
        ["--network", "compact-stripes-ibn", "--trunk", "inception_v3", "--height", "64", "--width", "32"],
        "expected frames of at least 75 x 75 pixels, found 64 x 32",
    ),
    "a seed that is no such number": (["--network", "sta-resnet50", "--seed", "9" * 30], "--seed"),
    "words for random weights": (
        ["--network", "sta-resnet50", "--licence", "MIT", "--threshold", "0.5"],
        "random weights have no --licence and no --threshold: leave it away",
    ),
    "no cosine": (["{tmp}/run", "--threshold", "1.5"], "--threshold: expected a cosine, -1 to 1, found 1.5"),
    "no number": (["{tmp}/run", "--threshold", "nan"], "--threshold: expected a cosine, -1 to 1, found nan"),
    "an old opset": (["--network", "sta-resnet50", "--opset", "9"], "expected an opset from 18 to 22, found 9"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of several kinds."""
    folder = tmp_path_factory.mktemp("runs")
    encoder_run(folder / "run")
    encoder_run(folder / "labels", objective=TransferObjective())
    (folder / "detector").mkdir()
    detector_run(folder / "detector")
    return folder


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_is_one_line(what: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv, says = REFUSED[what]
    words = WORDS if argv and argv[0].startswith("{") else ()
    before = sorted(folder.iterdir())
    assert says in refused([*(each.format(tmp=folder) for each in argv), folder / "x.onnx", *words], capsys)
    assert sorted(folder.iterdir()) == before


def test_a_run_needs_words_for_its_card(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "expected --licence and --notes" in refused([folder / "run", folder / "x.onnx"], capsys)


def test_a_target_that_cannot_be_is_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "the suffix .onnx, found " in refused([folder / "run", folder / "x.engine", *WORDS], capsys)
    assert "expected a folder for x.onnx" in refused([folder / "run", folder / "none" / "x.onnx", *WORDS], capsys)
    (folder / "y.onnx").mkdir()
    assert "found a folder" in refused([folder / "run", folder / "y.onnx", *WORDS], capsys)
