// Two runs side by side: what the second does differently from the first.
import { Calendar, capital, count, decimal, latency, money, percent, points, short, signOf, span } from "./format.js";
import { Plot, base, figure, swatches } from "./charts.js";
import { el, languageSwitch, table } from "./dom.js";
import { due, facts, rate, total } from "./facts.js";
import { named, t } from "./i18n.js";
import { dayAxis, section } from "./section.js";
import { costs } from "./verdict.js";
import { definitionNames } from "./words.js";

const colours = ["var(--c1)", "var(--c2)"];
/** A count, or a ratio that the store also calls one. */
const amount = (v) => (Number.isInteger(v) || Math.abs(v) >= 100 ? count(v) : decimal(v, Math.abs(v) >= 10 ? 1 : 3));
const reads = { share: percent, ms: latency, minutes: span, cents: money, per_second: (v) => `${short(v)}/s`, count: amount };
const factKey = (name) => (name === "command" ? "command_line" : name);
const readsDifference = (unit, d) => (d === 0 ? "0" : unit === "share" ? points(d) : `${signOf(d)}${(reads[unit] ?? amount)(Math.abs(d))}`);

/** Rows of {name, a, b, unit, better}: better 1 where more is better, -1 where less is. */
function mainRows([fa, fb]) {
  const rows = definitionNames.map((name) => [name, fa.definition(name), fb.definition(name)]).filter(([, a, b]) => a && b && due(a) + due(b) > 0)
    .map(([name, a, b]) => ({ name: t(`definition.${name}`), a: a.rate ?? rate(a), b: b.rate ?? rate(b), unit: "share", better: 1 }));
  const add = (name, a, b, unit, better) => { if (a != null || b != null) rows.push({ name, a, b, unit, better }); };
  add(t(`pair.row.broken.${fb.kind}`), fa.headline.broken, fb.headline.broken, "count", -1);
  const ca = costs(fa), cb = costs(fb);
  add(t("money.shipping"), ca.shipping, cb.shipping, "cents", -1);
  add(t("money.recovery"), ca.recovery, cb.recovery, "cents", -1);
  add(t("money.contacts"), ca.contact, cb.contact, "cents", -1);
  const p99 = (f) => f.replay?.latency.find((l) => l.kind === "all" && l.measure === "latency")?.p99;
  add(t("endpoint.card.p99"), p99(fa), p99(fb), "ms", -1);
  const lost = (f) => f.replay?.findings.filter((x) => x.defect).reduce((s, x) => s + x.count, 0);
  add(t("pair.row.findings"), lost(fa), lost(fb), "count", -1);
  return rows;
}

const pairTable = (caption, head, names, rows, id) => table(caption, [
  { head, cell: (r) => r.name },
  { head: names[0], number: true, cell: (r) => (r.a == null ? "–" : (reads[r.unit] ?? amount)(r.a)) },
  { head: names[1], number: true, cell: (r) => (r.b == null ? "–" : (reads[r.unit] ?? amount)(r.b)) },
  { head: t("pair.difference"), number: true, cell: (r) => {
    if (r.a == null || r.b == null) return "–";
    const d = r.b - r.a;
    const turn = d === 0 || !r.better ? "" : d * r.better > 0 ? "better" : "worse";
    return el("span", { class: `delta ${turn}` }, readsDifference(r.unit, d), turn ? el("span", { class: "sr" }, ` ${t(`pair.${turn}`)}`) : null);
  } },
], rows, { id, limit: 14 });

/** Adds up both sides by a name and pairs them, the largest difference first. */
function paired(a, b, key, value) {
  const all = new Map();
  for (const [side, rows] of [["a", a], ["b", b]])
    for (const row of rows) {
      const one = all.get(key(row)) ?? all.set(key(row), { name: key(row), a: 0, b: 0, unit: "count", better: -1 }).get(key(row));
      one[side] += value(row);
    }
  return [...all.values()].sort((x, y) => Math.abs(y.b - y.a) - Math.abs(x.b - x.a));
}

function byDay(both, names, calendar) {
  const rows = both.flatMap((f, i) => total(f.daily, (r) => r.day).filter((r) => due(r) > 0).map((r) => ({ day: r.name, date: calendar.date(r.name), rate: rate(r), broken: r.broken, due: due(r), side: i })));
  if (rows.length < 3) return null;
  const from = Math.min(...rows.map((r) => r.day)), to = Math.max(...rows.map((r) => r.day));
  const floor = Math.max(0, Math.min(0.9, Math.floor(Math.min(...rows.map((r) => r.rate)) * 10) / 10));
  const chart = (id, title, value, axis) => figure({
    title, id, legend: swatches(names.map((n, i) => [n, colours[i]])), label: `${title}: ${names.join(", ")}`,
    draw: (width) => Plot.plot({
      ...base(width, Math.round(Math.min(320, Math.max(220, width * 0.42))), { marginTop: 14, marginBottom: 28, marginLeft: 46, marginRight: 14 }),
      x: dayAxis(calendar, from, to, width), y: axis,
      marks: [
        Plot.lineY(rows, { x: "date", y: value, z: "side", stroke: (r) => colours[r.side], strokeWidth: 2.2 }),
        Plot.dot(rows, { x: "date", y: value, fill: (r) => colours[r.side], r: 2.2, symbol: (r) => (r.side ? "square" : "circle") }),
        Plot.tip(rows, Plot.pointer({ x: "date", y: value, title: (r) => `${names[r.side]}, ${calendar.weekday(r.day)}\n${t("days.tip.rate", { rate: percent(r.rate) })}\n${t("days.tip.broken", { broken: r.broken, due: r.due })}` })),
      ],
    }),
  });
  return el("div", { class: "two" },
    chart("pair-kept", t(`days.kept.${both[1].kind}`), "rate", { domain: [floor, 1], label: null, grid: true, ticks: 5, tickFormat: (x) => `${Math.round(100 * x)}%` }),
    chart("pair-broken", t(`days.broken.${both[1].kind}`), "broken", { label: null, grid: true, ticks: 5, tickFormat: short, zero: true }));
}

export function pairBody(data, change) {
  const both = data.pair.map((run) => facts(run));
  const names = data.names;
  const calendar = new Calendar(data.pair[0].first_day_unix_s, data.pair[0].zone);
  const [fa, fb] = both;
  const d = fa.overall == null || fb.overall == null ? null : fb.overall - fa.overall;
  const same = fa.run.digest && fa.run.digest === fb.run.digest;
  const kept = (f) => percent(f.overall);
  const headline = d == null ? t("pair.nothing") : d === 0 ? t("pair.equal", { kept: kept(fa) })
    : t(d > 0 ? "pair.more" : "pair.fewer", { b: names[1], a: names[0], by: points(Math.abs(d)).replace(/^\+/, ""), kept_b: kept(fb), kept_a: kept(fa) });
  const more = fb.headline.broken - fa.headline.broken;
  const cost = (costs(fb).recovery ?? 0) - (costs(fa).recovery ?? 0);
  const unlike = ["scenario", "scale", "seed", "without", "version"].filter((k) => String(fa.run[k] ?? "") !== String(fb.run[k] ?? ""));
  const places = (f) => f.causes.map((c) => ({ ...c, name: c.place == null ? t("causes.no_place") : f.data.places[c.place].name }));
  const peaks = (f) => f.data.places.filter((p) => p.peak > 0);
  const measures = Object.keys(fa.data.measures).filter((m) => fb.data.measures[m] && (fa.data.measures[m].value ?? null) !== (fb.data.measures[m].value ?? null))
    .map((m) => ({ name: m, a: fa.data.measures[m].value, b: fb.data.measures[m].value, unit: fb.data.measures[m].unit }));
  const facing = (key) => both.map((f) => f.run[key] ?? "–");
  return {
    title: t("title.pair", { a: names[0], b: names[1] }),
    top: el("header", { class: "top-band" },
      el("p", { class: "eyebrow" }, el("b", {}, "Peakstorm"), el("span", {}, t("pair.eyebrow", { a: names[0], b: names[1] })), languageSwitch(change)),
      el("h1", { id: "headline", "data-difference": d }, headline),
      el("p", { class: "lead", id: "lead" }, [same ? t("pair.same_digest") : d ? t(more > 0 ? "pair.more_broken" : "pair.fewer_broken", { n: Math.abs(more) }) : "", cost && !same ? t(cost > 0 ? "pair.costs_more" : "pair.costs_less", { money: money(Math.abs(cost)) }) : ""].filter(Boolean).join(" ")),
      unlike.length ? el("p", { class: "banner", role: "note", id: "unlike" }, t("pair.unlike", { list: unlike.map((k) => `${t(`fact.${k}`)} (${facing(k).join(" / ")})`).join(", ") })) : null,
      both.some((f) => f.partial) ? el("p", { class: "banner", role: "note", id: "partial" }, el("strong", {}, t("verdict.partial")), " ", t("pair.partial", { list: names.filter((_, i) => both[i].partial).join(", ") })) : null),
    body: [
      ["sides", section("sides", t("pair.sides"), t("pair.sides.say"), el("div", { class: "card" }, pairTable(t("pair.sides"), t("col.measure"), names, mainRows(both), "pair-table")))],
      ["days", section("days", t("days.title"), null, byDay(both, names, calendar))],
      ["causes", section("causes", t(`causes.title.${fb.kind}`), null, el("div", { class: "two" },
        el("div", { class: "card" }, el("h3", {}, t("causes.why")), pairTable(t("causes.why"), t("col.cause"), names, paired(fa.causes, fb.causes, (c) => capital(named("cause", c.cause)), (c) => c.count), "pair-causes")),
        el("div", { class: "card" }, el("h3", {}, t("causes.where")), pairTable(t("causes.where"), t("col.place"), names, paired(places(fa), places(fb), (c) => c.name, (c) => c.count), "pair-places"))),
      el("div", { class: "two" },
        el("div", { class: "card" }, el("h3", {}, t("days.by_carrier")), pairTable(t("days.by_carrier"), t("col.carrier"), names, paired(fa.byCarrier, fb.byCarrier, (r) => r.name, (r) => r.broken), "pair-carriers")),
        el("div", { class: "card" }, el("h3", {}, t("backlog.title")), pairTable(t("backlog.title"), t("col.place"), names, paired(peaks(fa), peaks(fb), (p) => p.name, (p) => p.peak), "pair-peaks"))))],
      ["measures", section("measures", t("pair.measures"), t("pair.measures.say", { n: measures.length }), measures.length ? el("div", { class: "card" }, pairTable(t("pair.measures"), t("col.measure"), names, measures, "pair-measures")) : null)],
    ],
    end: el("footer", { id: "provenance" }, el("h2", {}, t("foot.title")), el("div", { class: "card" }, table(t("foot.provenance"), [
      { head: t("col.fact"), cell: (k) => t(`fact.${k}`) }, ...names.map((n, i) => ({ head: n, cell: (k) => el("code", {}, both[i].run[factKey(k)] ?? "–") })),
    ], ["scenario", "seed", "scale", "without", "digest", "version", "command"].filter((k) => both.some((f) => f.run[factKey(k)])), { id: "pair-facts" })),
      el("p", { class: "note gap" }, t("foot.same"))),
  };
}
