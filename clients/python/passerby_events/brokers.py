"""How to reach Kafka: addresses, encryption, and who we say we are. Secrets never show in what is printed."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


@dataclass(frozen=True, slots=True)
class Sasl:
    """A user and a password, and how the password is proved."""

    mechanism: Mechanism
    username: str
    password: SecretStr


@dataclass(frozen=True, slots=True)
class Tls:
    """Encryption; the broker's certificate is always checked, its name included.

    Attributes:
        authority_file: PEM of who signed the broker's certificate; None for those that the system trusts.
        certificate_file, key_file: PEM of our own certificate and its key, where the broker asks for one.
        key_password: of the key, where it has one.
    """

    authority_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    key_password: SecretStr | None = None


@dataclass(frozen=True, slots=True)
class Brokers:
    """A cluster, and how to speak to it.

    Attributes:
        addresses: HOST:PORT of one broker or more; the others are learnt from them.
        tls: None for an unencrypted connection.
        sasl: None where the broker wants no password.
    """

    addresses: tuple[str, ...]
    tls: Tls | None = None
    sasl: Sasl | None = None

    def __post_init__(self) -> None:
        if not self.addresses:
            raise ValueError("expected HOST:PORT of at least one broker, found none")
        if self.sasl and self.sasl.mechanism == "PLAIN" and self.tls is None:
            raise ValueError("expected TLS where SASL is PLAIN, or the password crosses the network; use SCRAM or TLS")

    def __str__(self) -> str:
        return ",".join(self.addresses)

    def options(self) -> dict[str, object]:
        """What every client of kafka-python takes as keywords."""
        if self.sasl:
            _keep_password_out_of_log()
        protocol = f"SASL_{'SSL' if self.tls else 'PLAINTEXT'}" if self.sasl else "SSL" if self.tls else "PLAINTEXT"
        return {
            "bootstrap_servers": list(self.addresses),
            "security_protocol": protocol,
            # After an outage of minutes a client that waits its default 30 s between attempts comes back late.
            "reconnect_backoff_max_ms": 1000,
            **(_tls_options(self.tls) if self.tls else {}),
            **(_sasl_options(self.sasl) if self.sasl else {}),
        }


def _tls_options(tls: Tls) -> dict[str, object]:
    return {
        "ssl_cafile": tls.authority_file and str(tls.authority_file),
        "ssl_certfile": tls.certificate_file and str(tls.certificate_file),
        "ssl_keyfile": tls.key_file and str(tls.key_file),
        "ssl_password": _Unprintable(tls.key_password.get_secret_value()) if tls.key_password else None,
    }


def _sasl_options(sasl: Sasl) -> dict[str, object]:
    return {
        "sasl_mechanism": sasl.mechanism,
        "sasl_plain_username": sasl.username,
        "sasl_plain_password": _Unprintable(sasl.password.get_secret_value()),
    }


def _keep_password_out_of_log() -> None:
    """kafka-python logs the bytes of each request at DEBUG; that of SASL PLAIN is the password."""
    for name in ("kafka.protocol.parser", "kafka.net.connection"):
        logging.getLogger(name).setLevel(logging.INFO)


class _Unprintable(str):
    """A secret as a string: kafka-python writes all its settings to the log when that is at DEBUG."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"
