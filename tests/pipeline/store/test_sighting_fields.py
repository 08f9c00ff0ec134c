from dataclasses import fields, replace

import numpy as np
import pytest

from pipeline.matching.sightings import Sighting
from pipeline.store.sighting_fields import FieldsError, head_of, sighting_from, total_of
from testing.sightings import sighting


def written(of: Sighting) -> dict[bytes, bytes]:
    return {
        b"head": head_of(of).encode(),
        b"person": str(of.person).encode() if of.person else b"",
        b"total": total_of(of),
    }


@pytest.mark.parametrize("person", [True, False])
def test_a_sighting_comes_back_to_the_last_bit(person: bool) -> None:
    total = np.random.default_rng(0).standard_normal(16) / 3
    before = replace(sighting(1, 10.1 / 3, person=person), total=total, revision=2, is_open=False)
    after = sighting_from(written(before))
    for field in fields(Sighting):
        np.testing.assert_array_equal(getattr(after, field.name), getattr(before, field.name), err_msg=field.name)
    assert after.total.dtype == np.float64


@pytest.mark.parametrize(
    "changed",
    [{b"head": b"{"}, {b"head": b"{}"}, {b"person": b"somebody"}, {b"total": b"123"}, {b"person": b"\xff"}],
)
def test_what_is_no_sighting_is_a_clear_error(changed: dict[bytes, bytes]) -> None:
    with pytest.raises(FieldsError, match=r"expected a sighting, found \[b'head', b'person', b'total'\]"):
        sighting_from(written(sighting(1, 10)) | changed)


def test_a_field_that_is_missing_is_a_clear_error() -> None:
    found = written(sighting(1, 10))
    del found[b"total"]
    with pytest.raises(FieldsError, match="total"):
        sighting_from(found)
