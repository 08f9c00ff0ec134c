// Which page is shown, and what is the same on all of them.

import { clock } from "./clock.js";
import { h, refill } from "./dom.js";
import { frozenSource } from "./frozen.js";
import { health } from "./health.js";
import { liveSource } from "./live.js";
import { match, matches } from "./matches.js";
import { nothing } from "./parts.js";
import { people, person } from "./people.js";
import { wall } from "./wall.js";

const PAGES = [
  ["wall", "Wall"],
  ["people", "People"],
  ["matches", "Matches"],
  ["health", "Health"],
];

const frozen = document.getElementById("data");
const source = frozen ? frozenSource(JSON.parse(frozen.textContent)) : liveSource();
const context = {
  source,
  site: null,
  main: document.getElementById("main"),
  question: {},
  news() {},
  connected(isOn) {
    const live = document.getElementById("live");
    live.textContent = isOn ? "live" : "not connected";
    live.classList.toggle("off", !isOn);
  },
  again: () => show(false),
};
let leave = () => {};
let number = 0;

async function show(isNew = true) {
  const mine = ++number;
  const [path, query] = location.hash.slice(2).split("?");
  const [name = "wall", id] = path.split("/").filter(Boolean);
  context.question = Object.fromEntries(new URLSearchParams(query ?? ""));
  leave();
  leave = () => {};
  try {
    context.site = await source.site();
    clock.set(context.site);
    frame(name);
    const page = { wall, people: id ? person : people, matches: id ? match : matches, health }[name] ?? wall;
    if (mine !== number) return;
    const end = await page(context, id);
    if (mine !== number) end?.();
    else leave = end ?? leave;
  } catch (error) {
    refill(context.main, h("h1", {}, "Not there"), nothing(error.message), h("p", {}, h("a", { href: "#/people" }, "To the people")));
  }
  if (isNew) { window.scrollTo(0, 0); if (number > 1) context.main.focus({ preventScroll: true }); }
}

function frame(current) {
  const { site } = context;
  document.title = `${site.site}: ${PAGES.find(([page]) => page === current)?.[1] ?? "Wall"}`;
  document.getElementById("site-name").textContent = site.site;
  refill(document.getElementById("nav"), PAGES.map(([page, name]) => h("a", { href: `#/${page}`, "aria-current": page === current ? "page" : null }, name)));
  document.getElementById("leave").hidden = source.isFrozen || site.role === null || !site.asks;
  document.getElementById("live").classList.toggle("over", source.isFrozen);
  document.getElementById("live").textContent = source.isFrozen ? "a run that is over" : "live";
}

function tick() {
  const site = context.site;
  if (!site) return;
  document.getElementById("clock").textContent = source.isFrozen ? clock.day(site.start) : site.real_time && Math.abs(site.now - Date.now() / 1000) < 86400 ? clock.read(Date.now() / 1000) : clock.read(site.end);
}

const theme = document.getElementById("theme");
const kept = (() => { try { return localStorage.getItem("theme"); } catch { return null; } })();
if (kept) document.documentElement.dataset.theme = kept;
theme.addEventListener("click", () => {
  const isDark = getComputedStyle(document.documentElement).getPropertyValue("--is-dark").trim() === "1";
  document.documentElement.dataset.theme = isDark ? "light" : "dark";
  try { localStorage.setItem("theme", document.documentElement.dataset.theme); } catch { /* a page without storage forgets it */ }
});
window.addEventListener("hashchange", () => show());
setInterval(tick, 1000);
if (!location.hash) history.replaceState(null, "", "#/wall");
show().then(tick);
