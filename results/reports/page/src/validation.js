// What was fitted, what was predicted, and how far the run is from what was published.
import { count, decimal, latency, money, percent, points, signOf, span } from "./format.js";
import { el, table } from "./dom.js";
import { named, t } from "./i18n.js";
import { section } from "./section.js";

/** A value in its measure's unit. */
function written(value, unit) {
  if (value == null) return "–";
  if (unit === "share") return percent(value);
  if (unit === "ms") return latency(value);
  if (unit === "minutes") return span(value);
  if (unit === "cents") return money(value);
  return Math.abs(value) >= 1000 ? count(value) : decimal(value, 2);
}
const error = (r) => (r.error == null ? "–" : r.unit === "share" ? points(r.error) : `${signOf(r.error)}${written(Math.abs(r.error), r.unit)}`);

export function validationSection(f, calendar) {
  const rows = f.data.validation;
  if (!rows.length) return null;
  const of = (kind) => rows.filter((r) => r.kind === kind).length;
  return section("validation", t("validation.title"), t("validation.say", { fitted: of("fitted"), predicted: of("predicted") }),
    el("div", { class: "card" }, table(t("validation.table"), [
      { head: t("validation.figure"), cell: (r) => [r.figure, r.due_day == null && !r.services ? null : el("span", { class: "under" }, [r.services, r.due_day == null ? "" : t("validation.due", { day: calendar.day(r.due_day) })].filter(Boolean).join(", "))] },
      { head: t("validation.kind"), cell: (r) => el("span", { class: "kind", "data-kind": r.kind }, named("validation.kind", r.kind)) },
      { head: t("validation.published"), number: true, cell: (r) => written(r.published, r.unit) },
      { head: t("validation.here"), number: true, cell: (r) => (r.here == null ? t("validation.unmeasured") : written(r.here, r.unit)) },
      { head: t("validation.error"), number: true, cell: (r) => el("span", { "data-error": r.error }, error(r)) },
      { head: t("validation.source"), cell: (r) => [r.source, r.note].filter(Boolean).join(". ") || "–" }], rows, { id: "validation-table", limit: 40, stack: true })),
    el("p", { class: "note gap" }, t("validation.note")));
}
