"""What all records on the wire have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer, ValidationInfo, model_validator


def _rounded(digits: int) -> PlainSerializer:
    return PlainSerializer(lambda value: round(value, digits), return_type=float)


Ratio = Annotated[float, _rounded(4)]
"""A cosine, a probability, or a difference of those."""
Pixels = Annotated[float, _rounded(1)]
Seconds = Annotated[float, _rounded(3)]


class Record(BaseModel):
    """Frozen. Whoever reads JSON passes over fields that it does not know, so that a newer Passerby may add some;
    whoever makes a record in Python cannot give it one.
    """

    model_config = ConfigDict(
        frozen=True, extra="ignore", allow_inf_nan=False, json_schema_serialization_defaults_required=True
    )

    @model_validator(mode="before")
    @classmethod
    def _has_no_other_fields(cls, fields: object, info: ValidationInfo) -> object:
        if info.mode == "python" and isinstance(fields, dict) and not fields.keys() <= cls.__pydantic_fields__.keys():
            raise ValueError(f"unknown fields: {', '.join(sorted(fields.keys() - cls.__pydantic_fields__.keys()))}")
        return fields
