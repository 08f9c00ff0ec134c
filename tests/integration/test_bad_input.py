"""Bad input at the command line: one clear line, the right exit code, and what was good is kept."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import onnxruntime as ort
import pytest

from passerby_events.recordings import read_events
from pipeline.cli import main
from reid_runtime.card import card_path
from testing.networks import mean_network
from testing.scene import film
from testing.still_person import still_person

COMMAND = Path(sys.executable).with_name("reid-pipeline")
WORLD, MISUSE = 1, 2
CURVE = {
    "threshold": 0.5,
    "interval": [0.4, 0.6],
    "true_match_rate": 0.9,
    "slope": 9.0,
    "intercept": 0.0,
    "same_pairs": 50,
    "different_pairs": 500,
}
RUN = "run --detector {net} --encoder stripes --out {out} "


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What the command lines of the tables name: good and bad files, and a port that is taken."""
    folder = tmp_path_factory.mktemp("world")
    _write_videos(folder)
    _write_networks(folder)
    _write_texts(folder)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield {
            "in": str(folder),
            "film": str(folder / "film.mp4"),
            "net": str(folder / "still.onnx"),
            "port": str(taken.getsockname()[1]),
        }


def _write_videos(folder: Path) -> None:
    film(folder / "film.mp4", [], 1.0)
    whole = film(folder / "long.mkv", [], 8.0)
    (folder / "truncated.mkv").write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    (folder / "unfinished.mp4").write_bytes((folder / "film.mp4").read_bytes()[:5000])
    (folder / "zero.mp4").write_bytes(b"")
    (folder / "text.mp4").write_text("this is no film\n", encoding="ascii")
    (folder / "empty").mkdir()


def _write_networks(folder: Path) -> None:
    still = still_person(folder / "still.onnx")
    card = card_path(still).read_text(encoding="utf-8")
    (folder / "cardless.onnx").write_bytes(still.read_bytes())
    (folder / "swapped.onnx").write_bytes(still.read_bytes() + b"\0")
    (folder / "swapped.json").write_text(card, encoding="utf-8")
    (folder / "reshaped.onnx").write_bytes(still.read_bytes())
    reshaped = json.loads(card)
    reshaped["inputs"][0]["shape"] = [1, 3, 64, 64]
    (folder / "reshaped.json").write_text(json.dumps(reshaped), encoding="utf-8")
    (folder / "scribbled.onnx").write_bytes(still.read_bytes())
    (folder / "scribbled.json").write_text("{}", encoding="utf-8")
    (folder / "noise.onnx").write_bytes(b"no network at all")
    mean_network(folder / "crops.onnx", ["n", 3, 8, 4], axes=[2, 3])


def _write_texts(folder: Path) -> None:
    (folder / "unknown_key.yaml").write_text(
        f"cameras: [{{name: door, source: {folder}/film.mp4}}]\ndetektor: {{kind: hog}}\n", encoding="utf-8"
    )
    (folder / "no.yaml").write_text("cameras: [\n", encoding="utf-8")
    (folder / "calibration.txt").write_text("threshold 0.5\n", encoding="ascii")
    other = {"model_id": "another@0123", "false_match_rate": 0.01, "overall": CURVE}
    (folder / "another.json").write_text(json.dumps(other), encoding="utf-8")
    (folder / "crops" / "0001").mkdir(parents=True)
    (folder / "crops" / "0001" / "0001C1T0001F001.jpg").write_bytes(b"no picture")
    (folder / "broken_run").mkdir()
    (folder / "broken_run" / "events.jsonl").write_text('{"kind": "person.app', encoding="ascii")
    (folder / "empty_run" / "tracks").mkdir(parents=True)
    (folder / "empty_run" / "events.jsonl").write_bytes(b"")
    (folder / "empty_run" / "tracks" / "door.txt").write_bytes(b"")
    (folder / "taken" / "tracks").parent.mkdir()
    (folder / "taken" / "tracks").write_bytes(b"")


TABLE = [
    (RUN + "--camera door={in}/none.mp4", WORLD, "expected a video file, found no such file"),
    (RUN + "--camera door={in}/zero.mp4", WORLD, "zero.mp4: expected a video file, found an empty one"),
    (RUN + "--camera door={in}/text.mp4", WORLD, "text.mp4: no video that can be read"),
    (RUN + "--camera door={in}/unfinished.mp4", WORLD, "unfinished.mp4: no video that can be read"),
    (RUN + "--camera door={in}/empty", WORLD, "expected images (.jpeg, .jpg, .png), found none"),
    (RUN + "--camera door={film} --camera hall={in}/none.mp4", WORLD, "camera hall: "),
    (RUN + "--camera door={film} --detector {in}/none.onnx", WORLD, "found no file: check the path"),
    (RUN + "--camera door={film} --detector nosuch", WORLD, "expected a path or one of passerby-detector, "),
    (RUN + "--camera door={film} --detector {in}/cardless.onnx", WORLD, "cardless.onnx has no card"),
    (RUN + "--camera door={film} --detector {in}/swapped.onnx", WORLD, "swapped.json belongs to another file"),
    (RUN + "--camera door={film} --detector {in}/reshaped.onnx", WORLD, "expected inputs in (1, 3, 64, 64)"),
    (RUN + "--camera door={film} --detector {in}/scribbled.onnx", WORLD, "scribbled.json is no model card"),
    (RUN + "--camera door={film} --encoder {net}", WORLD, "still"),
    (RUN + "--camera door={film} --calibration {in}/none.json", WORLD, "expected a calibration at"),
    (RUN + "--camera door={film} --calibration {in}/calibration.txt", WORLD, "`reid-pipeline calibrate` wrote"),
    (RUN + "--camera door={film} --calibration {in}/another.json", WORLD, "found one of another@0123"),
    (RUN + "--camera door={film} --http-port {port}", WORLD, "choose another port"),
    (RUN + "--camera door={film} --out {film}/out", WORLD, "name another folder"),
    (RUN + "--camera door={film} --out {in}/taken", WORLD, "taken/tracks"),
    (RUN + "--camera door={film} --camera door={film}", MISUSE, "camera names must differ, found 'door' twice"),
    (RUN + "--camera {film}", MISUSE, "--camera: expected NAME=SOURCE, found "),
    (RUN + "--camera =x.mp4", MISUSE, "--camera: expected NAME=SOURCE, found '=x.mp4'"),
    (RUN + "--camera the/door={film}", MISUSE, "cameras.0.name"),
    (RUN + "--camera door=gopher://x/1", MISUSE, "expected rtsp://host"),
    (RUN + "--camera door=rtsp://me:tops3/cret@x/1", MISUSE, "found rtsp://***"),
    (RUN + "--camera rtsp://me:tops3cret@x/1", MISUSE, "--camera: expected NAME=SOURCE"),
    (RUN + "--camera door={film} --camera hall=rtsp://x/1", MISUSE, "files and live streams do not mix"),
    (RUN + "--camera door=rtsp://x/1 --videos", MISUSE, "annotated videos are drawn from files"),
    (RUN + "--camera door={film} --tiles 3", MISUSE, "--tiles: expected COLUMNSxROWS, found '3'"),
    (RUN + "--camera door={film} --tiles 0x2", MISUSE, "columns and rows of at least 1"),
    (RUN + "--camera door={film} --frame-rate 0", MISUSE, "frame_rate: Input should be greater than 0, found 0.0"),
    (RUN + "--camera door={film} --threshold 2", MISUSE, "threshold: Input should be less than or equal to 1"),
    (RUN + "--camera door={film} --threshold high", MISUSE, "'--threshold'"),
    (RUN + "--camera door={film} --provider npu", MISUSE, "'cpu', 'cuda' or 'tensorrt', found 'npu'"),
    (RUN + "--camera door={film} --site {in}/none.yaml", MISUSE, "none.yaml: expected a YAML file"),
    (RUN + "--camera door={film} --nope", MISUSE, "No such option: --nope"),
    ("run", MISUSE, "expected a configuration file, or --camera NAME=SOURCE"),
    ("run {in}/unknown_key.yaml", MISUSE, "unknown_key.yaml: unknown key 'detektor'; did you mean 'detector'?"),
    ("run {in}/none.yaml", MISUSE, "none.yaml: expected a YAML file, found none to read"),
    ("check {in}/unknown_key.yaml", MISUSE, "unknown key 'detektor'"),
    ("check {in}/no.yaml", MISUSE, "no.yaml:2: expected YAML"),
    ("check {in}/text.mp4", MISUSE, "expected keys and values, found str"),
    ("check", MISUSE, "Missing argument"),
    ("walk", MISUSE, "No such command 'walk'"),
    ("evaluate {in}/none --truth door={in}/none.txt", WORLD, "expected recorded events at"),
    ("evaluate {in}/broken_run --truth door={in}/none.txt", WORLD, "events.jsonl:1: expected an event of schema v1"),
    ("evaluate {in}/empty_run --truth door={in}/none.txt", WORLD, "none.txt"),
    ("evaluate {in}/empty_run --truth door={film}", WORLD, "film.mp4"),
    ("evaluate {in}/empty_run --truth {film}", MISUSE, "expected CAMERA=FILE"),
    ("evaluate {in}/empty_run", MISUSE, "--truth"),
    ("calibrate {in}/none --encoder stripes --out {out}.json", WORLD, "expected a folder of tracklets at"),
    ("calibrate {in}/empty --encoder stripes --out {out}.json", WORLD, "expected crops named"),
    ("calibrate {in}/crops --encoder stripes --out {out}.json", WORLD, "expected a picture at"),
    ("calibrate {in}/crops --encoder nosuch --out {out}.json", WORLD, "found 'nosuch'"),
    (
        "calibrate {in}/crops --encoder stripes --out {out}.json --false-match-rate 1",
        MISUSE,
        "--false-match-rate: expected a share above 0 and below 1, found 1.0",
    ),
    ("adopt {in}/none.onnx --family osnet", WORLD, "found no file"),
    ("adopt {in}/text.mp4 --family osnet", WORLD, "expected a network with the suffix .onnx"),
    ("adopt {in}/noise.onnx --family osnet", WORLD, "expected a network that ONNX Runtime loads"),
    ("adopt {in}/crops.onnx --family intel-reid", WORLD, "the family intel-reid takes"),
    ("adopt {in}/crops.onnx --family resnet", WORLD, "found 'resnet'"),
    ("fetch nosuch", WORLD, "found 'nosuch'"),
    ("fetch yolox-nano --from {in}/none.onnx", WORLD, "found no file"),
    ("fetch yolox-nano --from {in}/crops.onnx", WORLD, "is another file than the list means"),
]


@pytest.mark.parametrize(
    ("line", "code", "expected"), TABLE, ids=[line.replace("{", "").replace("}", "") for line, *_ in TABLE]
)
def test_bad_input_is_one_line_and_an_exit_code(
    line: str,
    code: int,
    expected: str,
    world: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PASSERBY_MODELS", str(tmp_path / "models"))
    assert main(line.format(**world, out=tmp_path / "out").split()) == code
    said = capfd.readouterr()
    assert said.err.startswith("reid-pipeline: ")
    assert said.err.count("\n") == 1
    assert expected in said.err
    assert "cret" not in said.err


@pytest.mark.skipif("CUDAExecutionProvider" in ort.get_available_providers(), reason="CUDA is here")
def test_cuda_that_is_not_there_is_said_and_nothing_runs_on_the_processor_instead(
    world: dict[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    line = RUN + "--camera door={film} --provider cuda"
    assert main(line.format(**world, out=tmp_path / "out").split()) == WORLD
    said = capfd.readouterr().err
    assert "expected the provider cuda, but this ONNX Runtime offers only" in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_the_good_part_of_a_truncated_film_is_used_and_its_events_are_kept(
    world: dict[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    line = RUN + "--camera door={in}/truncated.mkv --camera hall={in}/long.mkv --report --videos"
    assert main(line.format(**world, out=tmp_path / "out").split()) == WORLD
    said = capfd.readouterr().err
    assert "camera door: " in said
    assert "cut off after" in said
    assert said.count("\n") == 1
    events = list(read_events(tmp_path / "out" / "events.jsonl"))
    assert {event.seen.camera for event in events} == {"door", "hall"}
    assert sum(event.kind == "track.ended" for event in events) == 2
    assert (tmp_path / "out" / "report.html").is_file()
    assert {path.name for path in (tmp_path / "out" / "videos").iterdir()} == {"door.mp4", "hall.mp4"}


def test_a_run_that_cannot_start_leaves_the_last_runs_events_alone(
    world: dict[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    good = [*RUN.format(**world, out=tmp_path / "out").split(), "--camera", f"door={world['film']}"]
    assert main(good) == 0
    before = (tmp_path / "out" / "events.jsonl").read_bytes()
    assert before
    for wrong in (["--http-port", world["port"]], ["--detector", "nosuch"], ["--calibration", "none.json"]):
        assert main([*good, *wrong]) == WORLD
        assert (tmp_path / "out" / "events.jsonl").read_bytes() == before
    capfd.readouterr()


@pytest.mark.parametrize(
    ("line", "code"),
    [("run --nope", MISUSE), (RUN + "--camera door={in}/text.mp4", WORLD), ("run {in}/unknown_key.yaml", MISUSE)],
)
def test_the_installed_command_exits_with_that_code(
    line: str, code: int, world: dict[str, str], tmp_path: Path
) -> None:
    found = subprocess.run(
        [COMMAND, *line.format(**world, out=tmp_path / "out").split()], capture_output=True, text=True, check=False
    )
    assert found.returncode == code
    assert found.stdout == ""
    assert found.stderr.startswith("reid-pipeline: ")
    assert found.stderr.count("\n") == 1
