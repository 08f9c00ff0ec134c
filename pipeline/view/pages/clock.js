// Times as people read them: of the day where the clock was a real one, elapsed in a recording.

const STEPS_S = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400, 172800, 604800];

export const clock = {
  isReal: true,
  start: 0,

  set(site) {
    this.isReal = site.real_time;
    this.start = site.start;
  },

  read(time) {
    if (this.isReal) return new Date(time * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
    const elapsed = Math.max(0, time - this.start);
    const minutes = Math.floor(elapsed / 60);
    return `${minutes}:${(elapsed - 60 * minutes).toFixed(1).padStart(4, "0")}`;
  },

  tick(time) {
    return this.read(time).replace(/\.0$/, "").replace(/:00$/, (end) => (this.isReal ? "" : end));
  },

  day(time) {
    return this.isReal ? new Date(time * 1000).toLocaleDateString([], { day: "numeric", month: "short", year: "numeric" }) : "recorded video";
  },

  ticks(from, to, most) {
    const step = STEPS_S.find((each) => (to - from) / each <= most) ?? (to - from) / most;
    const zero = this.isReal ? Math.ceil(from / step) * step : from;
    const found = [];
    for (let time = zero; time <= to; time += step) found.push(time);
    return found;
  },
};

/** How long, in words. */
export function lasting(seconds) {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

export function count(number, noun, plural) {
  return `${Math.round(number).toLocaleString()} ${number === 1 ? noun : plural ?? noun + "s"}`;
}
