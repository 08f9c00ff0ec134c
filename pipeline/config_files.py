"""Files of configuration: read once, checked whole."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from pipeline.config import PipelineConfig
from pipeline.config_errors import ConfigError, in_one_line
from pipeline.shipped import UnknownNameError, find_config
from pipeline.site import Site
from pipeline.yaml_files import read_mapping

_M = TypeVar("_M", bound=BaseModel)


def load_config(path: Path) -> PipelineConfig:
    """Reads and checks a configuration.

    Raises:
        ConfigError: in one line, naming the file and the key.
    """
    return parse(PipelineConfig, read_fields(path), path)


def read_fields(path: Path) -> dict[str, object]:
    """What a configuration file says, unchecked but for its `site`: keys, a file beside it, or the name of one."""
    fields = read_mapping(path)
    site = fields.get("site")
    if isinstance(site, str):
        try:
            fields["site"] = load_site(path.parent / find_config("site", site))
        except UnknownNameError as error:
            raise ConfigError(f"{path}: site: {error}") from error
    return fields


def load_site(path: Path) -> Site:
    """Reads and checks the description of a site; raises as `load_config`."""
    return parse(Site, read_mapping(path), path)


def parse(model: type[_M], fields: dict[str, object], where: Path | str) -> _M:
    """A checked record from what a file, or the command line, said; ConfigError names the first key that is wrong."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise ConfigError(f"{where}: {in_one_line(error, model)}") from error
