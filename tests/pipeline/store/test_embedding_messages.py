import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipeline.events.memory import MemorySink
from pipeline.matching.matcher import Matcher
from pipeline.matching.memory import MemoryGallery
from pipeline.matching.policy import MatchParams
from pipeline.records import EmbeddedWindow, StreamEntry
from pipeline.site import Site
from pipeline.store.embedding_messages import (
    EmbeddingMessage,
    EmbeddingMessageError,
    messages_of,
    pack_message,
    unpack_message,
)
from pipeline.store.window_join import WindowJoin
from testing.embeddings import EXPECTED, MODEL, embedding, end
from testing.messages import MESSAGE, POISON, fields


def test_a_message_comes_back_as_it_was_to_the_last_bit() -> None:
    back = unpack_message(fields(MESSAGE), EXPECTED)
    assert (back.worker, back.cameras, back.progress, back.end_s) == ("w", ("door",), "whole", 10.0)
    assert back.ended == MESSAGE.ended
    for sent, found in zip(MESSAGE.embeddings, back.embeddings, strict=True):
        assert (found.track, found.tracklet_index, found.cut_s, found.start_s) == (
            sent.track,
            sent.tracklet_index,
            sent.cut_s,
            sent.start_s,
        )
        np.testing.assert_array_equal(found.vector, sent.vector)
        np.testing.assert_array_equal(found.box, sent.box)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30, 0.0, 1.0])
def test_a_vector_that_is_not_of_length_1_is_left_out_and_the_others_are_not(value: float) -> None:
    bad = replace(embedding(1), vector=np.full(8, value, np.float32))
    back = unpack_message(fields(replace(MESSAGE, embeddings=(bad, embedding(2)))), EXPECTED)
    assert [each.track.track for each in back.embeddings] == [2]
    assert [(each.track, each.tracklet_index) for each in back.refused] == [(bad.track, 0)]
    assert back.ended == MESSAGE.ended


def test_a_large_window_is_several_messages_and_the_last_completes_it() -> None:
    window = EmbeddedWindow(10.0, tuple(embedding(i) for i in range(150)), (end(1),))
    messages = list(messages_of(window, "w", ("door",)))
    assert [(len(m.embeddings), len(m.ended), m.progress) for m in messages] == [
        (64, 0, "partial"),
        (64, 0, "partial"),
        (22, 1, "whole"),
    ]


def test_an_empty_window_still_says_how_far_the_worker_is() -> None:
    (message,) = messages_of(EmbeddedWindow(10.0, (), ()), "w", ("door",))
    assert (message.progress, message.end_s) == ("whole", 10.0)


@pytest.mark.parametrize(("poison", "reason"), POISON.values(), ids=list(POISON))
def test_poison_is_refused_with_its_reason(poison: dict[bytes, bytes], reason: str) -> None:
    with pytest.raises(EmbeddingMessageError, match=reason):
        unpack_message(poison, EXPECTED)


NASTY: tuple[object, ...] = (
    *(None, True, -1, 0, -0.5, 1e300, -1e300, 1e-320, 2**53 - 1, 2**60, 10**400, 253402300799, 253402300799.5),
    *("", "x" * 2000, "\ud800", "1970-01-01T00:00:00Z", [], {}, [0, 0, 0, 0], [5, 5, 1, 1], [1e300] * 4),
)


def places(value: object, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where something stands in a JSON value."""
    yield at
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inside:
        yield from places(each, (*at, name))


def with_put(value: object, at: Sequence[str | int], new: object) -> object:
    """A JSON value with something else at one place."""
    if not at:
        return new
    copy: Any = json.loads(json.dumps(value))
    inner = copy
    for name in at[:-1]:
        inner = inner[name]
    inner[at[-1]] = new
    return copy


@pytest.mark.filterwarnings("error")
def test_what_is_not_refused_can_be_decided_whatever_stands_in_it() -> None:
    head = json.loads(pack_message(MESSAGE, MODEL)[0])
    outcomes = Counter(
        _comes_through(with_put(head, at, nasty), nasty if at == ("worker",) else "w")
        for at in places(head)
        for nasty in NASTY
    )
    assert outcomes[True] > 50
    assert outcomes[False] > 300


def _comes_through(head: object, worker: object) -> bool:
    """Whether a message is taken; then it is decided, and so is a good one after it."""
    named = str(worker).encode("utf-8", "surrogatepass")
    try:
        message = unpack_message(fields(MESSAGE) | {b"head": json.dumps(head).encode(), b"worker": named}, EXPECTED)
    except EmbeddingMessageError:
        return False
    join = WindowJoin(EXPECTED.cameras, window_s=1.0, is_live=False, idle_after_s=1.0, decided_until_s=None, now_s=0.0)
    matcher = Matcher(MemoryGallery(MemorySink()), Site(name="shop"), MatchParams(threshold=0.9))
    goodbyes = (EmbeddingMessage("good", (camera,), "closed") for camera in sorted(EXPECTED.cameras))
    good = EmbeddingMessage("good", ("door",), "whole", 11.0, (embedding(5, cut_s=10.5),), (end(5, 10.9),))
    for number, each in enumerate((message, good, *goodbyes)):
        join.add(StreamEntry(f"{number}-0".encode(), each.worker), each, 0.0)
    while joined := join.take(0.0):
        matcher.step(joined)
    return True
