// When somebody was where, on an axis of time.

import { clock, lasting } from "./clock.js";
import { h } from "./dom.js";

export function axis(range) {
  const length = Math.max(1e-3, range.end - range.start);
  return h(
    "div",
    { class: "axis", "aria-hidden": "true" },
    clock.ticks(range.start, range.end, innerWidth < 700 ? 4 : 8).map((time) =>
      h("span", { style: { left: `${(100 * (time - range.start)) / length}%` } }, clock.tick(time)),
    ),
  );
}

/** A bar for each stay: in the person's colour, each camera in a lane of its own and named where there is room. */
export function stays(person, range, cameras) {
  const length = Math.max(1e-3, range.end - range.start);
  const lanes = cameras.filter((camera) => person.stays.some((stay) => stay[0] === camera));
  const height = 100 / Math.max(1, lanes.length);
  const words = person.stays.map(([camera, start, end]) => `${camera} ${clock.read(start)} to ${clock.read(end)}`).join("; ");
  return h(
    "div",
    { class: "stays", role: "img", "aria-label": words },
    person.stays
      .filter(([, start, end]) => end >= range.start && start <= range.end)
      .map(([camera, start, end, isOpen]) => {
        const left = Math.max(0, (100 * (start - range.start)) / length);
        const right = Math.min(100, (100 * ((isOpen ? range.end : end) - range.start)) / length);
        return h(
          "span",
          {
            class: isOpen ? "stay open" : "stay",
            title: `${camera}: ${clock.read(start)} to ${clock.read(end)}, ${lasting(end - start)}`,
            style: {
              left: `${left}%`,
              width: `max(4px, ${right - left}%)`,
              top: `${lanes.indexOf(camera) * height}%`,
              height: `${height}%`,
              "--person": person.colour,
            },
          },
          h("b", {}, camera),
        );
      }),
  );
}
