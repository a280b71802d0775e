// What broken promises were made good with, and what shoppers say and buy afterwards.
import { count, decimal, money, percent, span } from "./format.js";
import { el, table } from "./dom.js";
import { t } from "./i18n.js";
import { card, section } from "./section.js";

export function recoverySection(f) {
  const value = (name) => f.data.measures[name]?.value ?? null;
  const given = value("recovery.given"), apologies = value("recovery.apologies"), refused = value("recovery.refused");
  const recovers = (given ?? 0) + (apologies ?? 0) + (refused ?? 0) > 0;
  const worth = value("lifetime_value"), failed = value("lifetime_value.failed");
  const nps = value("nps"), again = value("repeat_rate"), score = value("survey_score");
  const grades = f.data.recovery;
  if (!recovers && nps == null && worth == null) return null;
  const cost = value("recovery_cost");
  const range = [value("lifetime_value.low"), value("lifetime_value.high")];
  return section("recovery", t("recovery.title"), t("recovery.say"),
    el("div", { class: "grid" },
      !recovers ? null : card(t("recovery.given"), count(given), [t("recovery.given.note", { share: percent(value("recovery.share")) }), refused > 0 ? t("recovery.refused", { n: refused }) : ""].filter(Boolean).join(" ")),
      !recovers || cost == null ? null : card(t("recovery.cost"), money(cost), t("recovery.cost.note", { credit: money(value("recovery.credit_cost") ?? 0), refund: money(value("recovery.refund_cost") ?? 0) })),
      !recovers ? null : card(t("recovery.apologies"), count(apologies), t("recovery.apologies.note")),
      nps == null ? null : card(t("recovery.nps"), decimal(nps, 1), score == null ? t("recovery.nps.note") : `${t("recovery.nps.note")} ${t("recovery.score", { score: decimal(score, 2) })}`),
      again == null ? null : card(t("recovery.again"), percent(again), t("recovery.again.note")),
      worth == null ? null : card(t("recovery.worth"), money(worth), [range[0] == null ? "" : t("recovery.worth.range", { low: money(Math.min(...range)), high: money(Math.max(...range)) }), failed == null ? "" : t("recovery.worth.failed", { money: money(failed) })].filter(Boolean).join(" "))),
    grades.length ? el("div", { class: "card gap" }, table(t("recovery.table"), [
      { head: t("recovery.retailer"), cell: (g) => g.shipper },
      { head: t("recovery.grade"), cell: (g) => (g.grade === 0 ? t("recovery.grade.refused") : g.after_minutes ? t("recovery.grade.after", { late: span(g.after_minutes) }) : t("recovery.grade.at_once")) },
      { head: t("recovery.orders"), number: true, cell: (g) => count(g.parcels) }, { head: t("recovery.credits"), number: true, cell: (g) => money(g.credit_cents) },
      { head: t("recovery.refunds"), number: true, cell: (g) => money(g.refund_cents) }], grades, { id: "recovery-table", stack: true })) : null);
}
