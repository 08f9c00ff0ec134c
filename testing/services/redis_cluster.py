"""A Redis cluster of the tests' own: masters on the loopback address that share the slots."""

import shutil
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import redis

from testing.services.redis import RedisServer

FORMS_WITHIN_S = 30.0
"""After which it has failed; about three seconds are usual."""
SILENT_FOR_MS = 2000
"""A node that says nothing for so long is taken for dead."""


class RedisCluster:
    """Three masters, the least that a cluster can be.

    Args:
        folder: of all their files.
        options: of each node, more of redis-server's own.

    Attributes:
        url: of one node, which names the others.
    """

    def __init__(self, folder: Path, *, options: Sequence[str] = ()) -> None:
        self._options = options
        self._owned = ExitStack()
        self._nodes = [self._node(folder / f"node-{number}") for number in range(3)]
        self.url = self._nodes[0].url

    def start(self) -> Self:
        """Returns when every node has its slots and knows the others.

        Raises:
            RuntimeError: if they do not come together.
        """
        for node in self._nodes:
            node.start()
            self._owned.callback(node.stop)
        try:
            self._join()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        self._owned.close()

    def _node(self, folder: Path) -> RedisServer:
        folder.mkdir(parents=True)
        as_node = ("--cluster-enabled", "yes", "--cluster-node-timeout", str(SILENT_FOR_MS))
        return RedisServer(folder, options=[*as_node, *self._options])

    def _join(self) -> None:
        binary = shutil.which("redis-cli")
        assert binary is not None, "comes with redis-server"
        addresses = [f"127.0.0.1:{node.port}" for node in self._nodes]
        made = subprocess.run(
            [binary, "--cluster", "create", *addresses, "--cluster-yes"], capture_output=True, text=True, check=False
        )
        if made.returncode:
            raise RuntimeError(f"no cluster of {', '.join(addresses)}: {made.stdout[-500:]}{made.stderr[-500:]}")
        ends_s = time.monotonic() + FORMS_WITHIN_S
        while not all(_knows_all(node.url) for node in self._nodes):
            if time.monotonic() > ends_s:
                raise RuntimeError(f"{', '.join(addresses)} did not become a cluster within {FORMS_WITHIN_S:g} s")
            time.sleep(0.05)


def _knows_all(url: str) -> bool:
    with redis.Redis.from_url(url) as client:
        found: dict[str, str] = client.execute_command("CLUSTER INFO")
        return found["cluster_state"] == "ok" and found["cluster_known_nodes"] == "3"
