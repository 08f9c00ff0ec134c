"""Everybody who may come to a simulated site: numbers become people who can be drawn, and what they do."""

from collections.abc import Mapping

from reid_simulation.people.figure import Figure
from reid_simulation.people.people import Population, attributes
from reid_simulation.seams.identity import Identity
from reid_simulation.world.scenario import Scenario
from reid_simulation.world.site import SimulatedSite


class Cast:
    """The people of one site; the same for the same site, in every process."""

    def __init__(self, site: SimulatedSite) -> None:
        self._site = site
        params = site.population
        self._population = Population(site.seed, style=params.style, look_alikes=params.look_alikes)
        self._known: dict[int, Identity] = {}

    def identity(self, number: int) -> Identity:
        """Who has that number."""
        if number not in self._known:
            self._known[number] = self._population.identity(number)
        return self._known[number]

    def labels(self, number: int) -> Mapping[str, int | str]:
        """What a data set would say of this person."""
        return attributes(self.identity(number))

    def figure(self, number: int, detail: int) -> Figure:
        """This person as triangles, in fine (0) or coarse detail (1)."""
        return Figure(self.identity(number), detail)

    def scenario(self) -> Scenario:
        """What they do, from the beginning."""
        site = self._site
        return Scenario(site.plan(), site.traffic, lambda number: self.identity(number).pace_mps, site.seed)
