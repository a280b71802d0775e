// Sections about the endpoint under test: how it answered, what it lost, what shoppers did.
import { capital, count, decimal, latency, percent, short, span } from "./format.js";
import { Plot, base, decades, figure, swatches } from "./charts.js";
import { el, table } from "./dom.js";
import { language, named, t } from "./i18n.js";
import { card, dayAxis, section } from "./section.js";

export function endpointSection(f) {
  const r = f.replay;
  if (!r) return section("endpoint", t("endpoint.title"), null, el("p", { class: "calm", id: "no-endpoint" }, t("endpoint.none"), " ", el("code", {}, "peakstorm drill"), t("endpoint.none.drill")));
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
  const rows = r.latency.filter((l) => l.requests > 0);
  const speed = Number(r.speed) > 0 ? t("endpoint.speed", { n: Number(r.speed) }) : Number(r.rate) > 0 ? t("endpoint.rate", { n: Number(r.rate) }) : "";
  const ladder = head ? figure({
    title: t("endpoint.ladder"), id: "latency", note: t("endpoint.ladder.note"),
    label: t("endpoint.ladder.label", { p50: latency(head.p50), p90: latency(head.p90), p99: latency(head.p99), p999: latency(head.p999), max: latency(head.max) }),
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
    title: t("endpoint.throughput"), id: "throughput", note: t("endpoint.throughput.note", { seconds: Math.round(wall) }), legend: swatches([[t("endpoint.due"), "var(--ink)"], [t("endpoint.answered"), "var(--l0)"], ...(errors + dropped ? [[t("endpoint.not_done"), "var(--broken)"]] : [])]),
    label: t("endpoint.throughput.label", { n: Math.round(Math.max(...r.seconds.map((s) => s.intended / per))) }),
    draw: (width) => Plot.plot({
      ...base(width, 220, { marginTop: 14, marginBottom: 28, marginLeft: 66, marginRight: 18 }),
      x: wallAxis(width), y: { label: null, grid: true, ticks: 5, tickFormat: (v) => `${short(v)}/s` },
      marks: [
        Plot.areaY(closed(r.seconds), { x: "second", y: (s) => s.done / per, fill: "var(--l0)", fillOpacity: 0.45, curve: "step-after" }),
        Plot.lineY(closed(r.seconds), { x: "second", y: (s) => s.intended / per, stroke: "var(--ink)", strokeWidth: 1.4, curve: "step-after" }),
        Plot.areaY(closed(r.seconds), { x: "second", y: (s) => (s.errors + s.dropped) / per, fill: "var(--broken)", curve: "step-after" }),
        Plot.ruleY([0], { stroke: "var(--line)" }),
        Plot.tip(r.seconds, Plot.pointerX({ x: "second", y: (s) => s.done / per, title: (s) => t("endpoint.throughput.tip", { second: String(s.second), due: Math.round(s.intended / per), done: Math.round(s.done / per), errors: s.errors, dropped: s.dropped }) })),
      ],
    }),
  }) : null;
  const timed = r.seconds.filter((s) => s.p99 != null && s.p99 > 0);
  // Whole decades, so that at least two of them are named on the axis.
  const lowest = 10 ** Math.floor(Math.log10(Math.min(...timed.map((s) => s.p50 || s.p99), 1))), highest = 10 ** Math.ceil(Math.log10(Math.max(...timed.map((s) => s.p99), 1.01)));
  const over = timed.length > 1 ? figure({
    title: t("endpoint.over_time"), id: "latency-time", note: t("endpoint.over_time.note"), legend: swatches([["p99", "var(--ink)"], ["p50", "var(--l0)"]]),
    label: t("endpoint.over_time.label", { p99: latency(Math.max(...timed.map((s) => s.p99))) }),
    draw: (width) => Plot.plot({
      ...base(width, 220, { marginTop: 14, marginBottom: 28, marginLeft: 56, marginRight: 18 }),
      x: wallAxis(width), y: { type: "log", domain: [lowest, highest], label: null, grid: true, tickSize: 0, ticks: decades(lowest, highest), tickFormat: decade },
      marks: [
        Plot.lineY(timed.filter((s) => s.p50 > 0), { x: "second", y: "p50", stroke: "var(--l0)", strokeWidth: 1.6 }),
        Plot.lineY(timed, { x: "second", y: "p99", stroke: "var(--ink)", strokeWidth: 1.8 }),
        Plot.tip(timed, Plot.pointerX({ x: "second", y: "p99", title: (s) => t("endpoint.over_time.tip", { second: String(s.second), p50: latency(s.p50), p99: latency(s.p99), max: latency(s.max) }) })),
      ],
    }),
  }) : null;
  const ages = r.staleness_seconds;
  const stale = ages.some((s) => s.stale > 0) ? figure({
    title: t("endpoint.age"), id: "staleness", note: t("endpoint.age.note"), legend: swatches([[t("endpoint.age.oldest"), "var(--broken)"], [t("endpoint.age.mean"), "var(--l0)"]]),
    label: t("endpoint.age.label", { most: latency(Math.max(...ages.map((s) => s.max_ms))) }),
    draw: (width) => Plot.plot({
      ...base(width, 220, { marginTop: 14, marginBottom: 28, marginLeft: 66, marginRight: 18 }),
      x: wallAxis(width), y: { label: null, grid: true, ticks: 4, tickFormat: (v) => (v === 0 ? "0" : latency(v)) },
      marks: [
        Plot.areaY(closed(ages), { x: "second", y: "max_ms", fill: "var(--broken)", fillOpacity: 0.25, curve: "step-after" }),
        Plot.lineY(closed(ages), { x: "second", y: "max_ms", stroke: "var(--broken)", strokeWidth: 1.6, curve: "step-after" }),
        Plot.lineY(closed(ages), { x: "second", y: "mean_ms", stroke: "var(--l0)", strokeWidth: 2, curve: "step-after" }),
        Plot.ruleY([0], { stroke: "var(--line)" }),
        Plot.tip(ages, Plot.pointerX({ x: "second", y: "max_ms", title: (s) => t("endpoint.age.tip", { second: String(s.second), stale: s.stale, n: s.checks, most: latency(s.max_ms) }) })),
      ],
    }),
  }) : null;
  const said = [t("endpoint.say", { n: all, target: r.target || t("endpoint.it"), format: r.format ? t("endpoint.as", { format: r.format }) : "", speed: speed ? `, ${speed}` : "", time: wall > 0 ? t("endpoint.in", { time: span(wall / 60) }) : "" }),
    r.senders?.length ? t("endpoint.senders", { n: r.senders.length, hosts: Number(r.hosts || 1) }) : "", r.complete === "0" ? t("endpoint.stopped") : ""].filter(Boolean).join(" ");
  return section("endpoint", t("endpoint.heading"), said,
    el("div", { class: "grid" },
      head ? card(t("endpoint.card.p99"), latency(head.p99), t("endpoint.card.p99.note", { p50: latency(head.p50), max: latency(head.max) })) : null,
      wall > 0 ? card(t("endpoint.throughput"), `${count(accepted / wall)}/s`, t("endpoint.card.throughput.note", { most: Math.round(Math.max(0, ...r.seconds.map((s) => s.done / per))) })) : null,
      card(t("endpoint.card.refused"), count(errors + dropped), t("endpoint.card.refused.note", { errors, dropped, late, all })),
      staleClock && staleClock.checks ? card(t("endpoint.card.stale"), percent(staleClock.stale / staleClock.checks), t("endpoint.card.stale.note", { n: staleClock.checks, p99: latency(staleClock.p99), max: latency(staleClock.max) })) : null),
    el("div", { class: "two" }, ladder, throughput),
    over || stale ? el("div", { class: "two" }, over, stale) : null,
    el("div", { class: "card gap" }, el("h3", {}, t("endpoint.numbers")), table(t("endpoint.numbers.table"), [
      { head: t("col.requests"), cell: (l) => capital(named("request", l.kind)) }, { head: t("col.counted"), cell: (l) => named("endpoint.way", l.measure) },
      { head: t("col.number"), number: true, cell: (l) => count(l.requests) },
      ...[["p50", "p50"], ["p90", "p90"], ["p99", "p99"], ["p99.9", "p999"], [t("col.max"), "max"]].map(([h, k]) => ({ head: h, number: true, cell: (l) => latency(l[k]) })),
    ], rows, { id: "latency-table", limit: 10 }),
    r.senders?.length ? el("details", {}, el("summary", {}, t("senders.title")), table(t("senders.table"), [
      { head: t("senders.rank"), number: true, cell: (s) => String(s.rank) }, { head: t("senders.host"), cell: (s) => s.host },
      { head: t("col.scans"), number: true, cell: (s) => count(s.scans) }, { head: t("col.checks"), number: true, cell: (s) => count(s.checks) },
      { head: t("col.requests"), number: true, cell: (s) => count(s.attempts) }, { head: t("senders.late"), number: true, cell: (s) => count(s.late) },
      { head: t("senders.offset"), number: true, cell: (s) => (s.rank ? `${decimal(s.clock_offset_us, 1)} ± ${decimal(s.clock_uncertainty_us, 1)}` : "–") },
      { head: t("senders.drift"), number: true, cell: (s) => (s.rank ? decimal(s.clock_drift_us, 1) : "–") }], r.senders, { id: "sender-table", limit: 40 })) : null,
    el("details", {}, el("summary", {}, t("replies.title")), table(t("replies.table"), [
      { head: t("replies.request"), cell: (q) => capital(named("request", q.kind)) }, { head: t("replies.fate"), cell: (q) => named("fate", q.fate) }, { head: "HTTP", number: true, cell: (q) => (q.status ? String(q.status) : "–") }, { head: t("col.requests"), number: true, cell: (q) => count(q.requests) }], r.requests, { limit: 40 }))));
}

const findingName = (kind) => named("finding.name", kind);
const findingMeans = (kind) => named("finding.means", kind);
// The run keeps its own sentences, with their counts, in English. Other languages have one of their kind: the story
// beside it, with its marked lines, says the rest.
const detail = (e) => (language() === "en" ? e.detail : findingMeans(e.kind));
const because = (d) => (language() === "en" ? d.why : named("diagnosis", d.bug));

/** A story as the store wrote it: an instant and what happened a line, the lines in question marked. */
function toldStory(text, calendar) {
  return el("ol", {}, text.split("\n").filter(Boolean).map((line) => {
    const marked = line.startsWith(">");
    const clean = line.replace(/^>\s*/, "").trim();
    const cut = clean.match(/^(\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?)\s+(\S+)(.*)$/);
    const words = cut ? `${named("scan", cut[2])}${cut[3]}` : clean;
    return el("li", {}, el("time", {}, cut ? calendar.stamp(cut[1]) : ""), el("span", { class: marked ? "missing" : null }, (marked ? "▸ " : "") + words.replace(/_/g, " ")));
  }));
}

export function findingSection(f, calendar) {
  const r = f.replay;
  if (!r) return null;
  const rows = r.findings.filter((x) => x.count > 0);
  const defects = rows.filter((x) => x.defect);
  const zero = r.findings.filter((x) => x.defect && x.count === 0).map((x) => findingName(x.kind).toLowerCase());
  const shown = f.data.shown.find((s) => s.view === "shown");
  const reported = f.definition("reported");
  const hidden = shown ? shown.hidden_kept + shown.hidden_broken : 0;
  // A parcel may have several defects: its story is told once, with the lines in question marked by any of them.
  const parcels = new Map();
  for (const e of r.examples) {
    const one = parcels.get(e.parcel) ?? parcels.set(e.parcel, { ...e, found: [] }).get(e.parcel);
    one.found.push(e);
    if (!/^>/m.test(one.truth + one.shown)) Object.assign(one, { truth: e.truth, shown: e.shown });
  }
  const stories = [...parcels.values()];
  const tell = (one) => el("div", { class: "example" },
    el("p", {}, t("parcel.number"), " ", el("code", {}, one.parcel), one.faults ? ` ${t("findings.injected", { what: one.faults.split(" ").map((x) => named("fault", x)).join(", ") })}` : null),
    el("ul", { class: "defects" }, one.found.map((e) => el("li", {}, el("span", { class: "tag" }, findingName(e.kind)), detail(e)))),
    el("div", { class: "story" }, el("div", {}, el("h4", {}, t("story.happened")), toldStory(one.truth, calendar)),
      el("div", {}, el("h4", {}, t("story.shown")), one.shown.trim() ? toldStory(one.shown, calendar) : el("p", { class: "missing" }, t("story.nothing")))));
  return section("findings", t("findings.title"), t("findings.say"),
    defects.length ? null : el("p", { class: "calm good" }, [t("findings.none"), zero.length ? t("findings.looked_for", { list: zero.join(", ") }) : ""].filter(Boolean).join(" ")),
    rows.length ? el("div", { class: "card gap" }, table(t("findings.table"), [
      { head: t("findings.finding"), cell: (x) => findingName(x.kind) }, { head: t("findings.meaning"), cell: (x) => findingMeans(x.kind) },
      { head: t("findings.counts"), cell: (x) => t(x.defect ? "findings.defect" : "findings.remark") }, { head: t("findings.how_many"), number: true, cell: (x) => t(`n.${x.subject}s`, { n: x.count }) }], rows, { id: "finding-table", stack: true })) : null,
    r.older ? el("p", { class: "note gap", id: "older" }, r.older) : null,
    r.diagnosis.length ? el("div", { class: "card gap", id: "diagnosis" }, el("h3", {}, t("findings.looks_like")),
      el("ul", {}, r.diagnosis.map((d) => el("li", {}, el("strong", {}, d.bug), `: ${because(d)}.`)))) : null,
    r.oracles.length ? el("div", { class: "card gap" }, table(t("oracles.table"), [
      { head: t("oracles.oracle"), cell: (x) => named("oracle", x.oracle) }, { head: t("oracles.proves"), cell: (x) => named("oracle.proves", x.oracle) },
      { head: t("oracles.judged"), number: true, cell: (x) => `${count(x.judged)} ${named("oracle.judges", x.oracle)}` },
      { head: t("findings.table"), number: true, cell: (x) => count(x.findings) }], r.oracles, { id: "oracle-table", stack: true })) : null,
    r.stored_messages != null ? el("p", { class: "note gap", id: "stored" }, [t("stored.has", { n: Number(r.stored_messages) }), Number(r.stored_again) ? t("stored.again", { n: Number(r.stored_again) }) : "", Number(r.stored_foreign) ? t("stored.foreign", { n: Number(r.stored_foreign) }) : ""].filter(Boolean).join(" ")) : null,
    r.injected.length ? el("details", {}, el("summary", {}, t("injected.title", { n: r.injected.reduce((sum, x) => sum + x.count, 0) })), table(t("injected.table"), [
      { head: t("injected.fault"), cell: (x) => named("fault", x.kind) }, { head: t("injected.how_often"), number: true, cell: (x) => count(x.count) },
      { head: t("col.parcels"), number: true, cell: (x) => count(x.parcels) }], r.injected, { limit: 20 })) : null,
    r.visibility.length ? el("details", {}, el("summary", {}, t("visibility.title")), table(t("visibility.table"), [
      { head: t("visibility.met"), cell: (x) => named("fault", x.fault) }, { head: t("col.scans"), number: true, cell: (x) => count(x.scans) },
      { head: "p50 ms", number: true, cell: (x) => decimal(x.p50, 1) }, { head: "p99 ms", number: true, cell: (x) => decimal(x.p99, 1) },
      { head: t("visibility.gap"), number: true, cell: (x) => decimal(x.gap, 1) }], r.visibility, { limit: 20 })) : null,
    r.eta.length ? el("details", {}, el("summary", {}, t("eta.title")), table(t("eta.table"), [
      { head: t("eta.date"), cell: (x) => named("eta.kind", x.date) }, { head: t("eta.to_go"), number: true, cell: (x) => (x.days_to_go >= 10 ? t("eta.ten") : String(x.days_to_go)) },
      { head: t("col.checks"), number: true, cell: (x) => count(x.checks) }, { head: t("eta.early"), number: true, cell: (x) => percent(x.early / x.checks) },
      { head: t("eta.right"), number: true, cell: (x) => percent(x.exact / x.checks) }, { head: t("eta.error"), number: true, cell: (x) => decimal(x.mean_abs, 2) }], r.eta, { limit: 24 })) : null,
    r.outages.length ? el("details", {}, el("summary", {}, t("outages.title", { n: r.outages.length })), table(t("outages.table"), [
      { head: t("outages.from"), number: true, cell: (x) => String(x.from) }, { head: t("outages.to"), number: true, cell: (x) => String(x.to) },
      { head: t("outages.caught_up"), number: true, cell: (x) => (x.caught_up === null ? t("outages.never") : String(x.caught_up)) },
      { head: t("outages.backlog"), number: true, cell: (x) => count(x.backlog) }], r.outages, { limit: 20 })) : null,
    shown ? el("p", { class: "note gap" }, hidden ? [t("shown.hidden", { kept: shown.hidden_kept, broken: shown.hidden_broken }), reported && reported.broken === shown.broken && !defects.length ? t("shown.carriers") : ""].filter(Boolean).join(" ") : t("shown.same")) : null,
    stories.length ? el("div", { class: "card gap" }, el("h3", {}, t("findings.examples")), stories.slice(0, 3).map(tell),
      stories.length > 3 ? el("details", {}, el("summary", {}, t("findings.more", { n: stories.length - 3 })), stories.slice(3).map(tell)) : null) : null);
}

// Shoppers ----------------------------------------------------------------------------------------------------------

export function shopperSection(f, calendar) {
  const { acts, days } = f.data.shopper;
  const of = new Map(acts.map((a) => [a.act, a.count]));
  if (!acts.length) return null;
  const tracked = Number(f.run.tracked ?? 0);
  const checks = of.get("check") ?? 0, contacts = of.get("contact") ?? 0;
  const review = f.data.measures.review_score?.value;
  const notices = [...of].filter(([a]) => a.startsWith("notice_"));
  const rows = days.map((d) => ({ ...d, date: calendar.date(d.day) }));
  const busiest = rows.reduce((a, b) => (b.checks > a.checks ? b : a), rows[0]);
  const chart = rows.length > 2 ? figure({
    title: t("shoppers.chart"), note: t("shoppers.chart.note"), legend: swatches([[t("shoppers.looks"), "var(--l0)"], [t("shoppers.contacts_most", { n: Math.max(...rows.map((r) => r.contacts)) }), "var(--broken)"]]),
    label: t("shoppers.chart.label", { n: busiest.checks, day: calendar.day(busiest.day) }),
    draw(width) {
      const most = Math.max(1, ...rows.map((r) => r.checks)), contact = Math.max(1, ...rows.map((r) => r.contacts));
      return Plot.plot({
        ...base(width, 230, { marginTop: 14, marginBottom: 28, marginLeft: 46, marginRight: 22 }),
        x: dayAxis(calendar, rows[0].day, rows.at(-1).day, width), y: { label: null, grid: true, ticks: 4, tickFormat: short },
        marks: [
          Plot.areaY(rows, { x: "date", y: "checks", fill: "var(--l0)", fillOpacity: 0.45, curve: "monotone-x" }),
          Plot.lineY(rows, { x: "date", y: (r) => (r.contacts / contact) * most, stroke: "var(--broken)", strokeWidth: 2, curve: "monotone-x" }),
          Plot.tip(rows, Plot.pointerX({ x: "date", y: "checks", title: (r) => `${calendar.weekday(r.day)}\n${t("shoppers.tip.looks", { n: r.checks })}\n${t("shoppers.tip.contacts", { n: r.contacts })}` })),
        ],
      });
    },
  }) : null;
  return section("shoppers", t("shoppers.title"), null,
    el("div", { class: "grid" },
      card(t("shoppers.card.looks"), short(checks), tracked ? t("shoppers.card.looks.note", { each: decimal(checks / tracked, 1) }) : t("shoppers.in_all")),
      card(t("shoppers.card.contacts"), short(contacts), tracked ? t("shoppers.card.contacts.note", { share: percent(contacts / tracked), n: tracked }) : t("shoppers.in_all")),
      card(t("shoppers.card.notices"), short(notices.reduce((s, [, n]) => s + n, 0)), notices.map(([a, n]) => `${named("act", a)} ${short(n)}`).join(", ") || t("shoppers.no_notices")),
      review != null ? card(t("shoppers.card.review"), t("shoppers.of_five", { score: decimal(review, 2) }), t("shoppers.card.review.note")) : null),
    chart ? el("div", { class: "gap" }, chart) : null);
}
