"""Every command of the manifests runs, with its own variables, against Redis and a Kafka with TLS and a password."""

import json
from collections.abc import Iterator, Mapping
from functools import partial

import pytest
import yaml

from pipeline.events.kafka.sink import KafkaSink
from testing.docker.by_hand import Place, Running, is_well, leads, networks, start_camera
from testing.docker.compose_file import SECRETS, service
from testing.docker.dockerfile import CAMERA, PIPELINE, entry_point
from testing.docker.manifests import EXAMPLE, KUBERNETES, Manifest, Secrets, container, manifests, pods, variables
from testing.docker.servers import redis_url, start_redis
from testing.docker.videos import sliding_square, write_video
from testing.events import a_match
from testing.paths import SHARED
from testing.services.kafka import PASSWORD, USER, KafkaBroker
from testing.services.kafka_topics import messages_at
from testing.services.needed import start_kafka_broker
from testing.services.ports import free_port

pytestmark = [pytest.mark.rtsp, pytest.mark.slow]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("kubernetes")
    with Place(
        folder, {"/etc/passerby": str(EXAMPLE)}, networks(SHARED / "data" / "weights", folder / "models")
    ) as place:
        yield place


@pytest.fixture(scope="module")
def broker(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    """The one that the overlay's KAFKA_ variables reach, over TLS."""
    with start_kafka_broker(tmp_path_factory.mktemp("broker")) as broker:
        authority = broker.secured.tls and broker.secured.tls.authority_file
        password = place.folder / "password"
        password.write_text(PASSWORD)
        assert config_maps()["passerby-kafka"]["KAFKA_SASL_USERNAME"] == USER
        place.names |= {
            "kafka-bootstrap.kafka.svc:9093": str(broker.secured),
            "/run/secrets/kafka/ca.crt": str(authority),
            "/run/secrets/kafka/password": str(password),
        }
        yield broker


@pytest.fixture(scope="module")
def secrets(place: Place) -> Secrets:
    """With the example's cameras played by one that shows the same to all."""
    start_redis(place)
    port = free_port()
    video = place.folder / "vtest.avi"
    write_video(sliding_square(), video)
    server = str(KUBERNETES.parent / "camera" / "looped_videos.py")
    program = [word.replace("/opt/looped_videos.py", server) for word in entry_point(CAMERA)]
    start_camera(place, (*program, "--port", str(port), f"stream1={video}"), service("camera").environment)
    place.names |= {f"192.0.2.{host}:554": f"127.0.0.1:{port}" for host in (11, 12, 13)}
    return Secrets(
        {
            "passerby-redis": {"url": redis_url(place)},
            "passerby-cameras": {"user": "passerby", "password": SECRETS["CAMERA_PASSWORD"]},
        }
    )


def config_maps() -> dict[str, dict[str, str]]:
    generated = yaml.safe_load((EXAMPLE / "kustomization.yaml").read_text())["configMapGenerator"]
    return {each["name"]: dict(pair.split("=", 1) for pair in each.get("literals", ())) for each in generated}


def containers() -> dict[str, Manifest]:
    """By the name of their Deployment or Job; a worker for each of the overlay's lists of cameras."""
    found = {name: container(pod) for name, pod in pods(list(manifests(EXAMPLE))).items()}
    worker = found.pop("passerby-worker")
    for folder in sorted((EXAMPLE / "workers").iterdir()):
        content = yaml.safe_load((folder / "kustomization.yaml").read_text())
        (patch,) = yaml.safe_load(content["patches"][0]["patch"])
        assert patch["path"] == "/spec/template/spec/containers/0/args"
        found[f"passerby-worker{content['nameSuffix']}"] = {**worker, "args": patch["value"]}
    return found


def words(name: str) -> tuple[str, ...]:
    """The command of a container; a broker that is alone holds one copy, not three."""
    options = list(containers()[name]["args"])
    if "--replication" in options:
        options[options.index("--replication") + 1] = "1"
    return (*entry_point(PIPELINE), *options)


@pytest.fixture(scope="module")
def topics(place: Place, broker: KafkaBroker, secrets: Secrets) -> Mapping[str, str]:
    """What the Jobs printed; each ended well."""
    printed = {}
    for name in ("passerby-topics", "passerby-bridge-topic"):
        code, printed[name] = place.run(words(name), variables(containers()[name], config_maps(), secrets))
        assert code == 0, printed[name]
    return printed


@pytest.fixture(scope="module")
def site(place: Place, topics: Mapping[str, str], secrets: Secrets) -> Mapping[str, Running]:
    names = ("passerby-worker-entrance", "passerby-worker-yard", "passerby-matcher")
    return {name: place.start(words(name), variables(containers()[name], config_maps(), secrets)) for name in names}


def test_the_jobs_make_the_topics(topics: Mapping[str, str]) -> None:
    assert "passerby.identities.v1: made; 8 partitions" in topics["passerby-topics"]
    assert "mdx-mtmc: made; 8 partitions" in topics["passerby-bridge-topic"]


def test_every_probe_is_answered(site: Mapping[str, Running]) -> None:
    for name, running in site.items():
        inside = containers()[name]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            path = inside[probe]["httpGet"]["path"]
            running.until(partial(is_well, running, path))
        assert running.get("/metrics")[0] == 200


def test_the_matcher_decides_and_the_workers_have_their_cameras(site: Mapping[str, Running]) -> None:
    matcher = site["passerby-matcher"]
    matcher.until(lambda: leads(matcher))
    for name, cameras in (("passerby-worker-entrance", {"entrance", "hall"}), ("passerby-worker-yard", {"yard"})):
        site[name].until(partial(is_well, site[name], "/readyz"))
        assert set(json.loads(site[name].get("/livez")[1])["cameras"]) == cameras


def test_the_bridge_hands_on_what_is_in_the_topic(
    place: Place, broker: KafkaBroker, topics: Mapping[str, str], secrets: Secrets
) -> None:
    name = "passerby-bridge"
    bridge = place.start(words(name), variables(containers()[name], config_maps(), secrets))
    with KafkaSink(broker.secured, "passerby.identities.v1") as sink:
        sink.publish(a_match())
    bridge.until(lambda: any(messages_at(broker.plain, "mdx-mtmc")))
    reported = {json.loads(message.value)["globalId"] for message in messages_at(broker.plain, "mdx-mtmc")}
    assert str(a_match().person) in reported
