// Elements without a framework. Text always goes in as text, so no value of a run can become markup.
import { language, languages, t } from "./i18n.js";

/** el("p", {class: "note"}, "text", child, [more]) */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style" && typeof value === "object") Object.entries(value).forEach(([k, v]) => node.style.setProperty(k, v));
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((c) => c != null && c !== false));
  return node;
}

export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) if (value != null) node.setAttribute(name, value);
  node.append(...children.flat(Infinity).filter((c) => c != null));
  return node;
}

/**
 * A table. A stacked one (by default, of more than four columns) becomes on a phone a list of rows with
 * each cell's name before it.
 * `columns` are {head, cell(row), number, bar(row) in [0, 1]}; the first column is the row's header.
 * Rows past `limit` wait behind a button.
 */
export function table(caption, columns, rows, { limit = 12, id = null, stack = columns.length > 4 } = {}) {
  const line = (row) =>
    el("tr", {}, columns.map((c, i) => {
      const attributes = { class: [c.number ? "num" : "", c.bar ? "barred" : ""].join(" ").trim() || null, "data-head": c.head };
      const content = c.cell(row);
      const bar = c.bar ? el("span", { class: "bar", "aria-hidden": "true", style: { "--share": String(c.bar(row)) } }) : null;
      return i === 0 ? el("th", { scope: "row", ...attributes }, content, bar) : el("td", attributes, el("span", { class: "value" }, content, bar));
    }));
  // As a list each row takes a hand's breadth: fewer of them at first.
  if (stack && globalThis.matchMedia?.("(max-width: 560px)").matches) limit = Math.min(limit, 5);
  const body = el("tbody", {}, rows.slice(0, limit).map(line));
  const frame = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    el("table", { id, class: stack ? "stack" : null },
      el("caption", { class: "sr" }, caption),
      el("thead", {}, el("tr", {}, columns.map((c) => el("th", { scope: "col", class: c.number ? "num" : null }, c.head)))),
      body));
  if (rows.length <= limit) return frame;
  const more = el("button", { type: "button", class: "more" }, t("table.all", { n: rows.length }));
  more.addEventListener("click", () => {
    body.append(...rows.slice(limit).map(line));
    more.remove();
  });
  return el("div", {}, frame, more);
}

/** One button per language, each named in its own; `change(tag)` when another one is chosen. */
export const languageSwitch = (change) => el("span", { class: "languages", role: "group", "aria-label": t("language.label") },
  languages.map(([tag, name]) => el("button", { type: "button", lang: tag, "aria-pressed": String(tag === language()), onclick: () => change(tag) }, name)));
