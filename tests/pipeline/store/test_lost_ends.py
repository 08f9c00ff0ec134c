"""Whose last word may be lost, and who is known not to have said it yet."""

import pytest

from pipeline.store.client import SiteStore
from pipeline.store.keys import STREAM, claim_key
from pipeline.store.lost_ends import LostEnds
from pipeline.store.lua import script
from testing.embeddings import MODEL

CLAIM = script("return redis.call('SET', KEYS[1], 'somebody')")


def test_without_a_loss_nobody_is_closed_however_silent(store: SiteStore) -> None:
    assert LostEnds(("door", "yard")).close(store, ["door", "yard"], MODEL, now_s=100.0) == []
    assert store.length(STREAM) == 0


@pytest.mark.parametrize(("written_s", "closed"), [(99.0, ["door"]), (101.0, [])])
def test_who_has_written_since_the_loss_has_not_said_its_last_word_before(
    store: SiteStore, written_s: float, closed: list[str]
) -> None:
    ends = LostEnds(("door", "yard"))
    ends.note_loss(100.0)
    ends.hear(["door"], written_s)
    assert ends.close(store, ["door"], MODEL, now_s=130.0) == closed
    assert store.length(STREAM) == len(closed)


def test_a_camera_that_somebody_claims_is_not_closed_and_each_other_is_closed_once(store: SiteStore) -> None:
    ends = LostEnds(("door", "yard"))
    ends.note_loss(100.0)
    store.run(CLAIM, [store.key(claim_key("door"))], [])
    assert ends.close(store, ["door", "yard"], MODEL, now_s=130.0) == ["yard"]
    assert ends.close(store, ["door", "yard"], MODEL, now_s=131.0) == []
    ends.note_loss(140.0)
    assert ends.close(store, ["yard"], MODEL, now_s=170.0) == ["yard"]
