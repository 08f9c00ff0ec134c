"""The Lua of who decides for a site, and of what its processes agree on."""

from pipeline.store.keys import AGREEMENT, LEASE
from pipeline.store.lua import Script, fenced, script

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


def all_lease_scripts() -> list[Script]:
    return [each for each in globals().values() if isinstance(each, Script)]
