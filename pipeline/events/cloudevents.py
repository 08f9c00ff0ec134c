"""The CloudEvents 1.0 attributes of an event, for its headers (binary content mode) wherever it is sent.

Whoever routes events reads these and not the body, which is the event as `docs/events.schema.json` has it.
"""

from urllib.parse import quote

from passerby_events.schema import SCHEMA_ID, Event
from passerby_events.times import rfc3339

CONTENT_TYPE = "application/json"


def attributes(event: Event) -> dict[str, str]:
    """Names and values, in ASCII. `time` is when what the event says was last seen, in stream time; for an erasure,
    when that was."""
    time_s = event.erased_at if event.kind == "person.erased" else event.seen.end
    return {
        "specversion": "1.0",
        "id": str(event.event_id),
        "source": f"/passerby/sites/{quote(event.site, safe='')}",
        "type": f"io.passerby.{event.kind}.v{event.schema_version}",
        "time": rfc3339(time_s),
        "dataschema": SCHEMA_ID,
    }
