"""A report of a machine as Markdown, to be read, and as JSON, to be counted with."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from export.gpu_report.machine import Machine
from export.gpu_report.steps import Done
from export.target import write_text

MARKDOWN, JSON = "gpu-report.md", "gpu-report.json"


def write_report(folder: Path, machine: Machine, steps: Sequence[Done], *, date: str) -> Path:
    """Writes both, each whole; tells where the one for people lies."""
    markdown = "\n".join([*_head(machine, date), *_table(steps), *_outputs(steps)]) + "\n"
    write_text(folder / MARKDOWN, markdown)
    facts = {"date": date, "machine": asdict(machine), "steps": [asdict(step) for step in steps]}
    write_text(folder / JSON, json.dumps(facts, indent=2) + "\n")
    return folder / MARKDOWN


def _head(machine: Machine, date: str) -> list[str]:
    packages = ", ".join(f"{name} {version}" for name, version in machine.packages.items())
    return [
        f"# {machine.gpu.name}",
        "",
        f"{date}; compute capability {machine.gpu.capability}; {machine.processor}, {machine.cores} cores; {packages}.",
        "",
    ]


def _table(steps: Sequence[Done]) -> list[str]:
    rows = [f"| {step.name} | {_cell(step)} | {step.seconds:.1f} |" for step in steps]
    return ["| step | came of it | seconds |", "|---|---|--:|", *rows, ""]


def _cell(step: Done) -> str:
    return "good" if step.is_good else f"**{' '.join(step.fault.split())}**".replace("|", "\\|")


def _outputs(steps: Sequence[Done]) -> list[str]:
    return [
        line
        for step in steps
        if step.output.strip()
        for line in (f"## {step.name}", "", f"`{step.command}`", "", _printed(step.output), "")
    ]


def _printed(output: str) -> str:
    """Tables as they are; all else as it stood on the screen."""
    text = output.strip()
    return text if text.startswith("|") else f"```text\n{text}\n```"
