"""Every network of the catalogue, and the detector, as ONNX files: what each takes and yields, and how near to torch.

    python -m benchmarks.speed.exports                          the table, at the papers' sizes: half a minute a network
    python -m benchmarks.speed.exports sta-resnet50 --write     these rows into docs/exporter.md, each when it is done

Weights are random. Files have a mask and attention wherever the network can have them, so that these are checked too;
nodes and megabytes are those of such files. Seconds are processor time of the whole export, checks included.
"""

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
import torch

from benchmarks.speed.tables import Page, put_row
from export.graph.artefact import Words, export_onnx
from export.graph.extras import attention_of, with_attention, with_mask
from export.graph.sources import DETECTOR, random_subject
from export.graph.subject import Subject
from reid_models.architectures.catalogue import CATALOGUE
from testing.paths import ROOT

HEAD = "| network | T | mask | attention | nodes | MB | seconds | difference |\n|---|---|---|---|--:|--:|--:|--:|"
PAGE = Page(ROOT / "docs" / "exporter.md", "<!-- python -m benchmarks.speed.exports --write -->", HEAD)
NAMES = (*CATALOGUE, DETECTOR)
WORDS = Words(licence="none needed: random numbers", notes="A benchmark's.")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.exports")
    parser.add_argument("names", nargs="*", metavar="NAME", help="of the catalogue; none: all of them")
    parser.add_argument("--write", action="store_true", help="put the rows into the table of docs/exporter.md")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(HEAD)
    for name in arguments.names or NAMES:
        found = row(name)
        print(found, flush=True)
        if arguments.write:
            put_row(PAGE, name, found, order=NAMES)
    return 0


def row(name: str) -> str:
    """Exports it, and says what came of it."""
    began = time.process_time()
    subject = _with_all(random_subject(name, seed=0))
    with TemporaryDirectory() as folder:
        file = Path(folder, "network.onnx")
        exported = export_onnx(subject, file, WORDS)
        seconds = time.process_time() - began
        nodes, size = len(onnx.load(file).graph.node), file.stat().st_size / 1e6
    attention = ", ".join(subject.attention) or "-"
    mask = "yes" if subject.has_mask else "-"
    return (
        f"| {name} | {_lengths(subject)} | {mask} | {attention} | {nodes} | {size:.1f} | {seconds:.0f} | "
        f"{exported.difference:.0e} |"
    )


def _with_all(subject: Subject) -> Subject:
    """With whatever the network can take and yield."""
    if subject.lengths is None:
        return subject
    if subject.lengths.takes_padding:
        subject = with_mask(subject)
    return with_attention(subject) if attention_of(subject) else subject


def _lengths(subject: Subject) -> str:
    lengths, clip = subject.lengths, subject.clip
    if lengths is None or clip is None:
        return "-"
    if not lengths.is_free_when_exported:
        return str(clip.frames)
    return "any" if lengths.multiple == 1 else f"multiples of {lengths.multiple}"


if __name__ == "__main__":
    sys.exit(main())
