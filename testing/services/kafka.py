"""A real Kafka broker to test against, on loopback ports of its own, that can be killed, frozen and started again.

Broker and controller are one process (KRaft). Its jars come from Maven Central once, into a cache outside the tree.
`KAFKA_BOOTSTRAP_SERVERS` names a running broker to use instead; tests that kill one always start their own.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from pathlib import Path
from typing import Self
from xml.etree import ElementTree

from kafka import KafkaAdminClient
from kafka.errors import KafkaError
from pydantic import SecretStr

from passerby_events.brokers import Brokers, Sasl, Tls
from passerby_events.errors import EventsError
from pipeline.events.kafka.topics import TopicParams, ensure_topic
from testing.freezing import freeze
from testing.services.certificates import certificate_in
from testing.services.ports import free_ports

POM = Path(__file__).with_name("kafka_pom.xml")
DOWNLOAD_S = 600.0
START_S = 90.0
"""A JVM on a machine with other work; five seconds on a quiet one."""
ATTEMPTS = 3
"""A port may have gone to somebody who does not ask `testing.services.ports`."""
ASK_S = 15.0
"""So often it is looked whether the broker still runs while it is waited for."""
USER, PASSWORD = "passerby", "correct horse"  # of the listener with TLS; the broker is thrown away


class NoBrokerError(Exception):
    """No broker can be had here; the message says why."""


class KafkaBroker:
    """One broker with an empty log, started when it is made.

    Attributes:
        plain: how to reach it without encryption.
        secured: how to reach it over TLS, as a user with a password.
        proxied_port: where it listens for a proxy.
    """

    def __init__(self, folder: Path, *, proxy_port: int = 0) -> None:
        """Starts it; its log and settings lie in `folder`, which is the caller's.

        Args:
            proxy_port: it tells those who come through a proxy to come back to this port, which is the proxy's.

        Raises:
            NoBrokerError: if Java, Maven or the jars are missing, or it does not come up.
        """
        self._jars = jars()
        self._folder = folder
        self._certificate = certificate_in(folder, "broker")
        self._key_store = folder / "store.pem"
        self._key_store.write_bytes(self._certificate.key_file.read_bytes() + self._certificate.file.read_bytes())
        self._settings = folder / "server.properties"
        for left in reversed(range(ATTEMPTS)):
            try:
                return self._begin(proxy_port)
            except NoBrokerError:
                if not left:
                    raise

    def _begin(self, proxy_port: int) -> None:
        """Starts it on ports of its own with an empty log."""
        shutil.rmtree(self._folder / "log", ignore_errors=True)
        self._port, self._controller_port, self._tls_port, self.proxied_port = free_ports(4)
        self._proxy_port = proxy_port or self.proxied_port
        self.plain = Brokers((f"127.0.0.1:{self._port}",))
        self.secured = Brokers(
            (f"127.0.0.1:{self._tls_port}",),
            tls=Tls(self._certificate.file),
            sasl=Sasl("PLAIN", USER, SecretStr(PASSWORD)),
        )
        self._settings.write_text(self._properties())
        cluster = uuid.uuid4().hex[:22]
        formatted = self._java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(self._settings))
        if formatted.wait(START_S):
            raise NoBrokerError(f"the broker's log could not be laid out: {self._end_of_log()}")
        self.start()

    def start(self) -> None:
        """Starts it, on the same ports and with the same log as before, and waits until it answers.

        Raises:
            NoBrokerError: if it ends, or does not answer in time.
        """
        self._process = self._java("kafka.Kafka", str(self._settings))
        ends_s = time.monotonic() + START_S
        while not (self._listens() and self._answers()):
            if self._process.poll() is not None or time.monotonic() > ends_s:
                self.kill()
                raise NoBrokerError(f"the broker did not come up: {self._end_of_log()}")
            time.sleep(0.05)

    def kill(self) -> None:
        """As a power cut would end it, except that the operating system keeps what was written."""
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        freeze(self._process.pid)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def revive(self) -> None:
        """Whatever was done to it, it answers again, and its controller lets it have topics.

        A broker whose heartbeats stood still for longer than its session is fenced until some have come.
        """
        if self._process.poll() is None:
            self.thaw()
        else:
            self.start()
        ends_s = time.monotonic() + START_S
        while not self._takes_topics():
            if time.monotonic() > ends_s:
                raise NoBrokerError(f"the broker stays fenced: {self._end_of_log()}")
            time.sleep(0.05)

    def _takes_topics(self) -> bool:
        try:
            ensure_topic(self.plain, f"probe.{uuid.uuid4().hex}", TopicParams(partitions=1))
        except EventsError:
            return False
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0

    def _answers(self) -> bool:
        try:
            KafkaAdminClient(bootstrap_servers=[str(self.plain)], bootstrap_timeout_ms=round(ASK_S * 1000)).close()
        except KafkaError:
            return False
        return True

    def _end_of_log(self) -> str:
        return (self._folder / "broker.log").read_text()[-2000:]

    def _java(self, *arguments: str) -> subprocess.Popen[bytes]:
        small = ("-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
        quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
        with (self._folder / "broker.log").open("ab") as log:
            return subprocess.Popen(
                ("java", *small, quiet, "-cp", f"{self._jars}/*", *arguments),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
            )

    def _properties(self) -> str:
        plain, controller = f"PLAINTEXT://127.0.0.1:{self._port}", f"CONTROLLER://127.0.0.1:{self._controller_port}"
        secured, proxied = f"SASL_SSL://{self.secured}", "PROXIED://127.0.0.1:"
        login = "org.apache.kafka.common.security.plain.PlainLoginModule required"
        return "\n".join(
            (
                "process.roles=broker,controller",
                "node.id=1",
                f"listeners={plain},{controller},{secured},{proxied}{self.proxied_port}",
                f"advertised.listeners={plain},{secured},{proxied}{self._proxy_port}",
                "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT,"
                "SASL_SSL:SASL_SSL",
                "controller.listener.names=CONTROLLER",
                f"controller.quorum.voters=1@127.0.0.1:{self._controller_port}",
                f"log.dirs={self._folder / 'log'}",
                "auto.create.topics.enable=false",
                "offsets.topic.replication.factor=1",
                "offsets.topic.num.partitions=1",
                "group.initial.rebalance.delay.ms=0",
                # A killed broker may register again only when its old session is over: 9 s unless told otherwise.
                "broker.session.timeout.ms=2000",
                "broker.heartbeat.interval.ms=500",
                "sasl.enabled.mechanisms=PLAIN",
                f'listener.name.sasl_ssl.plain.sasl.jaas.config={login} user_{USER}="{PASSWORD}";',
                "ssl.keystore.type=PEM",
                f"ssl.keystore.location={self._key_store}",
                "",
            )
        )


def running() -> Brokers | None:
    """A broker that runs already, from KAFKA_BOOTSTRAP_SERVERS."""
    addresses = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    return Brokers(tuple(addresses.split(","))) if addresses else None


def jars() -> Path:
    """The folder of the broker's jars; downloads them if they are not there yet.

    Raises:
        NoBrokerError: if there is no Java or Maven, or the download fails.
    """
    version = ElementTree.parse(POM).findtext(".//{*}dependency/{*}version")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "passerby" / "kafka" / str(version)
    missing = [tool for tool in ("java", "openssl") if shutil.which(tool) is None]
    if not cache.is_dir() and shutil.which("mvn") is None:
        missing.append("mvn")
    if missing:
        raise NoBrokerError(f"no Kafka broker can be started: {', '.join(missing)} not found; make setup installs them")
    if not cache.is_dir():
        _download(cache)
    return cache


def _download(cache: Path) -> None:
    """Into a folder beside the cache, which then takes its name: half a download is never taken for a whole one."""
    cache.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache.parent) as beside:
        fresh = Path(beside) / "jars"
        command = ("mvn", "-q", "-B", "-f", POM, "dependency:copy-dependencies", f"-DoutputDirectory={fresh}")
        done = subprocess.run(command, capture_output=True, text=True, timeout=DOWNLOAD_S, check=False)
        if done.returncode:
            raise NoBrokerError(f"mvn could not fetch the Kafka broker: {(done.stdout + done.stderr).strip()[-500:]}")
        try:
            fresh.rename(cache)
        except OSError:
            # Another process was sooner.
            if not cache.is_dir():
                raise
