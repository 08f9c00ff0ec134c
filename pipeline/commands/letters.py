"""What a site could not use or deliver, from the command line: to be read, played again, or dropped."""

import json
import sys
import time

from passerby_events.times import rfc3339
from pipeline.commands.erase import Target
from pipeline.store.dead_letters import drop_all, letters, play_again


def print_letters(target: Target) -> int:
    """One JSON line for each, without the vectors."""
    with target.open() as store:
        for each in letters(store):
            line = {
                "id": each.id.decode(),
                "at": rfc3339(each.written_s),
                "kind": "event" if each.is_event else "message",
                "worker": each.worker or None,
                "cameras": each.cameras,
                "bytes": each.size,
                "reason": each.reason,
            }
            sys.stdout.write(json.dumps(line) + "\n")
    return 0


def play_letters(target: Target) -> int:
    """Puts all of them back where they came from."""
    with target.open() as store:
        count = play_again(store, now_s=time.time())
    sys.stdout.write(f"{count} dead letters wait once more to be decided or delivered\n")
    return 0


def drop_letters(target: Target) -> int:
    """Deletes all of them."""
    with target.open() as store:
        sys.stdout.write(f"{drop_all(store)} dead letters deleted\n")
    return 0
