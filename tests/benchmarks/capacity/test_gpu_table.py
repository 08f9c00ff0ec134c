"""One table of what a GPU did, and what it did not do."""

import json

from benchmarks.capacity.gpu_steps import Done
from benchmarks.capacity.gpu_table import HEADS, Learnt, Report, Speed, as_json, markdown

REPORT = Report(
    machine={"device": "NVIDIA H200", "date": "2026-11-30 12:00 UTC"},
    networks=("cosam-mean-resnet50", "encoder", "sta-resnet50"),
    speeds={
        "cosam-mean-resnet50": Speed(
            "4 x 256 x 128",
            32,
            {("inference", "fp32"): 1234.4, ("training", "bf16"): 321.0},
            {("inference", "compiled"): "no compiler"},
        ),
    },
    learnt={
        "cosam-mean-resnet50": Learnt("cosam-tp", 120, 7.5, 3.25, {"mAP": 0.125, "R1": 0.5}),
        "encoder": Learnt("encoder"),
    },
    done=(
        Done("render people", "done", 60.0),
        Done("fit cosam-tp", "done before", 30.0),
        Done("fit encoder", "in part", 20.0, "stopped after 20 s"),
        Done("measure the catalogue", "not begun", words="3 s were left for it"),
    ),
)


def rows() -> list[list[str]]:
    lines = [line for line in markdown(REPORT).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]


def test_each_network_has_a_row_under_the_heads() -> None:
    heads, rule, *found = rows()
    assert tuple(heads) == HEADS
    assert {len(row) for row in (rule, *found)} == {len(HEADS)}
    cosam = dict(zip(heads, found[0], strict=True))
    assert cosam["inference, fp32"] == "1,234"
    assert cosam["inference, compiled"] == "failed"
    assert cosam["inference, bf16"] == ""
    assert cosam["training, bf16"] == "321"
    assert [cosam[head] for head in ("recipe", "steps", "loss, first to last", "mAP, %", "R1, %")] == [
        "cosam-tp",
        "120",
        "7.50 to 3.25",
        "12.5",
        "50.0",
    ]
    assert [cell for cell in found[1] if cell] == ["encoder", "encoder"]
    assert [cell for cell in found[2] if cell] == ["sta-resnet50"]


def test_what_was_not_done_is_said_and_what_was_is_not() -> None:
    _, _, missing = markdown(REPORT).partition("Not done:")
    assert [line for line in missing.splitlines() if line] == [
        "- fit encoder: in part, stopped after 20 s",
        "- measure the catalogue: not begun, 3 s were left for it",
        "- cosam-mean-resnet50, inference compiled: no compiler",
    ]
    whole = Report(REPORT.machine, (), {}, {}, REPORT.done[:2])
    assert "Everything was done." in markdown(whole)


def test_the_numbers_are_kept_with_date_and_device() -> None:
    found = json.loads(json.dumps(as_json(REPORT)))
    assert found["machine"] == {"device": "NVIDIA H200", "date": "2026-11-30 12:00 UTC"}
    assert found["networks"][0]["clips_per_s"] == {"inference fp32": 1234.4, "training bf16": 321.0}
    assert found["networks"][0]["scores"] == {"mAP": 0.125, "R1": 0.5}
    assert [step["state"] for step in found["steps"]] == ["done", "done before", "in part", "not begun"]
