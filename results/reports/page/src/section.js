// What all sections of a report share.
import { count, percent } from "./format.js";
import { el } from "./dom.js";
import { due, rate } from "./facts.js";
import { t } from "./i18n.js";

export const section = (id, title, say, ...content) => el("section", { id, "aria-labelledby": `${id}-h` },
  el("h2", { id: `${id}-h` }, title), say ? el("p", { class: "say" }, say) : null, content);
export const share = (part, whole) => percent(whole > 0 ? part / whole : null, 0);
export const card = (kicker, value, note, unit) => el("div", { class: "card" }, el("h3", { class: "kicker" }, kicker),
  el("p", { class: "figure-big" }, value, unit ? el("span", { class: "unit" }, ` ${unit}`) : null), el("p", { class: "note" }, note));

/** A number that leads to the parcels behind it, where some of them are told. */
export const behind = (f, filter, text) => (f.tells(filter)
  ? el("a", { class: "behind", href: `#${f.parcelsAt(filter)}`, "aria-label": t("parcels.lead", { what: text }) }, text) : text);

/** Columns of kept, broken and due; `filter(row)`: the parcels behind the broken ones. */
export const keptColumns = (f, head, name, filter) => [
  { head, cell: name },
  { head: t("col.kept"), number: true, cell: (r) => percent(rate(r)) },
  { head: t("col.broken"), number: true, cell: (r) => behind(f, filter(r), count(r.broken)) },
  { head: t("col.due"), number: true, cell: (r) => count(due(r)) },
];

const weatherKinds = new Set(["storm", "closure", "embargo", "outage"]);
export const isWeather = (d) => weatherKinds.has(d.kind);

/** A time axis named by whole days: as many as fit, from one day apart on; a week apart, by its Mondays. */
export function dayAxis(calendar, first, last, width) {
  const room = Math.max(2, Math.floor((width - 90) / 58));
  const every = [1, 2, 3, 7, 14, 28, 56].find((n) => (last - first + 1) / n <= room) ?? 112;
  const start = every < 7 ? first : first + ((8 - calendar.date(first).getUTCDay()) % 7);
  const ticks = [];
  for (let day = start; day <= last; day += every) ticks.push(calendar.date(day));
  return { type: "utc", label: null, ticks, tickFormat: (at) => calendar.day(Math.round((at - calendar.origin) / 86_400_000)) };
}
