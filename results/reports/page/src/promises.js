// Sections about promises: by definition, in money, by day, by region, by cause; and where parcels waited.
import { capital, count, money, percent, short, span } from "./format.js";
import { Plot, base, carrierColour, figure, spread, swatches } from "./charts.js";
import { el, table } from "./dom.js";
import { due, rate, total } from "./facts.js";
import { named, t } from "./i18n.js";
import { keptByState, networkMap, placeKind } from "./map.js";
import { behind, card, dayAxis, isWeather, keptColumns, section, share } from "./section.js";
import { regionName } from "./states.js";
import { costs } from "./verdict.js";
import { definitionNames, tiers } from "./words.js";

const tick = (x) => `${Math.round(100 * x)}%`;

// Promises, defined -------------------------------------------------------------------------------------------------

export function definitionList(f) {
  const rows = [];
  for (const name of definitionNames) {
    const o = f.definition(name);
    if (o && due(o) > 0) rows.push({ ...o, title: t(`definition.${name}`), what: t(`definition.${name}.what`), headline: f.promises && name === "promise" });
  }
  const shown = f.data.shown.find((s) => s.view === "shown");
  if (shown && due(shown) > 0) {
    const truth = f.data.shown.find((s) => s.view === "true");
    rows.push({ ...shown, id: "shown", title: t("definition.shown"), what: truth ? t("definition.shown.beside", { rate: percent(rate(truth)) }) : t("definition.shown.what") });
  }
  for (const name of ["commit", "commit_lenient"]) {
    const o = f.definition(name, "all");
    const own = f.definition(name);
    if (o && due(o) > 0 && (!own || due(own) !== due(o))) rows.push({ ...o, title: t(`definition.all.${name}`), what: t(`definition.all.${name}.what`), headline: !f.promises && name === "commit" });
  }
  const ci = f.replications > 1;
  return section("definitions", t(`definitions.title.${f.kind}`),
    `${t("definitions.say")} ${ci ? t("definitions.interval", { n: f.replications }) : t("definitions.one")}`,
    el("ul", { class: "card definitions" }, rows.map((r) => {
      const x = r.rate ?? rate(r);
      return el("li", { class: `definition ${r.headline ? "headline" : ""}`, "data-definition": r.id ?? `${r.population}.${r.definition}` },
        el("span", { class: "name" }, r.title),
        el("span", { class: "middle" },
          el("span", { class: "gauge", style: { display: "block" }, "aria-hidden": "true" }, el("i", { style: { width: `${100 * x}%` } }),
            r.low != null && ci ? el("span", { class: "range", style: { left: `${100 * r.low}%`, width: `${Math.max(0.3, 100 * (r.high - r.low))}%` } }) : null),
          el("span", { class: "what", style: { display: "block", "margin-top": "5px" } }, r.what)),
        el("span", { class: "rate" }, percent(x), el("span", { class: "sub" },
          r.low != null && ci ? `${percent(r.low)} – ${percent(r.high)}` : t("definitions.broken", { n: short(r.broken) }))));
    })));
}

// Money -------------------------------------------------------------------------------------------------------------

export function moneySection(f) {
  const c = costs(f);
  if (!f.promises || !f.data.costs.length) return null;
  const per = (cents, n) => (n > 0 ? money(cents / n) : "–");
  return section("money", t("money.title"), f.scale === 1 ? t("money.say") : t("money.say_scaled", { share: percent(f.scale, f.scale < 0.01 ? 2 : 0) }),
    el("div", { class: "grid" },
      c.shipping == null ? null : card(t("money.shipping"), money(c.shipping), t("money.shipping.note", { each: per(c.shipping, c.parcels), n: c.parcels })),
      c.recovery == null ? null : card(t("money.recovery"), money(c.recovery), c.refund == null ? t("money.recovery.no_refund", { credit: money(c.credit ?? 0) }) : t("money.recovery.note", { credit: money(c.credit ?? 0), refund: money(c.refund) })),
      c.contact == null ? null : card(t("money.contacts"), money(c.contact), t("money.contacts.note", { n: c.contacts })),
      c.recovery == null ? null : card(t("money.broken"), per(c.recovery, c.broken), t("money.broken.note"), t("money.each"))));
}

// Map ---------------------------------------------------------------------------------------------------------------

export function mapSection(f, calendar) {
  if (!f.data.load.steps || !f.data.load.series.length) return null;
  return section("map", t("map.title"), t("map.say"), networkMap(f.data, calendar));
}

// Day by day --------------------------------------------------------------------------------------------------------

function bands(f, calendar, from, to) {
  return f.data.disruptions.filter(isWeather)
    .map((d) => ({ name: d.name, x1: calendar.at(Math.max(d.from_ms, from * 86_400_000)), x2: calendar.at(Math.min(d.to_ms, to * 86_400_000)) }))
    .filter((d) => d.x2 > d.x1);
}
const bandMark = (rows) => Plot.rectX(rows, { x1: "x1", x2: "x2", fill: "var(--storm)", fillOpacity: 0.1 });

function rateByDay({ f, calendar, rows, title, note, id }) {
  const colour = carrierColour(f.data.carriers);
  const carriers = f.data.carriers.filter((c) => rows.some((r) => r.carrier === c));
  const points = carriers.flatMap((c) => total(rows.filter((r) => r.carrier === c), (r) => r.day).map((r) => ({ ...r, day: r.name, carrier: c })));
  const sizes = points.map(due).filter((n) => n > 0).sort((a, b) => a - b);
  // Days with next to nothing due would only add noise to the lines.
  const least = Math.min(20, Math.max(1, (sizes[sizes.length >> 1] ?? 1) / 5));
  const lines = points.filter((p) => due(p) >= least).map((p) => ({ ...p, date: calendar.date(p.day), rate: rate(p) })).sort((a, b) => a.day - b.day);
  if (lines.length < 2) return null;
  const from = Math.min(...lines.map((p) => p.day)), to = Math.max(...lines.map((p) => p.day));
  const lowest = Math.min(...lines.map((p) => p.rate));
  const floor = Math.max(0, Math.min(0.9, Math.floor(lowest * 10) / 10));
  const inBand = bands(f, calendar, from, to + 1);
  return figure({
    title, id, note: inBand.length ? `${note} ${t("days.shaded")}` : note,
    label: `${title}: ` + carriers.map((c) => { const own = lines.filter((p) => p.carrier === c); const low = own.reduce((a, b) => (b.rate < a.rate ? b : a), own[0]); return low ? t("days.lowest", { carrier: c, rate: percent(low.rate), day: calendar.day(low.day) }) : ""; }).filter(Boolean).join("; "),
    draw(width) {
      const height = Math.round(Math.min(340, Math.max(230, width * 0.42)));
      const ends = carriers.map((c) => lines.filter((p) => p.carrier === c).at(-1)).filter(Boolean);
      const top = 14, bottom = height - 28;
      const y = (v) => bottom - ((v - floor) / (1 - floor)) * (bottom - top);
      const placed = spread(ends.map((p) => y(p.rate)), 15, top, bottom);
      const widest = Math.max(...carriers.map((c) => c.length)) * 8.4 + 14;
      return Plot.plot({
        ...base(width, height, { marginTop: top, marginBottom: 28, marginLeft: 42, marginRight: widest }),
        x: dayAxis(calendar, from, to, width),
        y: { domain: [floor, 1], label: null, grid: true, ticks: 5, tickFormat: tick },
        marks: [
          bandMark(inBand),
          Plot.lineY(lines, { x: "date", y: "rate", stroke: (p) => colour(p.carrier), z: "carrier", strokeWidth: 2.2, curve: "monotone-x" }),
          Plot.dot(lines, { x: "date", y: "rate", fill: (p) => colour(p.carrier), r: 2.2 }),
          ...ends.map((p, i) => Plot.text([p], { x: () => calendar.date(to), y: "rate", text: "carrier", fill: colour(p.carrier), fontWeight: 650, fontSize: 13, textAnchor: "start", dx: 8, dy: placed[i] - y(p.rate) })),
          Plot.tip(lines, Plot.pointer({ x: "date", y: "rate", title: (p) => `${p.carrier}, ${calendar.weekday(p.day)}\n${t("days.tip.rate", { rate: percent(p.rate) })}\n${t("days.tip.broken", { broken: p.broken, due: due(p) })}` })),
        ],
      });
    },
    data: table(title, [
      { head: t("col.due_day"), cell: (r) => calendar.weekday(r.day) },
      ...keptColumns(f, t("col.carrier"), (r) => r.carrier, (r) => ({ due: r.day, carrier: r.carrier })),
    ], [...points].filter((p) => due(p) > 0).sort((a, b) => a.day - b.day), { limit: 400 }),
  });
}

function brokenByDay(f, calendar) {
  const colour = carrierColour(f.data.carriers);
  const carriers = f.data.carriers.filter((c) => f.daily.some((r) => r.carrier === c));
  const rows = carriers.flatMap((c) => total(f.daily.filter((r) => r.carrier === c), (r) => r.day).map((r) => ({ ...r, day: r.name, date: calendar.date(r.name), carrier: c })));
  const worst = f.worstDay;
  if (!rows.length || !worst || !worst.broken) return null;
  const first = Math.min(...rows.map((r) => r.day)), last = Math.max(...rows.map((r) => r.day));
  return figure({
    title: t(`days.broken.${f.kind}`), id: "broken-by-day",
    legend: carriers.length > 1 ? swatches(carriers.map((c) => [c, colour(c)])) : null,
    note: t(carriers.length > 1 ? "days.broken.stacked" : "days.broken.single", { day: calendar.weekday(worst.name), n: worst.broken }),
    label: t("days.broken.label", { n: worst.broken, day: calendar.long(worst.name) }),
    draw(width) {
      const height = Math.round(Math.min(340, Math.max(220, width * 0.42)));
      return Plot.plot({
        ...base(width, height, { marginTop: 24, marginBottom: 28, marginLeft: 42, marginRight: 22 }),
        x: { ...dayAxis(calendar, first, last, width), domain: [calendar.date(first), calendar.date(last + 1)] },
        y: { label: null, grid: true, ticks: 5, tickFormat: short },
        color: { domain: carriers, range: carriers.map(colour) },
        marks: [
          Plot.rectY(rows, { x1: "date", x2: (r) => calendar.date(r.day + 1), y: "broken", fill: "carrier", order: carriers, insetLeft: 0.5, insetRight: 0.5 }),
          Plot.ruleY([0], { stroke: "var(--line)" }),
          Plot.text([worst], { x: () => calendar.date(worst.name + 0.5), y: worst.broken, text: () => short(worst.broken), dy: -8, fontWeight: 650, fill: "var(--ink)" }),
          Plot.tip(rows, Plot.pointerX(Plot.stackY({ x: (r) => calendar.date(r.day + 0.5), y: "broken", z: "carrier", order: carriers, title: (r) => `${r.carrier}, ${calendar.weekday(r.day)}\n${t("days.tip.broken", { broken: r.broken, due: due(r) })}` }))),
        ],
      });
    },
  });
}

export function daySection(f, calendar) {
  const kept = rateByDay({ f, calendar, rows: f.daily, id: "kept-by-day", title: t(`days.kept.${f.kind}`), note: t(`days.kept.${f.kind}.note`) });
  const commits = f.promises && f.data.commits_by_day.length
    ? rateByDay({ f: { ...f, tells: () => false }, calendar, rows: f.data.commits_by_day.filter((r) => r.tier === "express"), id: "express-by-day", title: t("days.express"), note: t("days.express.note") })
    : null;
  const late = lateness(f);
  const tierRows = tiers.map((tier) => f.byTier.find((r) => r.name === tier)).filter(Boolean);
  const bars = (title, head, name, filter, rows) => {
    const columns = keptColumns(f, head, name, filter);
    columns[2].bar = (r) => r.broken / Math.max(1, ...rows.map((x) => x.broken));
    return el("div", { class: "card" }, el("h3", {}, title), table(title, columns, rows));
  };
  const services = f.services.filter((s) => due(s) + s.commits_kept + s.commits_broken > 0).sort((a, b) => b.broken - a.broken || b.commits_broken - a.commits_broken);
  return section("days", t("days.title"), null,
    el("div", { class: "two" }, kept, brokenByDay(f, calendar)),
    el("div", { class: "two" }, bars(t("days.by_carrier"), t("col.carrier"), (r) => r.name, (r) => ({ carrier: r.name }), [...f.byCarrier].sort((a, b) => rate(a) - rate(b))),
      bars(t("days.by_tier"), t("col.tier"), (r) => named("tier", r.name), () => ({ none: 1 }), tierRows)),
    el("div", { class: "two" }, commits, late),
    el("div", { class: "card gap" }, el("h3", {}, t("days.by_service")), table(t("days.by_service"), [
      { head: t("col.service"), cell: (r) => r.service }, { head: t("col.carrier"), cell: (r) => r.carrier }, { head: t("col.tier"), cell: (r) => named("tier", r.tier) },
      { head: t(`col.kept.${f.kind}`), number: true, cell: (r) => percent(rate(r)) }, { head: t("col.broken"), number: true, cell: (r) => count(r.broken) },
      { head: t("col.commits_met"), number: true, cell: (r) => percent(r.commits_kept + r.commits_broken > 0 ? r.commits_kept / (r.commits_kept + r.commits_broken) : null) },
      { head: t("col.missed"), number: true, cell: (r) => count(r.commits_broken) }], services)));
}

function lateness(f) {
  const rows = f.data.lateness.filter((r) => r.definition === f.kind);
  const dated = rows.filter((r) => r.days != null);
  const never = rows.filter((r) => r.days == null).reduce((s, r) => s + r.parcels, 0);
  if (!dated.length) return null;
  const all = dated.reduce((s, r) => s + r.parcels, 0) + never;
  const late = dated.filter((r) => r.days > 0);
  const most = dated.reduce((a, b) => (b.parcels > a.parcels ? b : a));
  const lo = Math.max(-20, Math.min(...dated.filter((r) => r.parcels > all / 5000).map((r) => r.days), 0));
  const hi = Math.min(30, Math.max(...dated.map((r) => r.days), 3));
  const oneDay = late.find((r) => r.days === 1)?.parcels ?? 0, lateAll = late.reduce((s, r) => s + r.parcels, 0);
  return figure({
    title: t("late.title"), id: "lateness",
    note: [t(`late.note.${f.kind}`), lateAll ? t("late.one_day", { share: share(oneDay, lateAll) }) : t("late.none"), never ? t("late.never", { n: never }) : ""].filter(Boolean).join(" "),
    label: t("late.label", { most: most.parcels, days: most.days, late: lateAll }),
    draw(width) {
      const height = Math.round(Math.min(320, Math.max(220, width * 0.42)));
      const days = Array.from({ length: hi - lo + 1 }, (_, i) => lo + i), every = Math.ceil(days.length / (width / 40));
      return Plot.plot({
        ...base(width, height, { marginTop: 24, marginBottom: 42, marginLeft: 46, marginRight: 8 }),
        x: { domain: [lo - 0.5, hi + 0.5], label: t("late.axis"), labelAnchor: "center", labelArrow: "none", ticks: days.filter((d) => d % every === 0), tickFormat: (d) => (d < 0 ? `−${-d}` : d === 0 ? "0" : `+${d}`) },
        y: { label: null, grid: true, ticks: 5, tickFormat: short },
        marks: [
          Plot.rectY(dated.filter((r) => r.days >= lo && r.days <= hi), { x1: (r) => r.days - 0.45, x2: (r) => r.days + 0.45, y: "parcels", fill: (r) => (r.days > 0 ? "var(--broken)" : "var(--kept)") }),
          Plot.ruleY([0], { stroke: "var(--line)" }),
          Plot.tip(dated, Plot.pointerX({ x: "days", y: "parcels", title: (r) => `${r.days < 0 ? t("late.early", { n: -r.days }) : r.days === 0 ? t("late.on_day") : t("late.late", { n: r.days })}\n${t("n.parcels", { n: r.parcels })}` })),
        ],
      });
    },
    data: table(t("late.days"), [{ head: t("late.days"), cell: (r) => (r.days == null ? t("late.never_delivered") : String(r.days)) }, { head: t("col.parcels"), number: true, cell: (r) => count(r.parcels) }], rows, { limit: 60 }),
  });
}

export function regionSection(f) {
  if (f.regions.length < 2) return null;
  const worst = [...f.regions].filter((r) => due(r) >= Math.min(20, f.all / 50)).sort((a, b) => rate(a) - rate(b));
  const map = keptByState({ ...f.data, by_region: f.regions }, (x) => percent(x));
  const most = Math.max(1, ...worst.map((r) => r.broken));
  const columns = keptColumns(f, t("col.region"), (r) => regionName(r.name), (r) => ({ region: r.name }));
  columns[2].bar = (r) => r.broken / most;
  return section("regions", t("regions.title"), f.worstRegion ? t("regions.say", { region: regionName(f.worstRegion.name), rate: percent(rate(f.worstRegion)) }) : null,
    el("div", { class: map ? "two" : "gap" },
      map ? figure({ title: t(`regions.map.${f.kind}`), note: t("regions.map.note"), label: t("regions.map.label", { list: worst.slice(0, 3).map((r) => `${regionName(r.name)} ${percent(rate(r))}`).join(", ") }),
        draw: map.draw, legend: map.legend }) : null,
      el("div", { class: "card" }, el("h3", {}, t("regions.weakest")), table(t("regions.weakest"), columns, worst, { limit: 8 }))));
}

// Where and why -----------------------------------------------------------------------------------------------------

export function causeSection(f) {
  if (!f.causes.length) return section("causes", t(`causes.title.${f.kind}`), f.headline.broken ? t("causes.none_recorded") : t("causes.none_broken"));
  const chart = figure({
    title: t("causes.why"), id: "why", note: t("causes.why.note"),
    label: `${t("causes.why")}: ` + f.byCause.map((c) => `${named("cause", c.key)} ${count(c.count)}`).join(", "),
    draw(width) {
      const rows = f.byCause.map((c) => ({ ...c, name: capital(named("cause", c.key)) }));
      const narrow = width < 520;
      const height = rows.length * (narrow ? 46 : 32) + 12;
      const text = (c) => `${count(c.count)} · ${share(c.count, f.headline.broken)} · ${short(Math.round(c.lost / 60))} h`;
      return Plot.plot({
        ...base(width, height, { marginTop: 4, marginBottom: 4, marginLeft: narrow ? 4 : 300, marginRight: 160 }),
        x: { axis: null }, y: { axis: null, domain: rows.map((r) => r.name), padding: narrow ? 0.55 : 0.3 },
        marks: [
          Plot.barX(rows, { x: "count", y: "name", fill: "var(--broken)", insetTop: narrow ? 8 : 0, insetBottom: narrow ? -8 : 0 }),
          Plot.text(rows, { x: "count", y: "name", text, textAnchor: "start", dx: 6, dy: narrow ? 8 : 0, fill: "var(--ink)", fontSize: 12.5 }),
          narrow ? Plot.text(rows, { x: 0, y: "name", text: "name", textAnchor: "start", dy: -12, fill: "var(--ink)", fontSize: 13 })
            : Plot.text(rows, { x: 0, y: "name", text: "name", textAnchor: "end", dx: -8, fill: "var(--ink)", fontSize: 13.5 }),
        ],
      });
    },
  });
  const most = Math.max(1, ...f.causes.map((c) => c.count));
  const columns = [
    { head: t("col.place"), cell: (c) => (c.place == null ? t("causes.no_place") : f.data.places[c.place].name) },
    { head: t("col.what"), cell: (c) => (c.place == null ? "–" : `${f.data.places[c.place].carrier} ${placeKind(f.data.places[c.place].kind)}`) },
    { head: t("col.cause"), cell: (c) => named("cause", c.cause) },
    { head: t(`col.broken.${f.kind}`), number: true, cell: (c) => behind(f, { place: c.place, cause: c.cause }, count(c.count)), bar: (c) => c.count / most },
    { head: t("col.lost"), number: true, cell: (c) => `${count(Math.round(c.lost / 60))} h` },
    { head: t("col.per_parcel"), number: true, cell: (c) => span(c.lost / Math.max(1, c.count)) },
  ];
  if (f.promises) columns.push({ head: t("col.commits_missed"), number: true, cell: (c) => count(c.commits) });
  return section("causes", t(`causes.title.${f.kind}`), t("causes.say"),
    chart, el("div", { class: "card gap" }, el("h3", {}, t("causes.where")), table(t("causes.table"), columns, f.causes, { limit: 12, id: "lost-table" })));
}

export function backlogSection(f, calendar) {
  const load = f.data.load;
  const top = [...load.series].map((s) => ({ ...s, info: f.data.places[s.place] })).filter((s) => s.info.peak > 0).sort((a, b) => b.info.peak - a.info.peak).slice(0, 8);
  if (!top.length || load.steps < 2) return null;
  const hours = load.step_ms / 3_600_000;
  const small = top.map((s) => {
    const points = s.values.map((v, i) => ({ at: calendar.at(load.from_ms + i * load.step_ms), v }));
    const touched = f.data.disruptions.filter((d) => isWeather(d) && d.places.includes(s.place)).map((d) => ({ x1: calendar.at(Math.max(d.from_ms, load.from_ms)), x2: calendar.at(Math.min(d.to_ms, load.from_ms + load.steps * load.step_ms)) })).filter((d) => d.x2 > d.x1);
    return figure({
      title: s.info.name, note: t("backlog.note", { what: `${s.info.carrier} ${placeKind(s.info.kind)}`, n: s.info.peak, at: calendar.moment(s.info.peak_ms) }),
      label: t("backlog.label", { place: s.info.name, n: s.info.peak, at: calendar.moment(s.info.peak_ms) }),
      draw: (width) => Plot.plot({
        ...base(width, 120, { marginTop: 8, marginBottom: 22, marginLeft: 46, marginRight: 6 }),
        x: dayAxis(calendar, Math.ceil(load.from_ms / 86_400_000), Math.floor((load.from_ms + load.steps * load.step_ms) / 86_400_000), width), y: { label: null, ticks: 3, grid: true, tickFormat: short },
        marks: [bandMark(touched), Plot.areaY(points, { x: "at", y: "v", fill: "var(--l0)", fillOpacity: 0.35 }), Plot.lineY(points, { x: "at", y: "v", stroke: "var(--l0)", strokeWidth: 1.1 }), Plot.ruleY([0], { stroke: "var(--line)" })],
      }),
    });
  });
  return section("backlog", t("backlog.title"), t("backlog.say", { step: hours === 1 ? t("backlog.hourly") : t("backlog.means", { hours: String(hours) }) }),
    el("div", { class: "grid", id: "backlog-grid" }, small));
}
