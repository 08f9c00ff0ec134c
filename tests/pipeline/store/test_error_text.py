import pytest

from pipeline.store.error_text import refusal_of, show_address

SHA = "a8e045687019c1230c01d4717e0579b12b1a1b50"
CANNOT = "The user executing the script can't run this command or subcommand"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://store:6379/0", "redis://store:6379/0"),
        ("rediss://reid:secret@store:6380/0?ssl_ca_certs=secret.pem", "rediss://store:6380/0"),
        ("redis://:se?cret@store", "redis://***"),
        ("redis://me:123?secret@store", "redis://***"),
        ("unix://me:secret@/run/redis.sock?db=1", "unix:///run/redis.sock"),
    ],
)
def test_an_address_is_shown_without_its_secrets(url: str, expected: str) -> None:
    assert show_address(url) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("DB index is out of range", "DB index is out of range"),
        (f"OOM command not allowed script: {SHA}, on @user_script:1.", "OOM command not allowed"),
        (
            "unknown command `HELLO`, with args beginning with: `3`, `AUTH`, `reid`, `secret`, ",
            "unknown command `HELLO`; Redis 6.2 or newer is needed",
        ),
        (
            f"{CANNOT} script: {SHA}, on @user_script:5.",
            f"t{CANNOT[1:]}; check user, password and permissions (docs/redis.md)",
        ),
        (
            f"Error running script (call to f_{SHA}): @user_script:19: @user_script: 19: {CANNOT}",
            f"t{CANNOT[1:]}; check user, password and permissions (docs/redis.md)",
        ),
    ],
)
def test_a_refusal_is_said_without_what_does_not_help(answer: str, expected: str) -> None:
    assert refusal_of(Exception(answer)) == expected
