import json
from pathlib import Path
from uuid import uuid4

import pytest

from passerby_events.brokers import Brokers
from passerby_events.topics import open_admin
from pipeline.cli import main
from testing.services.kafka_topics import events_at
from testing.services.mosquitto import Mosquitto
from testing.services.mqtt_messages import Subscriber
from testing.services.webhook import Answer, WebhookServer
from testing.still_person import still_person
from testing.videos import write_image_video
from testing.waiting import until

HEADERS_BYTES = 350
"""About what Kafka adds to an event: its headers as a CloudEvent, and those of the batch."""


def arguments(folder: Path, **further: object) -> list[str]:
    """Of a run over a short video in which somebody stands."""
    write_image_video(folder / "door.mp4", 60, codec="libx264", pixel_format="yuv420p", size=(320, 240))
    config = {
        "cameras": [{"name": "door", "source": str(folder / "door.mp4")}],
        "detector": {"kind": "network", "model": str(still_person(folder / "still.onnx"))},
        "encoder": {"kind": "colour-stripes"},
        "tracklets": {"gate": {"min_sharpness": 0.0}},
        "output": {"directory": str(folder / "out")},
        **further,
    }
    (folder / "site.yaml").write_text(json.dumps(config), encoding="utf-8")
    return ["run", str(folder / "site.yaml")]


def test_events_go_to_the_file_to_kafka_and_to_stdout_at_once(
    kafka_brokers: Brokers,
    topic: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", str(kafka_brokers))
    assert main([*arguments(tmp_path), "--topic", topic, "--print-events"]) == 0
    lines = (tmp_path / "out" / "events.jsonl").read_text().splitlines()
    printed = capsys.readouterr()
    assert printed.out.splitlines() == lines != []
    assert "persons" in printed.err
    assert [event.model_dump_json() for event in events_at(kafka_brokers, topic)] == lines


def test_a_topic_that_is_not_there_costs_nothing_of_an_earlier_run(
    kafka_brokers: Brokers, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", str(kafka_brokers))
    assert main(arguments(tmp_path)) == 0
    before = (tmp_path / "out" / "events.jsonl").read_text()
    assert main([*arguments(tmp_path), "--topic", "none"]) == 1
    assert "reid-pipeline topics create makes it" in capsys.readouterr().err
    assert (tmp_path / "out" / "events.jsonl").read_text() == before != ""


def test_an_event_that_is_too_large_for_the_topic_is_left_out_of_it_alone(
    kafka_brokers: Brokers, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", str(kafka_brokers))
    assert main(arguments(tmp_path)) == 0
    sizes = [len(line) for line in (tmp_path / "out" / "events.jsonl").read_text().splitlines()]
    assert len(set(sizes)) == len(sizes) == 2, "one of the two events is larger"
    topic = f"test.{uuid4().hex}"
    with open_admin(kafka_brokers, within_s=5) as admin:
        limit = {"max.message.bytes": str(sum(sizes) // 2 + HEADERS_BYTES)}
        admin.create_topics({topic: {"num_partitions": 1, "replication_factor": 1, "configs": limit}})
        admin.wait_for_topics([topic], timeout_ms=5000)
    assert main([*arguments(tmp_path), "--topic", topic]) == 1
    lines = (tmp_path / "out" / "events.jsonl").read_text().splitlines()
    # What was sent behind the one that is too large may have arrived before it is sent again.
    assert {event.model_dump_json() for event in events_at(kafka_brokers, topic)} == {min(lines, key=len)}
    assert "raise max.message.bytes" in caplog.text
    assert "1 events were too large to be delivered everywhere" in caplog.text
    assert len(lines) == 2


TOO_HIGH = {"min_height_px": 500.0, "refuse_height_px": 500.0}


def test_a_run_says_at_its_end_what_became_of_the_tracks_of_each_camera(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments(tmp_path), "--report"]) == 0
    printed = [line.split("│") for line in capsys.readouterr().out.splitlines() if "door" in line and "│" in line]
    assert [[cell.strip() for cell in line[1:-1]] for line in printed] == [["door", "60", "1", "1", "1", "0", "0"]]
    too_high = json.loads((tmp_path / "site.yaml").read_text()) | {"tracklets": {"gate": TOO_HIGH}}
    (tmp_path / "site.yaml").write_text(json.dumps(too_high))
    assert main(["run", str(tmp_path / "site.yaml"), "--report"]) == 0
    out = capsys.readouterr().out
    assert "│ 1      │ 0       │ 0     │ 0      │ 1 (size 1) " in out
    assert "camera door: poor boxes: 100 % (size 100)" in out
    assert "100 % of the boxes were under 500 px high: take the camera's larger stream" in out
    report = (tmp_path / "out" / "report.html").read_text()
    assert "1 were not encoded, and stand nowhere below: size 1." in report
    assert "100 % of the boxes were under 500 px high" in report


def test_events_go_to_mqtt_and_to_a_webhook_as_the_configuration_says(mosquitto: Mosquitto, tmp_path: Path) -> None:
    topic = "passerby/test"
    with WebhookServer() as server, Subscriber(mosquitto.port, topic) as subscriber:
        mqtt = {"url": f"mqtt://127.0.0.1:{mosquitto.port}", "topic": topic}
        assert main(arguments(tmp_path, events={"mqtt": mqtt, "webhook": {"url": server.url}})) == 0
        lines = (tmp_path / "out" / "events.jsonl").read_text().splitlines()
        assert [post.body.decode() for post in server.posts] == lines != []
        until(lambda: len(subscriber.messages) == len(lines), "all is handed on")
        assert [message.payload.decode() for message in subscriber.messages] == lines


def test_a_webhook_that_refuses_ends_the_run_and_the_file_has_every_event(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with WebhookServer(lambda _: Answer(401)) as server:
        assert main(arguments(tmp_path, events={"webhook": {"url": server.url}})) == 1
    assert "is refused: 401 Unauthorized; is the token right?" in capsys.readouterr().err
    lines = (tmp_path / "out" / "events.jsonl").read_text().splitlines()
    assert [json.loads(line)["kind"] for line in lines] == ["person.appeared", "track.ended"]


def test_all_cameras_are_drawn_side_by_side(tmp_path: Path) -> None:
    assert main([*arguments(tmp_path), "--mosaic", "--report"]) == 0
    videos = tmp_path / "out" / "videos"
    assert sorted(path.name for path in videos.iterdir()) == ["door.mp4", "mosaic.mp4"]
    assert '"href":"videos/door.mp4"' in (tmp_path / "out" / "report.html").read_text()


def test_a_run_can_be_looked_at_while_it_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments(tmp_path), "--view", "--view-port", "0"]) == 0
    assert "The view: http://127.0.0.1:" in capsys.readouterr().err
