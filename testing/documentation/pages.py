"""Which pages are generated, and by what. A page is the text between two marks, or the whole file."""

from collections.abc import Callable

from testing.documentation.command_line import command_line_page
from testing.documentation.config_schema import as_text, config_schema, site_schema
from testing.documentation.configuration import configuration_page
from testing.documentation.datasets import datasets_page
from testing.documentation.metrics import metrics_page
from testing.documentation.modules import layers, modules_page, tree
from testing.documentation.python_api import examples, python_api_page
from testing.documentation.recipes import recipes_page
from testing.paths import ROOT

DOCS = ROOT / "docs"

Marks = tuple[str, str]
TREE: Marks = ("<!-- tree: python -m testing.documentation -->\n```text\n", "```\n<!-- end of the tree -->")
EXAMPLES: Marks = ("<!-- examples: passerby/__init__.py -->\n", "<!-- end of the examples -->")
LAYERS: Marks = ("<!-- layers: .importlinter -->\n```text\n", "```\n<!-- end of the layers -->")
"""Between which the generated text of a page stands that is otherwise written."""

PAGES: dict[str, Callable[[], str]] = {
    "reference/configuration.md": configuration_page,
    "reference/metrics.md": metrics_page,
    "reference/command-line.md": command_line_page,
    "reference/datasets.md": datasets_page,
    "reference/recipes.md": recipes_page,
    "reference/python-api.md": python_api_page,
    "reference/modules.md": modules_page,
    "../configs/config.schema.json": lambda: as_text(config_schema()),
    "../configs/site.schema.json": lambda: as_text(site_schema()),
    "architecture.md": lambda: _between(LAYERS, layers(), _between(TREE, tree(), _read("architecture.md"))),
    "library.md": lambda: _between(EXAMPLES, examples(), _read("library.md")),
}
"""By path below docs/: what makes the whole text of the file, as it should be."""


def stale() -> list[str]:
    """The pages that are not what the code says."""
    return [path for path, made in PAGES.items() if _read(path) != made()]


def write() -> list[str]:
    """Writes the stale pages; returns their paths."""
    changed = stale()
    for path in changed:
        file = DOCS / path
        text = PAGES[path]()
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return changed


def _read(path: str) -> str:
    file = DOCS / path
    return file.read_text(encoding="utf-8") if file.exists() else ""


def _between(marks: Marks, text: str, page: str) -> str:
    """The page with that text between two marks."""
    before, begin, rest = page.partition(marks[0])
    _, end, after = rest.partition(marks[1])
    if not begin or not end:
        raise ValueError(f"expected a page with {marks[0].splitlines()[0]}, found none in it")
    return before + begin + text + end + after
