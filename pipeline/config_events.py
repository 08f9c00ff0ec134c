"""Where events go beside the file and Kafka: the `events` of a configuration."""

import base64
import binascii
from pathlib import Path
from typing import Self
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr, field_validator, model_validator

from pipeline.config_errors import ConfigError
from pipeline.config_values import Positive, Secret, Strict, read_secret
from pipeline.events.targets import MqttTarget, WebhookTarget

_SIGNING = "whsec_"
_KEY_BYTES = range(24, 65)
_MQTT_BYTES = 65_535
"""Of a text, as MQTT sends it."""
_MAKE_ONE = "echo whsec_$(openssl rand -base64 32) makes one"


class MqttConfig(Strict):
    """A broker of MQTT 5, to which each event is published once it is decided, with QoS 1.

    Attributes:
        url: `mqtts://HOST:PORT` (TLS; port 8883 if none is given) or `mqtt://HOST:PORT` (1883); may name environment
            variables in braces. Who we are stands in the keys below.
        topic: all events go to this one: a broker keeps order within a topic.
        username: where the broker asks for one.
        password: of that user; may name environment variables in braces.
        password_file: a file that holds it, instead.
        client_id: where the broker wants a certain one; drawn at each start if not given.
        ca_file: PEM of who signed the broker's certificate; those that the system trusts if not given.
        certificate_file: PEM of our own certificate, where the broker asks for one.
        key_file: PEM of its key.
        deliver_within_s: a sink gives up when the broker has acknowledged nothing for this long.
    """

    url: Secret
    topic: str = "passerby/identities/v1"
    username: str | None = None
    password: Secret | None = None
    password_file: Path | None = None
    client_id: str | None = None
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    deliver_within_s: Positive = 30.0

    @field_validator("url")
    @classmethod
    def _is_address(cls, url: SecretStr) -> SecretStr:
        split = _split(url, ("mqtt", "mqtts"))
        if split is None or "@" in split.netloc or split.path.strip("/") or split.query:
            raise ValueError("expected mqtts://HOST:PORT or mqtt://HOST:PORT; user and password have keys of their own")
        return url

    @field_validator("topic")
    @classmethod
    def _is_topic(cls, topic: str) -> str:
        if not topic or any(each in topic for each in "#+\0") or topic.startswith("$"):
            raise ValueError(f"expected a topic without #, + and a $ in front, found {topic!r:.60}")
        return topic

    @field_validator("topic", "username", "client_id")
    @classmethod
    def _is_text(cls, text: str | None) -> str | None:
        if text is not None and ("\0" in text or len(text.encode(errors="replace")) > _MQTT_BYTES):
            raise ValueError(f"expected at most {_MQTT_BYTES} bytes without a zero, found {text!r:.60}")
        return text

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _one_of("password", self.password, self.password_file)
        if (self.password or self.password_file) and self.username is None:
            raise ValueError("expected a username with the password")
        return self

    def target(self) -> MqttTarget:
        """The broker, with the secrets that stand in files.

        Raises:
            ConfigError: if such a file cannot be read, or the password is longer than MQTT can say.
        """
        split = urlsplit(self.url.get_secret_value())
        has_tls = split.scheme == "mqtts"
        return MqttTarget(
            host=split.hostname or "",
            port=split.port or (8883 if has_tls else 1883),
            topic=self.topic,
            has_tls=has_tls,
            username=self.username,
            password=_password(read_secret(self.password, self.password_file, "events: mqtt: password")),
            client_id=self.client_id,
            ca_file=self.ca_file,
            certificate_file=self.certificate_file,
            key_file=self.key_file,
            deliver_within_s=self.deliver_within_s,
        )


class WebhookConfig(Strict):
    """A server to which each event is posted once it is decided: one request an event, in order.

    Attributes:
        url: `https://` or `http://`; may name environment variables in braces. Messages show its host alone.
        token: sent as `Authorization: Bearer ...`; may name environment variables in braces.
        token_file: a file that holds it, instead.
        secret: key that requests are signed with, as Standard Webhooks has it: `whsec_` and 24 to 64 bytes in base64;
            may name environment variables in braces.
        secret_file: a file that holds it, instead.
        ca_file: PEM of who signed the server's certificate; those that the system trusts if not given.
        timeout_s: of one request.
        deliver_within_s: a sink gives up when the server has taken nothing for this long.
    """

    url: Secret
    token: Secret | None = None
    token_file: Path | None = None
    secret: Secret | None = None
    secret_file: Path | None = None
    ca_file: Path | None = None
    timeout_s: Positive = 10.0
    deliver_within_s: Positive = 30.0

    @field_validator("url")
    @classmethod
    def _is_address(cls, url: SecretStr) -> SecretStr:
        split = _split(url, ("http", "https"))
        if split is None or "@" in split.netloc:
            raise ValueError("expected https://HOST/PATH; who we are is said by a token or a signature")
        return url

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _one_of("token", self.token, self.token_file)
        _one_of("secret", self.secret, self.secret_file)
        return self

    def target(self) -> WebhookTarget:
        """The server, with the secrets that stand in files.

        Raises:
            ConfigError: if such a file cannot be read, the key is none, or the token cannot stand in a header.
        """
        return WebhookTarget(
            url=self.url,
            token=_token(read_secret(self.token, self.token_file, "events: webhook: token")),
            signing_key=_signing_key(read_secret(self.secret, self.secret_file, "events: webhook: secret")),
            ca_file=self.ca_file,
            timeout_s=self.timeout_s,
            deliver_within_s=self.deliver_within_s,
        )


class EventsConfig(Strict):
    """Where events go as they are decided: of `run` beside events.jsonl; of `match` in its place, and beside Kafka.

    Attributes:
        mqtt: a broker, with the extra `mqtt`.
        webhook: a server, with the extra `webhook`.
    """

    mqtt: MqttConfig | None = None
    webhook: WebhookConfig | None = None


def _split(url: SecretStr, schemes: tuple[str, ...]) -> SplitResult | None:
    """The parts of an address; None if it is none of these schemes, or has no such port, or no host to look up."""
    text = url.get_secret_value()
    try:
        split = urlsplit(text)
        (split.hostname or "").encode("idna")
        is_one = split.scheme in schemes and bool(split.hostname) and split.port != 0
    except ValueError:
        return None
    return split if is_one and text.isprintable() and " " not in text else None


def _one_of(key: str, given: SecretStr | None, file: Path | None) -> None:
    if given is not None and file is not None:
        raise ValueError(f"expected {key} or {key}_file, found both")


def _password(secret: SecretStr | None) -> SecretStr | None:
    if secret is not None and len(secret.get_secret_value().encode()) > _MQTT_BYTES:
        raise ConfigError(f"events: mqtt: password: expected at most {_MQTT_BYTES} bytes")
    return secret


def _token(secret: SecretStr | None) -> SecretStr | None:
    text = "" if secret is None else secret.get_secret_value()
    if not text.isascii() or not text.isprintable():
        raise ConfigError("events: webhook: token: expected one line of letters, digits and signs of ASCII")
    return secret


def _signing_key(secret: SecretStr | None) -> bytes | None:
    if secret is None:
        return None
    text = secret.get_secret_value()
    try:
        key = base64.b64decode(text.removeprefix(_SIGNING), validate=True)
    except binascii.Error:
        key = b""
    if not text.startswith(_SIGNING) or len(key) not in _KEY_BYTES:
        raise ConfigError(f"events: webhook: secret: expected {_SIGNING} and 24 to 64 bytes in base64; {_MAKE_ONE}")
    return key
