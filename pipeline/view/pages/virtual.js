// A list of which only what is seen is there: twenty rows or twenty thousand cost the same.

import { h } from "./dom.js";

const BLOCK = 100;
const SPARE = 6;

/**
 * @param load asks for a page: ({offset, limit}) -> {total, items}
 * @param row makes a row of an item
 * @param height of a row, pixels, as the style has it
 */
export function virtualList({ load, row, height, label, empty, onTotal }) {
  const inner = h("div", { class: "virtual-inner" });
  const element = h("div", { class: "virtual", role: "list", "aria-label": label }, inner);
  let blocks = new Map();
  let total = null;
  let shown = new Map();
  let generation = 0;

  async function fetchBlock(number) {
    const asked = generation;
    blocks.set(number, null);
    try {
      const page = await load({ offset: number * BLOCK, limit: BLOCK });
      if (asked !== generation) return;
      blocks.set(number, page.items);
      setTotal(page.total);
      draw(true);
    } catch (error) {
      if (asked === generation) { blocks.delete(number); inner.replaceChildren(h("p", { class: "nothing" }, error.message)); }
    }
  }

  function setTotal(number) {
    if (number === total) return;
    total = number;
    onTotal?.(total);
    inner.style.height = `${total * height()}px`;
  }

  function draw(anew) {
    if (!element.isConnected) return;
    if (total === 0) { shown.clear(); inner.style.height = "auto"; inner.replaceChildren(h("p", { class: "nothing" }, empty)); return; }
    if (total === null) return;
    const size = height();
    inner.style.height = `${total * size}px`;
    const top = Math.max(0, -inner.getBoundingClientRect().top);
    const first = Math.max(0, Math.floor(top / size) - SPARE);
    const last = Math.min(total - 1, Math.ceil((top + window.innerHeight) / size) + SPARE);
    const focused = document.activeElement?.closest?.("[data-row]")?.dataset.row;
    const next = new Map();
    for (let index = first; index <= last; index++) {
      const block = blocks.get(Math.floor(index / BLOCK));
      if (block === undefined) fetchBlock(Math.floor(index / BLOCK));
      const item = block?.[index % BLOCK];
      const key = item ? `${index}:${item.id}` : `${index}`;
      let line = anew ? null : shown.get(key);
      if (!line) {
        line = h("div", { class: "virtual-row", role: "listitem", "data-row": key, "aria-posinset": index + 1, "aria-setsize": total }, item ? row(item) : h("span", { class: "waiting" }, "…"));
      }
      line.style.top = `${index * size}px`;
      line.style.height = `${size}px`;
      next.set(key, line);
    }
    shown = next;
    inner.replaceChildren(...next.values());
    if (focused !== undefined) next.get(focused)?.querySelector("a,button")?.focus({ preventScroll: true });
  }

  let framed = false;
  const onScroll = () => {
    if (framed) return;
    framed = true;
    requestAnimationFrame(() => { framed = false; draw(false); });
  };
  window.addEventListener("scroll", onScroll, { passive: true });
  window.addEventListener("resize", onScroll);
  return {
    element,
    /** Asks again for all that is seen; the place stays. */
    refresh() {
      generation++;
      const seen = [...shown.keys()].map((key) => Math.floor(parseInt(key) / BLOCK));
      blocks = new Map();
      const wanted = new Set(seen.length ? seen : [0]);
      for (const number of wanted) fetchBlock(number);
    },
    close() {
      generation++;
      window.removeEventListener("scroll", onScroll);
      window.removeEventListener("resize", onScroll);
    },
  };
}
