// Charts: Observable Plot in a figure that redraws itself when its width changes.
import * as Plot from "@observablehq/plot";
import { el } from "./dom.js";
import { t } from "./i18n.js";

/** One colour per carrier, the same in every chart. Okabe & Ito's palette: told apart by every kind of eye. */
export const palette = ["var(--c1)", "var(--c2)", "var(--c3)", "var(--c4)", "var(--c5)", "var(--c6)", "var(--c7)", "var(--c8)"];
export const carrierColour = (carriers) => {
  const of = new Map(carriers.map((name, i) => [name, palette[i % palette.length]]));
  return (name) => of.get(name) ?? "var(--muted)";
};

const observer = typeof ResizeObserver === "undefined" ? null : new ResizeObserver((entries) => {
  for (const entry of entries) entry.target.redraw?.(Math.floor(entry.contentRect.width));
});

/** Calls `draw(width)` now that `host` is laid out, and again whenever its width changes. */
export function responsive(host, draw) {
  let last = 0;
  host.redraw = (width) => {
    if (width < 40 || width === last) return;
    last = width;
    draw(width);
  };
  observer?.observe(host);
  return host;
}

/**
 * A figure: title, one line that says what to see, the drawing (one image to a screen reader, described by
 * `label`), and the numbers as a table behind a fold.
 */
export function figure({ title, note, label, draw, data, legend, id }) {
  const host = el("div", { class: "plot" });
  responsive(host, (width) => {
    const drawing = draw(width);
    const image = drawing.tagName === "svg" ? drawing : drawing.querySelector("svg");
    // Plot names its groups ("rect", "line"), which says nothing to a reader and is not allowed on a bare group.
    for (const part of image.querySelectorAll("[aria-label], [aria-description]")) {
      part.removeAttribute("aria-label");
      part.removeAttribute("aria-description");
    }
    image.setAttribute("role", "img");
    image.setAttribute("aria-label", label);
    host.replaceChildren(drawing);
  });
  return el("figure", { class: "chart", id },
    el("figcaption", {}, el("h3", {}, title), note ? el("p", { class: "note" }, note) : null, legend),
    host,
    data ? el("details", { class: "numbers" }, el("summary", {}, t("chart.numbers")), data) : null);
}

export const base = (width, height, more = {}) => ({
  width, height,
  style: { fontFamily: "inherit", fontSize: "12px", background: "transparent", color: "var(--ink-2)", overflow: "visible" },
  ...more,
});

/** Moves labels apart: returns y for each so that neighbours are at least `gap` apart, inside [top, bottom]. */
export function spread(ys, gap, top, bottom) {
  const order = ys.map((y, i) => [y, i]).sort((a, b) => a[0] - b[0]);
  const placed = new Array(ys.length);
  let last = -Infinity;
  for (const [y, i] of order) placed[i] = last = Math.max(y, last + gap, top);
  const over = last - bottom;
  if (over > 0) {
    let next = Infinity;
    for (const [, i] of order.reverse()) placed[i] = next = Math.min(placed[i], next - gap, bottom);
  }
  return placed;
}

/** Names beside their colours. */
export const swatches = (items) => el("ul", { class: "legend" }, items.map(([name, colour, shape = "square"]) =>
  el("li", {}, el("span", { class: `swatch ${shape}`, style: { "--fill": colour } }), name)));

/** Powers of ten within [low, high], for log scales. */
export function decades(low, high) {
  const all = [];
  for (let e = Math.ceil(Math.log10(low) - 1e-9); e <= Math.log10(high) + 1e-9; ++e) all.push(10 ** e);
  return all;
}

export { Plot };
