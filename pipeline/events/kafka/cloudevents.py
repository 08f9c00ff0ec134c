"""The CloudEvents 1.0 attributes of an event, as headers of a Kafka message (binary content mode).

Whoever routes events reads these and not the body, which is the event as `docs/events.schema.json` has it.
"""

from urllib.parse import quote

from passerby_events.schema import SCHEMA_ID, Event
from passerby_events.times import rfc3339


def headers(event: Event) -> list[tuple[str, bytes]]:
    """Names and values in UTF-8. `ce_time` is when what the event says was last seen, in stream time; for an erasure,
    when that was."""
    time_s = event.erased_at if event.kind == "person.erased" else event.seen.end
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(event.event_id).encode()),
        ("ce_source", f"/passerby/sites/{quote(event.site, safe='')}".encode()),
        ("ce_type", f"io.passerby.{event.kind}.v{event.schema_version}".encode()),
        ("ce_time", rfc3339(time_s).encode()),
        ("ce_dataschema", SCHEMA_ID.encode()),
        ("content-type", b"application/json"),
    ]
