"""A matcher of the made-up site of `test_erasure_crashes`, to be killed.

`python -m testing.site.erasing_matcher URL SITE EVENTS_FILE`
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.config import RedisConfig
from pipeline.events.jsonlines import JsonLinesSink
from pipeline.matching.matcher import Matcher
from pipeline.matching.memory import Retention
from pipeline.matching.policy import MatchParams
from pipeline.site import Site
from pipeline.store.client import SiteStore
from pipeline.store.embedding_messages import Expected
from pipeline.store.site_matcher import SiteMatcher, SiteMatcherParams
from pipeline.telemetry.health import Health
from pipeline.telemetry.metrics import Metrics
from testing.embeddings import MODEL

LEASE_S = 1.0


def main(argv: Sequence[str]) -> None:
    url, site, out = argv
    with SiteStore(url, site) as store:
        SiteMatcher(
            store,
            Expected(frozenset(["door"]), MODEL, 8),
            Retention(),
            lambda gallery, _: Matcher(gallery, Site(name="shop"), MatchParams(threshold=0.9)),
            lambda: JsonLinesSink(Path(out), append=True),
            SiteMatcherParams(RedisConfig(lease_s=LEASE_S, patience_s=30.0)),
            Metrics(),
            Health(),
        ).run()


if __name__ == "__main__":
    main(sys.argv[1:])
