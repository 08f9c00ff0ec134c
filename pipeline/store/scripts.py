"""All Lua that runs in Redis, each script in one piece: all of it has happened, or nothing.

A script names its keys and arguments; the first lines, which bind them, are made from those names.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.store.keys import (
    AGREEMENT,
    AUDIT,
    BACKLOG,
    DEAD_LETTERS,
    ERASED,
    GROUP,
    LEASE,
    MERGED,
    OUTBOX,
    PROGRESS,
    RECENT,
    REQUESTS,
    STREAM,
    WRITERS,
)

DEAD_LETTERS_KEPT = 1000
DEAD_LETTER_BYTES = 4096
"""Kept of each field of a dead letter."""


@dataclass(frozen=True, slots=True)
class Script:
    """Lua that Redis runs in one piece.

    Attributes:
        text: of the script.
        sha: how Redis calls it.
        keys: names of the site's keys that come first among its keys.
    """

    text: str
    sha: str
    keys: tuple[str, ...]


def script(text: str, *, keys: Mapping[str, str] | None = None, args: Sequence[str] = ()) -> Script:
    """A script.

    Args:
        text: its Lua.
        keys: what the script calls keys of the site, and their names; further keys follow in `KEYS`.
        args: what it calls its arguments. With "..." at the end more follow, which it gets with `take()`, and with
            `take_key()` further keys; `is_left()` says whether there are more arguments.
    """
    bound = keys or {}
    *named, last = args or ("",)
    named += [last] if last not in ("", "...") else []
    lines = [
        *(f"local {name} = KEYS[{at}]" for at, name in enumerate(bound, 1)),
        *(f"local {name} = ARGV[{at}]" for at, name in enumerate(named, 1)),
        *([_TAKE.format(args=len(named), keys=len(bound))] if last == "..." else []),
        text.strip(),
    ]
    whole = "\n".join(lines) + "\n"
    sha = hashlib.sha1(whole.encode(), usedforsecurity=False).hexdigest()
    return Script(whole, sha, tuple(bound.values()))


_TAKE = """local at, key_at = {args}, {keys}
local function take() at = at + 1; return ARGV[at] end
local function take_key() key_at = key_at + 1; return KEYS[key_at] end
local function is_left() return at < #ARGV end"""


def fenced(text: str, *, keys: Mapping[str, str] | None = None, args: Sequence[str] = ()) -> Script:
    """A script that does nothing but fail unless its first argument, before those named, is the lease's token; it
    lengthens the lease by its second, milliseconds.
    """
    guard = """
if redis.call('GET', lease) ~= lease_token then return redis.error_reply('FENCED') end
redis.call('PEXPIRE', lease, lease_ms)
"""
    return script(guard + text, keys={"lease": LEASE, **(keys or {})}, args=("lease_token", "lease_ms", *args))


ACQUIRE = script(
    """
local held = redis.call('GET', lease)
if held and held ~= before then return 0 end
redis.call('SET', lease, token, 'PX', duration_ms)
return 1
""",
    keys={"lease": LEASE},
    args=("token", "duration_ms", "before"),
)
RENEW = fenced("return 1")
RELEASE = fenced("redis.call('DEL', lease)")

AGREE = fenced(
    "redis.call('HSET', agreement, 'model_id', model_id, 'window_s', window_s, 'cameras', cameras)",
    keys={"agreement": AGREEMENT},
    args=("model_id", "window_s", "cameras"),
)
SERIES = script(
    """
if not redis.call('HGET', agreement, 'series') then redis.call('HSET', agreement, 'series', drawn) end
return redis.call('HGET', agreement, 'series')
""",
    keys={"agreement": AGREEMENT},
    args=("drawn",),
)
APPEND = script(
    """
local agreed_model, agreed_window = redis.call('HGET', agreement, 'model_id'), redis.call('HGET', agreement, 'window_s')
if agreed_model and agreed_model ~= model_id or agreed_window and agreed_window ~= window_s then return {-1, 0} end
local claimed = {}
for at = 1, tonumber(cameras) do
  claimed[at] = take_key()
  local holder = redis.call('GET', claimed[at])
  if holder and holder ~= session then return {-2, at} end
end
for _, claim in ipairs(claimed) do redis.call('SET', claim, session, 'PX', claim_ms) end
local known = 0
local last = redis.call('HGET', writers, worker)
if last then
  local last_session, last_number = string.match(last, '^(.+):(%d+)$')
  if last_session == session then known = tonumber(last_number) end
  if known >= tonumber(number) then return {1, number - 1} end
end
if tonumber(redis.call('HGET', backlog, worker) or '0') >= tonumber(max_waiting) then return {0, 0} end
redis.call('XADD', stream, '*', 'worker', worker, 'sent', sent, 'head', head, 'vectors', vectors)
redis.call('HINCRBY', backlog, worker, 1)
redis.call('HSET', writers, worker, session .. ':' .. number)
if not agreed_model then redis.call('HSET', agreement, 'model_id', model_id, 'window_s', window_s) end
if is_last == '1' then for _, claim in ipairs(claimed) do redis.call('DEL', claim) end end
return {1, known}
""",
    keys={"stream": STREAM, "backlog": BACKLOG, "writers": WRITERS, "agreement": AGREEMENT},
    args=(
        *("worker", "session", "number", "max_waiting", "model_id", "window_s", "claim_ms", "cameras", "is_last"),
        *("head", "vectors", "sent", "..."),
    ),
)
"""1: written, and the number of this session's message before that Redis knows of; 0: too many wait; -1: the site is of
another network or window; -2: another session has a camera, and which, of the claims that follow in `KEYS`.

Written once: a writer that does not know whether its last entry arrived sends it again with the same number."""
READ = fenced(
    f"return redis.call('XREADGROUP', 'GROUP', '{GROUP}', consumer, 'COUNT', count, 'STREAMS', stream, after)",
    keys={"stream": STREAM},
    args=("consumer", "count", "after"),
)
_FORGET_ENTRY = f"""
local function forget(id, worker)
  redis.call('XACK', stream, '{GROUP}', id)
  if redis.call('XDEL', stream, id) == 1 and redis.call('HEXISTS', backlog, worker) == 1 then
    if redis.call('HINCRBY', backlog, worker, -1) <= 0 then redis.call('HDEL', backlog, worker) end
  end
end
"""
FORGET = fenced(
    _FORGET_ENTRY + "while is_left() do forget(take(), take()) end",
    keys={"stream": STREAM, "backlog": BACKLOG},
    args=("...",),
)
DEAD_LETTER = fenced(
    _FORGET_ENTRY
    + """
redis.call('XADD', dead_letters, 'MAXLEN', kept, '*', 'id', id, 'worker', worker, 'reason', reason,
  'head', head, 'vectors', vectors)
forget(id, worker)
""",
    keys={"stream": STREAM, "backlog": BACKLOG, "dead_letters": DEAD_LETTERS},
    args=("id", "worker", "kept", "reason", "head", "vectors"),
)
REFUSE_EVENT = script(
    """
redis.call('XADD', dead_letters, 'MAXLEN', kept, '*', 'id', id, 'worker', '', 'reason', reason, 'head', head,
  'vectors', '')
redis.call('XDEL', outbox, id)
""",
    keys={"outbox": OUTBOX, "dead_letters": DEAD_LETTERS},
    args=("id", "kept", "reason", "head"),
)

COMMIT = fenced(
    _FORGET_ENTRY
    + """
local before = redis.call('HGET', progress, 'commit') or '0'
if tonumber(before) >= tonumber(commit) then return 0 end
if tonumber(before) ~= commit - 1 then return redis.error_reply('LOST ' .. before) end
for _ = 1, tonumber(take()) do
  local name, head, person, total, end_s = take(), take(), take(), take(), take()
  local sighting, of_person, left = take_key(), take_key(), take_key()
  if left ~= of_person then redis.call('HDEL', left, name) end
  redis.call('HSET', sighting, 'head', head, 'person', person, 'total', total)
  redis.call('EXPIRE', sighting, ttl_s)
  redis.call('ZADD', recent, end_s, name)
  if person ~= '' then
    redis.call('HSET', of_person, name, end_s)
    redis.call('EXPIRE', of_person, ttl_s)
  end
end
for _ = 1, tonumber(take()) do
  local name, sighting, of_person = take(), take_key(), take_key()
  redis.call('DEL', sighting)
  redis.call('HDEL', of_person, name)
  redis.call('ZREM', recent, name)
end
for _ = 1, tonumber(take()) do redis.call('HSET', merged, take(), take()) end
for _ = 1, tonumber(take()) do redis.call('HDEL', merged, take()) end
redis.call('EXPIRE', merged, ttl_s)
for _ = 1, tonumber(take()) do redis.call('XADD', outbox, '*', 'event', take()) end
while is_left() do forget(take(), take()) end
redis.call('HSET', progress, 'commit', commit, 'until_s', until_s, 'run', run, 'tracks', tracks, 'at_s', now_s)
redis.call('EXPIRE', recent, ttl_s)
return 1
""",
    keys={
        "stream": STREAM,
        "backlog": BACKLOG,
        "outbox": OUTBOX,
        "recent": RECENT,
        "progress": PROGRESS,
        "merged": MERGED,
    },
    args=("commit", "until_s", "run", "tracks", "now_s", "ttl_s", "..."),
)

ASK = script(
    """
if redis.call('XLEN', requests) >= tonumber(most) then return 0 end
redis.call('XADD', requests, '*', 'request', request)
return 1
""",
    keys={"requests": REQUESTS},
    args=("most", "request"),
)
_LENGTHEN = """
local function lengthen(key, seconds)
  if redis.call('TTL', key) < tonumber(seconds) then redis.call('EXPIRE', key, seconds) end
end
"""
ERASE = fenced(
    _LENGTHEN
    + """
if redis.call('XDEL', requests, entry) == 0 then return false end
local erased, tracks, events = {}, 0, 0
for _ = 1, tonumber(take()) do
  local name, person, sighting = take(), take(), take_key()
  local owner = redis.call('HGET', sighting, 'person')
  if not owner or owner == person then
    tracks = tracks + redis.call('DEL', sighting)
    redis.call('ZREM', recent, name)
    redis.call('ZADD', erased_tracks, now_s + keep_s, name)
    erased[#erased + 1] = name
  end
end
for _ = 1, tonumber(take()) do
  redis.call('DEL', take_key())
  redis.call('HDEL', merged, take())
end
for _ = 1, tonumber(take()) do events = events + redis.call('XDEL', outbox, take()) end
while is_left() do redis.call('XADD', outbox, '*', 'event', take()) end
if tracks > 0 then redis.call('HINCRBY', progress, 'tracks', -tracks) end
redis.call('ZREMRANGEBYSCORE', erased_tracks, '-inf', now_s)
lengthen(erased_tracks, keep_s)
redis.call('XADD', audit, 'MAXLEN', kept, '*', 'entry', audited, 'tracks', tracks, 'events', events)
return {tracks, events, erased}
""",
    keys={
        "requests": REQUESTS,
        "audit": AUDIT,
        "outbox": OUTBOX,
        "recent": RECENT,
        "progress": PROGRESS,
        "erased_tracks": ERASED,
        "merged": MERGED,
    },
    args=("entry", "now_s", "keep_s", "kept", "audited", "..."),
)
KEEP_ERASED = fenced(
    _LENGTHEN
    + """
while is_left() do redis.call('ZADD', erased_tracks, now_s + keep_s, take()) end
lengthen(erased_tracks, keep_s)
""",
    keys={"erased_tracks": ERASED},
    args=("now_s", "keep_s", "..."),
)


def all_scripts() -> list[Script]:
    return [each for each in globals().values() if isinstance(each, Script)]
