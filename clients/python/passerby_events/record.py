"""What all records on the wire have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer


def _rounded(digits: int) -> PlainSerializer:
    return PlainSerializer(lambda value: round(value, digits), return_type=float)


Ratio = Annotated[float, _rounded(4)]
"""A cosine, a probability, or a difference of those."""
Pixels = Annotated[float, _rounded(1)]
Seconds = Annotated[float, _rounded(3)]


class Record(BaseModel):
    """Frozen. Whoever makes a record cannot give it a field that it has not; whoever reads JSON passes over such fields
    (`extra="ignore"` for the call), so that a newer Passerby may add some.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, json_schema_serialization_defaults_required=True
    )
