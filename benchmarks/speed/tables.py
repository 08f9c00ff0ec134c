"""Tables of the documentation that a benchmark fills, row by row."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

END = "<!-- end of the table -->"


@dataclass(frozen=True, slots=True)
class Page:
    """A page with one such table.

    Attributes:
        document: the page.
        begin: the line before the table, which says what fills it.
        head: the table's first two lines.
    """

    document: Path
    begin: str
    head: str


def put_row(page: Page, name: str, found: str, *, order: Iterable[str]) -> None:
    """Puts a row into the table, in the place of the one of that name.

    Args:
        page: see there.
        name: in the first cell.
        found: the row.
        order: names of all rows; others leave the table.
    """
    before, _, rest = page.document.read_text(encoding="utf-8").partition(page.begin)
    table, _, after = rest.partition(END)
    known = {line.split("|")[1].strip(): line for line in table.splitlines() if line.startswith("|")}
    known[name] = found
    rows = [known[other] for other in order if other in known]
    page.document.write_text("\n".join([f"{before}{page.begin}", page.head, *rows, f"{END}{after}"]), encoding="utf-8")
