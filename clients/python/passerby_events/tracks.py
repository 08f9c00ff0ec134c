"""What tells one track from another, and whose clock its times are."""

from dataclasses import dataclass
from typing import Literal

Clock = Literal["container", "receive", "sender"]
"""Where a frame's time comes from: the file, our clock when it arrived, or the sender's wall clock (RTCP)."""


@dataclass(frozen=True, slots=True, order=True)
class TrackKey:
    """One person's passage through one camera.

    Attributes:
        camera: name of the camera.
        session: which start of the camera; without it a restarted tracker would use its numbers again.
        track: number of the track within that session.
    """

    camera: str
    session: str
    track: int

    def __str__(self) -> str:
        return f"{self.camera}/{self.session}/{self.track}"
