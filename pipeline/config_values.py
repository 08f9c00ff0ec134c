"""What the values of a configuration are made of, secrets among them.

A text may name environment variables in braces (`rtsp://{CAM1_USER}:{CAM1_PASSWORD}@host/1`): that is the only place
where the environment is read, and what it yields is never printed. A brace that stands for itself is doubled.
"""

import os
import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from pipeline.config_errors import ConfigError

_BRACES = re.compile(r"\{\{|\}\}|\{([A-Za-z_]\w*)\}")
"""Doubled braces stand for themselves; single ones around the name of a variable for what it holds."""


class Strict(BaseModel):
    """A section: frozen, and with no other keys than its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def fill_in(secret: SecretStr) -> SecretStr:
    """A text with what the environment variables hold that it names.

    Raises:
        ValueError: if one is not set.
    """
    return SecretStr(_BRACES.sub(_filled_in, secret.get_secret_value()))


def _filled_in(match: re.Match[str]) -> str:
    if match[1] is None:
        return match[0][0]
    value = os.environ.get(match[1])
    if value is None:
        raise ValueError(f"the environment variable {match[1]} is not set; double a brace that stands for itself")
    return value


Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]
Secret = Annotated[SecretStr, AfterValidator(fill_in)]
"""A text that is not to be seen, with what it names of the environment filled in."""


def read_secret(given: SecretStr | None, file: Path | None, key: str) -> SecretStr | None:
    """A secret that stands in the configuration or, without the line's end, in a file that it names.

    Args:
        key: of the secret, for errors.

    Raises:
        ConfigError: if the file cannot be read.
    """
    if file is None:
        return given
    try:
        return SecretStr(file.read_text(encoding="utf-8").rstrip("\r\n"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigError(f"{key}_file: expected a file to read, found {file}: {reason}") from error
