"""docs/redis.md has every key that a site keeps in Redis, and no other."""

import re

from pipeline.store import keys
from testing.paths import ROOT


def test_the_page_has_every_key() -> None:
    page = (ROOT / "docs" / "redis.md").read_text(encoding="utf-8").partition("## Keys")[2]
    names = {
        name for row in re.findall(r"^\| (`.+?) \|", page, flags=re.MULTILINE) for name in re.findall(r"`(\w+)", row)
    }
    constants = {value for name, value in vars(keys).items() if name.isupper() and isinstance(value, str)}
    made = {"sighting", "person", "claim", "images", "frame", "wanted"}
    assert names == constants - {keys.GROUP, keys.CONSUMER} | made
