"""The Lua of the view: frames that are asked for, crops that are kept, how processes are, what operators say."""

from pipeline.store.keys import ERASED, STATUS, VERDICTS
from pipeline.store.lua import Script, fenced, script

WANTED = script(
    """
local found = {}
for each = 1, #KEYS do found[each] = redis.call('GET', KEYS[each]) and 1 or 0 end
return found
"""
)
"""Of each camera, by its key in `KEYS`, whether somebody looks at it."""
WANT = script("while is_left() do redis.call('SET', take_key(), take(), 'PX', for_ms) end", args=("for_ms", "..."))
SHOW_FRAME = script(
    """
redis.call('HSET', KEYS[1], 'name', name, 'head', head, 'jpeg', jpeg)
redis.call('PEXPIRE', KEYS[1], for_ms)
""",
    args=("name", "for_ms", "head", "jpeg"),
)
READ_FRAME = script(
    """
local name = redis.call('HGET', KEYS[1], 'name')
if not name or name == known then return false end
return {redis.call('HGET', KEYS[1], 'head'), redis.call('HGET', KEYS[1], 'jpeg')}
""",
    args=("known",),
)
"""The newest frame, unless it is the one that is known."""
KEEP_IMAGES = script(
    """
if redis.call('ZSCORE', erased_tracks, name) then return 0 end
redis.call('HSET', KEYS[2], 'jpeg', jpeg, 'moments', moments)
redis.call('PEXPIRE', KEYS[2], for_ms)
return 1
""",
    keys={"erased_tracks": ERASED},
    args=("name", "for_ms", "jpeg", "moments"),
)
"""0: the track is erased, and nothing is kept of it any more."""
READ_IMAGE = script("return redis.call('HGET', KEYS[1], which)", args=("which",))
SAY_STATUS = script(
    "redis.call('HSET', status, process, line) redis.call('EXPIRE', status, for_s)",
    keys={"status": STATUS},
    args=("process", "for_s", "line"),
)
SAY_VERDICT = script(
    """
if redis.call('XLEN', verdicts) >= tonumber(most) then return 0 end
redis.call('XADD', verdicts, '*', 'verdict', verdict)
redis.call('EXPIRE', verdicts, for_s)
return 1
""",
    keys={"verdicts": VERDICTS},
    args=("most", "for_s", "verdict"),
)
SETTLE_VERDICTS = fenced(
    "while is_left() do redis.call('XDEL', verdicts, take()) end", keys={"verdicts": VERDICTS}, args=("...",)
)


def all_view_scripts() -> list[Script]:
    return [each for each in globals().values() if isinstance(each, Script)]
