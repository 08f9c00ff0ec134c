"""What a site may have to be allowed in Redis: each command that its scripts and its client use, and no other.

Derived from both, so that the probe at the start and the user of docs/redis.md know of every command.
"""

import re
from typing import get_args

from pipeline.store.client import Command
from pipeline.store.keys import PROBES
from pipeline.store.lua import script
from pipeline.store.scripts import all_scripts
from pipeline.store.view_scripts import all_view_scripts

_CALL = re.compile(r"redis\.call\('(\w+)'(?:, '(CREATE)')?")


def commands() -> frozenset[str]:
    """Such as `HGET`, and `XGROUP CREATE` where a part of a command is all."""
    by_scripts = {
        found.group(1) for each in (*all_scripts(), *all_view_scripts()) for found in _CALL.finditer(each.text)
    }
    return frozenset(by_scripts.union(get_args(Command)))


def rights() -> str:
    """What an access control list says after the user, its password and its keys, for a server of its own."""
    return " ".join(f"+{each.lower().replace(' ', '|')}" for each in sorted({*commands(), "EVAL", "EVALSHA"}))


_ATTEMPTS = {
    "SET": "'SET', string, 0, 'PX', 1000",
    "GET": "'GET', string",
    "PEXPIRE": "'PEXPIRE', string, 1000",
    "EXPIRE": "'EXPIRE', string, 1",
    "TTL": "'TTL', string",
    "HSET": "'HSET', hash, 'a', 0",
    "HINCRBY": "'HINCRBY', hash, 'a', 1",
    "HGET": "'HGET', hash, 'a'",
    "HGETALL": "'HGETALL', hash",
    "HEXISTS": "'HEXISTS', hash, 'a'",
    "HDEL": "'HDEL', hash, 'a'",
    "ZADD": "'ZADD', set, 0, 'a'",
    "ZCARD": "'ZCARD', set",
    "ZSCORE": "'ZSCORE', set, 'a'",
    "ZRANGE": "'ZRANGE', set, 0, -1",
    "ZREM": "'ZREM', set, 'a'",
    "ZREMRANGEBYSCORE": "'ZREMRANGEBYSCORE', set, 0, 0",
    "INFO": "'INFO', 'memory'",
    "XGROUP CREATE": "'XGROUP', 'CREATE', stream, 'a', 0, 'MKSTREAM'",
    "XADD": "'XADD', stream, 'MAXLEN', 1, '*', 'a', 0",
    "XREADGROUP": "'XREADGROUP', 'GROUP', 'a', 'a', 'STREAMS', stream, '>'",
    "XREAD": "'XREAD', 'STREAMS', stream, 0",
    "XRANGE": "'XRANGE', stream, '-', '+'",
    "XLEN": "'XLEN', stream",
    "XTRIM": "'XTRIM', stream, 'MAXLEN', 1",
    "XACK": "'XACK', stream, 'a', '0-1'",
    "XDEL": "'XDEL', stream, '0-1'",
    "DEL": "'DEL', string, hash, set, stream",
}
"""How each is tried, in this order; the last one leaves nothing behind."""

PROBE = script(
    """
local refused, fault = {}, false
local function try(name, ...)
  local reply = redis.pcall(...)
  if type(reply) ~= 'table' or not reply.err then return end
  if string.find(reply.err, "can't run this command", 1, true) or string.find(reply.err, 'NOPERM', 1, true) then
    refused[#refused + 1] = name
  else
    fault = fault or reply
  end
end
"""
    + "".join(f"try('{each}', {_ATTEMPTS[each]})\n" for each in sorted(commands(), key=list(_ATTEMPTS).index))
    + """
if #refused > 0 then return redis.error_reply('NOPERM no permission to run ' .. table.concat(refused, ', ')) end
return fault
""",
    keys=dict(zip(("string", "hash", "set", "stream"), PROBES, strict=True)),
)
"""Tries every command, and answers with all that are refused."""
