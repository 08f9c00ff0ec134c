"""Where events go, as a configuration says it: right, wrong, and never with a secret in a message."""

from pathlib import Path

import pytest

from pipeline.config import PipelineConfig
from pipeline.config_errors import ConfigError
from pipeline.config_files import load_config

PASSWORD, SIGNING = "tops3cret", "whsec_" + "QUJD" * 10
LONG = "a" * 70
CAMERA = "cameras: [{name: door, source: door.mp4}]\n"


def loaded(folder: Path, mqtt: str = "", webhook: str = "") -> PipelineConfig:
    path = folder / "site.yaml"
    sections = [f"{name}: {{{text}}}" for name, text in (("mqtt", mqtt), ("webhook", webhook)) if text]
    path.write_text(CAMERA + f"events: {{{', '.join(sections)}}}\n")
    return load_config(path)


def test_nothing_is_sent_anywhere_unless_it_is_named(tmp_path: Path) -> None:
    config = loaded(tmp_path)
    assert config.events.mqtt is None
    assert config.events.webhook is None


def test_secrets_come_from_the_environment_or_from_files_and_do_not_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_TOKEN", PASSWORD)
    (tmp_path / "password").write_text(PASSWORD + "\n")
    (tmp_path / "signing").write_text(SIGNING + "\n")
    config = loaded(
        tmp_path,
        f"url: 'mqtts://broker.example', username: me, password_file: {tmp_path / 'password'}",
        f"url: 'https://hooks.example/{{HOOK_TOKEN}}', token: '{{HOOK_TOKEN}}', secret_file: {tmp_path / 'signing'}",
    )
    assert config.events.mqtt is not None
    assert config.events.webhook is not None
    broker, server = config.events.mqtt.target(), config.events.webhook.target()
    assert broker.password is not None
    assert server.token is not None
    assert (broker.host, broker.port, broker.has_tls) == ("broker.example", 8883, True)
    assert broker.password.get_secret_value() == server.token.get_secret_value() == PASSWORD
    assert server.url.get_secret_value() == f"https://hooks.example/{PASSWORD}"
    assert server.signing_key == b"ABC" * 10
    assert str(server) == "https://hooks.example"
    assert not any(secret in f"{config!r}{broker!r}{server!r}" for secret in (PASSWORD, SIGNING, "ABCABC"))


@pytest.mark.parametrize(
    ("mqtt", "webhook", "line"),
    [
        (f"url: 'mqtt://me:{PASSWORD}@broker'", "", "events.mqtt.url: expected mqtts://HOST:PORT or mqtt://HOST:PORT"),
        ("url: 'http://broker'", "", "events.mqtt.url: expected mqtts://HOST:PORT"),
        ("url: 'mqtt://broker', topic: 'passerby/#'", "", "expected a topic without #, + and a $ in front"),
        (f"url: 'mqtt://broker', password: {PASSWORD}", "", "expected a username with the password"),
        (
            f"url: 'mqtt://b', username: me, password: {PASSWORD}, password_file: x",
            "",
            "expected password or password_file, found both",
        ),
        ("", f"url: 'ftp://hooks/{PASSWORD}'", "events.webhook.url: expected https://HOST/PATH"),
        ("", f"url: 'https://me:{PASSWORD}@hooks'", "events.webhook.url: expected https://HOST/PATH"),
        ("url: 'mqtt://a..b'", "", "events.mqtt.url: expected mqtts://HOST:PORT"),
        (f"url: 'mqtt://{LONG}.example'", "", "events.mqtt.url: expected mqtts://HOST:PORT"),
        (f"url: 'mqtt://b', topic: {LONG * 1000}", "", "expected at most 65535 bytes without a zero"),
        (f"url: 'mqtt://b', username: {LONG * 1000}", "", "expected at most 65535 bytes without a zero"),
        (f"url: 'mqtt://b', client_id: {LONG * 1000}", "", "expected at most 65535 bytes without a zero"),
        ("", "url: 'https://a..b/x'", "events.webhook.url: expected https://HOST/PATH"),
        ("", "url: 'https://no host/x'", "events.webhook.url: expected https://HOST/PATH"),
        ("", 'url: "https://hooks\\0/x"', "events.webhook.url: expected https://HOST/PATH"),
        ("", "url: 'https://hooks/{NOT_SET}'", "the environment variable NOT_SET is not set"),
    ],
)
def test_what_makes_no_sense_is_one_line_without_its_secret(tmp_path: Path, mqtt: str, webhook: str, line: str) -> None:
    with pytest.raises(ConfigError) as refused:
        loaded(tmp_path, mqtt, webhook)
    assert line in str(refused.value)
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize(
    ("webhook", "line"),
    [
        (f"secret: {PASSWORD}", "expected whsec_ and 24 to 64 bytes in base64; echo whsec_"),
        ("secret: whsec_QUJD", "expected whsec_ and 24 to 64 bytes in base64"),
        (f"token: {PASSWORD}ä", "events: webhook: token: expected one line of letters"),
        (f'token: "{PASSWORD}\\nx"', "events: webhook: token: expected one line of letters"),
        ("token_file: /nowhere", "events: webhook: token_file: expected a file to read, found /nowhere: No such file"),
    ],
)
def test_a_secret_that_is_none_is_refused_when_it_is_needed(tmp_path: Path, webhook: str, line: str) -> None:
    config = loaded(tmp_path, "", f"url: 'https://hooks', {webhook}")
    assert config.events.webhook is not None
    with pytest.raises(ConfigError) as refused:
        config.events.webhook.target()
    assert line in str(refused.value)
    assert PASSWORD not in str(refused.value)
