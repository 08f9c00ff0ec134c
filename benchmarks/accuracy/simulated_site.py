"""What each part brings to the cross-camera score of a simulated shop: encoders, thresholds, what is known of the site.

    python -m benchmarks.accuracy.simulated_site [--folder DIR] [--seconds 75] [--detector NAME] [--encoders NAME ...]

Records the shop twice, once with ordinary people and once with many dressed alike, runs detector, tracker and encoder
over the videos once for each encoder, and decides the same embeddings again for each line of the table: with the
threshold that the encoder's card suggests, and with one calibrated on tracklets of other simulated people; with and
without what the operator knows of the site (which cameras overlap, how long walks take); with decisions taken back and
without. With `--folder`, videos that lie there already are used again. Takes about ten minutes on two cores.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from pipeline.build import build_policy, read_encoder_card
from pipeline.commands.calibrate import write_threshold
from pipeline.commands.demo import SHOP
from pipeline.commands.flags import Flags, merge_flags
from pipeline.commands.simulate import write_simulation
from pipeline.commands.simulate_tracklets import simulate_tracklets
from pipeline.commands.stopping import StopSignal
from pipeline.config import MatchingConfig, PipelineConfig
from pipeline.deployment.deployment import Deployment
from pipeline.deployment.simulated import Replaced, load_simulation
from pipeline.evaluation.evaluate import Evaluation, evaluate
from pipeline.events.memory import MemorySink
from pipeline.matching.identity_loop import run_identity_loop
from pipeline.matching.matcher import Matcher
from pipeline.matching.memory import MemoryGallery
from pipeline.model_zoo import shipped_models
from pipeline.output.mot_files import MotTracks, MotTruth, read_tracks, read_truth, tracks_path
from pipeline.records import EmbeddedWindow
from pipeline.scheduling.threads import keep_to_one_thread
from pipeline.site import Site
from reid_models.encoder import EncoderCard

SITES = {"shop": Replaced(), "look-alikes": Replaced(look_alikes=0.6)}
OTHER_PEOPLE, OTHER_SEED = 160, 4242
"""In the tracklets that thresholds are calibrated on: half of them are in the part for testing, which is used."""
FALSE_MATCH_RATE = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """The videos of a site as a matcher has them.

    Attributes:
        config: as it was run.
        encoder: its card.
        windows: of all cameras.
        tracks, truth: of each camera.
    """

    config: PipelineConfig
    encoder: EncoderCard
    windows: Sequence[EmbeddedWindow]
    tracks: dict[str, MotTracks]
    truth: dict[str, MotTruth]


@dataclass(frozen=True, slots=True)
class Variant:
    """One line of the table, and what decides in it."""

    title: str
    matching: MatchingConfig
    site: Site


def main() -> int:
    shipped = list(shipped_models())
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--folder", type=Path, help="for videos and embeddings; videos that lie there are used again")
    options.add_argument("--seconds", type=float, help="to record; replaces what the shop's file says")
    options.add_argument("--detector", help="name, file, or hog")
    options.add_argument("--encoders", nargs="+", default=[*(n for n in shipped if "encoder" in n), "colour-stripes"])
    asked = options.parse_args()
    keep_to_one_thread()
    with tempfile.TemporaryDirectory() as name:
        folder = asked.folder or Path(name)
        videos = {
            site: record_site(folder / site, replace(options, seconds=asked.seconds)) for site, options in SITES.items()
        }
        others = other_people(folder / "tracklets")
        table = Table("site", "encoder", "decided with", "IDF1", "HOTA", "persons", "largest causes of errors")
        for site, deployment in videos.items():
            for encoder in asked.encoders:
                embedded = embed(deployment, asked.detector, encoder, folder / f"{site}-{encoder}")
                for variant in variants(embedded, others, encoder, folder / f"{encoder}.json"):
                    table.add_row(site, encoder, variant.title, *decide_site(embedded, variant))
    Console(width=max(110, int(os.environ.get("COLUMNS", "0")))).print(table)
    return 0


def record_site(folder: Path, options: Replaced) -> Path:
    """The configuration for `run` of a site's videos."""
    deployment = folder / "pipeline.yaml"
    if deployment.is_file():
        return deployment
    config = load_simulation(SHOP, options)
    with StopSignal() as stop:
        return write_simulation(config, config.built_cameras(), folder, Console(stderr=True), stop)


def other_people(folder: Path) -> Path:
    """Labelled tracklets of people who are not in the videos."""
    if not (folder / "tracklets.csv").is_file():
        with StopSignal() as stop:
            simulate_tracklets(
                folder,
                persons=OTHER_PEOPLE,
                cameras=4,
                tracklets=1,
                crops=8,
                style="shop",
                look_alikes=0.1,
                seed=OTHER_SEED,
                stop=stop,
            )
    return folder


def embed(deployment: Path, detector: str | None, encoder: str, out: Path) -> Embedded:
    """Runs everything but the matcher."""
    config, _ = merge_flags(deployment, Flags(detector=detector, encoder=encoder, out=out))
    windows: list[EmbeddedWindow] = []
    with Deployment(config) as ready:
        ready.supervisor(windows.extend).run()
    names = [camera.name for camera in config.cameras]
    return Embedded(
        config,
        read_encoder_card(config.encoder),
        windows,
        tracks={name: read_tracks(tracks_path(out, name)) for name in names},
        truth={name: read_truth(deployment.parent / "truth" / f"{name}.txt") for name in names},
    )


def variants(embedded: Embedded, others: Path, encoder: str, calibration: Path) -> Iterator[Variant]:
    """All that is compared, beginning with what the demo does."""
    plain, known = embedded.config.matching, embedded.config.site
    if not calibration.is_file():
        write_threshold(others / "bbox_test", encoder, calibration, FALSE_MATCH_RATE, "cpu")
    calibrated = plain.model_copy(update={"calibration": calibration})
    overlaps = known.model_copy(update={"transits": ()})
    yield Variant("the card's threshold", plain, known)
    yield Variant("a calibrated one", calibrated, known)
    yield Variant("no transit times", plain, overlaps)
    yield Variant("nothing known of the site", plain, Site(name=known.name))
    yield Variant("nothing taken back", plain.model_copy(update={"merge_split": None}), known)


def decide_site(embedded: Embedded, variant: Variant) -> tuple[str, ...]:
    """The cells of a line."""
    found, persons = decided(embedded, variant)
    return f"{found.across.idf1:.1%}", f"{found.across.hota:.1%}", str(persons), largest_causes(found)


def decided(embedded: Embedded, variant: Variant) -> tuple[Evaluation, int]:
    """What came of it beside the truth, and how many persons."""
    config = embedded.config.model_copy(update={"matching": variant.matching})
    params, calibration = build_policy(config, embedded.encoder)
    sink = MemorySink()
    matcher = Matcher(
        MemoryGallery(sink),
        variant.site,
        params,
        calibration,
        variant.matching.merge_split,
        variant.matching.adaptation,
    )
    run_identity_loop(embedded.windows, matcher)
    found = evaluate(sink.events, embedded.tracks, embedded.truth, scores_pairs=False)
    return found, len({event.person for event in sink.events})


def largest_causes(found: Evaluation) -> str:
    """The two largest, with their shares."""
    errors = found.errors
    boxes = {
        cause: getattr(errors.missing, cause) + getattr(errors.excess, cause)
        for cause in errors.missing.__dataclass_fields__
    }
    whole = max(sum(boxes.values()), 1)
    largest = sorted(boxes, key=lambda cause: -boxes[cause])[:2]
    return ", ".join(f"{cause.replace('_', ' ')} {boxes[cause] / whole:.0%}" for cause in largest)


if __name__ == "__main__":
    sys.exit(main())
