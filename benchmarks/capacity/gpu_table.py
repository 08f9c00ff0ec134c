"""What `benchmarks.capacity.gpu_training` found, as one table in Markdown and what a reader must know of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.capacity.gpu_steps import Done

DIRECTIONS = ("inference", "training")
WAYS = ("fp32", "bf16", "compiled")
HEADS = (
    "network",
    "clip",
    "batch",
    *(f"{direction}, {way}" for direction in DIRECTIONS for way in WAYS),
    "recipe",
    "steps",
    "loss, first to last",
    "mAP, %",
    "R1, %",
)
LEFT = ("network", "clip", "recipe")
UNITS = "Inference and training are clips a second; compiled is bf16 by torch.compile."


@dataclass(frozen=True, slots=True)
class Speed:
    """
    Attributes:
        clip, batch: of its calls.
        clips_per_s: by (direction, way).
        failed: the same, why there is none.
    """

    clip: str
    batch: int
    clips_per_s: dict[tuple[str, str], float] = field(default_factory=dict)
    failed: dict[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Learnt:
    """A run of a recipe.

    Attributes:
        recipe: its name.
        steps: of its last stage that there are.
        first, last: loss, means over the first and the last tenth of the steps; None where nothing was learnt.
        scores: shares by name; none where it was not evaluated.
    """

    recipe: str
    steps: int = 0
    first: float | None = None
    last: float | None = None
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """
    Attributes:
        machine: when, where and with what, in words by name.
        networks: names, in the order of the rows.
        speeds, learnt: by name of the network.
        done: what became of each step.
    """

    machine: Mapping[str, str]
    networks: Sequence[str]
    speeds: Mapping[str, Speed]
    learnt: Mapping[str, Learnt]
    done: Sequence[Done]


def markdown(report: Report) -> str:
    """The whole report."""
    machine = "; ".join(f"{name} {words}" for name, words in report.machine.items())
    lines = [f"# Networks on {report.machine['device']}", "", machine, "", UNITS, "", *_table(report)]
    missing = _missing(report)
    lines += ["", *(["Not done:", "", *(f"- {line}" for line in missing)] if missing else ["Everything was done."])]
    return "\n".join(lines) + "\n"


def as_json(report: Report) -> dict[str, Any]:
    """The same as numbers."""
    return {
        "machine": dict(report.machine),
        "networks": [_row_as_json(name, report) for name in report.networks],
        "steps": [
            {"name": done.name, "state": done.state, "seconds": round(done.seconds, 1), "words": done.words}
            for done in report.done
        ],
    }


def _row_as_json(name: str, report: Report) -> dict[str, Any]:
    speed, learnt = report.speeds.get(name), report.learnt.get(name)
    row: dict[str, Any] = {"network": name}
    if speed is not None:
        row |= {"clip": speed.clip, "batch": speed.batch}
        row["clips_per_s"] = {" ".join(key): value for key, value in speed.clips_per_s.items()}
        row["failed"] = {" ".join(key): words for key, words in speed.failed.items()}
    if learnt is not None:
        row |= {"recipe": learnt.recipe, "steps": learnt.steps, "loss": [learnt.first, learnt.last]}
        row["scores"] = dict(learnt.scores)
    return row


def _table(report: Report) -> list[str]:
    rule = ["---" if head in LEFT else "--:" for head in HEADS]
    rows = [_cells(name, report.speeds.get(name), report.learnt.get(name)) for name in report.networks]
    return [f"| {' | '.join(HEADS)} |", f"|{'|'.join(rule)}|", *(f"| {' | '.join(row)} |" for row in rows)]


def _cells(name: str, speed: Speed | None, learnt: Learnt | None) -> list[str]:
    keys = [(direction, way) for direction in DIRECTIONS for way in WAYS]
    cells = [name, speed.clip if speed else "", str(speed.batch) if speed else ""]
    cells += [_rate(speed, key) for key in keys]
    if learnt is None:
        return [*cells, "", "", "", "", ""]
    losses = "" if learnt.first is None or learnt.last is None else f"{learnt.first:.2f} to {learnt.last:.2f}"
    shares = [f"{learnt.scores[score]:.1%}".rstrip("%") if score in learnt.scores else "" for score in ("mAP", "R1")]
    return [*cells, learnt.recipe, str(learnt.steps) if learnt.steps else "", losses, *shares]


def _rate(speed: Speed | None, key: tuple[str, str]) -> str:
    if speed is None:
        return ""
    if key in speed.failed:
        return "failed"
    return f"{speed.clips_per_s[key]:,.0f}" if key in speed.clips_per_s else ""


def _missing(report: Report) -> list[str]:
    lines = [f"{one.name}: {one.state}, {one.words}" for one in report.done if one.state not in ("done", "done before")]
    for name, speed in report.speeds.items():
        lines += [f"{name}, {' '.join(key)}: {words}" for key, words in speed.failed.items()]
    return lines
