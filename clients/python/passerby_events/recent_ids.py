"""The last so many ids, for whoever must not take a thing twice."""

from collections import OrderedDict
from uuid import UUID


class RecentIds:
    """Remembers ids; the oldest is forgotten first.

    Args:
        most: how many.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._ids: OrderedDict[UUID, None] = OrderedDict()

    def __contains__(self, each: UUID) -> bool:
        return each in self._ids

    def add(self, each: UUID) -> bool:
        """Whether it is new."""
        if each in self._ids:
            return False
        self._ids[each] = None
        if len(self._ids) > self._most:
            self._ids.popitem(last=False)
        return True
