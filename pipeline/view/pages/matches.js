// Matches: each decision with its reasons, both sides' pictures, who else came near, and an operator's word.

import { clock, count } from "./clock.js";
import { atMost, h, refill, toast } from "./dom.js";
import { KINDS, badge, chip, crop, nothing, scale } from "./parts.js";
import { alike } from "./people.js";
import { virtualList } from "./virtual.js";

export async function matches(context) {
  const { source, site } = context;
  const question = { kind: "person.matched", camera: "", ...context.question };
  const total = h("p", { class: "total", role: "status" });
  const list = virtualList({
    label: "Decisions, the newest first",
    height: () => (innerWidth < 700 ? 128 : 84),
    empty: "Nothing was decided like that.",
    onTotal: (number) => { total.textContent = count(number, "decision"); },
    load: (page) => source.decisions({ ...Object.fromEntries(Object.entries(question).filter(([, value]) => value)), ...page }),
    row: (decision) => decisionRow(decision, context),
  });
  const change = (name) => (event) => { question[name] = event.target.value; list.refresh(); };
  refill(
    context.main,
    h("div", { class: "title" }, h("h1", {}, "Matches"), total),
    h(
      "form",
      { class: "filters", onsubmit: (event) => event.preventDefault(), "aria-label": "Which decisions" },
      h("label", { for: "f-kind" }, "What", h("select", { id: "f-kind", onchange: change("kind") }, Object.entries(KINDS).map(([kind, name]) => h("option", { value: kind, selected: kind === question.kind }, name)), h("option", { value: "" }, "everything"))),
      h("label", { for: "f-camera" }, "Camera", h("select", { id: "f-camera", onchange: change("camera") }, h("option", { value: "" }, "every camera"), site.cameras.map((camera) => h("option", { value: camera }, camera)))),
    ),
    list.element,
  );
  list.refresh();
  if (source.isFrozen) return () => list.close();
  const again = atMost(1500, () => list.refresh());
  const end = source.listen([], { news: () => { again(); context.news(); }, state: context.connected });
  return () => { end(); list.close(); };
}

function decisionRow(decision, { source, site }) {
  const before = decision.seen_before;
  const nearest = decision.runners_up?.[0];
  return h(
    "a",
    { class: "decision-row", href: `#/matches/${decision.id}`, "data-decision": decision.id },
    h("span", { class: "pair" }, crop(source, before ?? nearest?.sighting ?? null, site.images, before ? {} : { "data-faint": "yes" }), h("span", { class: "arrow", "aria-hidden": "true" }, before ? "→" : "≠"), crop(source, decision.seen, site.images)),
    h(
      "span",
      { class: "what" },
      h("b", {}, h("i", { class: "dot", style: { "--person": decision.person.colour } }), decision.person.name, h("em", {}, KINDS[decision.kind] ?? decision.kind)),
      h("span", { class: "cameras" }, before ? [badge(before.camera), " → "] : null, badge(decision.seen.camera)),
      h("small", {}, clock.read(decision.at)),
    ),
    h("span", { class: "numbers" }, numbers(decision)),
  );
}

function numbers(decision) {
  const shown = [
    ["similarity", decision.similarity],
    ["demanded", decision.threshold],
    ["ahead", decision.margin],
  ].filter(([, value]) => value !== undefined && value !== null);
  if (decision.probability !== undefined && decision.probability !== null) shown.push(["probability", decision.probability]);
  if (!shown.length && decision.runners_up?.length) shown.push(["nearest other", decision.runners_up[0].similarity]);
  return shown.map(([name, value]) => h("span", {}, h("b", {}, name === "probability" ? `${(100 * value).toFixed(0)} %` : value.toFixed(3)), h("small", {}, name)));
}

export async function match(context, id) {
  const { source, site } = context;
  const decision = await source.decision(id);
  const before = decision.seen_before;
  refill(
    context.main,
    h("nav", { class: "crumbs", "aria-label": "Where you are" }, h("a", { href: "#/matches" }, "Matches"), " / ", decision.person.name),
    h("div", { class: "title" }, h("h1", {}, KINDS[decision.kind] ?? decision.kind, ": ", chip(decision.person)), h("span", { class: "id" }, clock.read(decision.at))),
    h("section", { class: "card sides" }, before ? side("Seen before", before, context) : newcomer(), side("Seen", decision.seen, context), attentionField(context)),
    h("section", { class: "card" }, h("h2", {}, "Why"), h("p", { class: "because" }, because(decision)), scale(decision), h("div", { class: "numbers wide" }, numbers(decision))),
    decision.runners_up
      ? h("section", { class: "card" }, h("h2", {}, decision.kind === "person.appeared" ? "Who it might have been" : "Who else came near"), runnersUp(decision, context))
      : null,
    verdictCard(decision, context),
    source.isFrozen ? null : alikeCard(decision, context),
  );
  if (source.isFrozen) return () => {};
  return source.listen([], {
    news: (news) => { context.news(); if (news.person === decision.person.id) context.again(); },
    state: context.connected,
  });

  function newcomer() {
    return h("div", { class: "side" }, h("h3", {}, "Seen before"), h("p", { class: "nothing" }, "never"));
  }
}

function side(title, sighting, { source, site }) {
  const moment = source.moment(sighting.camera, sighting.start);
  const watch = h("div", {}, moment ? video(moment, sighting) : null);
  if (site.records) source.recorded(sighting.camera, sighting.start).then((found) => refill(watch, video(found, sighting)), () => {});
  return h(
    "div",
    { class: "side" },
    h("h3", {}, title),
    crop(source, sighting, site.images),
    site.images ? moments(source, sighting) : null,
    h("p", {}, badge(sighting.camera), h("small", {}, sighting.end ? `${clock.read(sighting.start)} to ${clock.read(sighting.end)}` : "forgotten")),
    watch,
  );
}

function video(src, sighting) {
  return h("video", { src, controls: true, muted: true, preload: "metadata", playsinline: true, "aria-label": `${sighting.camera} at ${clock.read(sighting.start)}` });
}

/** The same person a little earlier and later: crops in order of time, in one image. */
function moments(source, sighting) {
  const address = source.moments(sighting.id);
  if (!address) return null;
  const image = h("img", { class: "moments", src: address, loading: "lazy", decoding: "async", "data-sighting": sighting.id, alt: `${sighting.camera}, moments from ${clock.read(sighting.start)} on` });
  image.addEventListener("error", () => { image.hidden = true; });
  return image;
}

/** Lays over the moments where the network looks; asked for by somebody, and not before. */
function attentionField({ source, site }) {
  if (!site.attention?.length) return null;
  const show = (event) => {
    for (const image of document.querySelectorAll("img.moments")) {
      const of = event.target.value;
      image.src = of ? source.attention(image.dataset.sighting, of) : source.moments(image.dataset.sighting);
    }
  };
  return h(
    "label",
    { class: "attention", for: "f-attention" },
    "Where the network looks",
    h("select", { id: "f-attention", onchange: show }, h("option", { value: "" }, "not shown"), site.attention.map((name) => h("option", { value: name }, name.replaceAll("_", " ")))),
  );
}

/** The reasons as a sentence; a similarity is called by its name, and so is a difference. */
export function because(decision) {
  const { similarity, threshold, margin } = decision;
  if (decision.kind === "verdict.given") {
    const said = decision.verdict === "same" ? "the same person" : "two people";
    const effect = { none: "which was so already", merged: "and so two persons became one", split: "and so one person became two" };
    return `An operator said that these are ${said}, ${effect[decision.effect]}. Their similarity is ${similarity.toFixed(3)}.`;
  }
  if (decision.kind === "person.appeared") {
    if (!decision.runners_up.length) return "Nobody who is remembered came near.";
    const [nearest] = decision.runners_up;
    return `Nobody who is remembered was possible and similar enough. The nearest was ${nearest.person?.name ?? "somebody forgotten"}, similarity ${nearest.similarity.toFixed(3)}: ${nearest.ruled_out_by ? nearest.why : "not similar enough"}.`;
  }
  const parted = decision.kind === "person.split" ? `${count(decision.moved, "sighting")} left ${decision.other.name}: ${decision.reason}. ` : "";
  const joined = decision.kind === "person.merged" ? `${count(decision.moved, "sighting")} of ${decision.other.name} turned out to be ${decision.person.name}. ` : "";
  if (similarity === undefined) return parted + `They are somebody new; their similarity to those that stayed is ${decision.similarity_to_rest.toFixed(3)}.`;
  const above = similarity - threshold;
  const next = margin === null || margin === undefined ? "Nobody else was possible." : `The next person who was possible is ${margin.toFixed(3)} behind.`;
  const word = decision.kind === "person.matched" ? "Similarity" : "Mean similarity";
  return `${parted}${joined}${word} ${similarity.toFixed(3)}, ${Math.abs(above).toFixed(3)} ${above >= 0 ? "above" : "below"} the ${threshold.toFixed(3)} that was demanded. ${next}`;
}

function runnersUp(decision, { source, site }) {
  if (!decision.runners_up.length) return nothing("nobody else came near");
  return h(
    "ol",
    { class: "runners" },
    decision.runners_up.map((each) =>
      h("li", { class: each.ruled_out_by ? "ruled-out" : "" }, crop(source, each.sighting, site.images), h("span", {}, chip(each.person), h("b", {}, each.similarity.toFixed(3)), h("small", {}, each.why), sameAs(each, decision, { source, site }))),
    ),
  );
}

/** For a near miss: an operator may know better. */
function sameAs(runnerUp, decision, { source, site }) {
  if (!source.say || site.role !== "operator" || !runnerUp.sighting || !runnerUp.person) return null;
  const say = async (event) => {
    event.target.disabled = true;
    try {
      await source.say({ verdict: "same", seen: decision.seen.id, seen_before: runnerUp.sighting.id });
      toast(`Kept: ${decision.person.name} and ${runnerUp.person.name} are the same person.`);
    } catch (error) {
      event.target.disabled = false;
      toast(error.message);
    }
  };
  return h("button", { type: "button", class: "quiet small", onclick: say, "aria-label": `The same person as ${runnerUp.person.name}` }, "The same");
}

function verdictCard(decision, context) {
  const { source, site } = context;
  if (!source.say || site.role !== "operator" || !decision.seen_before) return null;
  const said = h("p", { class: "said", role: "status" });
  const say = (verdict) => async () => {
    try {
      await source.say({ verdict, decision: decision.id });
      said.textContent = verdict === "same" ? "Kept: the same person." : "Kept: not the same person. The matcher parts them.";
      toast("Kept as a labelled pair, and handed to the matcher.");
    } catch (error) {
      said.textContent = error.message;
    }
  };
  return h(
    "section",
    { class: "card verdict" },
    h("h2", {}, "Are these one person?"),
    h("div", { class: "buttons" }, h("button", { type: "button", onclick: say("same") }, "Same person"), h("button", { type: "button", class: "danger", onclick: say("different") }, "Not the same")),
    said,
    h("p", { class: "note" }, "Your word is carried out as a merge or a split, told to everybody who reads events, and kept as a labelled pair for calibration and training."),
  );
}

function alikeCard(decision, context) {
  const found = h("div", { class: "found", "aria-live": "polite" });
  const search = async () => {
    refill(found, nothing("searching…"));
    try {
      refill(found, alike(await context.source.alike(decision.seen.id), context));
    } catch (error) {
      refill(found, nothing(error.message));
    }
  };
  return h("section", { class: "card" }, h("div", { class: "title" }, h("h2", {}, "Who looks like this sighting"), h("button", { type: "button", onclick: search }, "Search")), found);
}
