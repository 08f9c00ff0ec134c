"""Who takes events beside files and Kafka: how they are reached. Secrets never show in what is printed."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class MqttTarget:
    """A broker of MQTT 5, and the topic there.

    Attributes:
        host, port: its address.
        topic: all events go there.
        has_tls: encrypted; the broker's certificate is always checked, its name included.
        username, password: who we are, where it asks.
        client_id: None: drawn.
        ca_file: PEM of who signed its certificate; None for those that the system trusts.
        certificate_file, key_file: PEM of our own certificate and its key, where it asks for one.
        deliver_within_s: give up when nothing was acknowledged for this long.
    """

    host: str
    port: int
    topic: str
    has_tls: bool = True
    username: str | None = None
    password: SecretStr | None = None
    client_id: str | None = None
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    deliver_within_s: float = 30.0

    def __str__(self) -> str:
        return f"mqtt{'s' if self.has_tls else ''}://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class WebhookTarget:
    """A server that events are posted to.

    Attributes:
        url: where to; its path may hold a secret.
        token: for `Authorization: Bearer`, where it asks.
        signing_key: None: requests are not signed.
        ca_file: PEM of who signed its certificate; None for those that the system trusts.
        timeout_s: of one request.
        deliver_within_s: give up when nothing was taken for this long.
    """

    url: SecretStr
    token: SecretStr | None = None
    signing_key: bytes | None = field(default=None, repr=False)
    ca_file: Path | None = None
    timeout_s: float = 10.0
    deliver_within_s: float = 30.0

    def __str__(self) -> str:
        split = urlsplit(self.url.get_secret_value())
        return f"{split.scheme}://{split.netloc}"
