// What several pages show: a person's chip, a camera's badge, a crop, a state, a bar of similarity.

import { clock } from "./clock.js";
import { h, svg } from "./dom.js";

export function chip(person, attributes = {}) {
  if (!person) return h("span", { class: "chip nobody" }, "forgotten");
  return h(
    "a",
    { class: "chip", href: `#/people/${person.id}`, ...attributes },
    h("i", { class: "dot", style: { "--person": person.colour } }),
    person.name,
  );
}

export function badge(camera) {
  return h("span", { class: "camera" }, camera);
}

/** A crop of a sighting; a quiet figure where there is none. */
export function crop(source, sighting, pictures, attributes = {}) {
  const person = sighting?.person;
  const box = h("span", { class: "crop", style: person ? { "--person": person.colour } : {}, ...attributes }, nobody());
  const address = sighting && pictures ? source.crop(sighting.id) : null;
  if (address) {
    const where = `${person ? person.name + " " : ""}in ${sighting.camera}, ${clock.read(sighting.start)}`;
    const image = h("img", { src: address, alt: where, loading: "lazy", decoding: "async" });
    image.addEventListener("error", () => image.remove());
    box.append(image);
  }
  return box;
}

function nobody() {
  return svg(
    "svg",
    { viewBox: "0 0 32 64", "aria-hidden": "true" },
    svg("circle", { cx: 16, cy: 18, r: 7 }),
    svg("path", { d: "M5 56c0-16 4-26 11-26s11 10 11 26z" }),
  );
}

const STATES = {
  streaming: ["good", "streaming"],
  connecting: ["soon", "connecting"],
  retrying: ["bad", "retrying"],
  failed: ["bad", "failed"],
  silent: ["bad", "silent"],
  ended: ["quiet", "ended"],
  unknown: ["quiet", "not heard of"],
};

export function state(name) {
  const [tone, word] = STATES[name] ?? ["quiet", name];
  return h("span", { class: `state ${tone}` }, word);
}

export const KINDS = {
  "person.matched": "Recognised",
  "person.appeared": "Somebody new",
  "person.merged": "Two are one",
  "person.split": "One is two",
  "verdict.given": "Operator's word",
};

/** Similarities on one line: what was demanded, what was found, and who else came near. */
export function scale(decision) {
  const shown = [
    ...(decision.similarity === undefined ? [] : [{ at: decision.similarity, person: decision.person, is: "found" }]),
    ...(decision.runners_up ?? []).map((each) => ({ at: each.similarity, person: each.person, is: each.ruled_out_by ? "ruled-out" : "other" })),
  ];
  if (!shown.length) return null;
  const low = Math.max(-1, Math.min(0.4, ...shown.map((each) => each.at)) - 0.05);
  const x = (value) => 6 + (88 * (value - low)) / (1.0 - low);
  const text = shown.map((each) => `${each.person?.name ?? "somebody forgotten"} ${each.at.toFixed(3)}`).join(", ");
  const demanded = decision.threshold === undefined ? "" : `; ${decision.threshold.toFixed(3)} was demanded`;
  return h(
    "figure",
    { class: "scale" },
    h(
      "div",
      { class: "line", role: "img", "aria-label": `Similarities: ${text}${demanded}` },
      decision.threshold === undefined
        ? null
        : h("span", { class: "demanded", style: { left: `${x(decision.threshold)}%` } }, h("b", {}, `demanded ${decision.threshold.toFixed(3)}`)),
      shown.map((each) => h("span", { class: `mark ${each.is}`, style: { left: `${x(each.at)}%`, "--person": each.person?.colour ?? "#888" } })),
    ),
    h("figcaption", {}, h("span", {}, low.toFixed(2)), h("span", {}, "similarity"), h("span", {}, "1.00")),
  );
}

/** What a list says when it has nothing. */
export function nothing(text) {
  return h("p", { class: "nothing" }, text);
}
