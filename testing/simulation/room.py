"""A room with a door at each end, small and soon rendered."""

from reid_simulation.seams.scene import Box, Scene
from reid_simulation.world.plan import Place, Walk
from reid_simulation.world.scenario import Scenario, Traffic
from reid_simulation.world.site import SimulatedSite, SiteCamera

ROOM = SimulatedSite(
    name="room",
    scene=Scene(floor="concrete", boxes=(Box(4.0, 4.0, 2.0, 0.4, 1.0),)),
    places=(
        Place("west", -6.0, 0.0, is_entrance=True),
        Place("east", 14.0, 0.0, is_entrance=True),
        Place("middle", 4.0, 1.0, dwell_s=(1, 3)),
    ),
    walks=(Walk(("west", "middle"), 3.0), Walk(("middle", "east"), 3.0)),
    cameras=(
        SiteCamera(name="north", at=(4.0, 8.0, 3.0), looks_at=(4.0, 1.0, 0.8), width=320, height=180, fps=5, k1=-0.05),
        SiteCamera(
            name="south",
            at=(0.0, -6.0, 2.6),
            looks_at=(4.0, 1.0, 0.8),
            width=320,
            height=180,
            fps=4,
            clock_offset_s=1.5,
        ),
    ),
    traffic=Traffic(arrivals_per_minute=16, warm_up_s=20, most=8),
    duration_s=3.0,
    seed=5,
)


def scenario() -> Scenario:
    return Scenario(ROOM.plan(), ROOM.traffic, lambda _: 1.3, ROOM.seed)
