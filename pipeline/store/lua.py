"""Lua that Redis runs in one piece: its names for keys and arguments become the lines that bind them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.store.keys import LEASE


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
