"""Where the commands take Kafka's settings from: the environment, and nothing of it is ever printed."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from pipeline.config_errors import ConfigError
from pipeline.events.kafka.brokers import Brokers, Sasl, Tls

MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


def brokers_of(environment: Mapping[str, str], addresses: str | None = None) -> Brokers:
    """The cluster that `KAFKA_*` variables describe; docs/events.md lists them.

    Args:
        environment: names and values.
        addresses: HOST:PORT, separated by commas, instead of those of `KAFKA_BOOTSTRAP_SERVERS`.

    Raises:
        ConfigError: if a setting is missing or makes no sense.
    """
    found = [word.strip() for word in (addresses or environment.get("KAFKA_BOOTSTRAP_SERVERS", "")).split(",")]
    if not all(found):
        raise ConfigError("expected --brokers HOST:PORT,... or KAFKA_BOOTSTRAP_SERVERS, found neither")
    try:
        return Brokers(tuple(found), tls=_tls(environment), sasl=_sasl(environment))
    except ValueError as error:
        raise ConfigError(str(error)) from error


def _tls(environment: Mapping[str, str]) -> Tls | None:
    authority, certificate, key = (
        Path(name) if (name := environment.get(f"KAFKA_TLS_{what}_FILE")) else None
        for what in ("AUTHORITY", "CERTIFICATE", "KEY")
    )
    wanted = environment.get("KAFKA_TLS", "true" if authority or certificate else "false")
    if wanted not in ("true", "false"):
        raise ConfigError(f"KAFKA_TLS: expected true or false, found {wanted!r}")
    if wanted == "false":
        return None
    return Tls(authority, certificate, key, _secret(environment, "KAFKA_TLS_KEY_PASSWORD"))


def _sasl(environment: Mapping[str, str]) -> Sasl | None:
    mechanism = environment.get("KAFKA_SASL_MECHANISM")
    if mechanism is None:
        return None
    username, password = environment.get("KAFKA_SASL_USERNAME"), _secret(environment, "KAFKA_SASL_PASSWORD")
    match mechanism:
        case "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512" if username and password:
            return Sasl(mechanism, username, password)
        case "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512":
            raise ConfigError(
                "KAFKA_SASL_MECHANISM: expected KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD(_FILE) with it"
            )
    raise ConfigError(f"KAFKA_SASL_MECHANISM: expected one of {', '.join(MECHANISMS)}, found {mechanism!r}")


def _secret(environment: Mapping[str, str], name: str) -> SecretStr | None:
    """The value of NAME, or what the file named by NAME_FILE holds, without the line's end."""
    if path := environment.get(f"{name}_FILE"):
        try:
            return SecretStr(Path(path).read_text(encoding="utf-8").rstrip("\r\n"))
        except OSError as error:
            raise ConfigError(f"{name}_FILE: expected a file to read, found {error.strerror}: {path}") from error
    value = environment.get(name)
    return None if value is None else SecretStr(value)
