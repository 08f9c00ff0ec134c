"""The user of a site's own in Redis, as docs/redis.md has it."""

import re

from testing.paths import ROOT

CLUSTER_RIGHTS = "+cluster|slots +command"


def redis_page() -> str:
    return (ROOT / "docs" / "redis.md").read_text(encoding="utf-8")


def documented_rights() -> str:
    """What the page gives that user, after its keys."""
    found = re.search(r"^ACL SETUSER reid on >PASSWORD ~reid:\{SITE\}:\* (.+)$", redis_page(), re.MULTILINE)
    assert found is not None
    return str(found[1])
