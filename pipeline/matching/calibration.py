"""What a similarity is worth: a threshold at a stated false-match rate, and the probability that two sightings are one.

Cosines of one encoder do not compare with another's, and two cameras that see people from front and from behind need
another threshold than two that see them alike. `measure_calibration.py` measures both; here is what serving reads. The
false-match rate is per comparison: a track that is compared with a hundred strangers has a hundred chances.
"""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from scipy.special import expit, logit

from passerby_events.errors import PasserbyError

CameraPair = tuple[str, str]
Share = Annotated[float, Field(gt=0, lt=1)]


class CalibrationError(PasserbyError):
    """Labelled tracklets or a calibration file cannot be used."""


class Curve(BaseModel):
    """What a similarity means.

    Attributes:
        threshold: two tracklets may be one person from this cosine on.
        interval: where 95 in 100 such thresholds lie if other persons had been labelled (bootstrap over persons).
        true_match_rate: share of the same pairs at the threshold or above.
        slope, intercept: log-odds of "same" = slope * cosine + intercept, if both were equally likely beforehand.
        same_pairs, different_pairs: how many pairs this was measured on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    threshold: float
    interval: tuple[float, float]
    true_match_rate: float
    slope: Annotated[float, Field(gt=0)]
    intercept: float
    same_pairs: int
    different_pairs: int


class PairCurve(BaseModel):
    """The curve of two cameras, their names in order."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    cameras: CameraPair
    curve: Curve


class Calibration(BaseModel):
    """What similarities of one encoder mean at one site.

    Attributes:
        schema_version: of this file.
        model_id: the encoder; the vectors of another mean something else.
        false_match_rate: share of the different pairs that the thresholds let through.
        prior: probability that two compared sightings are one person before their similarity is known.
        overall: of all pairs of cameras together; used where a pair has no curve of its own.
        pairs: of the pairs of cameras that had enough data.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    schema_version: Literal[1] = 1
    model_id: str
    false_match_rate: Share
    prior: Share
    overall: Curve
    pairs: tuple[PairCurve, ...] = ()

    def curve(self, camera: str, other: str) -> Curve:
        """The curve of two cameras in either order, or the one of all."""
        cameras = (min(camera, other), max(camera, other))
        return next((pair.curve for pair in self.pairs if pair.cameras == cameras), self.overall)

    def threshold(self, camera: str, other: str) -> float:
        """The cosine that two sightings in these cameras must reach."""
        return self.curve(camera, other).threshold

    def probability(self, similarity: NDArray[np.floating], camera: str, other: str) -> NDArray[np.float64]:
        """The probability that sightings of these cameras are one person: same shape as `similarity`, rising in it."""
        curve = self.curve(camera, other)
        odds = curve.slope * np.asarray(similarity, np.float64) + curve.intercept + logit(self.prior)
        return np.asarray(expit(odds), np.float64)


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Writes a calibration as JSON.

    Raises:
        CalibrationError: if the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(calibration.model_dump_json(indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise CalibrationError(f"expected to write a calibration to {path}: {error.strerror}") from error


def read_calibration(path: Path, *, model_id: str) -> Calibration:
    """The calibration of one encoder.

    Raises:
        CalibrationError: if the file cannot be read, is no calibration, or is that of another encoder.
    """
    try:
        found = Calibration.model_validate_json(path.read_bytes())
    except OSError as error:
        raise CalibrationError(f"expected a calibration at {path}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise CalibrationError(
            f"{path}: expected a file that `reid-pipeline calibrate` wrote, found {where}: {first['msg'].lower()}"
        ) from error
    if found.model_id != model_id:
        raise CalibrationError(
            f"{path}: expected a calibration of {model_id}, found one of {found.model_id}; "
            "run `reid-pipeline calibrate` with this encoder"
        )
    return found
