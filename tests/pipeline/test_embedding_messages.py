import json

import numpy as np
import pytest

from pipeline.embedding_messages import MAX_BYTES, Expected, Message, MessageError, messages_of, packed, unpacked
from pipeline.records import EmbeddedWindow, Embedding, TrackEnd, TrackKey

MODEL = "m@1"
EXPECTED = Expected(frozenset({"door", "yard"}), MODEL, 8)


def embedding(track: int, *, part: int = 0, camera: str = "door", cut_s: float = 9.1) -> Embedding:
    vector = np.random.default_rng(track * 100 + part).standard_normal(8)
    return Embedding(
        track=TrackKey(camera, "r", track),
        part=part,
        cut_s=cut_s,
        clock="sender",
        start_s=5.123456789012345,
        end_s=9.1,
        box=np.array([1.5, 2, 3, 4.1], np.float32),
        vector=(vector / np.linalg.norm(vector)).astype(np.float32),
        model_id=MODEL,
    )


def end(track: int, cut_s: float = 9.5) -> TrackEnd:
    return TrackEnd(TrackKey("door", "r", track), cut_s, 1.0, 9.0, "sender")


def fields(message: Message, **changed: object) -> dict[bytes, bytes]:
    head, vectors = packed(message, MODEL)
    return {
        b"worker": message.worker.encode(),
        b"head": json.dumps({**json.loads(head), **changed}).encode(),
        b"vectors": vectors,
    }


MESSAGE = Message("w", ("door",), "whole", 10.0, (embedding(1), embedding(2)), (end(1),))


def test_a_message_comes_back_as_it_was_to_the_last_bit() -> None:
    back = unpacked(fields(MESSAGE), EXPECTED)
    assert (back.worker, back.cameras, back.progress, back.end_s) == ("w", ("door",), "whole", 10.0)
    assert back.ended == MESSAGE.ended
    for sent, found in zip(MESSAGE.embeddings, back.embeddings, strict=True):
        assert (found.track, found.part, found.cut_s, found.start_s) == (
            sent.track,
            sent.part,
            sent.cut_s,
            sent.start_s,
        )
        np.testing.assert_array_equal(found.vector, sent.vector)
        np.testing.assert_array_equal(found.box, sent.box)


def test_a_large_window_is_several_messages_and_the_last_completes_it() -> None:
    window = EmbeddedWindow(10.0, tuple(embedding(i) for i in range(150)), (end(1),))
    messages = list(messages_of(window, "w", ("door",)))
    assert [(len(m.embeddings), len(m.ended), m.progress) for m in messages] == [
        (64, 0, "part"),
        (64, 0, "part"),
        (22, 1, "whole"),
    ]


def test_an_empty_window_still_says_how_far_the_worker_is() -> None:
    (message,) = messages_of(EmbeddedWindow(10.0, (), ()), "w", ("door",))
    assert (message.progress, message.end_s) == ("whole", 10.0)


def without_vectors(count: int) -> bytes:
    return np.full((count, 8), np.nan, "<f4").tobytes()


POISON = {
    "no JSON": (fields(MESSAGE) | {b"head": b"{'"}, "expected a message of version 1"),
    "nothing": ({}, "expected a message of version 1"),
    "another version": (fields(MESSAGE, version=2), "version"),
    "a surplus key": (fields(MESSAGE, admin=True), "admin"),
    "endless time": (fields(MESSAGE, end_s=float("inf")), "end_s"),
    "wrong length": (fields(MESSAGE) | {b"vectors": b"abc"}, "64 bytes, found 3"),
    "no number": (fields(MESSAGE) | {b"vectors": without_vectors(2)}, "length 1, found one of length nan"),
    "huge numbers": (fields(MESSAGE) | {b"vectors": np.full((2, 8), 1e30, "<f4").tobytes()}, "found one of length inf"),
    "not of length 1": (fields(MESSAGE) | {b"vectors": np.ones((2, 8), "<f4").tobytes()}, "length 2.8"),
    "huge": (fields(MESSAGE) | {b"vectors": bytes(MAX_BYTES)}, "expected at most 4194304 bytes"),
    "another model": (fields(MESSAGE, model_id="n@2"), "expected vectors of m@1, found those of n@2"),
    "another site's camera": (fields(MESSAGE, cameras=["moon"]), "expected cameras of the site, found moon"),
    "a track of another camera": (fields(MESSAGE, cameras=["yard"]), "expected tracks of yard, found one of door"),
    "another worker's": (fields(MESSAGE) | {b"worker": b"v"}, "a field `worker` that names w"),
}


@pytest.mark.parametrize(("poison", "reason"), POISON.values(), ids=list(POISON))
def test_poison_is_refused_with_its_reason(poison: dict[bytes, bytes], reason: str) -> None:
    with pytest.raises(MessageError, match=reason):
        unpacked(poison, EXPECTED)
