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
from testing.scene import video
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
RUN = "run --detector {net} --encoder colour-stripes --out {out} "


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
            "video": str(folder / "video.mp4"),
            "net": str(folder / "still.onnx"),
            "port": str(taken.getsockname()[1]),
        }


def _write_videos(folder: Path) -> None:
    video(folder / "video.mp4", [], 1.0)
    whole = video(folder / "long.mkv", [], 8.0)
    (folder / "truncated.mkv").write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    (folder / "unfinished.mp4").write_bytes((folder / "video.mp4").read_bytes()[:5000])
    (folder / "zero.mp4").write_bytes(b"")
    (folder / "text.mp4").write_text("this is no video\n", encoding="ascii")
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
        f"cameras: [{{name: door, source: {folder}/video.mp4}}]\ndetektor: {{kind: hog}}\n", encoding="utf-8"
    )
    (folder / "no.yaml").write_text("cameras: [\n", encoding="utf-8")
    (folder / "calibration.txt").write_text("threshold 0.5\n", encoding="ascii")
    other = {"model_id": "another@0123", "false_match_rate": 0.01, "prior": 0.5, "overall": CURVE}
    (folder / "another.json").write_text(json.dumps(other), encoding="utf-8")
    (folder / "crops" / "0001").mkdir(parents=True)
    (folder / "crops" / "0001" / "0001C1T0001F001.jpg").write_bytes(b"no image")
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
    (RUN + "--camera door={video} --camera hall={in}/none.mp4", WORLD, "camera hall: "),
    (RUN + "--camera door={video} --detector {in}/none.onnx", WORLD, "found no file: check the path"),
    (RUN + "--camera door={video} --detector nosuch", WORLD, "expected a path or one of passerby-detector, "),
    (RUN + "--camera door={video} --detector {in}/cardless.onnx", WORLD, "cardless.onnx has no card"),
    (RUN + "--camera door={video} --detector {in}/swapped.onnx", WORLD, "swapped.json belongs to another file"),
    (RUN + "--camera door={video} --detector {in}/reshaped.onnx", WORLD, "expected inputs in (1, 3, 64, 64)"),
    (RUN + "--camera door={video} --detector {in}/scribbled.onnx", WORLD, "scribbled.json is no model card"),
    (RUN + "--camera door={video} --encoder {net}", WORLD, "still"),
    (RUN + "--camera door={video} --calibration {in}/none.json", WORLD, "expected a calibration at"),
    (RUN + "--camera door={video} --calibration {in}/calibration.txt", WORLD, "`reid-pipeline calibrate` wrote"),
    (RUN + "--camera door={video} --calibration {in}/another.json", WORLD, "found one of another@0123"),
    (RUN + "--camera door={video} --http-port {port}", WORLD, "choose another port"),
    (RUN + "--camera door={video} --out {video}/out", WORLD, "name another folder"),
    (RUN + "--camera door={video} --out {in}/taken", WORLD, "taken/tracks"),
    (RUN + "--camera door={video} --camera door={video}", MISUSE, "camera names must differ, found 'door' twice"),
    (RUN + "--camera {video}", MISUSE, "--camera: expected NAME=SOURCE, found "),
    (RUN + "--camera =x.mp4", MISUSE, "--camera: expected NAME=SOURCE, found '=x.mp4'"),
    (RUN + "--camera the/door={video}", MISUSE, "cameras.0.name"),
    (RUN + "--camera door=gopher://x/1", MISUSE, "expected rtsp://host"),
    (RUN + "--camera door=rtsp://me:tops3/cret@x/1", MISUSE, "found rtsp://***"),
    (RUN + "--camera rtsp://me:tops3cret@x/1", MISUSE, "--camera: expected NAME=SOURCE"),
    (RUN + "--camera door={video} --camera hall=rtsp://x/1", MISUSE, "files and live streams do not mix"),
    (RUN + "--camera door={video} --tiles 3", MISUSE, "--tiles: expected COLUMNSxROWS, found '3'"),
    (RUN + "--camera door={video} --tiles 0x2", MISUSE, "columns and rows of at least 1"),
    (RUN + "--camera door={video} --frame-rate 0", MISUSE, "frame_rate: Input should be greater than 0, found 0.0"),
    (RUN + "--camera door={video} --threshold 2", MISUSE, "expected a threshold in [-1, 1], found 2.0"),
    (RUN + "--camera door={video} --threshold high", MISUSE, "'--threshold'"),
    (
        RUN + "--camera door={video} --provider npu",
        MISUSE,
        "'cpu', 'openvino', 'cuda', 'tensorrt' or 'tensorrt-rtx', found 'npu'",
    ),
    (RUN + "--camera door={video} --site {in}/none.yaml", MISUSE, "none.yaml: expected a YAML file"),
    (RUN + "--camera door={video} --preset fast", MISUSE, "--preset: expected one of cpu, gpu, offline, found 'fast'"),
    (RUN + "--camera door={video} --nope", MISUSE, "No such option: --nope"),
    ("run", MISUSE, "expected a configuration file, or --camera NAME=SOURCE"),
    ("run {in}/unknown_key.yaml", MISUSE, "unknown_key.yaml: unknown key 'detektor'; did you mean 'detector'?"),
    ("run {in}/none.yaml", MISUSE, "none.yaml: expected a YAML file, found none to read"),
    ("check {in}/unknown_key.yaml", MISUSE, "unknown key 'detektor'"),
    ("check {in}/no.yaml", MISUSE, "no.yaml:2: expected YAML"),
    ("check {in}/text.mp4", MISUSE, "expected keys and values, found a str"),
    ("check", MISUSE, "Missing argument"),
    ("walk", MISUSE, "No such command 'walk'"),
    ("evaluate {in}/none --truth door={in}/none.txt", WORLD, "expected recorded events at"),
    ("evaluate {in}/broken_run --truth door={in}/none.txt", WORLD, "events.jsonl:1: expected an event of schema v1"),
    ("evaluate {in}/empty_run --truth door={in}/none.txt", WORLD, "none.txt"),
    ("evaluate {in}/empty_run --truth door={video}", WORLD, "video.mp4"),
    ("evaluate {in}/empty_run --truth {video}", MISUSE, "expected CAMERA=FILE"),
    ("evaluate {in}/empty_run", MISUSE, "--truth"),
    ("calibrate {in}/none --encoder colour-stripes --out {out}.json", WORLD, "expected a folder of tracklets at"),
    ("calibrate {in}/empty --encoder colour-stripes --out {out}.json", WORLD, "expected crops named"),
    ("calibrate {in}/crops --encoder colour-stripes --out {out}.json", WORLD, "expected an image at"),
    ("calibrate {in}/crops --encoder nosuch --out {out}.json", WORLD, "found 'nosuch'"),
    (
        "calibrate {in}/crops --encoder colour-stripes --out {out}.json --false-match-rate 1",
        MISUSE,
        "--false-match-rate: expected a share above 0 and below 1, found 1.0",
    ),
    ("adopt {in}/crops.onnx --draw {out}.jpg", MISUSE, "--draw: expected a detector"),
    ("adopt {in}/crops.onnx --size 64", MISUSE, "--size: expected HEIGHTxWIDTH, each up to 8192 pixels, found '64'"),
    ("adopt {in}/crops.onnx --try {in}/text.mp4", WORLD, "expected a JPEG or PNG image"),
    ("adopt {in}/none.onnx --family osnet", WORLD, "found no file"),
    ("adopt {in}/text.mp4 --family osnet", WORLD, "expected a network with the suffix .onnx"),
    ("adopt {in}/noise.onnx --family osnet", WORLD, "expected a network that ONNX Runtime loads"),
    ("adopt {in}/crops.onnx --family clip", WORLD, "the family clip takes"),
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
    reported = capfd.readouterr()
    assert reported.err.startswith("reid-pipeline: ")
    assert reported.err.count("\n") == 1
    assert expected in reported.err
    assert "cret" not in reported.err


@pytest.mark.skipif("CUDAExecutionProvider" in ort.get_available_providers(), reason="CUDA is here")
def test_cuda_that_is_not_there_is_said_and_nothing_runs_on_the_processor_instead(
    world: dict[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    line = RUN + "--camera door={video} --provider cuda"
    assert main(line.format(**world, out=tmp_path / "out").split()) == WORLD
    reported = capfd.readouterr().err
    assert "expected the provider cuda, but this ONNX Runtime offers only" in reported
    assert reported.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_the_good_part_of_a_truncated_video_is_used_and_its_events_are_kept(
    world: dict[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    line = RUN + "--camera door={in}/truncated.mkv --camera hall={in}/long.mkv --report --videos"
    assert main(line.format(**world, out=tmp_path / "out").split()) == WORLD
    reported = capfd.readouterr().err
    assert "camera door: " in reported
    assert "cut off after" in reported
    assert reported.count("\n") == 1
    events = list(read_events(tmp_path / "out" / "events.jsonl"))
    assert {event.seen.camera for event in events} == {"door", "hall"}
    assert sum(event.kind == "track.ended" for event in events) == 2
    assert (tmp_path / "out" / "report.html").is_file()
    assert {path.name for path in (tmp_path / "out" / "videos").iterdir()} == {"door.mp4", "hall.mp4"}


@pytest.mark.parametrize("bad", ["text.mp4", "empty.mp4"])
def test_a_recording_that_is_none_stops_no_other_camera(
    world: dict[str, str],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    bad: str,
) -> None:
    Path(world["in"], "empty.mp4").touch()
    line = RUN + "--camera door={in}/" + bad + " --camera hall={in}/long.mkv --report --videos"
    assert main(line.format(**world, out=tmp_path / "out").split()) == WORLD
    assert (capfd.readouterr().err + "\n".join(caplog.messages)).count("camera door: ") == 1
    events = list(read_events(tmp_path / "out" / "events.jsonl"))
    assert {event.seen.camera for event in events} == {"hall"}
    assert {path.name for path in (tmp_path / "out" / "videos").iterdir()} == {"hall.mp4"}


@pytest.mark.parametrize("processes", [1, 2])
def test_a_region_outside_the_image_is_a_fault_of_that_camera_alone(
    world: dict[str, str],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    processes: int,
) -> None:
    cameras = [
        {"name": "door", "source": f"{world['in']}/long.mkv", "region": [0, 0, 4000, 200]},
        {"name": "hall", "source": f"{world['in']}/long.mkv", "region": [0, 0, 320, 240]},
    ]
    config = {
        "cameras": cameras,
        "detector": {"kind": "network", "model": world["net"]},
        "encoder": {"kind": "colour-stripes"},
        "tracklets": {"gate": {"min_sharpness": 0.0}, "still_after_s": 0.0},
        "compute": {"processes": processes},
        "output": {"directory": str(tmp_path / "out"), "report": True},
    }
    (tmp_path / "site.yaml").write_text(json.dumps(config), encoding="utf-8")
    assert main(["run", str(tmp_path / "site.yaml")]) == WORLD
    # What this process logs pytest keeps for itself; another process prints it.
    assert capfd.readouterr().err + "".join(f"{message}\n" for message in caplog.messages) == (
        "camera door: expected a region within its image of 320x240, found [0, 0, 4000, 200]; mend it in the "
        "configuration\n"
    )
    events = list(read_events(tmp_path / "out" / "events.jsonl"))
    assert {event.seen.camera for event in events} == {"hall"}
    assert sum(event.kind == "track.ended" for event in events) == 1
    assert (tmp_path / "out" / "report.html").is_file()


def test_a_run_that_cannot_start_leaves_the_last_runs_events_alone_and_one_that_can_keeps_them(
    world: dict[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    good = [*RUN.format(**world, out=tmp_path / "out").split(), "--camera", f"door={world['video']}"]
    assert main(good) == 0
    before = (tmp_path / "out" / "events.jsonl").read_bytes()
    assert before
    for wrong in (["--http-port", world["port"]], ["--detector", "nosuch"], ["--calibration", "none.json"]):
        assert main([*good, *wrong]) == WORLD
        assert (tmp_path / "out" / "events.jsonl").read_bytes() == before
    assert main(good) == 0
    [kept] = (tmp_path / "out" / "earlier").iterdir()
    assert (kept / "events.jsonl").read_bytes() == before
    assert (kept / "tracks" / "door.txt").read_bytes() == (tmp_path / "out" / "tracks" / "door.txt").read_bytes()
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
