"""A certificate for servers of the tests on the loopback address, which is its own authority."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files.

    Attributes:
        file: the certificate.
        key_file: its key, without a password.
    """

    file: Path
    key_file: Path


def certificate_in(folder: Path, name: str = "server") -> Certificate:
    """Makes one for 127.0.0.1, good for two days. It takes openssl."""
    made = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    command = ["openssl", "req", "-x509", "-nodes", "-days", "2", "-newkey", "ec"]
    command += [
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-subj",
        "/CN=127.0.0.1",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ]
    command += ["-out", str(made.file), "-keyout", str(made.key_file)]
    subprocess.run(command, check=True, capture_output=True)
    return made
