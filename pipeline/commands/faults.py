"""Which errors are the world's or the user's, and what exit code they mean."""

from pipeline.annotate import AnnotationError
from pipeline.config import ConfigError
from pipeline.evaluation_errors import EvaluationError, ScoringError
from pipeline.events.sink import EventSinkError
from pipeline.health import HealthError
from pipeline.matching.calibration import CalibrationError
from pipeline.mot_files import MotFileError
from pipeline.redis_store import StoreError
from pipeline.report.report import ReportError
from pipeline.source_errors import SourceError
from reid_models.tracklet_folder import TrackletFolderError
from runtime.card import ArtefactError

FAILED, MISUSE = 1, 2


def exit_code(error: Exception) -> int | None:
    """The exit code of an error that a user can mend; None for a fault of ours."""
    match error:
        case ConfigError():
            return MISUSE
        case (
            AnnotationError()
            | ArtefactError()
            | CalibrationError()
            | EvaluationError()
            | EventSinkError()
            | HealthError()
            | MotFileError()
            | ReportError()
            | ScoringError()
            | SourceError()
            | StoreError()
            | TrackletFolderError()
        ):
            return FAILED
    return None
