// People: who is here and who was, where and when; search by time, camera, person and picture.

import { clock, count, lasting } from "./clock.js";
import { atMost, h, openDialog, refill, toast } from "./dom.js";
import { badge, chip, crop, nothing } from "./parts.js";
import { axis, stays } from "./timeline.js";
import { virtualList } from "./virtual.js";

export async function people(context) {
  const { source, site } = context;
  const question = { camera: "", id: "", here: "", several: "", ...context.question };
  const range = { start: site.start, end: Math.max(site.end, site.start + 1) };
  const total = h("p", { class: "total", role: "status" });
  const head = h("div", { class: "people-head" }, h("span", {}, "Person"), axis(range));
  const list = virtualList({
    label: "People, who was seen last first",
    height: () => (innerWidth < 700 ? 112 : 76),
    empty: "Nobody was seen like that.",
    onTotal: (number) => { total.textContent = count(number, "person", "people"); },
    load: (page) => source.persons({ ...asked(), ...page }),
    row: (person) => personRow(person, context, range),
  });

  function asked() {
    const found = { ...question };
    for (const key of Object.keys(found)) if (found[key] === "") delete found[key];
    return found;
  }

  function change(name, value) {
    question[name] = value;
    if (name === "since" || name === "until") spanAxis();
    list.refresh();
  }

  function spanAxis() {
    range.start = question.since || site.start;
    range.end = question.until || Math.max(context.site.end, range.start + 1);
    head.replaceChild(axis(range), head.lastElementChild);
  }

  refill(
    context.main,
    h("div", { class: "title" }, h("h1", {}, "People"), total, source.alikePicture ? h("button", { type: "button", onclick: () => searchByPicture(context) }, "Search by picture") : null),
    site.note ? h("p", { class: "note" }, site.note) : null,
    filters(context, question, change, range),
    h("section", { class: "people", "aria-label": "Timeline" }, head, list.element),
  );
  list.refresh();
  if (source.isFrozen) return () => list.close();
  const again = atMost(1500, async () => {
    context.site = await source.site();
    site.end = context.site.end;
    if (!question.until) { range.end = Math.max(site.end, range.start + 1); spanAxis(); }
    list.refresh();
  });
  const end = source.listen([], { news: () => { again(); context.news(); }, state: context.connected });
  return () => { end(); list.close(); };
}

function filters(context, question, change, range) {
  const { site, source } = context;
  const cameras = h(
    "select",
    { id: "f-camera", onchange: (event) => change("camera", event.target.value) },
    h("option", { value: "" }, "every camera"),
    site.cameras.map((camera) => h("option", { value: camera, selected: camera === question.camera }, camera)),
  );
  const text = h("input", { id: "f-id", type: "search", placeholder: "id, such as 3f2a", autocomplete: "off", spellcheck: "false", oninput: (event) => change("id", event.target.value.trim().toLowerCase().replace(/[^0-9a-f-]/g, "")) });
  const when = timeFields(change, range);
  const here = source.isFrozen ? null : toggle("Here now", (isOn) => change("here", isOn ? "true" : ""));
  return h(
    "form",
    { class: "filters", onsubmit: (event) => event.preventDefault(), "aria-label": "Which people" },
    h("label", { for: "f-camera" }, "Camera", cameras),
    h("label", { for: "f-id" }, "Person", text),
    when,
    here,
    toggle("In several cameras", (isOn) => change("several", isOn ? "true" : "")),
  );
}

function toggle(label, changed) {
  return h("label", { class: "toggle" }, h("input", { type: "checkbox", onchange: (event) => changed(event.target.checked) }), label);
}

/** Two fields: times of the day, or seconds of a recording. */
function timeFields(change, range) {
  const read = (name) => (event) => {
    const value = event.target.value;
    if (!value) return change(name, "");
    if (!clock.isReal) return change(name, range.start - (range.start - clock.start) + Number(value));
    change(name, new Date(value).getTime() / 1000);
  };
  const field = (name, label) =>
    h("label", { for: `f-${name}` }, label, h("input", { id: `f-${name}`, type: clock.isReal ? "datetime-local" : "number", step: "1", min: clock.isReal ? null : 0, placeholder: clock.isReal ? null : "seconds", onchange: read(name) }));
  return [field("since", "From"), field("until", "To")];
}

export function personRow(person, { source, site }, range) {
  const last = { id: person.last, camera: person.last.split("/")[0], start: person.end, person };
  return h(
    "a",
    { class: "person-row", href: `#/people/${person.id}`, "data-person": person.id, "data-colour": person.colour },
    h(
      "span",
      { class: "who" },
      crop(source, last, site.images),
      h(
        "span",
        { class: "name" },
        h("b", {}, h("i", { class: "dot", style: { "--person": person.colour } }), person.name, person.is_here ? h("em", {}, "here") : null),
        h("span", { class: "cameras" }, person.cameras.slice(0, 3).map(badge), person.cameras.length > 3 ? ` +${person.cameras.length - 3}` : null),
        h("small", {}, `${count(person.sightings_count, "sighting")}, last ${clock.read(person.end)}`),
      ),
    ),
    stays(person, range, site.cameras),
  );
}

export function searchByPicture(context) {
  const { source } = context;
  openDialog("Search by picture", () => {
    const results = h("div", { class: "found", "aria-live": "polite" });
    const preview = h("span", { class: "preview" });
    const search = async (file) => {
      if (!file) return;
      preview.replaceChildren(h("img", { src: URL.createObjectURL(file), alt: "The picture that is searched for" }));
      refill(results, nothing("searching…"));
      try {
        refill(results, alike(await source.alikePicture(file), context));
      } catch (error) {
        refill(results, nothing(error.message));
      }
    };
    const input = h("input", { type: "file", id: "picture", accept: "image/jpeg,image/png", onchange: (event) => search(event.target.files[0]) });
    const area = h("label", { class: "drop", for: "picture" }, "Choose a JPEG or a PNG of one person, cut out; or drop it here", input);
    area.addEventListener("dragover", (event) => event.preventDefault());
    area.addEventListener("drop", (event) => { event.preventDefault(); search(event.dataTransfer.files[0]); });
    return h("div", { class: "picture-search" }, area, preview, results, h("p", { class: "note" }, "The picture is compared here and not kept."));
  });
}

export function alike(items, { source, site }) {
  if (!items.length) return nothing("nobody who is remembered looks like that");
  return h(
    "ol",
    { class: "alike" },
    items.map((each) =>
      h("li", {}, crop(source, each.sighting, site.images), h("span", {}, chip(each.person, { onclick: () => document.getElementById("dialog").close() }), h("small", {}, `${each.similarity.toFixed(3)}, ${each.sighting?.camera ?? ""} ${each.sighting ? clock.read(each.sighting.start) : ""}`))),
    ),
  );
}

export async function person(context, id) {
  const { source, site } = context;
  const found = await source.person(id);
  const range = { start: found.start, end: Math.max(found.end, found.start + 1) };
  const margin = (range.end - range.start) * 0.04;
  range.start -= margin;
  range.end += margin;
  const like = h("div", { class: "found", "aria-live": "polite" });
  const showAlike = async () => {
    refill(like, nothing("searching…"));
    try {
      refill(like, alike((await source.alike(found.last)).filter((each) => each.person?.id !== id), context));
    } catch (error) {
      refill(like, nothing(error.message));
    }
  };
  refill(
    context.main,
    h("nav", { class: "crumbs", "aria-label": "Where you are" }, h("a", { href: "#/people" }, "People"), " / ", found.name),
    h(
      "div",
      { class: "title" },
      h("h1", {}, h("i", { class: "dot", style: { "--person": found.colour } }), `Person ${found.name}`, found.is_here ? h("em", {}, "here") : null),
      h("span", { class: "id" }, found.id),
      site.role === "operator" && source.erase ? h("button", { type: "button", class: "danger", onclick: () => confirmErase(found, context) }, "Erase") : null,
    ),
    h("section", { class: "card" }, h("h2", {}, "When and where"), h("div", { class: "own-axis" }, axis(range), stays(found, range, site.cameras))),
    path(found, site),
    h("section", { class: "card" }, h("h2", {}, count(found.sightings.length, "sighting")), h("ul", { class: "sightings" }, found.sightings.slice(-200).reverse().map((each) => sightingCard(each, context)))),
    h("section", { class: "card" }, h("h2", {}, "What was decided"), h("ul", { class: "decided" }, found.decisions.slice(-200).reverse().map((each) => h("li", {}, decidedLine(each, context))))),
    h("section", { class: "card" }, h("div", { class: "title" }, h("h2", {}, "Who looks alike"), h("button", { type: "button", onclick: showAlike }, "Search")), like),
  );
  if (source.isFrozen) return () => {};
  return source.listen([], {
    news: (news) => {
      context.news();
      if (news.kind === "person.erased" && news.person === id) {
        if (erasedHere.has(id)) return;
        toast(`${found.name} was erased`);
        location.hash = "#/people";
      } else if (news.person === id || news.decision?.other?.id === id) context.again();
    },
    state: context.connected,
  });
}

function sightingCard(sighting, { source, site }) {
  const moment = source.moment(sighting.camera, sighting.start);
  return h(
    "li",
    {},
    crop(source, sighting, site.images),
    h("span", {}, badge(sighting.camera), h("small", {}, `${clock.read(sighting.start)} to ${clock.read(sighting.end)}`), h("small", {}, sighting.is_open ? "still there" : lasting(sighting.end - sighting.start)), moment ? h("a", { href: moment, target: "_blank" }, "watch") : null),
  );
}

function decidedLine(decision, { source }) {
  const words = {
    "person.appeared": "somebody new",
    "person.matched": `recognised at ${decision.similarity?.toFixed(3)}`,
    "person.merged": `joined with ${decision.other?.name}`,
    "person.split": `parted from ${decision.other?.name}: ${decision.reason}`,
    "verdict.given": `an operator said: ${decision.verdict === "same" ? "the same" : "not the same"}`,
  };
  return h("a", { href: `#/matches/${decision.id}` }, h("time", {}, clock.read(decision.at)), " ", badge(decision.seen.camera), " ", words[decision.kind] ?? decision.kind, source ? "" : "");
}

/** The way over the plan of the site, camera by camera. */
function path(person, site) {
  const places = Object.entries(site.plan ?? {});
  if (places.length < 2) return null;
  const xs = places.map(([, [x]]) => x);
  const ys = places.map(([, [, y]]) => y);
  const size = Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys), 1e-6);
  const at = ([x, y]) => [10 + (80 * (x - Math.min(...xs))) / size, 12 + (80 * (y - Math.min(...ys))) / size];
  const height = 24 + (80 * (Math.max(...ys) - Math.min(...ys))) / size;
  const way = person.stays.map(([camera]) => camera).filter((camera, index, all) => camera !== all[index - 1] && site.plan[camera]);
  const ns = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(ns, "svg");
  drawing.setAttribute("viewBox", `0 0 100 ${height}`);
  drawing.setAttribute("class", "plan");
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-label", `The way: ${way.join(", then ")}`);
  const add = (tag, attributes, text) => {
    const element = document.createElementNS(ns, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text) element.textContent = text;
    drawing.append(element);
    return element;
  };
  const line = add("polyline", { class: "way", points: way.map((camera) => at(site.plan[camera]).join(",")).join(" ") });
  line.style.setProperty("--person", person.colour);
  for (const [camera, place] of places) {
    const [x, y] = at(place);
    const dot = add("circle", { cx: x, cy: y, r: 2.2, class: way.includes(camera) ? "been" : "place" });
    dot.style.setProperty("--person", person.colour);
    add("text", { x, y: y - 4, "text-anchor": "middle" }, camera);
  }
  return h("section", { class: "card" }, h("h2", {}, "Way"), drawing);
}

// Whose erasure was asked for by this page: the answer says more than the news of it, whichever comes last.
const erasedHere = new Set();

function confirmErase(found, context) {
  openDialog(`Erase person ${found.name}?`, (close) => {
    const typed = h("input", { id: "confirm", autocomplete: "off", spellcheck: "false" });
    const said = h("p", { class: "said", role: "alert" });
    const erase = async (event) => {
      event.preventDefault();
      if (typed.value.trim() !== found.name) { said.textContent = `Write ${found.name} to confirm.`; return; }
      erasedHere.add(found.id);
      try {
        const entry = await context.source.erase(found.id);
        close();
        toast(`Erased ${found.name}: ${count(entry.tracks, "sighting")} (request ${entry.request}).`);
        location.hash = "#/people";
      } catch (error) {
        erasedHere.delete(found.id);
        said.textContent = error.message;
      }
    };
    return h(
      "form",
      { onsubmit: erase },
      h("p", {}, `All ${found.sightings.length} sightings, their pictures and vectors are deleted, and everybody who was told of this person is told to forget. This cannot be undone; an audit line stays.`),
      h("label", { for: "confirm" }, `Write ${found.name} to confirm`, typed),
      said,
      h("div", { class: "buttons" }, h("button", { type: "button", class: "quiet", onclick: close }, "Keep"), h("button", { type: "submit", class: "danger" }, "Erase")),
    );
  });
}
