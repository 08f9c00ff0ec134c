"""A message of a worker as Redis keeps it, and all the ways in which one can be wrong."""

import json

from pipeline.store.embedding_messages import MAX_BYTES, EmbeddingMessage, pack_message
from testing.embeddings import MODEL, embedding, end


def fields(message: EmbeddingMessage, **changed: object) -> dict[bytes, bytes]:
    head, vectors = pack_message(message, MODEL)
    return {
        b"worker": message.worker.encode(),
        b"head": json.dumps({**json.loads(head), **changed}).encode(),
        b"vectors": vectors,
    }


MESSAGE = EmbeddingMessage("w", ("door",), "whole", 10.0, (embedding(1), embedding(2)), (end(1),))


def stretched(**changed: object) -> dict[bytes, bytes]:
    """A message whose first part says something else."""
    first, *others = json.loads(pack_message(MESSAGE, MODEL)[0])["embeddings"]
    return fields(MESSAGE, embeddings=[{**first, **changed}, *others])


POISON = {
    "no JSON": (fields(MESSAGE) | {b"head": b"{'"}, "expected a message of version 1"),
    "nothing": ({}, "expected a message of version 1"),
    "another version": (fields(MESSAGE, version=2), "version"),
    "a surplus key": (fields(MESSAGE, admin=True), "admin"),
    "endless time": (fields(MESSAGE, end_s=float("inf")), "end_s"),
    "time before 1970": (stretched(start_s=-0.5), "embeddings.0.start_s: Input should be greater"),
    "time after 9999": (stretched(end_s=253402300800.0), "embeddings.0.end_s: Input should be less"),
    "an end before 1970": (
        fields(MESSAGE, ended=[{**json.loads(pack_message(MESSAGE, MODEL)[0])["ended"][0], "start_s": -1}]),
        "ended.0.start_s: Input should be greater",
    ),
    "a box beyond float32": (stretched(box=[1e300, 0, 1, 1]), "embeddings.0.box.0: Input should be less"),
    "a name without end": (fields(MESSAGE, **{"x" * 100_000: 1}), f"found {'x' * 100}: Extra"),
    "wrong length": (fields(MESSAGE) | {b"vectors": b"abc"}, "64 bytes, found 3"),
    "huge": (fields(MESSAGE) | {b"vectors": bytes(MAX_BYTES)}, "expected at most 4194304 bytes"),
    "another model": (fields(MESSAGE, model_id="n@2"), "expected vectors of m@1, found those of n@2"),
    "another site's camera": (fields(MESSAGE, cameras=["moon"]), "expected cameras of the site, found moon"),
    "a track of another camera": (fields(MESSAGE, cameras=["yard"]), "expected tracks of yard, found one of door"),
    "another worker's": (fields(MESSAGE) | {b"worker": b"v"}, "a field `worker` that names w"),
}
