// Health: sources, queues, latencies, what was dropped and what was never encoded; and the score where there is truth.

import { clock, count } from "./clock.js";
import { h, refill, svg } from "./dom.js";
import { badge, state } from "./parts.js";

export async function health(context) {
  const { source, site } = context;
  const body = h("div", { class: "health" });
  refill(context.main, h("h1", {}, "Health"), body);
  const draw = async () => {
    const found = await source.health();
    const audit = site.role === "operator" && !source.isFrozen ? await source.audit().catch(() => []) : [];
    refill(body, tiles(found), score(found), cameras(found), hour(found), processes(found), audited(audit));
  };
  await draw();
  if (source.isFrozen) return () => {};
  const timer = setInterval(() => draw().catch(() => {}), 3000);
  return () => clearInterval(timer);
}

function tiles({ counts, totals, latencies_s }) {
  const facts = [
    [counts?.persons, "people"],
    [counts?.here, "here now"],
    [counts?.in_several_cameras, "in several cameras"],
    [counts?.sightings, "sightings"],
    [counts?.matches, "matches"],
    [counts?.merges + counts?.splits, "taken back"],
    [counts?.verdicts, "operators' words"],
    [totals?.messages_waiting, "messages waiting"],
    [totals?.events_waiting, "events waiting"],
    [totals?.dead_letters, "dead letters"],
  ].filter(([number]) => number !== undefined && !Number.isNaN(number));
  const times = Object.entries(latencies_s ?? {}).filter(([name]) => !name.endsWith("_count"));
  return h(
    "div",
    { class: "tiles" },
    facts.map(([number, word]) => h("div", {}, h("b", {}, Math.round(number).toLocaleString()), h("span", {}, word))),
    times.map(([name, value]) => h("div", {}, h("b", {}, `${(1000 * value).toFixed(value < 0.01 ? 1 : 0)} ms`), h("span", {}, `${name}, mean`))),
  );
}

function score({ score: rows, causes, took_s }) {
  if (!rows) return took_s ? h("p", { class: "note" }, `The run took ${Math.round(took_s)} s.`) : null;
  const names = Object.keys(rows[0]);
  return h(
    "section",
    { class: "card" },
    h("h2", {}, "Beside the truth"),
    h("div", { class: "wide", tabindex: 0, role: "region", "aria-label": "Score" }, h("table", {}, h("thead", {}, h("tr", {}, names.map((name) => h("th", { scope: "col" }, name)))), h("tbody", {}, rows.map((row) => h("tr", {}, names.map((name, index) => h(index ? "td" : "th", index ? {} : { scope: "row" }, String(row[name])))))))),
    causes?.length ? h("ul", { class: "causes" }, causes.map((each) => h("li", {}, each))) : null,
  );
}

function cameras({ cameras: found }) {
  return h(
    "section",
    { class: "card" },
    h("h2", {}, "Cameras"),
    h(
      "ul",
      { class: "camera-cards" },
      found.map((camera) =>
        h(
          "li",
          { "data-camera": camera.name },
          h("header", {}, badge(camera.name), state(camera.state), camera.fps === null || camera.fps === undefined ? null : h("b", {}, `${camera.fps} fps`)),
          h(
            "dl",
            {},
            fact("Frames", camera.frames?.toLocaleString()),
            fact("Tracks", encoded(camera)),
            causes("Dropped", camera.dropped),
            causes("Never encoded", camera.not_encoded),
            causes("Boxes", camera.gate),
            causes("Faults", camera.errors),
            causes("Decided", camera.outcomes),
          ),
        ),
      ),
    ),
  );
}

function encoded(camera) {
  const tracks = (camera.tracks_ended ?? 0) + (camera.tracks_open ?? 0);
  if (camera.tracks_ended === null || camera.tracks_ended === undefined) return undefined;
  return `${tracks.toLocaleString()}, ${(camera.tracks_encoded ?? 0).toLocaleString()} of ${camera.tracks_ended.toLocaleString()} that ended encoded`;
}

function fact(name, value) {
  return value === undefined || value === null ? null : [h("dt", {}, name), h("dd", {}, value)];
}

function causes(name, found) {
  const some = Object.entries(found ?? {}).filter(([, number]) => number).sort((a, b) => b[1] - a[1]);
  const total = some.reduce((sum, [, number]) => sum + number, 0);
  if (!total) return null;
  return [
    h("dt", {}, `${name} ${total.toLocaleString()}`),
    h("dd", {}, h("ul", { class: "bars" }, some.map(([cause, number]) => h("li", {}, h("i", { style: { width: `${(100 * number) / total}%` } }), h("span", {}, cause.replaceAll("_", " ")), h("b", {}, number.toLocaleString()))))),
  ];
}

function hour({ hour: points }) {
  if (!points || points.length < 2) return null;
  const lines = [
    ["frames a second", (point) => point.fps],
    ["frames dropped", (point) => point.dropped],
    ["tracks never encoded", (point) => point.not_encoded],
    ["messages waiting", (point) => point.messages_waiting],
  ];
  return h("section", { class: "card" }, h("h2", {}, "The last hour"), h("div", { class: "charts" }, lines.map(([name, value]) => chart(name, points, value))));
}

function chart(name, points, value) {
  const values = points.map((point) => value(point) ?? 0);
  const most = Math.max(1e-9, ...values);
  const start = points[0].at;
  const length = Math.max(1e-3, points.at(-1).at - start);
  const line = points.map((point, index) => `${(100 * (point.at - start)) / length},${38 - (34 * values[index]) / most}`).join(" ");
  return h(
    "figure",
    {},
    svg("svg", { viewBox: "0 0 100 40", preserveAspectRatio: "none", role: "img", "aria-label": `${name}: now ${values.at(-1)}, at most ${most.toFixed(1)}` }, svg("polyline", { points: line, "vector-effect": "non-scaling-stroke" })),
    h("figcaption", {}, h("b", {}, Number(values.at(-1).toFixed(1)).toLocaleString()), ` ${name}`, h("small", {}, `most ${Number(most.toFixed(1)).toLocaleString()}, since ${clock.read(start)}`)),
  );
}

function processes({ processes: found }) {
  if (!found?.length) return null;
  return h(
    "section",
    { class: "card" },
    h("h2", {}, "Processes"),
    h("ul", { class: "processes" }, found.map((each) => h("li", {}, h("span", { class: "process-name" }, each.name), each.is_silent ? h("span", { class: "state bad" }, "silent") : h("span", { class: "state good" }, each.decides ? "decides" : "alive"), h("small", {}, `heard of ${each.heard_s_ago.toFixed(0)} s ago`)))),
  );
}

function audited(entries) {
  if (!entries.length) return null;
  return h(
    "section",
    { class: "card" },
    h("h2", {}, "Who was erased"),
    h("ul", { class: "audit" }, entries.map((entry) => h("li", {}, `${typeof entry.at === "number" ? clock.read(entry.at) : entry.at} ${entry.outcome} ${entry.person}: ${count(entry.tracks, "sighting")} (request ${entry.request})`))),
  );
}

