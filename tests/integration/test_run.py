"""The commands on real footage: two views of one place, real networks, everything that a run can write."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path

import av
import pytest
import yaml
from prometheus_client import CollectorRegistry

from passerby_events.recordings import read_events
from pipeline.cli import main
from pipeline.config import PipelineConfig
from pipeline.deployment.deployment import Deployment
from pipeline.events.memory import MemorySink
from pipeline.matching.calibration import Calibration
from pipeline.model_zoo import fetch
from pipeline.telemetry.track_counts import count_tracks
from testing.services.redis import RedisServer
from testing.site.site_commands import SiteCommands
from testing.site.watched import Watched
from testing.waiting import until

pytestmark = [pytest.mark.shared, pytest.mark.slow]

FRAMES, RATE = 60, 7
"""Of each view; 7 a second is the true rate of this footage."""
PERSONS = 40
"""To calibrate on: as few as give a pair of cameras its own curve."""
ENDS_WITHIN_S = 90.0
WEIGHTS = {
    "yolox-nano": "detectors/yolox_nano_416x416.onnx",
    "osnet-x0-25-msmt17": "reid/osnet_x0_25_msmt17.onnx",
}


@pytest.fixture(scope="module")
def models(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache with the two networks that a run takes by itself."""
    cache = tmp_path_factory.mktemp("models")
    for name, path in WEIGHTS.items():
        fetch(name, cache, from_file=shared / "data" / "weights" / path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PASSERBY_MODELS", str(cache))
        yield cache


@pytest.fixture(scope="module")
def views(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("views")
    footage = shared / "data" / "multicam" / "pets2009_s2l1"
    return {
        "view1": beginning(footage / "View_001.mp4", folder / "view1.mp4"),
        "view6": beginning(footage / "View_006.mp4", folder / "view6.mp4"),
    }


def beginning(source: Path, target: Path) -> Path:
    """The first frames of a recording, encoded anew at its true rate."""
    with av.open(str(source)) as video, av.open(str(target), "w") as short:
        size = video.streams.video[0]
        stream = short.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = size.width, size.height, "yuv420p"
        for frame in islice(video.decode(video=0), FRAMES):
            short.mux(stream.encode(av.VideoFrame.from_ndarray(frame.to_ndarray(format="rgb24"), format="rgb24")))
        short.mux(stream.encode(None))
    return target


@pytest.fixture(scope="module")
def everything(models: Path, views: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that was asked for all that there is."""
    out = tmp_path_factory.mktemp("everything")
    assert main(["run", *cameras(views), "--videos", "--report", "--thumbnails", "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def plain(models: Path, views: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the same run without images of anybody."""
    out = tmp_path_factory.mktemp("plain")
    assert main(["run", *cameras(views), "--report", "--out", str(out)]) == 0
    return out


def cameras(views: dict[str, Path]) -> list[str]:
    return [option for name, path in views.items() for option in ("--camera", f"{name}={path}")]


def test_a_run_writes_all_that_it_was_asked_for(everything: Path) -> None:
    events = list(read_events(everything / "events.jsonl"))
    assert {event.kind for event in events} >= {"person.appeared", "track.ended"}
    assert {event.seen.camera for event in events} == {"view1", "view6"}
    assert {path.name for path in (everything / "tracks").iterdir()} == {
        f"{view}.{kind}" for view in ("view1", "view6") for kind in ("txt", "ini")
    }
    for name in ("view1", "view6"):
        with av.open(str(everything / "videos" / f"{name}.mp4")) as video:
            assert sum(1 for _ in video.decode(video=0)) == FRAMES
    assert list((everything / "thumbnails").rglob("*.jpg"))
    report = (everything / "report.html").read_text(encoding="utf-8")
    assert "data:image/jpeg;base64," in report
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", report)


@pytest.mark.parametrize("processes", [1, 2])
def test_the_tracks_of_a_run_are_encoded_or_have_a_reason_and_the_encoded_have_a_name_or_are_counted_as_nobody(
    models: Path, views: dict[str, Path], tmp_path: Path, processes: int
) -> None:
    """Seen by the files of tracks, which know nothing of counters."""
    deployment = {
        "cameras": [{"name": name, "source": str(path)} for name, path in views.items()],
        "tracklets": {"gate": {"min_height_px": 130.0, "refuse_height_px": 90.0}},
        "compute": {"processes": processes},
        "output": {"directory": str(tmp_path)},
    }
    sink = MemorySink()
    with Deployment(PipelineConfig.model_validate(deployment)) as running:
        assert running.connect(sink).run() == {}
        counts = count_tracks(running.registry, views)
        nobody = {view: count_nobody(running.registry, view) for view in views}
    for view, of_view in counts.items():
        rows = (tmp_path / "tracks" / f"{view}.txt").read_text().splitlines()
        assert of_view.frames == FRAMES
        assert of_view.seen == len({row.split(",")[1] for row in rows}) > 0
        named = len({event.seen.key for event in sink.events if event.seen.camera == view})
        assert of_view.encoded == named + nobody[view] > 0
        assert of_view.encoded + sum(of_view.not_encoded.values()) == of_view.seen
    assert sum(of_view.not_encoded.get("size", 0) for of_view in counts.values()) > 0
    assert sum(nobody.values()) > 0


def count_nobody(registry: CollectorRegistry, view: str) -> int:
    return int(registry.get_sample_value("reid_match_outcomes_total", {"camera": view, "outcome": "nobody"}) or 0)


def test_without_thumbnails_no_image_of_anybody_is_kept(plain: Path) -> None:
    assert {path.name for path in plain.iterdir()} == {"events.jsonl", "tracks", "report.html"}
    assert "data:image" not in (plain / "report.html").read_text(encoding="utf-8")


def test_the_same_files_give_the_same_bytes(everything: Path, plain: Path) -> None:
    for name in ("events.jsonl", "tracks/view1.txt", "tracks/view6.txt"):
        assert (everything / name).read_bytes() == (plain / name).read_bytes()


def test_a_camera_is_tracked_alike_alone_and_among_others(
    models: Path, plain: Path, views: dict[str, Path], tmp_path: Path
) -> None:
    assert main(["run", "--camera", f"view6={views['view6']}", "--out", str(tmp_path)]) == 0
    alone = (tmp_path / "tracks" / "view6.txt").read_bytes()
    assert alone
    assert alone == (plain / "tracks" / "view6.txt").read_bytes()


def test_workers_and_a_matcher_give_the_bytes_of_one_process_though_one_waits_and_one_is_killed(
    plain: Path, views: dict[str, Path], redis_server: RedisServer, tmp_path: Path
) -> None:
    cameras = [{"name": name, "source": str(path)} for name, path in views.items()]
    deployment = {"cameras": cameras, "redis": {"max_waiting": 3}}
    site = SiteCommands(tmp_path, deployment, {**os.environ, "REDIS_URL": redis_server.url})
    with closing(site):
        workers = [site.worker(name) for name in views]
        for worker in workers:
            until(partial(_is_held_back, worker), "nobody decides yet", within_s=ENDS_WITHIN_S)
            assert worker.samples("reid_frames_dropped_total") == {}
        workers[0].kill()
        workers[0] = site.worker(next(iter(views)))
        for process in (*workers, site.matcher("--until-end")):
            process.ends_well(ENDS_WITHIN_S)
    assert list(read_events(plain / "events.jsonl"))
    for name in ("events.jsonl", *(f"tracks/{view}.txt" for view in views)):
        assert (site.out / name).read_bytes() == (plain / name).read_bytes()


def _is_held_back(worker: Watched) -> bool:
    return worker.count("reid_stream_waits_total") > 0


def test_a_run_is_scored_against_the_truth(plain: Path, shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = shared / "data" / "multicam" / "pets2009_s2l1" / "gt"
    line = [
        *("evaluate", str(plain), "--truth", f"view1={truth}/gt_view001_frames1-269.txt"),
        *("--feet", f"view6={truth}/derived_feet_view006_frames1-269.csv", "--last-frame", str(FRAMES)),
    ]
    assert main(line) == 0
    table = capsys.readouterr().out
    assert "HOTA" in table
    assert "two views: IDF1" in table
    assert main([*line, "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert 0.4 < scores["by_camera"]["view1"]["tracks"]["hota"] < 1
    assert 0 < scores["feet"]["idf1"] < 1


def test_check_prints_the_plan_and_runs_nothing(
    models: Path, views: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "deployment.yaml"
    deployment = {
        "cameras": [{"name": name, "source": str(path), "max_fps": 5} for name, path in views.items()],
        "site": {"name": "crossing", "overlaps": [["view1", "view6"]]},
        "output": {"directory": str(tmp_path / "out")},
    }
    config.write_text(yaml.safe_dump(deployment), encoding="utf-8")
    assert main(["check", str(config)]) == 0
    plan = capsys.readouterr().out
    for reported in ("view1", "60", "at most 5", "yolox-nano", "bytetrack", "crossing: view1 and view6 overlap", "cpu"):
        assert reported in plan
    assert not (tmp_path / "out").exists()


def test_the_networks_of_the_preset_for_processors_run_through_openvino(
    models: Path, views: dict[str, Path], shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("openvino")
    for name in ("person-detection-retail-0013", "person-reidentification-retail-0277"):
        fetch(name, models, from_file=shared / "data/weights/openvino" / f"{name}.xml")
    line = ["run", "--camera", f"view1={views['view1']}", "--preset", "cpu", "--out", str(tmp_path / "out")]
    assert main(line) == 0
    assert "Preset cpu: person-detection-retail-0013 and person-reidentification-retail-0277 on openvino" in (
        capsys.readouterr().err
    )
    persons = {
        event.person for event in read_events(tmp_path / "out" / "events.jsonl") if event.kind == "person.appeared"
    }
    assert 2 <= len(persons) <= 10


def test_a_calibration_gives_events_their_probability(
    models: Path, views: dict[str, Path], shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tracklets = some_persons(shared / "data" / "reid" / "mars_query_half" / "bbox_test", tmp_path / "persons")
    found = tmp_path / "calibration.json"
    line = ["calibrate", str(tracklets), "--encoder", "osnet-x0-25-msmt17", "--out", str(found)]
    assert main([*line, "--false-match-rate", "0.05"]) == 0
    calibration = Calibration.model_validate_json(found.read_bytes())
    assert 0 < calibration.overall.threshold < 1
    assert found.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert f"{calibration.overall.threshold:.3f}" in capsys.readouterr().out

    assert main(["run", *cameras(views), "--calibration", str(found), "--out", str(tmp_path / "out")]) == 0
    matched = [event for event in read_events(tmp_path / "out" / "events.jsonl") if event.kind == "person.matched"]
    assert matched
    assert all(event.probability is not None and 0 < event.probability < 1 for event in matched)


def some_persons(source: Path, target: Path) -> Path:
    """The folders of persons whom three cameras or more have seen."""
    widely_seen = (
        person
        for person in sorted(source.iterdir())
        if person.name.isdecimal() and len({crop.name.split("T")[0] for crop in person.iterdir()}) >= 3
    )
    for person in islice(widely_seen, PERSONS):
        shutil.copytree(person, target / person.name)
    return target
