"""Writes down the tracks of one camera while it runs; what `evaluate` and the annotated video read."""

import fcntl
from pathlib import Path

from pipeline.output.files import is_free, naming, partial_of
from pipeline.output.mot_files import MotFileError, length_path, track_line, write_sequence_length
from pipeline.tracking.camera_loop import CameraNews, FrameStep, StreamEnded


class TrackRecorder:
    """Writes tracks as MOT text, frame by frame, and at the end how many frames there were.

    The file has its name once it is closed with all in it; what a run left that was killed, or had no room, is partial.
    """

    def __init__(self, path: Path) -> None:
        """Begins the file.

        Raises:
            MotFileError: if another process writes it: two workers of one camera.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._last, self._step = -1, 1
        self._first: tuple[int, float] | None = None
        self._last_s = 0.0
        self._partial = partial_of(path)
        self._is_whole = True
        self._lock = self._partial.open("a")
        if not is_free(self._lock.fileno(), fcntl.LOCK_EX):
            self._lock.close()
            raise MotFileError(f"expected to write tracks to {path}, found another process that does: end that first")
        self._file = self._partial.open("w", encoding="ascii")

    def __call__(self, what: CameraNews) -> None:
        match what:
            case FrameStep():
                self._write(what)
            case StreamEnded():
                return

    def close(self) -> None:
        with self._lock, naming(self._path):
            self._file.close()
            if not self._is_whole:
                return
            self._partial.replace(self._path)
        if self._last < 0:
            return
        # Where only every third frame is looked at, the two behind the last one are frames, too.
        length = self._last + self._step
        write_sequence_length(length_path(self._path), self._path.stem, length, self._frame_rate())

    def _frame_rate(self) -> float | None:
        """Frames per second, on average; None of a single one."""
        if self._first is None or self._last_s <= self._first[1]:
            return None
        return (self._last - self._first[0]) / (self._last_s - self._first[1])

    def _write(self, step: FrameStep) -> None:
        index, tracks = step.frame.index, step.tracks
        self._step = index - self._last if self._last >= 0 else 1
        self._last, self._last_s = index, step.frame.time_s
        if self._first is None:
            self._first = index, step.frame.time_s
        rows = zip(tracks.ids.tolist(), tracks.boxes.tolist(), tracks.scores.tolist(), strict=True)
        self._is_whole = False
        with naming(self._path):
            self._file.write("".join([track_line(index + 1, *row) for row in rows]))
        self._is_whole = True
