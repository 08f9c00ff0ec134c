"""Numbers of papers that a recipe can be laid beside, from the one file that has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import yaml
from pydantic import BaseModel, ConfigDict, Field

from reid_models.architectures.tkp import Matching

FILE = "papers.yaml"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a paper.

    Attributes:
        paper: short name.
        row: of its table.
        data: name of the data set.
        protocol: that it was counted by; None: the paper does not say.
        matching: see `TestParams`.
        is_reranked: whether it is of that other task.
        metric: in `scores`.
        value: in percent.
        recipe: that it can be laid beside; None: there is none of that row.
        source: section of the project's notes on the papers.
        quoted: where it was read, if not in the paper itself; empty: there.
    """

    paper: str
    row: str
    data: str
    protocol: str | None
    matching: Matching
    is_reranked: bool
    metric: str
    value: float
    recipe: str | None
    source: str
    quoted: str

    @property
    def name(self) -> str:
        """What tells it from all others."""
        ending = "/re-ranked" if self.is_reranked else ""
        return f"{self.paper}/{self.row}/{self.data}/{self.matching}/{self.metric}{ending}"


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")
    row: str
    recipe: str | None
    values: tuple[float | None, ...]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid")
    paper: str
    source: str
    quoted: str = ""
    dataset: str
    protocol: str | None
    matching: Matching = "video_to_video"
    reranked: bool = False
    metrics: tuple[str, ...]
    rows: tuple[_Row, ...] = Field(min_length=1)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    tables: tuple[_Table, ...]


def read_figures() -> list[Figure]:
    """All of them, in the order of the file."""
    text = (resources.files(__package__) / FILE).read_text(encoding="utf-8")
    return [figure for table in _File.model_validate(yaml.safe_load(text)).tables for figure in _figures(table)]


def _figures(table: _Table) -> Sequence[Figure]:
    return [
        Figure(
            paper=table.paper,
            row=row.row,
            data=table.dataset,
            protocol=table.protocol,
            matching=table.matching,
            is_reranked=table.reranked,
            metric=metric,
            value=value,
            recipe=row.recipe,
            source=table.source,
            quoted=table.quoted,
        )
        for row in table.rows
        for metric, value in zip(table.metrics, row.values, strict=True)
        if value is not None
    ]
