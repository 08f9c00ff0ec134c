import json
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from reid_learning.run_log import EVENTS, FILE, RunLog, read_log


def write(folder: Path, steps: range, *, shift: float = 0.0) -> None:
    with RunLog(folder) as log:
        for step in steps:
            log.write(step, rate=0.1, identity=step + shift)
            if step % 5 == 0:
                log.write(step, rank1=step / 100)


def test_a_line_for_each_step_and_each_ranking(tmp_path: Path) -> None:
    write(tmp_path / "run", range(1, 11))
    lines = [json.loads(line) for line in (tmp_path / "run" / FILE).read_text().splitlines()]
    assert len(lines) == 12
    assert lines[4:6] == [{"step": 5, "rate": 0.1, "identity": 5.0}, {"step": 5, "rank1": 0.05}]
    found = read_log(tmp_path / "run")
    assert found["identity"] == (list(range(1, 11)), [float(step) for step in range(1, 11)])
    assert found["rank1"] == ([5, 10], [0.05, 0.1])


def test_what_a_killed_run_wrote_after_its_checkpoint_is_replaced(tmp_path: Path) -> None:
    write(tmp_path, range(1, 9))
    # Cut in the middle of a line.
    with (tmp_path / FILE).open("a") as file:
        file.write('{"step": 9, "ra')
    write(tmp_path, range(6, 13), shift=0.5)
    steps, values = read_log(tmp_path)["identity"]
    assert steps == list(range(1, 13))
    assert values == [1, 2, 3, 4, 5, 6.5, 7.5, 8.5, 9.5, 10.5, 11.5, 12.5]


def test_tensorboard_shows_each_step_once(tmp_path: Path) -> None:
    write(tmp_path, range(1, 9))
    write(tmp_path, range(6, 13), shift=0.5)
    events = EventAccumulator(str(tmp_path / EVENTS))
    events.Reload()
    assert set(events.Tags()["scalars"]) == {"rate", "identity", "rank1"}
    assert [event.step for event in events.Scalars("identity")] == list(range(1, 13))
    assert [event.value for event in events.Scalars("identity")][5:7] == [6.5, 7.5]


def test_of_several_processes_one_writes(tmp_path: Path) -> None:
    with RunLog(tmp_path / "run", is_silent=True) as log:
        log.write(1, identity=2.0)
    assert list((tmp_path / "run").iterdir()) == []
