"""`check --connect` against real servers; a live camera is in tests/integration."""

import socket
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import redis
import yaml

from passerby_events.brokers import Brokers
from passerby_events.topics import open_admin
from pipeline.cli import main
from pipeline.commands.connecting import Contact, ask_all
from pipeline.store.keys import AGREEMENT, prefix
from testing.services.mosquitto import Mosquitto
from testing.services.redis import RedisServer
from testing.services.webhook import Answer, WebhookServer
from testing.videos import RED, write_video

PASSWORD = "tops3cret"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of a Redis or Kafka, and room for each row on one line."""
    monkeypatch.setenv("COLUMNS", "400")
    for name in ("REDIS_URL", "KAFKA_BOOTSTRAP_SERVERS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Of a camera that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def asked(folder: Path, *arguments: str, **fields: object) -> int:
    """The exit code of `check --connect`; without cameras in `fields`, on a short recording."""
    cameras = [{"name": "door", "source": str(write_video(folder / "door.mp4", [RED] * 50))}]
    path = folder / "deployment.yaml"
    path.write_text(yaml.safe_dump({"cameras": cameras, "encoder": {"kind": "colour-stripes"}, **fields}))
    return main(["check", str(path), "--connect", *arguments])


def test_a_recording_is_looked_at_and_then_the_plan_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(tmp_path) == 0
    printed = capsys.readouterr()
    assert "h264, mov, 130x98, 25 frames/s, 50 frames, 2 s, first image after" in printed.out
    assert "threshold" in printed.out
    assert "FAILED" not in printed.out


def test_a_folder_of_images_says_how_many_and_passes_over_one_that_is_damaged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "0.png").write_bytes(b"no image")
    for number in (1, 2):
        assert cv2.imwrite(str(folder / f"{number}.png"), np.zeros((40, 60, 3), np.uint8))
    assert asked(tmp_path, cameras=[{"name": "door", "source": str(folder), "frame_rate": 5}]) == 0
    assert "folder of images, 60x40, 5 frames/s, 3 frames, 1 s, first image after" in capsys.readouterr().out


def test_each_camera_that_fails_is_one_line_without_its_password(
    tmp_path: Path, silent_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = {"open_timeout_s": 0.5, "read_timeout_s": 0.5}
    login = f"viewer:{PASSWORD}@127.0.0.1"
    cameras = [
        {"name": "gone", "source": f"rtsp://{login}:1/live", "stream": stream},
        {"name": "silent", "source": f"rtsp://{login}:{silent_port}/live", "stream": stream},
        {"name": "none", "source": "/dev/video63"},
    ]
    assert asked(tmp_path, cameras=cameras) == 1
    printed = capsys.readouterr()
    lines = printed.err.splitlines()
    assert lines[-3].startswith(
        "reid-pipeline: camera gone: rtsp://127.0.0.1:1/live: connection refused; is it on, and is the port"
    )
    assert lines[-2].startswith(f"reid-pipeline: camera silent: rtsp://127.0.0.1:{silent_port}/live: nothing came")
    assert lines[-1].startswith("reid-pipeline: camera none: /dev/video63: not found")
    assert printed.out.count("FAILED") == 3
    assert "threshold" not in printed.out
    assert PASSWORD not in printed.out + printed.err


def test_a_recording_that_is_not_there_does_not_hide_what_else_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cameras = [{"name": name, "source": str(tmp_path / f"{name}.mp4")} for name in ("a", "b")]
    assert asked(tmp_path, cameras=cameras) == 1
    assert capsys.readouterr().err.count("expected a video file, found no such file") == 2


def test_a_region_outside_the_image_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_video(tmp_path / "door.mp4", [RED])
    assert asked(tmp_path, cameras=[{"name": "door", "source": str(path), "region": [0, 0, 500, 90]}]) == 1
    assert "expected a region within its image of 130x98" in capsys.readouterr().err


def test_redis_says_its_version_and_how_it_keeps_what_it_is_given(
    redis_server: RedisServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(tmp_path, redis={"url": redis_server.url}) == 0
    seen = capsys.readouterr().out
    assert "(standalone), no maxmemory, noeviction, all rights that a site needs; appendonly yes" in seen


def test_a_site_that_was_decided_with_other_cameras_would_refuse_the_matcher(
    redis_server: RedisServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        client.hset(prefix("site") + AGREEMENT, "cameras", '["yard"]')
    assert asked(tmp_path, redis={"url": redis_server.url}) == 1
    assert "site site in Redis was decided with cameras yard (here door)" in capsys.readouterr().err


def test_a_redis_that_is_not_there_is_one_line_without_its_password(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"redis://reid:{PASSWORD}@127.0.0.1:1/0"
    assert asked(tmp_path, redis={"url": url, "start_patience_s": 0.5}) == 1
    printed = capsys.readouterr()
    assert "reid-pipeline: cannot reach Redis at redis://127.0.0.1:1/0 (connection refused)" in printed.err
    assert PASSWORD not in printed.out + printed.err


def test_kafka_says_its_brokers_and_the_topic_as_it_is(
    kafka_brokers: Brokers,
    topic: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", str(kafka_brokers))
    assert asked(tmp_path, "--topic", topic) == 0
    seen = capsys.readouterr().out
    assert f"1 brokers; topic {topic}: 4 partitions, 1 copies, cleanup.policy delete, max.message.bytes 1048588" in seen


@pytest.mark.parametrize(
    ("is_there", "line"),
    [
        (True, "has cleanup.policy compact, not delete: Kafka would keep the last event of each person alone"),
        (False, "found none; reid-pipeline topics create makes it"),
    ],
)
def test_a_topic_that_would_lose_events_or_is_not_there_fails(
    kafka_brokers: Brokers,
    topic: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    is_there: bool,
    line: str,
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", str(kafka_brokers))
    name = f"{topic}.other"
    if is_there:
        with open_admin(kafka_brokers, within_s=5) as admin:
            compacted = {"num_partitions": 1, "replication_factor": 1, "configs": {"cleanup.policy": "compact"}}
            admin.create_topics({name: compacted})
            admin.wait_for_topics([name], timeout_ms=5000)
    assert asked(tmp_path, "--topic", name) == 1
    assert line in capsys.readouterr().err


def test_mqtt_and_a_webhook_are_asked_where_they_are_configured(
    mosquitto: Mosquitto, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with WebhookServer(lambda _: Answer(405)) as server:
        events = {"mqtt": {"url": f"mqtt://127.0.0.1:{mosquitto.port}"}, "webhook": {"url": server.url}}
        assert asked(tmp_path, events=events) == 0
    seen = capsys.readouterr().out
    assert "takes us, and messages of any size; whether to topic passerby/identities/v1" in seen
    assert "answers HEAD with 405 Method Not Allowed" in seen
    assert "s3cret" not in seen


def test_a_webhook_that_does_not_know_us_and_a_broker_that_is_away_fail_on_a_line_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with WebhookServer(lambda _: Answer(401)) as server:
        webhook = {"url": server.url, "token": PASSWORD}
        mqtt = {"url": "mqtt://127.0.0.1:1", "deliver_within_s": 0.5, "username": "me", "password": PASSWORD}
        assert asked(tmp_path, events={"mqtt": mqtt, "webhook": webhook}) == 1
    printed = capsys.readouterr()
    broker, hook = printed.err.splitlines()[-2:]
    assert broker.startswith(
        "reid-pipeline: expected mqtt://127.0.0.1:1 to let us in within 0.5 s, found Connection refused"
    )
    assert hook.endswith("is refused: 401 Unauthorized; is the token right?")
    assert not any(secret in printed.out + printed.err for secret in (PASSWORD, "s3cret"))


def test_who_never_answers_holds_nobody_up() -> None:
    def never() -> str:
        with socket.create_server(("127.0.0.1", 0)) as server:
            return str(server.accept())

    answers = ask_all([Contact("a", "nowhere", never, 0.2), Contact("b", "here", lambda: "well", 0.1)])
    assert [answer.done() for answer in answers] == [False, True]
    assert answers[1].result() == "well"
