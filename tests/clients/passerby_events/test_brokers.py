import pytest
from pydantic import SecretStr

from passerby_events.brokers import Brokers, Sasl, Tls

PLAIN = Sasl("PLAIN", "reader", SecretStr("correct horse"))


@pytest.mark.parametrize(
    ("brokers", "protocol"),
    [
        (Brokers(("a:1",)), "PLAINTEXT"),
        (Brokers(("a:1",), tls=Tls()), "SSL"),
        (Brokers(("a:1",), tls=Tls(), sasl=PLAIN), "SASL_SSL"),
        (Brokers(("a:1",), sasl=Sasl("SCRAM-SHA-512", "reader", SecretStr("s"))), "SASL_PLAINTEXT"),
    ],
)
def test_the_protocol_follows_from_what_is_given(brokers: Brokers, protocol: str) -> None:
    assert brokers.options()["security_protocol"] == protocol


def test_a_secret_shows_in_nothing_that_is_printed() -> None:
    brokers = Brokers(("a:1",), tls=Tls(key_password=SecretStr("battery staple")), sasl=PLAIN)
    options = brokers.options()
    assert (options["sasl_plain_password"], options["ssl_password"]) == ("correct horse", "battery staple")
    printed = f"{brokers} {brokers!r} {options}"
    assert "horse" not in printed
    assert "staple" not in printed


def test_a_password_does_not_cross_the_network_in_the_clear() -> None:
    with pytest.raises(ValueError, match="expected TLS where SASL is PLAIN"):
        Brokers(("a:1",), sasl=PLAIN)


def test_a_cluster_has_an_address() -> None:
    with pytest.raises(ValueError, match="at least one broker"):
        Brokers(())
