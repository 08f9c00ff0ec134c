"""The API does what its description says, whatever is asked: by schemathesis."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from pipeline.view import guard
from testing.services.site_store import site_of_its_own
from testing.view.viewed_site import BLUE, ORANGE, RED, ViewedSite
from testing.waiting import until

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
ENOUGH = 1e9


@pytest.fixture(scope="module")
def described(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[schemathesis.BaseSchema]:
    with pytest.MonkeyPatch.context() as patched, site_of_its_own(redis_url) as store:
        for name in ("MOST_PER_S", "BURST", "WRITES_PER_S", "WRITES_BURST"):
            patched.setattr(guard, name, ENOUGH)
        folder: Path = tmp_path_factory.mktemp("described")
        with ViewedSite(store, folder) as shop:
            shop.sees("door", 1, RED)
            shop.sees("door", 2, ORANGE)
            shop.sees("yard", 1, RED)
            shop.sees("yard", 2, BLUE)
            with shop.client() as client:
                until(lambda: client.get("/persons").json()["total"] == 3, "three persons")
            yield schemathesis.openapi.from_url(f"{shop.server.address}api/v1/openapi.json")


LEFT_OUT = ("/stream", "/erase")
"""A stream has no end to wait for, and an erasure waits for the matcher."""


def test_no_question_is_a_fault_of_the_server_and_every_answer_is_as_described(
    described: schemathesis.BaseSchema,
) -> None:
    found = [each for each in described.get_all_operations() if isinstance(each, Ok)]
    asked = [each.ok() for each in found if not each.ok().path.endswith(LEFT_OUT)]
    assert len(asked) == 19
    for operation in asked:

        @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @seed(1)
        @given(case=operation.as_strategy())
        def answers(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(checks=CHECKS, timeout=20)

        answers()
