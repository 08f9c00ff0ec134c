// Elements out of calls, and nothing that could take text for markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes and children; null and false are left out, `on...` listens, `style` takes an object. */
export function h(tag, attributes, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same for drawings. */
export function svg(tag, attributes, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, each] of Object.entries(value)) element.style.setProperty(key, each);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Puts other children in the place of those that are there. */
export function refill(element, ...children) {
  element.replaceChildren(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A sentence that comes and goes, read out by screen readers. */
export function toast(text) {
  const element = document.getElementById("toast");
  element.textContent = text;
  element.classList.add("shown");
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => element.classList.remove("shown"), 6000);
}

/** Asks in a dialog; what `fill` returns are its children. */
export function openDialog(title, fill) {
  const dialog = document.getElementById("dialog");
  const close = () => dialog.close();
  refill(
    dialog,
    h("header", {}, h("h2", { id: "dialog-title" }, title), h("button", { type: "button", class: "icon", "aria-label": "Close", onclick: close }, "×")),
    fill(close),
  );
  dialog.showModal();
}

/** Calls at most once in so many milliseconds, and once more at the end; a server that is away is asked again later. */
export function atMost(milliseconds, action) {
  let timer = null;
  let again = false;
  const run = () => {
    Promise.resolve(action()).catch(() => {});
    timer = setTimeout(() => {
      timer = null;
      if (again) { again = false; run(); }
    }, milliseconds);
  };
  return () => { if (timer === null) run(); else again = true; };
}
