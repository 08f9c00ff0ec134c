"""All Lua that runs in Redis, each script in one piece: all of it has happened, or nothing.

A script names its keys and arguments; the first lines, which bind them, are made from those names.
"""

from pipeline.store.keys import (
    AGREEMENT,
    AUDIT,
    BACKLOG,
    DEAD_LETTERS,
    ERASED,
    ERASED_COUNT,
    GROUP,
    HISTORY,
    LEDGER,
    MERGED,
    OUTBOX,
    PROGRESS,
    RECENT,
    REQUESTS,
    STREAM,
    WRITERS,
)
from pipeline.store.lua import Script, fenced, script

DEAD_LETTERS_BYTES = 256 << 20
"""Of all dead letters together, the oldest go first: what one worker may have waiting, by default, and half as much."""
NOTE_LENGTH = 4096
"""Kept of what a letter says beside the message: why, and whose."""
LETTER_OVERHEAD = 200
"""Bytes that Redis takes for a letter beside what stands in it."""


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
REMOVE = script(
    "redis.call('HINCRBY', ledger, name, 0 - redis.call('XDEL', KEYS[2], unpack(ARGV, 2)))",
    keys={"ledger": LEDGER},
    args=("name",),
)
"""Takes entries out of one of the counted streams, whose key follows in `KEYS`."""
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
_SIZE_OF = f"""
local function size_of(fields)
  local size = {LETTER_OVERHEAD}
  for at = 2, #fields, 2 do size = size + #fields[at] end
  return size
end
"""
_BURY = (
    _SIZE_OF
    + """
local function bury(...)
  if redis.call('XLEN', dead_letters) == 0 then redis.call('HSET', ledger, 'dead_bytes', 0) end
  redis.call('XADD', dead_letters, '*', ...)
  redis.call('HINCRBY', ledger, 'dead', 1)
  local bytes, gone = redis.call('HINCRBY', ledger, 'dead_bytes', size_of({...})), 0
  while bytes > tonumber(most_bytes) do
    local oldest = redis.call('XRANGE', dead_letters, '-', '+', 'COUNT', 1)[1]
    redis.call('XDEL', dead_letters, oldest[1])
    redis.call('HINCRBY', ledger, 'dead', -1)
    bytes, gone = redis.call('HINCRBY', ledger, 'dead_bytes', -size_of(oldest[2])), gone + 1
  end
  return gone
end
"""
)
RECOUNT = fenced(
    """
local counted, waited = redis.call('HGETALL', backlog), 0
for at = 2, #counted, 2 do waited = waited + counted[at] end
redis.call('DEL', backlog)
local entries = redis.call('XRANGE', stream, '-', '+')
for _, entry in ipairs(entries) do
  for at = 1, #entry[2], 2 do
    if entry[2][at] == 'worker' then redis.call('HINCRBY', backlog, entry[2][at + 1], 1) end
  end
end
return math.max(0, waited - #entries)
""",
    keys={"stream": STREAM, "backlog": BACKLOG},
)
"""Of a stream that was lost and is made again: how many messages waited in the one before."""
CLOSE = script(
    """
local closed = {}
for at = 2, #KEYS do
  local worker, head = take(), take()
  if not redis.call('GET', KEYS[at]) then
    redis.call('XADD', stream, '*', 'worker', worker, 'sent', sent, 'head', head, 'vectors', '')
    closed[#closed + 1] = at - 2
  end
end
return closed
""",
    keys={"stream": STREAM},
    args=("sent", "..."),
)
"""Speaks for cameras, by their claims in `KEYS`, for which nobody does: which of them."""
DEAD_LETTER = fenced(
    _FORGET_ENTRY
    + _BURY
    + """
local gone = bury('id', id, 'worker', worker, 'sent', sent, 'reason', reason, 'head', head, 'vectors', vectors)
forget(id, worker)
return gone
""",
    keys={"stream": STREAM, "backlog": BACKLOG, "dead_letters": DEAD_LETTERS, "ledger": LEDGER},
    args=("id", "most_bytes", "reason", "worker", "sent", "head", "vectors"),
)
"""How many of the oldest letters made room."""
REFUSE_EVENT = script(
    _BURY
    + """
local gone = bury('id', id, 'reason', reason, 'event', event)
redis.call('HINCRBY', ledger, 'outbox', 0 - redis.call('XDEL', outbox, id))
return gone
""",
    keys={"outbox": OUTBOX, "dead_letters": DEAD_LETTERS, "ledger": LEDGER},
    args=("id", "most_bytes", "reason", "event"),
)
PLAY_LETTER = script(
    _SIZE_OF
    + """
local found = redis.call('XRANGE', dead_letters, id, id)[1]
if not found then return 0 end
local letter = {}
for at = 1, #found[2], 2 do letter[found[2][at]] = found[2][at + 1] end
if letter.event then
  redis.call('XADD', outbox, '*', 'event', letter.event)
  redis.call('HINCRBY', ledger, 'outbox', 1)
else
  redis.call('XADD', stream, '*', 'worker', letter.worker, 'sent', sent, 'head', letter.head, 'vectors', letter.vectors)
  redis.call('HINCRBY', backlog, letter.worker, 1)
end
redis.call('XDEL', dead_letters, id)
redis.call('HINCRBY', ledger, 'dead', -1)
redis.call('HINCRBY', ledger, 'dead_bytes', -size_of(found[2]))
return 1
""",
    keys={"stream": STREAM, "backlog": BACKLOG, "outbox": OUTBOX, "dead_letters": DEAD_LETTERS, "ledger": LEDGER},
    args=("id", "sent"),
)
DROP_LETTERS = script(
    """
local count = redis.call('XLEN', dead_letters)
redis.call('DEL', dead_letters)
redis.call('HSET', ledger, 'dead', 0, 'dead_bytes', 0)
return count
""",
    keys={"dead_letters": DEAD_LETTERS, "ledger": LEDGER},
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
local events = tonumber(take())
for _ = 1, events do
  local event = take()
  redis.call('XADD', outbox, '*', 'event', event)
  if tonumber(kept) > 0 then redis.call('XADD', history, 'MAXLEN', '~', kept, '*', 'event', event) end
end
redis.call('HINCRBY', ledger, 'outbox', events)
if events > 0 then
  redis.call('XTRIM', history, 'MINID', '~', string.format('%d', math.max(0, (now_s - ttl_s) * 1000)))
  redis.call('EXPIRE', history, ttl_s)
end
while is_left() do forget(take(), take()) end
redis.call('HSET', progress, 'commit', commit, 'until_s', until_s, 'run', run, 'tracks', tracks, 'merged', merges,
  'at_s', now_s)
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
        "ledger": LEDGER,
        "history": HISTORY,
    },
    args=("commit", "until_s", "run", "tracks", "merges", "now_s", "ttl_s", "kept", "..."),
)

ASK = script(
    """
if redis.call('XLEN', requests) >= tonumber(most) then return 0 end
redis.call('XADD', requests, '*', 'request', request)
redis.call('HINCRBY', ledger, 'erasures', 1)
return 1
""",
    keys={"requests": REQUESTS, "ledger": LEDGER},
    args=("most", "request"),
)
_LENGTHEN = """
local function lengthen(key, seconds)
  if redis.call('TTL', key) < tonumber(seconds) then redis.call('EXPIRE', key, seconds) end
end
local function keep_erased(name)
  redis.call('HINCRBY', erased_count, 'names', redis.call('ZADD', erased_tracks, now_s + keep_s, name))
end
local function lengthen_erased()
  lengthen(erased_tracks, keep_s)
  lengthen(erased_count, keep_s)
end
"""
ERASE = fenced(
    _LENGTHEN
    + """
if redis.call('XDEL', requests, entry) == 0 then return false end
redis.call('HINCRBY', ledger, 'erasures', -1)
local erased, tracks, events = {}, 0, 0
for _ = 1, tonumber(take()) do
  local name, person, sighting, crop = take(), take(), take_key(), take_key()
  local owner = redis.call('HGET', sighting, 'person')
  if not owner or owner == person then
    redis.call('DEL', crop)
    tracks = tracks + redis.call('DEL', sighting)
    redis.call('ZREM', recent, name)
    keep_erased(name)
    erased[#erased + 1] = name
  end
end
for _ = 1, tonumber(take()) do
  redis.call('DEL', take_key())
  if redis.call('HDEL', merged, take()) == 1 then redis.call('HINCRBY', progress, 'merged', -1) end
end
for _ = 1, tonumber(take()) do events = events + redis.call('XDEL', outbox, take()) end
redis.call('HINCRBY', ledger, 'outbox', 0 - events)
local is_watched = redis.call('XLEN', history) > 0
for _ = 1, tonumber(take()) do redis.call('XDEL', history, take()) end
while is_left() do
  local event = take()
  redis.call('XADD', outbox, '*', 'event', event)
  if is_watched then
    redis.call('XADD', history, '*', 'event', event)
    redis.call('EXPIRE', history, keep_s)
  end
  redis.call('HINCRBY', ledger, 'outbox', 1)
end
if tracks > 0 then redis.call('HINCRBY', progress, 'tracks', -tracks) end
redis.call('HINCRBY', erased_count, 'names', 0 - redis.call('ZREMRANGEBYSCORE', erased_tracks, '-inf', now_s))
lengthen_erased()
redis.call('XADD', audit, 'MAXLEN', kept, '*', 'entry', audited, 'tracks', tracks, 'events', events)
redis.call('HSET', ledger, 'audit', math.min(kept, 1 + (redis.call('HGET', ledger, 'audit') or 0)))
return {tracks, events, erased}
""",
    keys={
        "requests": REQUESTS,
        "audit": AUDIT,
        "outbox": OUTBOX,
        "recent": RECENT,
        "progress": PROGRESS,
        "erased_tracks": ERASED,
        "erased_count": ERASED_COUNT,
        "merged": MERGED,
        "ledger": LEDGER,
        "history": HISTORY,
    },
    args=("entry", "now_s", "keep_s", "kept", "audited", "..."),
)
KEEP_ERASED = fenced(
    _LENGTHEN
    + """
while is_left() do keep_erased(take()) end
lengthen_erased()
""",
    keys={"erased_tracks": ERASED, "erased_count": ERASED_COUNT},
    args=("now_s", "keep_s", "..."),
)
LOOK = fenced(
    """
local function counted(name) return tonumber(redis.call('HGET', ledger, name) or '0') end
return {
  redis.call('HEXISTS', ledger, 'is_kept'),
  redis.call('XLEN', stream),
  {counted('outbox'), redis.call('XLEN', outbox)},
  {counted('erasures'), redis.call('XLEN', requests)},
  {counted('audit'), redis.call('XLEN', audit)},
  {counted('dead'), redis.call('XLEN', dead_letters)},
  {tonumber(redis.call('HGET', erased_count, 'names') or '0'), redis.call('ZCARD', erased_tracks)},
}
""",
    keys={
        "ledger": LEDGER,
        "stream": STREAM,
        "outbox": OUTBOX,
        "requests": REQUESTS,
        "audit": AUDIT,
        "dead_letters": DEAD_LETTERS,
        "erased_tracks": ERASED,
        "erased_count": ERASED_COUNT,
    },
)
"""Whether there is a ledger, how many messages wait, and of each kind how many there should be and how many are."""
SETTLE = fenced(
    """
redis.call('HSET', ledger, 'is_kept', 1)
if redis.call('HINCRBY', erased_count, 'names', 0 - names) <= 0 then
  redis.call('DEL', erased_count)
elseif redis.call('TTL', erased_count) < 0 then
  redis.call('EXPIRE', erased_count, redis.call('TTL', erased_tracks))
end
while is_left() do redis.call('HINCRBY', ledger, take(), 0 - take()) end
""",
    keys={"ledger": LEDGER, "erased_tracks": ERASED, "erased_count": ERASED_COUNT},
    args=("names", "..."),
)
"""Counts what is not there no more, after that was reported: who is killed before it leaves it to the next."""


def all_scripts() -> list[Script]:
    return [each for each in globals().values() if isinstance(each, Script)]
