"""The timeline: a row per person, a thin bar per stay, coloured by camera, one line per camera within the row."""

from collections.abc import Mapping, Sequence
from html import escape

from pipeline.output.person_labels import short_name
from pipeline.output.report.clockface import Clockface
from pipeline.output.report.presence import Person, Stay

BAR_PX, GAP_PX = 9, 3
AXIS_PX = 22
LAST_TICK_PERCENT = 94
"""Later ticks have no room for their text."""


def timeline(persons: Sequence[Person], clock: Clockface, colours: Mapping[str, str]) -> str:
    """HTML of the whole timeline, readable with scripts off.

    Args:
        persons: in the order of their rows.
        clock: the axis.
        colours: of each camera, as CSS.
    """
    rows = "".join(_row(person, clock, colours) for person in persons)
    return f'{_legend(colours)}<div class="timeline"><div></div>{_axis(clock)}{rows}</div>'


def chip(person: Person) -> str:
    """The person's name in the person's colour, as in the videos; leads to the row in the table of persons."""
    ink = "#000" if person.colour.is_bright else "#fff"
    style = f"background:{person.colour.css};color:{ink}"
    name = short_name(person.person)
    return f'<a class="chip" style="{style}" href="#p-{person.person}" title="{person.person}">{name}</a>'


def _legend(colours: Mapping[str, str]) -> str:
    entries = "".join(
        f'<span><i style="background:{colour}"></i>{escape(camera)}</span>' for camera, colour in colours.items()
    )
    return f'<p class="legend">{entries}</p>'


def _axis(clock: Clockface) -> str:
    texts = "".join(
        f'<text x="{clock.percent(tick):.2f}%" y="15" dx="3">{clock.read_tick(tick)}</text>'
        for tick in clock.ticks()
        if clock.percent(tick) <= LAST_TICK_PERCENT
    )
    return f'<svg class="axis" width="100%" height="{AXIS_PX}" aria-hidden="true">{_grid(clock)}{texts}</svg>'


def _grid(clock: Clockface) -> str:
    return "".join(
        f'<line x1="{clock.percent(tick):.2f}%" x2="{clock.percent(tick):.2f}%" y1="0" y2="100%"/>'
        for tick in clock.ticks()
    )


def _row(person: Person, clock: Clockface, colours: Mapping[str, str]) -> str:
    height_px = len(person.cameras) * (BAR_PX + GAP_PX) + GAP_PX
    bars = "".join(
        _bar(stay, GAP_PX + person.cameras.index(stay.seen.camera) * (BAR_PX + GAP_PX), clock, colours)
        for stay in person.stays
    )
    lane = f'<svg width="100%" height="{max(height_px, AXIS_PX)}">{_grid(clock)}{bars}</svg>'
    return f"<div>{chip(person)}</div>{lane}"


def _bar(stay: Stay, y_px: int, clock: Clockface, colours: Mapping[str, str]) -> str:
    left = clock.percent(stay.start_s)
    width = clock.percent(stay.end_s) - left
    reported = f"{stay.seen.camera}, {clock.read(stay.start_s)} to {clock.read(stay.end_s)}, track {stay.seen.track}"
    colour = colours[stay.seen.camera]
    return (
        f'<rect x="{left:.2f}%" width="{width:.2f}%" y="{y_px}" height="{BAR_PX}" rx="2" fill="{colour}" '
        f'stroke="{colour}"><title>{escape(reported)}</title></rect>'
    )
