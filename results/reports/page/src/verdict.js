// The head of a report: one sentence, the four answers, the other rules.
import { capital, count, latency, money, percent, span } from "./format.js";
import { el, languageSwitch } from "./dom.js";
import { due, rate } from "./facts.js";
import { named, t } from "./i18n.js";
import { behind, share } from "./section.js";
import { definitionNames } from "./words.js";

export function gateValue(g) {
  if (g.unit === "share") return percent(g.actual);
  if (g.unit === "ms") return latency(g.actual);
  if (g.unit === "minutes") return span(g.actual);
  if (g.unit === "cents") return money(g.actual);
  if (g.unit === "per_second") return `${count(g.actual)}/s`;
  return count(g.actual);
}

export function costs(f) {
  const rows = f.data.costs;
  const add = (key) => (rows.some((r) => r[key] != null) ? rows.reduce((s, r) => s + (r[key] ?? 0), 0) : null);
  const credit = add("credit_cents"), refund = add("refund_cents");
  return {
    parcels: add("parcels") ?? 0, shipping: add("shipping_cents"), credit, refund, contact: add("contact_cents"), contacts: add("contacts"), broken: add("broken") ?? 0,
    recovery: credit == null && refund == null ? null : (credit ?? 0) + (refund ?? 0),
  };
}

/** What happened, in one sentence: the gates, when it broke most, where, why, and what that cost. */
export function sentence(f, calendar) {
  const { data } = f;
  const failed = data.gates.filter((g) => g.verdict !== "passed").length;
  const gates = !data.gates.length ? "" : failed ? t("verdict.gates.failed", { n: data.gates.length, failed }) : t("verdict.gates.passed", { n: data.gates.length });
  if (f.all === 0) return gates ? `${gates}.` : "";
  const parts = [];
  if (f.headline.broken === 0) parts.push(t("verdict.all_kept", { n: f.all }));
  else {
    const most = f.worstDay ? t("verdict.most", { day: calendar.long(f.worstDay.name), broken: f.worstDay.broken, due: due(f.worstDay) }) : t("verdict.some", { n: f.headline.broken });
    const place = f.byPlace[0] && data.places[f.byPlace[0].key].name, cause = f.byCause[0] && named("cause", f.byCause[0].key);
    parts.push([most, place && cause ? t("verdict.where_why", { place, cause }) : cause ? t("verdict.why", { cause }) : ""].filter(Boolean).join(", "));
    const { recovery } = costs(f);
    if (f.promises && recovery > 0) parts.push(t("verdict.cost", { money: money(recovery) }));
  }
  const text = parts.join("; ");
  return gates ? `${gates}: ${text}.` : `${capital(text)}.`;
}

export function verdict(f, calendar, change) {
  const { headline, run, data } = f;
  const title = f.all === 0
    ? el("h1", {}, t("verdict.nothing"))
    : el("h1", {}, el("span", { class: "kept", id: "headline", "data-rate": f.overall }, percent(f.overall)), ` ${t(`verdict.kept.${f.kind}`)}, `,
        el("span", { class: "broken", id: "headline-broken", "data-broken": headline.broken }, t(`verdict.broken.${f.kind}`, { n: headline.broken })),
        f.replications > 1 ? ` ${t("verdict.first_replication")}` : null);
  const measured = [calendar.full(0), calendar.full(Math.max(0, Number(run.day_count ?? 1) - 1))];
  const scale = f.scale === 1 ? null : t("head.scale", { share: percent(f.scale, f.scale < 0.01 ? 2 : 0) });
  return el("header", { class: "top-band" },
    el("p", { class: "eyebrow" }, el("b", {}, "Peakstorm"), el("span", {}, run.title || run.scenario || t("head.run")), el("span", {}, t("head.span", { from: measured[0], to: measured[1] })),
      scale ? el("span", {}, scale) : null, f.without.length ? el("span", {}, t("head.without", { what: f.without.join(", ") })) : null, languageSwitch(change)),
    title,
    el("p", { class: "lead", id: "lead" }, sentence(f, calendar)),
    f.replications > 1 && f.all > 0 ? el("p", { class: "note gap", id: "replications" },
      t("verdict.replications", { rate: percent(f.overall), n: f.replications, interval: headline.low != null ? t("verdict.interval", { low: percent(headline.low), high: percent(headline.high) }) : "", first: percent(rate(headline)) })) : null,
    f.partial ? el("p", { class: "banner", role: "note", id: "partial" }, el("strong", {}, t("verdict.partial")), " ", t("verdict.partial.why")) : null,
    data.gates.length ? el("ul", { class: "gates", "aria-label": t("gates.title") }, data.gates.map((g) =>
      el("li", { class: `gate ${g.verdict === "passed" ? "" : g.verdict === "failed" ? "failed" : "open"}`, title: t(`gate.title.${g.verdict}`, { what: g.expression, value: g.actual == null ? "" : gateValue(g) }) },
        el("b", {}, named("gate", g.verdict)), el("code", {}, g.expression),
        g.actual == null ? null : el("span", {}, t("gate.was", { value: gateValue(g) }))))) : null);
}

export function minute(f, calendar) {
  if (!f.all || !f.headline.broken) return null;
  const { data } = f;
  const answer = (question, said, ...more) => el("div", { class: "card" }, el("dt", {}, question), el("dd", {}, el("p", { class: "answer" }, said), more.map((m) => (m ? el("p", {}, m) : null))));
  const then = (items, name) => (items.length > 1 ? t("minute.then", { list: items.slice(1, 3).map((i) => `${name(i)} (${count(i.count)})`).join(", ") }) : null);
  const placeName = (p) => data.places[p.key].name;
  const cost = costs(f);
  return el("dl", { class: "minute", id: "minute" },
    answer(t("minute.which"), f.worstDay ? behind(f, { due: f.worstDay.name }, t("minute.due", { day: calendar.weekday(f.worstDay.name) })) : "–",
      f.worstDay ? t("minute.of_day", { broken: f.worstDay.broken, due: due(f.worstDay) }) : null,
      [f.worstCarrier && f.byCarrier.length > 1 ? t("minute.carrier", { name: f.worstCarrier.name, rate: percent(rate(f.worstCarrier)) }) : "",
        f.worstTier && f.byTier.length > 1 ? t("minute.tier", { name: named("tier", f.worstTier.name), rate: percent(rate(f.worstTier)) }) : ""].filter(Boolean).join(" ")),
    answer(t("minute.where"), f.byPlace.length ? behind(f, { place: f.byPlace[0].key }, placeName(f.byPlace[0])) : t("minute.nowhere"),
      f.byPlace.length ? t("minute.where.share", { share: share(f.byPlace[0].count, f.headline.broken) }) : null, then(f.byPlace, placeName)),
    answer(t("minute.why"), f.byCause.length ? behind(f, { cause: f.byCause[0].key }, capital(named("cause", f.byCause[0].key))) : t("minute.no_cause"),
      f.byCause.length ? t("minute.why.share", { share: share(f.byCause[0].count, f.headline.broken) }) : null, then(f.byCause, (c) => named("cause", c.key))),
    f.promises && cost.recovery === 0 && cost.contact != null
      ? answer(t("minute.cost"), money(cost.contact), t("minute.cost.contacts_only"))
      : cost.recovery != null && f.promises
        ? answer(t("minute.cost"), money(cost.recovery), t(f.scale === 1 ? "minute.cost.recovery" : "minute.cost.recovery_scaled", { n: cost.broken, each: money(cost.recovery / Math.max(1, cost.broken)) }),
            cost.contact > 0 ? t("minute.cost.contacts", { money: money(cost.contact) }) : null)
        : answer(t("minute.cost"), t("minute.cost.none"), t("minute.cost.none.why")));
}

/** The other rules' rates in one line; the section below explains them. */
export function rules(f) {
  const rows = definitionNames.filter((name) => name !== "promise").map((name) => [t(`definition.${name}`), f.definition(name)])
    .concat([[t("definition.shown"), f.data.shown.find((s) => s.view === "shown")]]).filter(([, o]) => o && due(o) > 0);
  if (!f.promises || !rows.length) return null;
  return el("p", { class: "rules" }, rows.map(([title, o]) => el("span", {}, `${title} `, el("b", {}, percent(o.rate ?? rate(o))))), el("a", { href: "#definitions" }, t("rules.more")));
}
