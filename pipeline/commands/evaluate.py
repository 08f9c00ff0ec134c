"""`reid-pipeline evaluate`: a run against the truth."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import cast, get_args

from rich.console import Console
from rich.table import Table

from passerby_events.recordings import read_events
from pipeline.config_errors import ConfigError
from pipeline.evaluation.error_causes import IdentityErrors
from pipeline.evaluation.evaluate import (
    Evaluation,
    FootAgreement,
    SeenByBoxes,
    SeenByFeet,
    check_frames,
    evaluate,
    foot_agreement,
)
from pipeline.evaluation.scoring import Scores
from pipeline.output.mot_files import (
    MotTracks,
    MotTruth,
    TruthFormat,
    length_path,
    read_feet,
    read_frame_rate,
    read_sequence_length,
    read_tracks,
    read_truth,
    tracks_path,
)
from pipeline.view.frozen import add_score


def print_scores(
    run_folder: Path,
    truth: Sequence[str],
    feet: str | None,
    last_frame: int | None,
    *,
    layout: TruthFormat | None,
    as_json: bool,
) -> int:
    """Prints one table a question: tracking, persons, across cameras, and two views of one place."""
    events = list(read_events(run_folder / "events.jsonl"))
    files = [named for text in truth for named in _truth_files(text)]
    truths = {camera: read_truth(path, last_frame=last_frame, layout=layout) for camera, path in files}
    tracks = {camera: _tracks(run_folder, camera) for camera in truths}
    for camera, true in truths.items():
        check_frames(camera, true.frames, last_frame=true.last_frame, had=_length(run_folder, camera))
    found = evaluate(events, tracks, truths, frame_s=_frame_s(run_folder, truths))
    agreement = None
    if feet is not None:
        boxes = _first_view(truths, tracks)
        agreement = foot_agreement(events, boxes, _seen_by_feet(run_folder, feet, last_frame))
    _keep_in_report(run_folder / "report.html", found)
    if as_json:
        scores = asdict(found) | ({"feet": asdict(agreement)} if agreement else {})
        Console(highlight=False).print(json.dumps(scores, indent=2), soft_wrap=True)
        return 0
    _print(found, agreement)
    return 0


def layout_of(text: str | None) -> TruthFormat | None:
    """Raises ConfigError for a layout that is none."""
    if text is None:
        return None
    for known in get_args(TruthFormat):
        if text == known:
            return cast(TruthFormat, known)
    raise ConfigError(f"--truth-format: expected one of {', '.join(get_args(TruthFormat))}, found {text!r}")


def _truth_files(text: str) -> list[tuple[str, Path]]:
    """Of one camera, or of all in a folder."""
    folder = Path(text)
    if not folder.is_dir():
        return [_named(text)]
    files = [(path.stem, path) for path in sorted(folder.glob("*.txt"))]
    if not files:
        raise ConfigError(f"--truth: expected files CAMERA.txt in {folder}, found none")
    return files


def _named(text: str) -> tuple[str, Path]:
    camera, equals, path = text.partition("=")
    if not equals:
        raise ConfigError(f"expected CAMERA=FILE, found {text!r}")
    return camera, Path(path)


def _tracks(run_folder: Path, camera: str) -> MotTracks:
    return read_tracks(tracks_path(run_folder, camera))


def _length(run_folder: Path, camera: str) -> int | None:
    path = length_path(tracks_path(run_folder, camera))
    return read_sequence_length(path) if path.exists() else None


def _frame_s(run_folder: Path, cameras: Iterable[str]) -> dict[str, float] | None:
    """From one frame to the next of each camera, where the run said so of all of them."""
    rates = {camera: read_frame_rate(length_path(tracks_path(run_folder, camera))) for camera in cameras}
    found = {camera: 1 / rate for camera, rate in rates.items() if rate}
    return found if len(found) == len(rates) else None


def _seen_by_feet(run_folder: Path, text: str, last_frame: int | None) -> SeenByFeet:
    camera, path = _named(text)
    feet = read_feet(path, last_frame=last_frame)
    check_frames(camera, feet.frames, last_frame=feet.last_frame, had=_length(run_folder, camera))
    return SeenByFeet(camera, _tracks(run_folder, camera), feet)


def _first_view(truths: dict[str, MotTruth], tracks: dict[str, MotTracks]) -> SeenByBoxes:
    if len(truths) != 1:
        raise ConfigError(f"--feet compares with one view of true boxes, found {len(truths)}")
    camera = next(iter(truths))
    return SeenByBoxes(camera, tracks[camera], truths[camera])


def _keep_in_report(path: Path, found: Evaluation) -> None:
    """Puts the scores into the report of the run, if there is one."""
    if not path.is_file():
        return
    names = ("HOTA", "DetA", "AssA", "IDF1", "MOTA", "id switches")
    rows = [
        {"camera": camera, "ids": ids, **dict(zip(names, _cells(scores), strict=True))}
        for camera, both in found.by_camera.items()
        for ids, scores in (("tracks", both.tracks), ("persons", both.persons))
    ]
    if len(found.by_camera) > 1:
        across = {"HOTA": found.across.hota, "AssA": found.across.ass_a, "IDF1": found.across.idf1}
        shown = {name: f"{across[name]:.1%}" if name in across else "" for name in names}
        rows.append({"camera": "across cameras", "ids": "persons", **shown})
    missing, excess = asdict(found.errors.missing), asdict(found.errors.excess)
    wrong = sorted(((missing[cause] + excess[cause], cause) for cause in missing), reverse=True)
    boxes = found.errors.missing.total + found.errors.excess.total
    causes = [f"{cause.replace('_', ' ')}: {count:,} boxes, {count / boxes:.1%}" for count, cause in wrong if count]
    add_score(path, rows, causes)


def _print(found: Evaluation, agreement: FootAgreement | None) -> None:
    out = Console(highlight=False)
    table = Table("camera", "ids", "HOTA", "DetA", "AssA", "IDF1", "MOTA", "id switches")
    for camera, scores in found.by_camera.items():
        table.add_row(camera, "tracks", *_cells(scores.tracks))
        table.add_row("", "persons", *_cells(scores.persons))
    out.print(table)
    across = found.across
    if len(found.by_camera) > 1:
        out.print(_pairs(found))
        out.print(f"across cameras: IDF1 {across.idf1:.1%}, HOTA {across.hota:.1%}, AssA {across.ass_a:.1%}")
    out.print(_causes(found.errors))
    if found.persistence is not None:
        kept = found.persistence
        out.print(
            f"a person can be seen for {kept.visible_s:.1f} s on average, "
            f"{kept.kept_s:.1f} s of them ({kept.share:.1%}) under one name"
        )
    if agreement is not None:
        out.print(
            f"two views: IDF1 {agreement.idf1:.1%} over both ({agreement.idf1_boxes:.1%} by boxes, "
            f"{agreement.idf1_feet:.1%} by feet); one person in both boxes {agreement.agreement:.1%} "
            f"of {agreement.both_found} found in both, of {agreement.co_visible} visible in both"
        )
    out.print(f"tracks without a person: {found.tracks_without_person}")


def _pairs(found: Evaluation) -> Table:
    table = Table("cameras", "persons in both", "IDF1", "HOTA", "AssA")
    for pair in found.by_pair:
        shares = pair.scores.idf1, pair.scores.hota, pair.scores.ass_a
        table.add_row(" and ".join(pair.cameras), str(pair.shared), *(f"{share:.1%}" for share in shares))
    return table


def _causes(errors: IdentityErrors) -> Table:
    """Boxes by what went wrong, the largest first, with the share that each has in what IDF1 lacks."""
    missing, excess = asdict(errors.missing), asdict(errors.excess)
    boxes = errors.missing.total + errors.excess.total
    table = Table("cause", "true boxes without their name", "boxes with a wrong name", "share of the errors")
    for cause in sorted(missing, key=lambda name: -missing[name] - excess[name]):
        wrong = missing[cause] + excess[cause]
        share = f"{wrong / boxes:.1%}" if boxes else "-"
        table.add_row(cause.replace("_", " "), f"{missing[cause]:,}", f"{excess[cause]:,}", share)
    table.add_row("all", f"{errors.missing.total:,}", f"{errors.excess.total:,}", "")
    return table


def _cells(scores: Scores) -> list[str]:
    shares = scores.hota, scores.det_a, scores.ass_a, scores.idf1, scores.mota
    return [*(f"{share:.1%}" for share in shares), str(scores.switches)]
