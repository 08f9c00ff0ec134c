"""YAML files of people, read strictly: what stands twice, or cannot be meant, is refused in one line."""

from collections.abc import Hashable
from pathlib import Path

import yaml

from pipeline.config_errors import ConfigError
from pipeline.sources.errors import redact

DEEPEST = 100
MOST_NODES = 100_000
"""Values, each counted as often as an alias repeats it: a few lines can stand for more than a machine holds."""


def read_mapping(path: Path) -> dict[str, object]:
    """The keys and values of a YAML file.

    Raises:
        ConfigError: if there is no such file, it is no YAML, a key stands twice, or it holds something else.
    """
    try:
        loader = yaml.SafeLoader(path.read_text(encoding="utf-8"))
        root = loader.get_single_node()
        if root is not None:
            _check(root, path)
            content: object = loader.construct_document(root)
        else:
            content = None
    except OSError as error:
        raise ConfigError(f"{path}: expected a YAML file, found none to read: {error.strerror}") from error
    except RecursionError:
        raise _too_deep(path) from None
    except (yaml.YAMLError, ValueError) as error:
        where = getattr(error, "problem_mark", None)
        line = f":{where.line + 1}" if where else ""
        raise ConfigError(f"{path}{line}: expected YAML, found {getattr(error, 'problem', None) or error}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: expected keys and values, found {_called(content)}")
    return content


def _called(content: object) -> str:
    return "nothing" if content is None else f"a {type(content).__name__}"


def _check(root: yaml.Node, path: Path) -> None:
    """Raises ConfigError where a key stands twice, and for what is too deep or too much. Without recursion."""
    waiting, seen = [(root, 1)], 0
    while waiting:
        node, depth = waiting.pop()
        seen += 1
        if depth > DEEPEST:
            raise _too_deep(path)
        if seen > MOST_NODES:
            raise ConfigError(f"{path}: expected at most {MOST_NODES:,} values, found more; do aliases multiply?")
        if isinstance(node, yaml.MappingNode):
            _check_keys(node, path)
            waiting += [(each, depth + 1) for pair in node.value for each in pair]
        elif isinstance(node, yaml.SequenceNode):
            waiting += [(each, depth + 1) for each in node.value]


def _check_keys(node: yaml.MappingNode, path: Path) -> None:
    lines: dict[Hashable, int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        line, name = key.start_mark.line + 1, (key.tag, key.value)
        if name in lines:
            raise ConfigError(
                f"{path}:{line}: expected each key once, found {redact(key.value)!r} in line {lines[name]} too; "
                "the first would be lost"
            )
        lines[name] = line


def _too_deep(path: Path) -> ConfigError:
    return ConfigError(f"{path}: expected values at most {DEEPEST} levels deep, found more")
