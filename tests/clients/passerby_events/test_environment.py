from pathlib import Path

import pytest

from passerby_events.brokers import Brokers
from passerby_events.environment import brokers_from
from passerby_events.errors import SettingsError

AT = {"KAFKA_BOOTSTRAP_SERVERS": "a:1, b:2"}
SCRAM = {"KAFKA_SASL_MECHANISM": "SCRAM-SHA-512", "KAFKA_SASL_USERNAME": "reader"}


def test_addresses_come_from_the_environment_unless_they_are_given() -> None:
    assert brokers_from(AT) == Brokers(("a:1", "b:2"))
    assert brokers_from(AT, "c:3") == Brokers(("c:3",))


def test_a_certificate_authority_means_tls_and_tls_can_do_without() -> None:
    tls = brokers_from(AT | {"KAFKA_TLS_AUTHORITY_FILE": "ca.pem"}).tls
    assert tls
    assert tls.authority_file == Path("ca.pem")
    assert brokers_from(AT | {"KAFKA_TLS": "true"}).tls is not None
    assert brokers_from(AT | {"KAFKA_TLS": "false", "KAFKA_TLS_AUTHORITY_FILE": "ca.pem"}).tls is None


def test_a_password_comes_from_the_environment_or_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("correct horse\n")
    for given in (
        {"KAFKA_SASL_PASSWORD": "correct horse"},
        {"KAFKA_SASL_PASSWORD_FILE": str(tmp_path / "password"), "KAFKA_SASL_PASSWORD": "another"},
    ):
        sasl = brokers_from(AT | SCRAM | given).sasl
        assert sasl
        assert sasl.password.get_secret_value() == "correct horse"


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({}, "expected addresses of brokers, HOST:PORT,... in KAFKA_BOOTSTRAP_SERVERS"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "a:1,"}, "expected addresses of brokers"),
        (AT | {"KAFKA_TLS": "yes"}, "KAFKA_TLS: expected true or false, found 'yes'"),
        (AT | SCRAM, r"expected KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD\(_FILE\) with it"),
        (AT | {"KAFKA_SASL_MECHANISM": "GSSAPI"}, "KAFKA_SASL_MECHANISM: expected one of PLAIN"),
        (AT | SCRAM | {"KAFKA_SASL_PASSWORD_FILE": "/none"}, "KAFKA_SASL_PASSWORD_FILE: expected a file to read"),
        (AT | SCRAM | {"KAFKA_SASL_MECHANISM": "PLAIN", "KAFKA_SASL_PASSWORD": "s3cret"}, "expected TLS where SASL"),
    ],
)
def test_what_makes_no_sense_is_one_clear_line_without_the_secret(environment: dict[str, str], line: str) -> None:
    with pytest.raises(SettingsError, match=line) as refused:
        brokers_from(environment)
    assert "s3cret" not in str(refused.value)
