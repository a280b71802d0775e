// The report's sections, each from the facts of a run to elements.
import { capital, count, latency, money, percent, plural, short, span } from "./format.js";
import { Plot, base, carrierColour, decades, figure, spread, swatches } from "./charts.js";
import { el, table } from "./dom.js";
import { due, rate, total } from "./facts.js";
import { keptByState, networkMap, placeKind } from "./map.js";
import { regionName } from "./states.js";
import { acts, causeName, definitions, findings, oracles, notModelled, scanKinds, tiers } from "./words.js";

const section = (id, title, say, ...content) => el("section", { id, "aria-labelledby": `${id}-h` },
  el("h2", { id: `${id}-h` }, title), say ? el("p", { class: "say" }, say) : null, content);
const keptColumns = (head, name) => [
  { head, cell: name },
  { head: "Kept", number: true, cell: (r) => percent(rate(r)) },
  { head: "Broken", number: true, cell: (r) => count(r.broken) },
  { head: "Due", number: true, cell: (r) => count(due(r)) },
];
const share = (part, whole) => percent(whole > 0 ? part / whole : null, 0);
const tick = (x) => `${Math.round(100 * x)}%`;

/** A time axis named by whole days: as many as fit, from one day apart on; a week apart, by its Mondays. */
function dayAxis(calendar, first, last, width) {
  const room = Math.max(2, Math.floor((width - 90) / 58));
  const every = [1, 2, 3, 7, 14, 28, 56].find((n) => (last - first + 1) / n <= room) ?? 112;
  const start = every < 7 ? first : first + ((8 - calendar.date(first).getUTCDay()) % 7);
  const ticks = [];
  for (let day = start; day <= last; day += every) ticks.push(calendar.date(day));
  return { type: "utc", label: null, ticks, tickFormat: (at) => calendar.day(Math.round((at - calendar.origin) / 86_400_000)) };
}

// The verdict -----------------------------------------------------------------------------------------------------

export function verdict(f, calendar) {
  const { headline, run, data } = f;
  const words = f.promises ? ["of promises kept", "broken"] : ["of the carriers' commitments met", "missed"];
  const failed = data.gates.filter((g) => g.verdict !== "passed");
  const title = f.all === 0
    ? el("h1", {}, "Nothing fell due in this run")
    : el("h1", {}, el("span", { class: "kept", id: "headline", "data-rate": f.overall }, percent(f.overall)), ` ${words[0]}, `,
        el("span", { class: "broken", id: "headline-broken", "data-broken": headline.broken }, `${count(headline.broken)} ${words[1]}`),
        f.replications > 1 ? " in the first replication" : null);

  const gates = !data.gates.length ? "" : !failed.length ? ` ${data.gates.length === 1 ? "The gate passed." : `All ${data.gates.length} gates passed.`}`
    : ` ${failed.length} of ${plural(data.gates.length, "gate")} failed.`;
  let lead = "";
  if (f.all > 0 && headline.broken === 0) lead = `Every one of ${count(f.all)} was kept.`;
  else if (f.all > 0 && f.worstDay) {
    const place = f.byPlace[0] && data.places[f.byPlace[0].key];
    lead = `Most break on ${calendar.long(f.worstDay.name)}, ${count(f.worstDay.broken)} of ${count(due(f.worstDay))} due`;
    if (f.worstCarrier && f.byCarrier.length > 1) lead += `; the weakest carrier is ${f.worstCarrier.name} with ${percent(rate(f.worstCarrier))} kept`;
    lead += place ? `; most often the time was lost at ${place.name}.` : ".";
  }
  const measured = [calendar.full(0), calendar.full(Math.max(0, Number(run.day_count ?? 1) - 1))];
  const scale = f.scale === 1 ? null : `volume and capacity at ${percent(f.scale, f.scale < 0.01 ? 2 : 0)}`;
  const icon = { passed: "✓ passed", failed: "✗ failed", error: "? not measured" };
  return el("header", { class: "top-band" },
    el("p", { class: "eyebrow" }, el("b", {}, "Peakstorm"), el("span", {}, run.title || run.scenario || "run"), el("span", {}, `${measured[0]} to ${measured[1]}`),
      scale ? el("span", {}, scale) : null, f.without.length ? el("span", {}, `without ${f.without.join(", ")}`) : null),
    title,
    el("p", { class: "lead", id: "lead" }, lead + gates),
    f.replications > 1 && f.all > 0 ? el("p", { class: "note gap", id: "replications" },
      `${percent(f.overall)} over ${f.replications} replications${headline.low != null ? `, 95 % interval ${percent(headline.low)} – ${percent(headline.high)}` : ""}. Counts, the map and all that follows are those of the first, which kept ${percent(rate(headline))}.`) : null,
    f.partial ? el("p", { class: "banner", role: "note", id: "partial" }, el("strong", {}, "Partial run. "),
      "It was stopped before its end: what follows is what was measured until then, and rates may still change.") : null,
    data.gates.length ? el("ul", { class: "gates", "aria-label": "Gates" }, data.gates.map((g) =>
      el("li", { class: `gate ${g.verdict === "passed" ? "" : g.verdict === "failed" ? "failed" : "open"}`, title: g.message },
        el("b", {}, icon[g.verdict] ?? g.verdict), el("code", {}, g.expression),
        g.actual == null ? null : el("span", {}, `it was ${gateValue(g)}`)))) : null);
}

function gateValue(g) {
  if (g.unit === "share") return percent(g.actual);
  if (g.unit === "ms") return latency(g.actual);
  if (g.unit === "minutes") return span(g.actual);
  if (g.unit === "cents") return money(g.actual);
  if (g.unit === "per_second") return `${count(g.actual)}/s`;
  return count(g.actual);
}

export function minute(f, calendar) {
  if (!f.all || !f.headline.broken) return null;
  const { data } = f;
  const card = (question, answer, ...more) => el("div", { class: "card" }, el("dt", {}, question), el("dd", {}, el("p", { class: "answer" }, answer), more.map((m) => (m ? el("p", {}, m) : null))));
  const list = (items, name) => items.slice(1, 3).map((i) => `${name(i)} (${count(i.count)})`).join(", ");
  const placeName = (p) => data.places[p.key].name;
  const cost = costs(f);
  return el("dl", { class: "minute", id: "minute" },
    card("Which break", f.worstDay ? `Those due ${calendar.weekday(f.worstDay.name)}` : "–",
      f.worstDay ? `${count(f.worstDay.broken)} of ${count(due(f.worstDay))} due that day.` : null,
      [f.worstCarrier && f.byCarrier.length > 1 ? `Weakest carrier ${f.worstCarrier.name}: ${percent(rate(f.worstCarrier))} kept. ` : "",
        f.worstTier && f.byTier.length > 1 ? `Weakest tier ${f.worstTier.name}: ${percent(rate(f.worstTier))}.` : ""].join("")),
    card("Where", f.byPlace.length ? placeName(f.byPlace[0]) : "Nowhere in particular",
      f.byPlace.length ? `${share(f.byPlace[0].count, f.headline.broken)} of the broken lost most of their time here.` : null,
      f.byPlace.length > 1 ? `Then ${list(f.byPlace, placeName)}.` : null),
    card("Why", f.byCause.length ? capital(causeName(f.byCause[0].key)) : "No cause recorded",
      f.byCause.length ? `${share(f.byCause[0].count, f.headline.broken)} of the broken.` : null,
      f.byCause.length > 1 ? `Then ${list(f.byCause, (c) => causeName(c.key))}.` : null),
    f.promises && cost.recovery === 0 && cost.contact != null
      ? card("What it costs", money(cost.contact), "For answering shoppers. The retailer gives nothing for a broken promise in this scenario.")
      : cost.recovery != null && f.promises
      ? card("What it costs", money(cost.recovery), `Gift cards and refunds for ${plural(cost.broken, "broken promise")}, ${money(cost.recovery / Math.max(1, cost.broken))} each: what keeping them all would be worth${f.scale === 1 ? "" : ", at this scale"}.`,
          cost.contact > 0 ? `Answering shoppers: ${money(cost.contact)}.` : null)
      : card("What it costs", "Not measured", "No recovery was set for this run's shippers."));
}

/** The other rules' rates in one line; the section below explains them. */
export function rules(f) {
  const rows = Object.keys(definitions).filter((name) => name !== "promise").map((name) => [definitions[name][0], f.definition(name)])
    .concat([["As shown", f.data.shown.find((s) => s.view === "shown")]]).filter(([, o]) => o && due(o) > 0);
  if (!f.promises || !rows.length) return null;
  return el("p", { class: "rules" }, rows.map(([title, o]) => el("span", {}, `${title} `, el("b", {}, percent(o.rate ?? rate(o))))), el("a", { href: "#definitions" }, "what these count"));
}

// Promises, defined -------------------------------------------------------------------------------------------------

export function definitionList(f) {
  const rows = [];
  for (const name of Object.keys(definitions)) {
    const o = f.definition(name);
    if (o && due(o) > 0) rows.push({ ...o, title: definitions[name][0], what: definitions[name][1], headline: f.promises && name === "promise" });
  }
  const shown = f.data.shown.find((s) => s.view === "shown");
  if (shown && due(shown) > 0) {
    const truth = f.data.shown.find((s) => s.view === "true");
    rows.push({ ...shown, id: "shown", title: "As shown", what: `As Promise, by what the endpoint showed once the replay was over${truth ? `; over the same parcels the truth is ${percent(rate(truth))}` : ""}.` });
  }
  for (const [name, title] of [["commit", "Commitment, all parcels"], ["commit_lenient", "The same, lenient"]]) {
    const o = f.definition(name, "all");
    const own = f.definition(name);
    if (o && due(o) > 0 && (!own || due(own) !== due(o))) rows.push({ ...o, title, what: name === "commit" ? "The carriers' commitments over everybody's parcels, not only the retailer's." : "With the day more and without the weather-held.", headline: !f.promises && name === "commit" });
  }
  const ci = f.replications > 1;
  return section("definitions", `${f.promises ? "Promises kept" : "Commitments met"}, by every definition`,
    "The same parcels, judged by each rule in use; a rate means nothing without its rule." + (ci ? ` The dark bar is the 95 % confidence interval over ${f.replications} replications.` : " One replication: no confidence interval."),
    el("ul", { class: "card definitions" }, rows.map((r) => {
      const x = r.rate ?? rate(r);
      return el("li", { class: `definition ${r.headline ? "headline" : ""}`, "data-definition": r.id ?? `${r.population}.${r.definition}` },
        el("span", { class: "name" }, r.title),
        el("span", { class: "middle" },
          el("span", { class: "gauge", style: { display: "block" }, "aria-hidden": "true" }, el("i", { style: { width: `${100 * x}%` } }),
            r.low != null && ci ? el("span", { class: "range", style: { left: `${100 * r.low}%`, width: `${Math.max(0.3, 100 * (r.high - r.low))}%` } }) : null),
          el("span", { class: "what", style: { display: "block", "margin-top": "5px" } }, r.what)),
        el("span", { class: "rate" }, percent(x), el("span", { class: "sub" },
          r.low != null && ci ? `${percent(r.low)} – ${percent(r.high)}` : `${short(r.broken)} broken`)));
    })));
}

// Money -------------------------------------------------------------------------------------------------------------

function costs(f) {
  const rows = f.data.costs;
  const add = (key) => (rows.some((r) => r[key] != null) ? rows.reduce((s, r) => s + (r[key] ?? 0), 0) : null);
  const credit = add("credit_cents"), refund = add("refund_cents");
  return {
    parcels: add("parcels") ?? 0, shipping: add("shipping_cents"), credit, refund, contact: add("contact_cents"), contacts: add("contacts"), broken: add("broken") ?? 0,
    recovery: credit == null && refund == null ? null : (credit ?? 0) + (refund ?? 0),
  };
}

export function moneySection(f) {
  const c = costs(f);
  if (!f.promises || !f.data.costs.length) return null;
  const card = (kicker, value, unit, note) => el("div", { class: "card" }, el("h3", { class: "kicker" }, kicker), el("p", { class: "figure-big" }, value, unit ? el("span", { class: "unit" }, ` ${unit}`) : null), el("p", { class: "note" }, note));
  const per = (cents, n) => (n > 0 ? money(cents / n) : "–");
  return section("money", "What it costs", f.scale === 1 ? "Measured in this run, in US dollars." : `Measured in this run at ${percent(f.scale, f.scale < 0.01 ? 2 : 0)} of the volume, in US dollars; nothing is scaled up.`,
    el("div", { class: "grid" },
      c.shipping == null ? null : card("Shipping", money(c.shipping), "", `${per(c.shipping, c.parcels)} a parcel over ${plural(c.parcels, "parcel")}.`),
      c.recovery == null ? null : card("Recovery", money(c.recovery), "", `Gift cards ${money(c.credit ?? 0)}${c.refund == null ? "; refunded shipping not measured" : `, refunded shipping ${money(c.refund)}`}.`),
      c.contact == null ? null : card("Contacts", money(c.contact), "", `${plural(c.contacts, "shopper")} asked where the parcel is; contacts of parcels on time are in it.`),
      c.recovery == null ? null : card("A broken promise", per(c.recovery, c.broken), "each", `Spending less than this per parcel to keep it pays for itself, before any loyalty.`)));
}

// Map ---------------------------------------------------------------------------------------------------------------

export function mapSection(f, calendar) {
  if (!f.data.load.steps || !f.data.load.series.length) return null;
  return section("map", "The network, hour by hour",
    "What waits where, and the weather above it. Play it, drag the time, point at a place or tap it.",
    networkMap(f.data, calendar));
}

// Day by day --------------------------------------------------------------------------------------------------------

const weatherKinds = new Set(["storm", "closure", "embargo", "outage"]);

function bands(f, calendar, from, to) {
  return f.data.disruptions.filter((d) => weatherKinds.has(d.kind))
    .map((d) => ({ name: d.name, x1: calendar.at(Math.max(d.from_ms, from * 86_400_000)), x2: calendar.at(Math.min(d.to_ms, to * 86_400_000)) }))
    .filter((d) => d.x2 > d.x1);
}
const bandMark = (rows) => Plot.rectX(rows, { x1: "x1", x2: "x2", fill: "var(--storm)", fillOpacity: 0.1 });

function rateByDay({ f, calendar, rows, title, note, noun, id }) {
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
    title, id, note: note + (inBand.length ? " Shaded: weather and closures." : ""),
    label: `${title}: ` + carriers.map((c) => { const own = lines.filter((p) => p.carrier === c); const low = own.reduce((a, b) => (b.rate < a.rate ? b : a), own[0]); return low ? `${c} lowest ${percent(low.rate)} on ${calendar.day(low.day)}` : ""; }).filter(Boolean).join("; "),
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
          Plot.tip(lines, Plot.pointer({ x: "date", y: "rate", title: (p) => `${p.carrier}, ${calendar.weekday(p.day)}\n${percent(p.rate)} kept\n${count(p.broken)} of ${count(due(p))} ${noun}s broken` })),
        ],
      });
    },
    data: table(title, [
      { head: "Due", cell: (r) => calendar.weekday(r.day) }, { head: "Carrier", cell: (r) => r.carrier },
      { head: "Kept", number: true, cell: (r) => percent(rate(r)) }, { head: "Broken", number: true, cell: (r) => count(r.broken) }, { head: "Due", number: true, cell: (r) => count(due(r)) },
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
    title: `Broken ${f.noun}s by the day they were due`, id: "broken-by-day",
    legend: carriers.length > 1 ? swatches(carriers.map((c) => [c, colour(c)])) : null,
    note: `Parcels a day, ${carriers.length > 1 ? "stacked by carrier" : "one carrier"}. The worst: ${calendar.weekday(worst.name)}, ${count(worst.broken)}.`,
    label: `Broken ${f.noun}s per due day; the most, ${count(worst.broken)}, on ${calendar.long(worst.name)}`,
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
          Plot.tip(rows, Plot.pointerX(Plot.stackY({ x: (r) => calendar.date(r.day + 0.5), y: "broken", z: "carrier", order: carriers, title: (r) => `${r.carrier}, ${calendar.weekday(r.day)}\n${count(r.broken)} of ${count(due(r))} broken` }))),
        ],
      });
    },
  });
}

export function daySection(f, calendar) {
  const kept = rateByDay({ f, calendar, rows: f.daily, noun: f.noun, id: "kept-by-day", title: f.promises ? "Promises kept by promised day" : "Commitments met by due day", note: f.promises ? "Share of the retailer's promises due that day." : "Share of all parcels due that day." });
  const commits = f.promises && f.data.commits_by_day.length
    ? rateByDay({ f, calendar, rows: f.data.commits_by_day.filter((r) => r.tier === "express"), noun: "commitment", id: "express-by-day", title: "Express commitments, everybody's parcels", note: "Share of all express parcels delivered by the carrier's own date and hour." })
    : null;
  const late = lateness(f);
  const tierRows = tiers.map((t) => f.byTier.find((r) => r.name === t)).filter(Boolean);
  const bars = (title, head, rows) => el("div", { class: "card" }, el("h3", {}, title), table(title, [
    { head, cell: (r) => r.name, bar: null }, { head: "Kept", number: true, cell: (r) => percent(rate(r)) },
    { head: "Broken", number: true, cell: (r) => count(r.broken), bar: (r) => r.broken / Math.max(1, ...rows.map((x) => x.broken)) },
    { head: "Due", number: true, cell: (r) => short(due(r)) }], rows));
  const services = f.services.filter((s) => due(s) + s.commits_kept + s.commits_broken > 0).sort((a, b) => b.broken - a.broken || b.commits_broken - a.commits_broken);
  return section("days", "When, and with whom", null,
    el("div", { class: "two" }, kept, brokenByDay(f, calendar)),
    el("div", { class: "two" }, bars("By carrier", "Carrier", [...f.byCarrier].sort((a, b) => rate(a) - rate(b))), bars("By service tier", "Tier", tierRows)),
    el("div", { class: "two" }, commits, late),
    el("div", { class: "card gap" }, el("h3", {}, "By service"), table("By service", [
      { head: "Service", cell: (r) => r.service }, { head: "Carrier", cell: (r) => r.carrier }, { head: "Tier", cell: (r) => r.tier },
      { head: `${capital(f.noun)}s kept`, number: true, cell: (r) => percent(rate(r)) }, { head: "Broken", number: true, cell: (r) => count(r.broken) },
      { head: "Commitments met (all parcels)", number: true, cell: (r) => percent(r.commits_kept + r.commits_broken > 0 ? r.commits_kept / (r.commits_kept + r.commits_broken) : null) },
      { head: "Missed", number: true, cell: (r) => count(r.commits_broken) }], services)));
}

function lateness(f) {
  const rows = f.data.lateness.filter((r) => r.definition === (f.promises ? "promise" : "commit"));
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
    title: "How early, how late", id: "lateness",
    note: `Days between ${f.promises ? "promised" : "committed"} and actual delivery. ` + (lateAll ? `${share(oneDay, lateAll)} of the late came one day late` : "None came late") + (never ? `; ${plural(never, "parcel")} due and never delivered.` : "."),
    label: `Histogram of days early or late; most, ${count(most.parcels)}, at ${most.days} days; ${count(lateAll)} late`,
    draw(width) {
      const height = Math.round(Math.min(320, Math.max(220, width * 0.42)));
      const days = Array.from({ length: hi - lo + 1 }, (_, i) => lo + i), every = Math.ceil(days.length / (width / 40));
      return Plot.plot({
        ...base(width, height, { marginTop: 24, marginBottom: 42, marginLeft: 46, marginRight: 8 }),
        x: { domain: [lo - 0.5, hi + 0.5], label: "← days early    on the day    days late →", labelAnchor: "center", labelArrow: "none", ticks: days.filter((d) => d % every === 0), tickFormat: (d) => (d < 0 ? `−${-d}` : d === 0 ? "0" : `+${d}`) },
        y: { label: null, grid: true, ticks: 5, tickFormat: short },
        marks: [
          Plot.rectY(dated.filter((r) => r.days >= lo && r.days <= hi), { x1: (r) => r.days - 0.45, x2: (r) => r.days + 0.45, y: "parcels", fill: (r) => (r.days > 0 ? "var(--broken)" : "var(--kept)") }),
          Plot.ruleY([0], { stroke: "var(--line)" }),
          Plot.tip(dated, Plot.pointerX({ x: "days", y: "parcels", title: (r) => `${r.days < 0 ? `${-r.days} days early` : r.days === 0 ? "on the day" : `${r.days} days late`}\n${plural(r.parcels, "parcel")}` })),
        ],
      });
    },
    data: table("Days late", [{ head: "Days late", cell: (r) => (r.days == null ? "never delivered" : String(r.days)) }, { head: "Parcels", number: true, cell: (r) => count(r.parcels) }], rows, { limit: 60 }),
  });
}

export function regionSection(f) {
  if (f.regions.length < 2) return null;
  const worst = [...f.regions].filter((r) => due(r) >= Math.min(20, f.all / 50)).sort((a, b) => rate(a) - rate(b));
  const map = keptByState({ ...f.data, by_region: f.regions }, (x) => percent(x));
  const most = Math.max(1, ...worst.map((r) => r.broken));
  return section("regions", "Whose doors", f.worstRegion ? `Where the parcels were going. Weakest: ${regionName(f.worstRegion.name)}, ${percent(rate(f.worstRegion))} kept.` : null,
    el("div", { class: map ? "two" : "gap" },
      map ? figure({ title: `Share of ${f.noun}s kept, by region`, note: "Five classes with equally many regions each.", label: `Map of the share kept by region; weakest ${worst.slice(0, 3).map((r) => `${regionName(r.name)} ${percent(rate(r))}`).join(", ")}`,
        draw: map.draw, legend: map.legend }) : null,
      el("div", { class: "card" }, el("h3", {}, "Weakest regions"), table("Weakest regions", [
        { head: "Region", cell: (r) => regionName(r.name) }, { head: "Kept", number: true, cell: (r) => percent(rate(r)) },
        { head: "Broken", number: true, cell: (r) => count(r.broken), bar: (r) => r.broken / most }, { head: "Due", number: true, cell: (r) => count(due(r)) }], worst, { limit: 8 }))));
}

// Where and why -----------------------------------------------------------------------------------------------------

export function causeSection(f, calendar) {
  if (!f.causes.length) return section("causes", `Where ${f.noun}s were lost`, f.headline.broken ? "No cause was recorded." : `None was broken.`);
  const chart = figure({
    title: "Why: what cost the broken ones most time", id: "why", note: `Broken ${f.noun}s by the cause that cost each the most time beyond its plan.`,
    label: `Broken ${f.noun}s by cause: ` + f.byCause.map((c) => `${causeName(c.key)} ${count(c.count)}`).join(", "),
    draw(width) {
      const rows = f.byCause.map((c) => ({ ...c, name: capital(causeName(c.key)) }));
      const narrow = width < 520;
      const height = rows.length * (narrow ? 46 : 32) + 12;
      const text = (c) => `${count(c.count)} · ${share(c.count, f.headline.broken)} · ${short(Math.round(c.lost / 60))} h`;
      return Plot.plot({
        ...base(width, height, { marginTop: 4, marginBottom: 4, marginLeft: narrow ? 4 : 280, marginRight: 160 }),
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
    { head: "Place", cell: (c) => (c.place == null ? "no single place" : f.data.places[c.place].name) },
    { head: "What it is", cell: (c) => (c.place == null ? "–" : `${f.data.places[c.place].carrier} ${placeKind(f.data.places[c.place].kind)}`) },
    { head: "Cause", cell: (c) => causeName(c.cause) },
    { head: `Broken ${f.noun}s`, number: true, cell: (c) => count(c.count), bar: (c) => c.count / most },
    { head: "Lost beyond plan", number: true, cell: (c) => `${count(Math.round(c.lost / 60))} h` },
    { head: "Per parcel", number: true, cell: (c) => span(c.lost / Math.max(1, c.count)) },
  ];
  if (f.promises) columns.push({ head: "Commitments missed (all parcels)", number: true, cell: (c) => count(c.commits) });
  return section("causes", `Where ${f.noun}s were lost`, "Each broken one is counted once, at the place and for the cause that cost it the most time against its plan: the cause, not the place where it happened to arrive late.",
    chart, el("div", { class: "card gap" }, el("h3", {}, "Where"), table("Places, causes and what they broke", columns, f.causes, { limit: 12, id: "lost-table" })));
}

export function backlogSection(f, calendar) {
  const load = f.data.load;
  const top = [...load.series].map((s) => ({ ...s, info: f.data.places[s.place] })).filter((s) => s.info.peak > 0).sort((a, b) => b.info.peak - a.info.peak).slice(0, 8);
  if (!top.length || load.steps < 2) return null;
  const hours = load.step_ms / 3_600_000;
  const small = top.map((s) => {
    const points = s.values.map((v, t) => ({ at: calendar.at(load.from_ms + t * load.step_ms), v }));
    const touched = f.data.disruptions.filter((d) => weatherKinds.has(d.kind) && d.places.includes(s.place)).map((d) => ({ x1: calendar.at(Math.max(d.from_ms, load.from_ms)), x2: calendar.at(Math.min(d.to_ms, load.from_ms + load.steps * load.step_ms)) })).filter((d) => d.x2 > d.x1);
    return figure({
      title: s.info.name, note: `${s.info.carrier} ${placeKind(s.info.kind)}. At most ${count(s.info.peak)}, ${calendar.moment(s.info.peak_ms)}.`,
      label: `Parcels waiting at ${s.info.name} over time, most ${count(s.info.peak)} at ${calendar.moment(s.info.peak_ms)}`,
      draw: (width) => Plot.plot({
        ...base(width, 120, { marginTop: 8, marginBottom: 22, marginLeft: 46, marginRight: 6 }),
        x: dayAxis(calendar, Math.ceil(load.from_ms / 86_400_000), Math.floor((load.from_ms + load.steps * load.step_ms) / 86_400_000), width), y: { label: null, ticks: 3, grid: true, tickFormat: short },
        marks: [bandMark(touched), Plot.areaY(points, { x: "at", y: "v", fill: "var(--l0)", fillOpacity: 0.35 }), Plot.lineY(points, { x: "at", y: "v", stroke: "var(--l0)", strokeWidth: 1.1 }), Plot.ruleY([0], { stroke: "var(--line)" })],
      }),
    });
  });
  return section("backlog", "The fullest places", `Parcels waiting (sorter, dock, rounds), ${hours === 1 ? "hourly" : `means of ${hours} hours, so that a short peak stands above its curve`}; each on its own scale. Shaded: weather or closure there.`,
    el("div", { class: "grid", id: "backlog-grid" }, small));
}

// The endpoint ------------------------------------------------------------------------------------------------------

export function endpointSection(f) {
  const r = f.replay;
  if (!r) return section("endpoint", "The endpoint", null, el("p", { class: "calm", id: "no-endpoint" }, "This run simulated only: nothing was sent to a tracking endpoint, so there is no latency, staleness or loss to report. ", el("code", {}, "peakstorm drill"), " measures them."));
  const requests = (pick) => r.requests.filter(pick).reduce((s, q) => s + q.requests, 0);
  const sentKinds = (q) => q.kind !== "read_back";
  const all = requests(sentKinds), accepted = requests((q) => sentKinds(q) && q.fate === "accepted");
  const dropped = requests((q) => sentKinds(q) && q.fate === "dropped");
  const errors = all - accepted - dropped;
  const late = r.seconds.reduce((s, q) => s + q.late, 0);
  const wall = Number(r.wall_s);
  const find = (kind, measure) => r.latency.find((l) => l.kind === kind && l.measure === measure);
  const head = find("all", "latency") ?? r.latency[0];
  const staleClock = r.staleness.find((s) => s.clock === "replay");
  const card = (kicker, value, note) => el("div", { class: "card" }, el("h3", { class: "kicker" }, kicker), el("p", { class: "figure-big" }, value), el("p", { class: "note" }, note));
  const ways = { latency: "from the intended instant", service: "from the real send" };
  const rows = r.latency.filter((l) => l.requests > 0);
  const speed = Number(r.speed) > 0 ? `${count(Number(r.speed))} × faster than life` : Number(r.rate) > 0 ? `${count(Number(r.rate))} requests/s` : "";
  const ladder = head ? figure({
    title: "Latency percentiles", id: "latency", note: "From the instant a request was due, so that a stall counts for everyone it kept waiting; hollow: from the real send only.",
    label: `Latency from the intended instant: p50 ${latency(head.p50)}, p90 ${latency(head.p90)}, p99 ${latency(head.p99)}, p99.9 ${latency(head.p999)}, most ${latency(head.max)}`,
    draw(width) {
      const steps = [["p50", "p50"], ["p90", "p90"], ["p99", "p99"], ["p99.9", "p999"], ["max", "max"]];
      const pairs = steps.flatMap(([name, key]) => ["latency", "service"].map((m) => ({ name, m, v: find("all", m)?.[key] ?? (m === "latency" ? head[key] : null) }))).filter((p) => p.v > 0);
      const most = Math.max(...pairs.map((p) => p.v)), least = Math.min(...pairs.map((p) => p.v));
      const low = Math.min(least * 0.8, most / 12);
      return Plot.plot({
        ...base(width, 220, { marginTop: 8, marginBottom: 30, marginLeft: 50, marginRight: 70 }),
        x: { type: "log", domain: [low, most * 1.05], label: null, grid: true, tickSize: 0, ticks: decades(low, most * 1.05), tickFormat: decade },
        y: { domain: steps.map((s) => s[0]), label: null, tickSize: 0, type: "point" },
        marks: [
          Plot.link(steps.map(([name, key]) => ({ name, a: find("all", "service")?.[key], b: find("all", "latency")?.[key] })).filter((p) => p.a > 0 && p.b > 0), { x1: "a", x2: "b", y1: "name", y2: "name", stroke: "var(--line)", strokeWidth: 3 }),
          Plot.dot(pairs.filter((p) => p.m === "service"), { x: "v", y: "name", r: 5, stroke: "var(--muted)", strokeWidth: 1.8, fill: "var(--card)" }),
          Plot.dot(pairs.filter((p) => p.m === "latency"), { x: "v", y: "name", r: 5.5, fill: "var(--accent)" }),
          Plot.text(pairs.filter((p) => p.m === "latency"), { x: "v", y: "name", text: (p) => latency(p.v), textAnchor: "start", dx: 10, fill: "var(--ink)", fontWeight: 600, fontSize: 13 }),
        ],
      });
    },
  }) : null;
  const per = Math.max(1, r.bucket_s);
  const decade = (v) => (v >= 1000 ? `${v / 1000} s` : `${v} ms`);
  const end = r.seconds.length ? r.seconds.at(-1).second + per : 0;
  const wallAxis = (width) => {
    const every = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 3600, 7200, 14400].find((n) => end / n <= Math.max(2, (width - 70) / 54)) ?? 86400;
    return { label: null, domain: [0, end], ticks: Array.from({ length: Math.floor(end / every) + 1 }, (_, i) => i * every), tickFormat: (s) => (every < 60 ? `${s} s` : `${s / 60} min`) };
  };
  // A second lasts until the next one: the last needs an end to be drawn.
  const closed = (rows) => (rows.length ? [...rows, { ...rows.at(-1), second: rows.at(-1).second + per }] : rows);
  const throughput = r.seconds.length > 1 ? figure({
    title: "Throughput", id: "throughput", note: `Requests a second over the replay's ${Math.round(wall)} s.`, legend: swatches([["due", "var(--ink)"], ["answered", "var(--l0)"], ...(errors + dropped ? [["refused, failed or never sent", "var(--broken)"]] : [])]),
    label: `Requests per second over time, most due ${count(Math.max(...r.seconds.map((s) => s.intended / per)))} a second`,
    draw: (width) => Plot.plot({
      ...base(width, 220, { marginTop: 14, marginBottom: 28, marginLeft: 66, marginRight: 18 }),
      x: wallAxis(width), y: { label: null, grid: true, ticks: 5, tickFormat: (v) => `${short(v)}/s` },
      marks: [
        Plot.areaY(closed(r.seconds), { x: "second", y: (s) => s.done / per, fill: "var(--l0)", fillOpacity: 0.45, curve: "step-after" }),
        Plot.lineY(closed(r.seconds), { x: "second", y: (s) => s.intended / per, stroke: "var(--ink)", strokeWidth: 1.4, curve: "step-after" }),
        Plot.areaY(closed(r.seconds), { x: "second", y: (s) => (s.errors + s.dropped) / per, fill: "var(--broken)", curve: "step-after" }),
        Plot.ruleY([0], { stroke: "var(--line)" }),
        Plot.tip(r.seconds, Plot.pointerX({ x: "second", y: (s) => s.done / per, title: (s) => `second ${s.second}\n${count(s.intended / per)}/s due\n${count(s.done / per)}/s answered\n${plural(s.errors, "error")}, ${count(s.dropped)} dropped` })),
      ],
    }),
  }) : null;
  const timed = r.seconds.filter((s) => s.p99 != null && s.p99 > 0);
  // Whole decades, so that at least two of them are named on the axis.
  const lowest = 10 ** Math.floor(Math.log10(Math.min(...timed.map((s) => s.p50 || s.p99), 1))), highest = 10 ** Math.ceil(Math.log10(Math.max(...timed.map((s) => s.p99), 1.01)));
  const over = timed.length > 1 ? figure({
    title: "Latency over the replay", id: "latency-time", note: "Of the requests that ended in each moment; a log scale.", legend: swatches([["p99", "var(--ink)"], ["p50", "var(--l0)"]]),
    label: `p99 latency over time, worst ${latency(Math.max(...timed.map((s) => s.p99)))}`,
    draw: (width) => Plot.plot({
      ...base(width, 220, { marginTop: 14, marginBottom: 28, marginLeft: 56, marginRight: 18 }),
      x: wallAxis(width), y: { type: "log", domain: [lowest, highest], label: null, grid: true, tickSize: 0, ticks: decades(lowest, highest), tickFormat: decade },
      marks: [
        Plot.lineY(timed.filter((s) => s.p50 > 0), { x: "second", y: "p50", stroke: "var(--l0)", strokeWidth: 1.6 }),
        Plot.lineY(timed, { x: "second", y: "p99", stroke: "var(--ink)", strokeWidth: 1.8 }),
        Plot.tip(timed, Plot.pointerX({ x: "second", y: "p99", title: (s) => `second ${s.second}\np50 ${latency(s.p50)}\np99 ${latency(s.p99)}\nmax ${latency(s.max)}` })),
      ],
    }),
  }) : null;
  const ages = r.staleness_seconds;
  const stale = ages.some((s) => s.stale > 0) ? figure({
    title: "Age of what shoppers saw", id: "staleness", note: "How long the first missing scan had been due when a check was answered.", legend: swatches([["oldest answer", "var(--broken)"], ["mean of all", "var(--l0)"]]),
    label: `Age of answers over time, oldest ${latency(Math.max(...ages.map((s) => s.max_ms)))}`,
    draw: (width) => Plot.plot({
      ...base(width, 220, { marginTop: 14, marginBottom: 28, marginLeft: 66, marginRight: 18 }),
      x: wallAxis(width), y: { label: null, grid: true, ticks: 4, tickFormat: (v) => (v === 0 ? "0" : latency(v)) },
      marks: [
        Plot.areaY(closed(ages), { x: "second", y: "max_ms", fill: "var(--broken)", fillOpacity: 0.25, curve: "step-after" }),
        Plot.lineY(closed(ages), { x: "second", y: "max_ms", stroke: "var(--broken)", strokeWidth: 1.6, curve: "step-after" }),
        Plot.lineY(closed(ages), { x: "second", y: "mean_ms", stroke: "var(--l0)", strokeWidth: 2, curve: "step-after" }),
        Plot.ruleY([0], { stroke: "var(--line)" }),
        Plot.tip(ages, Plot.pointerX({ x: "second", y: "max_ms", title: (s) => `second ${s.second}\n${count(s.stale)} of ${plural(s.checks, "answer")} stale\noldest ${latency(s.max_ms)}` })),
      ],
    }),
  }) : null;
  return section("endpoint", "The endpoint under test",
    `${plural(all, "request")}${r.senders?.length ? ` from ${plural(r.senders.length, "process", "processes")} on ${plural(Number(r.hosts || 1), "host")}` : ""} to ${r.target || "the endpoint"}${r.format ? ` as ${r.format}` : ""}${speed ? `, ${speed}` : ""}, open loop${wall > 0 ? `, in ${span(wall / 60)}` : ""}.` + (r.complete === "0" ? " The replay was stopped before its end." : ""),
    el("div", { class: "grid" },
      head ? card("p99 latency", latency(head.p99), `Half within ${latency(head.p50)}; the slowest ${latency(head.max)}.`) : null,
      wall > 0 ? card("Throughput", `${count(accepted / wall)}/s`, `accepted on average; busiest moment ${count(Math.max(0, ...r.seconds.map((s) => s.done / per)))}/s.`) : null,
      card("Not accepted", count(errors + dropped), `${plural(errors, "error")}, ${plural(dropped, "send")} dropped for want of a free sender, ${count(late)} sent late; of ${count(all)}.`),
      staleClock && staleClock.checks ? card("Stale answers", percent(staleClock.stale / staleClock.checks), `of ${plural(staleClock.checks, "check")} missed a scan that was due; age p99 ${latency(staleClock.p99)}, most ${latency(staleClock.max)}.`) : null),
    el("div", { class: "two" }, ladder, throughput),
    over || stale ? el("div", { class: "two" }, over, stale) : null,
    el("div", { class: "card gap" }, el("h3", {}, "In numbers"), table("Latency by kind of request", [
      { head: "Requests", cell: (l) => capital(scanKinds[l.kind] ?? l.kind) }, { head: "Counted", cell: (l) => ways[l.measure] ?? l.measure },
      { head: "Number", number: true, cell: (l) => count(l.requests) },
      ...[["p50", "p50"], ["p90", "p90"], ["p99", "p99"], ["p99.9", "p999"], ["Max", "max"]].map(([h, k]) => ({ head: h, number: true, cell: (l) => latency(l[k]) })),
    ], rows, { id: "latency-table", limit: 10 }),
    r.senders?.length ? el("details", {}, el("summary", {}, "Who sent, and how true their clocks are to each other"), table("Senders", [
      { head: "Rank", number: true, cell: (s) => String(s.rank) }, { head: "Host", cell: (s) => s.host },
      { head: "Scans", number: true, cell: (s) => count(s.scans) }, { head: "Checks", number: true, cell: (s) => count(s.checks) },
      { head: "Requests", number: true, cell: (s) => count(s.attempts) }, { head: "Late", number: true, cell: (s) => count(s.late) },
      { head: "Clock beyond rank 0's, µs", number: true, cell: (s) => (s.rank ? `${s.clock_offset_us.toFixed(1)} ± ${s.clock_uncertainty_us.toFixed(1)}` : "–") },
      { head: "Ran apart by, µs", number: true, cell: (s) => (s.rank ? s.clock_drift_us.toFixed(1) : "–") }], r.senders, { id: "sender-table", limit: 40 })) : null,
    el("details", {}, el("summary", {}, "Replies by kind"), table("Replies", [
      { head: "Request", cell: (q) => capital(scanKinds[q.kind] ?? q.kind) }, { head: "Fate", cell: (q) => q.fate.replace("_", " ") }, { head: "HTTP", number: true, cell: (q) => (q.status ? String(q.status) : "–") }, { head: "Requests", number: true, cell: (q) => count(q.requests) }], r.requests, { limit: 40 }))));
}

export function findingSection(f, calendar) {
  const r = f.replay;
  if (!r) return null;
  const rows = r.findings.filter((x) => x.count > 0);
  const defects = rows.filter((x) => x.defect);
  const zero = r.findings.filter((x) => x.defect && x.count === 0).map((x) => (findings[x.kind]?.[0] ?? x.kind).toLowerCase());
  const shown = f.data.shown.find((s) => s.view === "shown");
  const reported = f.definition("reported");
  const hidden = shown ? shown.hidden_kept + shown.hidden_broken : 0;
  const story = (text) => el("ol", {}, text.split("\n").filter(Boolean).map((line) => {
    const marked = line.startsWith(">");
    const clean = line.replace(/^>\s*/, "").trim();
    const cut = clean.match(/^(\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?)\s+(.*)$/);
    return el("li", {}, el("time", {}, cut ? calendar.stamp(cut[1]) : ""), el("span", { class: marked ? "missing" : null }, (marked ? "▸ " : "") + (cut ? cut[2] : clean).replace(/_/g, " ")));
  }));
  // A parcel may have several defects: its story is told once, with the lines in question marked by any of them.
  const parcels = new Map();
  for (const e of r.examples) {
    const one = parcels.get(e.parcel) ?? parcels.set(e.parcel, { ...e, found: [] }).get(e.parcel);
    one.found.push(e);
    if (!/^>/m.test(one.truth + one.shown)) Object.assign(one, { truth: e.truth, shown: e.shown });
  }
  const stories = [...parcels.values()];
  const tell = (one) => el("div", { class: "example" },
    el("p", {}, "Parcel ", el("code", {}, one.parcel), one.faults ? ` (injected: ${one.faults.replace(/_/g, "-").replace(/ /g, ", ")})` : null),
    el("ul", { class: "defects" }, one.found.map((e) => el("li", {}, el("span", { class: "tag" }, findings[e.kind]?.[0] ?? e.kind), e.detail))),
    el("div", { class: "story" }, el("div", {}, el("h4", {}, "What happened"), story(one.truth)), el("div", {}, el("h4", {}, "What was shown"), one.shown.trim() ? story(one.shown) : el("p", { class: "missing" }, "nothing"))));
  return section("findings", "What was lost", "After the replay every parcel is read back and compared, scan by scan, with what happened to it.",
    defects.length ? null : el("p", { class: "calm good" }, `The endpoint shows every parcel's story as it was sent.${zero.length ? ` Looked for and not found: ${zero.join(", ")}.` : ""}`),
    rows.length ? el("div", { class: "card gap" }, table("Findings", [
      { head: "Finding", cell: (x) => findings[x.kind]?.[0] ?? x.kind }, { head: "Meaning", cell: (x) => findings[x.kind]?.[1] ?? "" },
      { head: "Counts", cell: (x) => (x.defect ? "as a defect" : "as a remark") }, { head: "How many", number: true, cell: (x) => plural(x.count, x.subject) }], rows, { id: "finding-table", stack: true })) : null,
    r.older ? el("p", { class: "note gap", id: "older" }, r.older) : null,
    r.diagnosis.length ? el("div", { class: "card gap", id: "diagnosis" }, el("h3", {}, "What it looks like"),
      el("ul", {}, r.diagnosis.map((d) => el("li", {}, el("strong", {}, d.bug), `: ${d.why}.`)))) : null,
    r.oracles.length ? el("div", { class: "card gap" }, table("Oracles", [
      { head: "Oracle", cell: (x) => oracles[x.oracle]?.[0] ?? x.oracle }, { head: "Proves that", cell: (x) => oracles[x.oracle]?.[1] ?? "" },
      { head: "Judged", number: true, cell: (x) => `${count(x.judged)} ${oracles[x.oracle]?.[2] ?? ""}` },
      { head: "Findings", number: true, cell: (x) => count(x.findings) }], r.oracles, { id: "oracle-table", stack: true })) : null,
    r.stored_messages != null ? el("p", { class: "note gap", id: "stored" }, `The broker has ${plural(Number(r.stored_messages), "message")} of this replay${Number(r.stored_again) ? `, ${count(Number(r.stored_again))} of them again after a lost acknowledgement or on purpose` : ""}${Number(r.stored_foreign) ? `; besides ${count(Number(r.stored_foreign))} of others` : ""}.`) : null,
    r.injected.length ? el("details", {}, el("summary", {}, `${plural(r.injected.reduce((sum, x) => sum + x.count, 0), "fault")} injected`), table("Injected faults", [
      { head: "Fault", cell: (x) => x.kind.replace(/_/g, " ") }, { head: "How often", number: true, cell: (x) => count(x.count) },
      { head: "Parcels", number: true, cell: (x) => count(x.parcels) }], r.injected, { limit: 20 })) : null,
    r.visibility.length ? el("details", {}, el("summary", {}, "From acknowledgement to the first shopper who saw it"), table("Visibility", [
      { head: "Scans that met", cell: (x) => (x.fault === "none" ? "no fault" : x.fault.replace(/_/g, " ")) }, { head: "Scans", number: true, cell: (x) => count(x.scans) },
      { head: "p50 ms", number: true, cell: (x) => x.p50.toFixed(1) }, { head: "p99 ms", number: true, cell: (x) => x.p99.toFixed(1) },
      { head: "Too high by at most (p50 ms)", number: true, cell: (x) => x.gap.toFixed(1) }], r.visibility, { limit: 20 })) : null,
    r.eta.length ? el("details", {}, el("summary", {}, "Dates shown against the day of delivery"), table("Error of the dates shown", [
      { head: "Date", cell: (x) => x.date }, { head: "Days to go", number: true, cell: (x) => (x.days_to_go >= 10 ? "10 or more" : String(x.days_to_go)) },
      { head: "Checks", number: true, cell: (x) => count(x.checks) }, { head: "Too early", number: true, cell: (x) => percent(x.early / x.checks) },
      { head: "Right", number: true, cell: (x) => percent(x.exact / x.checks) }, { head: "Mean error, days", number: true, cell: (x) => x.mean_abs.toFixed(2) }], r.eta, { limit: 24 })) : null,
    r.outages.length ? el("details", {}, el("summary", {}, plural(r.outages.length, "outage")), table("Outages", [
      { head: "From second", number: true, cell: (x) => String(x.from) }, { head: "To", number: true, cell: (x) => String(x.to) },
      { head: "Caught up in second", number: true, cell: (x) => (x.caught_up === null ? "never" : String(x.caught_up)) },
      { head: "Largest backlog", number: true, cell: (x) => count(x.backlog) }], r.outages, { limit: 20 })) : null,
    shown ? el("p", { class: "note gap" }, hidden ? `Judged by what the endpoint showed, ${plural(shown.hidden_kept, "kept promise")} would look broken and ${plural(shown.hidden_broken, "broken one")} kept.${reported && reported.broken === shown.broken && !defects.length ? " That is what the carriers' own reports make of it (scans they missed or sent late), not the endpoint's doing." : ""}` : "Judged by what the endpoint showed, every promise looks as it was.") : null,
    stories.length ? el("div", { class: "card gap" }, el("h3", {}, "Examples: what happened, and what the shopper saw"), stories.slice(0, 3).map(tell),
      stories.length > 3 ? el("details", {}, el("summary", {}, plural(stories.length - 3, "more example")), stories.slice(3).map(tell)) : null) : null);
}

// Shoppers ----------------------------------------------------------------------------------------------------------

export function shopperSection(f, calendar) {
  const { acts: counts, days } = f.data.shopper;
  const of = new Map(counts.map((a) => [a.act, a.count]));
  if (!counts.length) return null;
  const tracked = Number(f.run.tracked ?? 0);
  const checks = of.get("check") ?? 0, contacts = of.get("contact") ?? 0;
  const review = f.data.measures.review_score?.value;
  const notices = [...of].filter(([a]) => a.startsWith("notice_"));
  const card = (kicker, value, note) => el("div", { class: "card" }, el("h3", { class: "kicker" }, kicker), el("p", { class: "figure-big" }, value), el("p", { class: "note" }, note));
  const rows = days.map((d) => ({ ...d, date: calendar.date(d.day) }));
  const busiest = rows.reduce((a, b) => (b.checks > a.checks ? b : a), rows[0]);
  const chart = rows.length > 2 ? figure({
    title: "Looks at the tracking page, a day", note: "Contacts are drawn on their own scale.", legend: swatches([["looks", "var(--l0)"], [`contacts (most ${count(Math.max(...rows.map((r) => r.contacts)))} a day)`, "var(--broken)"]]),
    label: `Tracking checks per day, most ${count(busiest.checks)} on ${calendar.day(busiest.day)}`,
    draw(width) {
      const most = Math.max(1, ...rows.map((r) => r.checks)), contact = Math.max(1, ...rows.map((r) => r.contacts));
      return Plot.plot({
        ...base(width, 230, { marginTop: 14, marginBottom: 28, marginLeft: 46, marginRight: 22 }),
        x: dayAxis(calendar, rows[0].day, rows.at(-1).day, width), y: { label: null, grid: true, ticks: 4, tickFormat: short },
        marks: [
          Plot.areaY(rows, { x: "date", y: "checks", fill: "var(--l0)", fillOpacity: 0.45, curve: "monotone-x" }),
          Plot.lineY(rows, { x: "date", y: (r) => (r.contacts / contact) * most, stroke: "var(--broken)", strokeWidth: 2, curve: "monotone-x" }),
          Plot.tip(rows, Plot.pointerX({ x: "date", y: "checks", title: (r) => `${calendar.weekday(r.day)}\n${plural(r.checks, "look")}\n${plural(r.contacts, "contact")}` })),
        ],
      });
    },
  }) : null;
  return section("shoppers", "The shoppers", null,
    el("div", { class: "grid" },
      card("Looks at the tracking page", short(checks), tracked ? `${(checks / tracked).toFixed(1)} per tracked parcel.` : "in all."),
      card("Where is my order?", short(contacts), tracked ? `${percent(contacts / tracked)} of ${plural(tracked, "tracked parcel")}.` : "contacts."),
      card("Notices sent", short(notices.reduce((s, [, n]) => s + n, 0)), notices.map(([a, n]) => `${(acts[a] ?? a).replace("notices: ", "")} ${short(n)}`).join(", ") || "none."),
      review != null ? card("Expected review", `${review.toFixed(2)} of 5`, "mean over delivered orders, from a published relation between lateness and stars; no rate on this page depends on it.") : null),
    chart ? el("div", { class: "gap" }, chart) : null);
}

// The small print ---------------------------------------------------------------------------------------------------

export function foot(f, calendar) {
  const { run, data } = f;
  const balance = data.balance[0] ?? { midnights: 0, unbalanced: 0 }, little = data.little[0] ?? { queues: 0, unequal: 0 };
  const fact = (name, value) => (value == null || value === "" ? null : [el("dt", {}, name), el("dd", {}, value)]);
  const inputs = data.inputs;
  const measured = run.measure_from_day != null && run.measure_to_day != null ? `${calendar.full(Number(run.measure_from_day))} to ${calendar.full(Number(run.measure_to_day) - 1)}` : null;
  return el("footer", { id: "provenance" }, el("h2", {}, "Can it be trusted, and made again"),
    data.census.length ? el("div", {}, el("h3", {}, "No parcel appears or vanishes"),
      el("p", { class: "note" }, balance.unbalanced ? `Broken: ${plural(balance.unbalanced, "account")} of ${count(balance.midnights)} do not balance.` : `Injected = delivered + lost + returned + inside, exactly, at ${plural(balance.midnights, "carrier's midnight", "carriers' midnights")}` + (little.queues ? `; Little's law holds exactly on ${little.unequal ? `${little.queues - little.unequal} of ` : ""}${plural(little.queues, "queue")}.` : ".")),
      table("Conservation", [{ head: "Carrier", cell: (c) => c.carrier }, ...["injected", "delivered", "lost", "returned", "inside"].map((k) => ({ head: capital(k), number: true, cell: (c) => count(c[k]) }))], data.census, { id: "conservation-table", limit: 40 })) : null,
    el("h3", {}, "Provenance"),
    el("dl", { class: "facts" },
      fact("Scenario", run.scenario), fact("Orders counted", measured), fact("Seed", `${run.seed ?? "–"}${f.replications > 1 ? `, ${f.replications} replications` : ""}`),
      fact("Scale", run.scale), fact("Left out", f.without.join(", ")), fact("Parcels", run.parcels ? `${count(Number(run.parcels))}, of which ${count(Number(run.tracked ?? 0))} tracked` : null),
      fact("Scans", run.scans ? count(Number(run.scans)) : null), fact("Digest", el("code", {}, run.digest ?? "–")), fact("Version", run.version ? `peakstorm ${run.version}` : null),
      fact("Simulated in", run.wall_s ? `${Number(run.wall_s).toFixed(1)} s on ${plural(Number(run.threads || 1), "thread")}` : null),
      fact("Command", run.command_line ? el("code", {}, run.command_line) : null)),
    inputs.length ? el("details", {}, el("summary", {}, `${plural(inputs.length, "input file")} with checksums`), table("Inputs", [{ head: "File", cell: (i) => i.name }, { head: "Bytes", number: true, cell: (i) => count(i.bytes) }, { head: "xxh128", cell: (i) => el("code", {}, i.xxh128) }], inputs, { limit: 200 })) : null,
    el("p", { class: "note" }, "The same scenario, seed, scale and version give the same digest on any number of threads."),
    el("h3", {}, "Not modelled"), el("ul", { class: "limits" }, notModelled.map((n) => el("li", {}, n))));
}
