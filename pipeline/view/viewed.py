"""What a view looks at: a site in Redis, or a run in this process. The server knows no other difference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

from passerby_events.errors import PasserbyError
from passerby_events.tracks import TrackKey
from pipeline.config import ColourStripesConfig, ComputeConfig, NetworkConfig, PipelineConfig
from pipeline.images import CameraImage
from pipeline.matching.verdicts import Verdict
from pipeline.store.erasure_requests import AuditEntry
from pipeline.telemetry.summary import ProcessStatus
from pipeline.view.alike import VectorShelf
from pipeline.view.book import Book


class NotPossibleError(PasserbyError):
    """What was asked for cannot be done here; the message says why, and where it can."""


@dataclass(frozen=True, slots=True)
class SiteCard:
    """What does not change while a site is looked at.

    Attributes:
        name: of the site.
        cameras: in the order of the configuration.
        plan: where cameras stand, if the site says so.
        keeps_images: frames may be shown, and crops are kept.
        encoder, compute: what makes a vector of an image that is searched for.
        verdicts: folder of the labelled pairs.
    """

    name: str
    cameras: tuple[str, ...]
    plan: Mapping[str, tuple[float, float]]
    keeps_images: bool
    encoder: NetworkConfig | ColourStripesConfig
    compute: ComputeConfig
    verdicts: Path


def card_of(config: PipelineConfig) -> SiteCard:
    """What a configuration says of the site that it describes."""
    view = config.view
    return SiteCard(
        name=config.site.name,
        cameras=tuple(camera.name for camera in config.cameras),
        plan={place.camera: place.at for place in config.site.plan},
        keeps_images=view.images,
        encoder=config.encoder,
        compute=config.compute,
        verdicts=view.verdicts or config.output.directory / "verdicts",
    )


@dataclass(frozen=True, slots=True)
class Recorded:
    """A file that a camera is recorded in, perhaps still.

    Attributes:
        path: where it lies now.
        start_s: time of its first frame, seconds since the epoch.
    """

    path: Path
    start_s: float


class Viewed(Protocol):
    """A site that is looked at. From any thread; what asks another machine raises a `PasserbyError`.

    Attributes:
        card: what does not change.
        book: who is where.
        shelf: who looks like whom.
        records: whether cameras are recorded here, so that a moment of them can be watched.
    """

    card: SiteCard
    book: Book
    shelf: VectorShelf
    records: bool

    def statuses(self) -> dict[str, ProcessStatus]:
        """How each process of the site is, as it last said."""
        ...

    def watch(self, cameras: Sequence[str]) -> None:
        """Asks for frames of some cameras; to be said again every few seconds."""
        ...

    def frame(self, camera: str, known: str) -> CameraImage | None:
        """The newest frame; None if there is none but the one of that name."""
        ...

    def crop(self, track: TrackKey) -> bytes | None:
        """JPEG of a track's best crop; None if there is none."""
        ...

    def moments(self, track: TrackKey) -> bytes | None:
        """JPEG of some of its crops side by side, in order of time; None if there are none."""
        ...

    def recorded(self, camera: str, time_s: float) -> Recorded | None:
        """The file that has a moment of a camera; None if none has."""
        ...

    def refresh_vectors(self) -> None:
        """Brings the shelf up to date."""
        ...

    def say(self, verdict: Verdict) -> None:
        """Hands an operator's verdict to the matcher."""
        ...

    def erase(self, person: UUID) -> AuditEntry:
        """Erases somebody, and returns when it is done, or raises."""
        ...

    def audit(self) -> list[AuditEntry]:
        """What became of earlier requests to erase, the newest first."""
        ...
