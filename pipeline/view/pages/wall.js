// The wall: every camera's latest frame, who is in it, and how its source is.

import { clock, count } from "./clock.js";
import { h, refill, svg } from "./dom.js";
import { badge, chip, crop, nothing, state } from "./parts.js";

export async function wall(context) {
  const { source, site } = context;
  const tiles = new Map(site.cameras.map((camera) => [camera, tile(camera, context)]));
  const grid = h("div", { class: "wall", "data-cameras": site.cameras.length }, [...tiles.values()].map((each) => each.element));
  const note = site.images || source.isFrozen ? null : h("p", { class: "note" }, "This site keeps no pictures: who is in front of each camera is listed instead.");
  refill(context.main, h("h1", {}, "Wall"), note, grid);

  const status = async () => {
    for (const camera of await source.cameras()) tiles.get(camera.name)?.status(camera);
  };
  const people = async () => {
    const question = source.isFrozen ? { limit: 500 } : { here: true, limit: 500 };
    const found = await source.sightings(question);
    for (const [camera, each] of tiles) each.people(found.items.filter((sighting) => sighting.camera === camera));
  };
  await Promise.all([status(), people()]);
  if (source.isFrozen) return () => {};
  const timer = setInterval(() => status().catch(() => {}), 2000);
  const again = setInterval(() => people().catch(() => {}), 3000);
  const frames = site.images ? site.cameras : [];
  const end = source.listen(frames, {
    frame: (frame) => tiles.get(frame.camera)?.frame(frame),
    news: () => context.news(),
    state: (isOn) => context.connected(isOn),
  });
  return () => { clearInterval(timer); clearInterval(again); end(); };
}

function tile(camera, { source, site }) {
  const image = h("img", { alt: `What ${camera} sees`, hidden: true });
  const boxes = svg("svg", { class: "boxes", preserveAspectRatio: "none", viewBox: "0 0 1 1", "aria-hidden": "true" });
  const labels = h("div", { class: "labels" });
  const time = h("span", { class: "frame-time" });
  const stage = h("div", { class: "stage" });
  const where = h("span", { class: "state quiet" }, "…");
  const facts = h("span", { class: "facts" });
  const present = h("div", { class: "present" });
  const video = source.moment(camera, site.start);
  const fit = (event) => { stage.style.aspectRatio = `${event.target.videoWidth} / ${event.target.videoHeight}`; };
  if (video) stage.append(h("video", { onloadedmetadata: fit, src: video.replace(/#.*/, ""), controls: true, preload: "metadata", playsinline: true, "aria-label": `Annotated video of ${camera}` }));
  else if (site.images && !source.isFrozen) stage.append(h("p", { class: "waiting" }, "waiting for a frame"), image, boxes, labels, time);
  const element = h("article", { class: "tile", "data-camera": camera }, stage.childNodes.length ? stage : null, h("header", {}, h("h2", {}, badge(camera)), where, facts), present);

  let isLoading = false;
  return {
    element,
    status(status) {
      refill(where, ...state(status.state).childNodes);
      where.className = state(status.state).className;
      const dropped = Object.entries(status.dropped ?? {}).filter(([, number]) => number);
      refill(
        facts,
        status.since && clock.isReal && !source.isFrozen ? h("span", {}, `since ${clock.read(status.since)}`) : null,
        status.fps === null || status.fps === undefined ? null : h("span", {}, `${status.fps} fps`),
        status.frames === null || status.frames === undefined ? null : h("span", {}, count(status.frames, "frame")),
        dropped.length ? h("span", { class: "warn" }, `dropped ${dropped.map(([cause, number]) => `${cause} ${number}`).join(", ")}`) : null,
      );
      element.classList.toggle("is-dead", ["failed", "silent", "retrying"].includes(status.state));
    },
    people(sightings) {
      const byPerson = new Map(sightings.filter((each) => each.person).map((each) => [each.person.id, each]));
      const shown = [...byPerson.values()].slice(0, 12);
      refill(
        present,
        shown.length
          ? h("ul", {}, shown.map((each) => h("li", {}, stage.childNodes.length && !source.isFrozen ? null : crop(source, each, site.images), chip(each.person))))
          : nothing(source.isFrozen ? "nobody was named here" : "nobody with a name yet"),
        byPerson.size > shown.length ? h("p", { class: "more" }, `and ${byPerson.size - shown.length} more`) : null,
      );
    },
    frame(frame) {
      if (isLoading) return;
      isLoading = true;
      const next = new Image();
      next.onload = () => {
        isLoading = false;
        stage.querySelector(".waiting")?.remove();
        image.src = next.src;
        image.hidden = false;
        stage.style.aspectRatio = `${frame.width} / ${frame.height}`;
        time.textContent = clock.read(frame.time);
        draw(frame);
      };
      next.onerror = () => { isLoading = false; };
      next.src = source.frame(camera, frame.name);
    },
  };

  function draw(frame) {
    refill(
      boxes,
      frame.boxes.map(({ place: [x1, y1, x2, y2], person }) =>
        svg("rect", { x: x1, y: y1, width: x2 - x1, height: y2 - y1, style: { "--person": person?.colour ?? "#969696" }, "vector-effect": "non-scaling-stroke", "data-person": person?.id ?? "" }),
      ),
    );
    refill(
      labels,
      frame.boxes.filter((box) => box.person).map(({ place: [x1, y1], person }) =>
        h("a", { href: `#/people/${person.id}`, style: { left: `${100 * x1}%`, top: `${100 * y1}%`, "--person": person.colour } }, person.name),
      ),
    );
  }
}

