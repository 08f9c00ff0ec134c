"""What the processes of a site must agree on: the length of a window, the network behind the vectors, the cameras.

It stands in Redis beside what was made of it. The first worker says which window and network its messages are of, the
first matcher which cameras the site has; whoever comes with another configuration later is refused before it has
written or thrown away anything.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast
from uuid import uuid4

from pipeline.store.client import SiteStore, StoreError
from pipeline.store.keys import AGREEMENT, STREAM
from pipeline.store.lease import Lease
from pipeline.store.lease_scripts import AGREE, SERIES


class Disagreement(StoreError):  # noqa: N818 - a state of the world, not a fault
    """A configuration is not that of the site in Redis; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """
    Attributes:
        window_s: length of a window, seconds of stream time.
        model_id: of the network behind the vectors.
        cameras: of the site.
    """

    window_s: float
    model_id: str
    cameras: frozenset[str]


def number_text(value: float) -> str:
    """A number as it stands in Redis, where two of them are compared as texts."""
    return f"{value:.9g}"


def check_matcher(store: SiteStore, ours: Agreement) -> None:
    """Raises Disagreement if the site in Redis is of another configuration than this matcher's."""
    found = store.hash(AGREEMENT)
    if not (differences := list(_differences(found, ours))):
        return
    raise Disagreement(
        f"site {store.site} in Redis was decided with {' and '.join(differences)}, and {store.length(STREAM)} messages "
        "of that wait: set it back; or let a matcher of before decide what waits, and start the new one once with "
        "--accept-changes"
    )


def series_of(store: SiteStore, window_s: float, model_id: str) -> dict[str, str]:
    """What tells decisions that go on where others ended from all others: the site, what it began as in this Redis, and
    what its messages are of.
    """
    began_as = cast(bytes, store.run(SERIES, [], [uuid4().hex])).decode()
    return {"site": store.site, "series": began_as, "window_s": number_text(window_s), "model_id": model_id}


def worker_series(store: SiteStore, window_s: float, model_id: str) -> dict[str, str]:
    """The same for a worker; raises Disagreement if the site in Redis is of another window or network."""
    found = {**store.hash(AGREEMENT), b"cameras": b"[]"}
    if list(_differences(found, Agreement(window_s, model_id, frozenset()))):
        raise refuse_worker(store, window_s, model_id)
    return series_of(store, window_s, model_id)


def check_worker(store: SiteStore, cameras: Iterable[str]) -> None:
    """Raises Disagreement if the site in Redis does not have these cameras."""
    agreed = store.hash(AGREEMENT).get(b"cameras")
    strangers = sorted(set(cameras) - set(json.loads(agreed))) if agreed else []
    if strangers:
        raise Disagreement(
            f"site {store.site} in Redis has the cameras {', '.join(json.loads(agreed or b'[]'))}, and not "
            f"{strangers[0]}: start its matcher with the new list first"
        )


def refuse_worker(store: SiteStore, window_s: float, model_id: str) -> Disagreement:
    """Why a worker's messages cannot be decided here."""
    ours = Agreement(window_s, model_id, frozenset())
    differences = list(_differences({**store.hash(AGREEMENT), b"cameras": b"[]"}, ours))
    return Disagreement(
        f"site {store.site} in Redis is decided with {' and '.join(differences)}: set it back, or start its matcher "
        "with the new configuration first"
    )


def agree(lease: Lease, ours: Agreement) -> None:
    """Says what the site is of from now on; raises LeaseLost if another matcher decides."""
    cameras = json.dumps(sorted(ours.cameras))
    lease.run(AGREE, args=[ours.model_id, number_text(ours.window_s), cameras])


def _differences(found: Mapping[bytes, bytes], ours: Agreement) -> Iterable[str]:
    """What Redis says otherwise; what it does not say is no difference."""
    for name, our in (("window_s", number_text(ours.window_s)), ("model_id", ours.model_id)):
        their = found.get(name.encode(), our.encode()).decode()
        if their != our:
            yield f"{'encoder' if name == 'model_id' else name} {their} (here {our})"
    their_cameras = json.loads(found.get(b"cameras", json.dumps(sorted(ours.cameras)).encode()))
    if set(their_cameras) != ours.cameras:
        yield f"cameras {', '.join(their_cameras)} (here {', '.join(sorted(ours.cameras))})"
