// Where pages get what they show: the API of a running site.

const API = "/api/v1";

async function got(path, options) {
  const answer = await fetch(API + path, { credentials: "same-origin", ...options });
  if (answer.status === 401) { location.assign("/login"); throw new Error("a token is asked for"); }
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.error ?? `the server answered ${answer.status}`);
  return content;
}

function asked(question) {
  const pairs = Object.entries(question).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return pairs.length ? "?" + new URLSearchParams(pairs) : "";
}

export function liveSource() {
  return {
    isFrozen: false,
    site: () => got("/site"),
    cameras: () => got("/cameras").then((found) => found.items),
    persons: (question) => got("/persons" + asked(question)),
    person: (id) => got(`/persons/${id}`),
    decisions: (question) => got("/decisions" + asked(question)),
    decision: (id) => got(`/decisions/${id}`),
    sightings: (question) => got("/sightings" + asked(question)),
    health: () => got("/health"),
    verdicts: () => got("/verdicts").then((found) => found.items),
    audit: () => got("/audit").then((found) => found.items),
    crop: (sighting) => `${API}/sightings/${sighting}/crop.jpg`,
    moments: (sighting) => `${API}/sightings/${sighting}/moments.jpg`,
    attention: (sighting, of) => `${API}/sightings/${sighting}/attention.jpg${asked({ of })}`,
    frame: (camera, name) => `${API}/cameras/${camera}/frame.jpg?name=${encodeURIComponent(name)}`,
    moment: () => null,
    recorded: async (camera, time) => {
      const at = Math.max(0, time);
      const { start } = await got(`/cameras/${camera}/recording${asked({ at })}`);
      return `${API}/cameras/${camera}/recording.mp4${asked({ at: start })}#t=${Math.max(0, at - start).toFixed(1)}`;
    },
    alike: (sighting) => got("/search" + asked({ sighting })).then((found) => found.items),
    alikePicture: (file) =>
      got("/search", { method: "POST", body: file, headers: { "Content-Type": file.type } }).then((found) => found.items),
    say: (body) =>
      got("/verdicts", { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
    erase: (id) =>
      got(`/persons/${id}/erase`, { method: "POST", body: JSON.stringify({ confirm: id }), headers: { "Content-Type": "application/json" } }),

    /** Listens for news, and for frames of some cameras; returns what ends it. */
    listen(cameras, heard) {
      const stream = new EventSource(`${API}/stream${asked({ frames: cameras.join(",") })}`);
      stream.addEventListener("news", (event) => heard.news?.(JSON.parse(event.data)));
      stream.addEventListener("missed", () => heard.news?.({ kind: "missed" }));
      stream.addEventListener("frame", (event) => heard.frame?.(JSON.parse(event.data)));
      stream.addEventListener("open", () => heard.state?.(true));
      stream.addEventListener("error", () => heard.state?.(false));
      return () => stream.close();
    },
  };
}
