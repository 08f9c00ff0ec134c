"""What comes with the package and is found by name: networks, the list of those to fetch, and configurations.

The files lie in `configs/` at the top of the repository. `pipeline/configs` is a link to it, so that they are where the
package is, in a checkout as in an installed wheel.
"""

import os
import re
from pathlib import Path
from typing import Literal

from passerby_events.errors import PasserbyError

CONFIGS = Path(__file__).with_name("configs")
MODELS_FILE = CONFIGS / "models.yaml"
MODELS = CONFIGS / "models"
SHOP_IMAGE = CONFIGS / "images" / "shop.jpg"
"""A frame of the simulated shop: six people, one of whom its lower edge cuts."""

Kind = Literal["pipeline", "site", "simulation"]
"""Of configurations: for `run`, for its `--site`, for `simulate`."""
KINDS: tuple[Kind, ...] = ("pipeline", "site", "simulation")
_FOR_EDITORS = "# yaml-language-server: $schema="


class UnknownNameError(PasserbyError):
    """Nothing of that name comes with the package; the message says what does."""

    exit_code = 2


def configs_of(kind: Kind) -> dict[str, Path]:
    """The configurations of a kind, by name."""
    return {path.stem: path for path in sorted((CONFIGS / kind).glob("*.yaml"))}


def find_config(kind: Kind, name_or_path: str) -> Path:
    """The file of a configuration.

    Args:
        kind: of those that come with the package.
        name_or_path: a path, recognised by its suffix or a separator, or the name of a shipped configuration.

    Returns:
        Where it lies; a path is handed on as it is.

    Raises:
        UnknownNameError: if there is none of that name.
    """
    if Path(name_or_path).suffix or os.sep in name_or_path:
        return Path(name_or_path)
    names = configs_of(kind)
    if name_or_path not in names:
        raise UnknownNameError(f"expected a YAML file, or one of {', '.join(names)}; found {name_or_path!r}")
    return names[name_or_path]


def text_to_keep(path: Path) -> str:
    """A shipped configuration for a copy elsewhere: the schema, by which editors check it, by its full path."""
    return path.read_text(encoding="utf-8").replace(f"{_FOR_EDITORS}../", f"{_FOR_EDITORS}{CONFIGS}/", 1)


def title(path: Path) -> str:
    """What a shipped configuration is: the comment at its top, as far as its first pause."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith(_FOR_EDITORS)]
    comment = " ".join(line.removeprefix("#").strip() for line in lines[:3] if line.startswith("#"))
    return re.split(r"[.:;](?:\s|$)", comment)[0]
