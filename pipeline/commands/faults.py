"""Which errors are the world's or the user's, and what exit code they mean."""

from passerby_events.errors import EventsError, SettingsError
from pipeline.commands.rendering import RenderingStoppedError
from pipeline.config_errors import ConfigError
from pipeline.deployment.processes import ChildDied
from pipeline.evaluation.errors import EvaluationError, ScoringError
from pipeline.matching.calibration import CalibrationError
from pipeline.output.annotate import AnnotationError
from pipeline.output.mot_files import MotFileError
from pipeline.output.report.report import ReportError
from pipeline.shipped import UnknownNameError
from pipeline.sources.errors import SourceError
from pipeline.store.client import StoreError
from pipeline.store.erasure_requests import ErasureError
from pipeline.telemetry.http_server import HealthError
from reid_models.tracklet_folder import TrackletFolderError
from reid_runtime.card import ArtefactError
from reid_runtime.extras import missing_extra

FAILED, MISUSE = 1, 2


def exit_code(error: Exception) -> int | None:
    """The exit code of an error that a user can mend; None for a fault of ours."""
    match error:
        case ConfigError() | SettingsError() | UnknownNameError():
            return MISUSE
        case (
            AnnotationError()
            | ArtefactError()
            | CalibrationError()
            | ChildDied()
            | ErasureError()
            | EvaluationError()
            | EventsError()
            | HealthError()
            | MotFileError()
            | RenderingStoppedError()
            | ReportError()
            | ScoringError()
            | SourceError()
            | StoreError()
            | TrackletFolderError()
        ):
            return FAILED
        case ModuleNotFoundError() if missing_extra(error):
            return FAILED
        case OSError():
            return FAILED
    return None


def in_one_line(error: Exception) -> str:
    """What such an error says, on one line."""
    if isinstance(error, ModuleNotFoundError) and (missing := missing_extra(error)):
        return missing
    if isinstance(error, OSError) and error.filename is not None:
        return f"cannot use {error.filename}: {error.strerror}"
    return " ".join(str(error).split())
