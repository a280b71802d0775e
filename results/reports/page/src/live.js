// Follows a run: asks for its state once a second and shows it. When nobody answers it goes on asking, so that a page
// left open comes back by itself.
import { el, languageSwitch, svg } from "./dom.js";
import { clock, count, latency, percent, short } from "./format.js";
import { has, language, named, preferred, remember, speak, t } from "./i18n.js";

const every = 1000;
const root = document.getElementById("live");
let last = null;       // State last heard.
let heard = 0;         // When.
let report = null;     // The report's address in this page's memory; it stays when the run's process is gone.
let parts = null;

/** Curves of the page: name, unit of the state's points, how a value reads, the lowest top of the scale. */
const curves = [
  ["pace", 1, (v) => `${short(v)}/s`, 1],
  ["kept", 2, (v) => percent(v), null],
  ["network", 3, (v) => short(v), 10],
  ["p99", 4, (v) => latency(v), 1],
  ["failed", 5, (v) => short(v), 5],
];

/** A curve over the run's seconds; drawn on a fixed canvas that the page scales. */
function drawCurve(points, at, reads, least) {
  const width = 460, height = 130, left = 8, right = 8, top = 22, bottom = 22;
  const rows = points.filter((p) => p[at] != null);
  if (rows.length < 2) return null;
  const first = rows[0][0], end = rows.at(-1)[0];
  const values = rows.map((p) => p[at]);
  const high = least == null ? Math.max(...values) : Math.max(least, ...values);
  const low = least == null ? Math.min(...values, high - 0.02) : 0;
  const x = (s) => left + ((s - first) / Math.max(1e-9, end - first)) * (width - left - right);
  const y = (v) => height - bottom - ((v - low) / Math.max(1e-9, high - low)) * (height - top - bottom);
  const line = rows.map((p, i) => `${i ? "L" : "M"}${x(p[0]).toFixed(1)},${y(p[at]).toFixed(1)}`).join("");
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": t("live.curve", { now: reads(values.at(-1)), most: reads(Math.max(...values)), least: reads(Math.min(...values)) }) },
    svg("path", { class: "fill", d: `${line}L${x(end).toFixed(1)},${height - bottom}L${x(first).toFixed(1)},${height - bottom}Z` }),
    svg("path", { class: "line", d: line }),
    svg("text", { x: left, y: 14, class: "ticktext" }, t("live.scale", { low: reads(low), high: reads(high) })),
    svg("text", { x: left, y: height - 6, class: "ticktext" }, clock(first)),
    svg("text", { x: width - right, y: height - 6, class: "ticktext end" }, clock(end)));
}

function build() {
  const card = (name) => {
    const value = el("p", { class: "figure-big", id: `live-${name}` }), note = el("p", { class: "note" });
    return { name, value, note, card: el("div", { class: "card", hidden: true }, el("h2", { class: "kicker" }, t(`live.card.${name}`)), value, note) };
  };
  parts = {
    eyebrow: el("span", {}), headline: el("h1", { id: "headline" }), bar: el("progress", { max: 1, value: 0, id: "bar", "aria-label": t("live.progress") }),
    pace: el("p", { class: "lead", id: "pace" }), banner: el("p", { class: "banner", role: "status", id: "banner", hidden: true }),
    command: el("code", {}), cards: ["promises", "network", "endpoint", "failed", "findings"].map(card),
    charts: curves.map(([name]) => ({ name, host: el("div", { class: "plot" }), figure: null })),
    phases: el("tbody", {}), findings: el("ul", { class: "live-findings", id: "live-findings" }), found: null,
  };
  for (const c of parts.charts) c.figure = el("figure", { class: "chart", hidden: true, id: `curve-${c.name}` }, el("figcaption", {}, el("h2", {}, t(`live.curve.${c.name}`))), c.host);
  parts.found = el("section", { class: "card gap", "aria-labelledby": "found-h", hidden: true }, el("h2", { id: "found-h" }, t("live.latest")), parts.findings);
  root.replaceChildren(el("main", { class: "wrap live", id: "main" },
    el("header", { class: "top-band" },
      el("p", { class: "eyebrow" }, el("b", {}, "Peakstorm"), parts.eyebrow, languageSwitch(change)),
      parts.headline, parts.bar, parts.pace, parts.banner),
    el("div", { class: "grid gap" }, parts.cards.map((c) => c.card)),
    el("div", { class: "two" }, parts.charts.map((c) => c.figure)),
    parts.found,
    el("section", { class: "card gap", "aria-labelledby": "phases-h" }, el("h2", { id: "phases-h" }, t("live.phases")),
      el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("live.phases") },
        el("table", {}, el("thead", {}, el("tr", {}, ["phase", "done", "amount", "time"].map((h) => el("th", { scope: "col", class: h === "phase" ? null : "num" }, t(`live.head.${h}`))))), parts.phases))),
    el("p", { class: "note gap" }, t("live.command"), " ", parts.command)));
}

const phaseName = (phase) => named("live.phase", phase.name);
const amount = (phase) => `${count(phase.count)} ${has(`live.unit.${phase.unit}`) ? t(`live.unit.${phase.unit}`, { n: phase.count }) : phase.unit}`;

function show() {
  const s = last, p = parts;
  const phase = s.phases?.at(-1);
  const ended = s.exit_code != null;
  p.eyebrow.textContent = s.title || "";
  p.command.textContent = s.command || "";
  const fraction = phase ? phase.fraction : 0;
  p.headline.textContent = ended ? t("live.ended", { time: clock(s.elapsed_s) })
    : phase ? t("live.now", { phase: phaseName(phase), share: percent(Math.floor(fraction * 100) / 100, 0) }) : t("live.begins");
  document.title = `${ended ? t("live.title.ended") : phase ? percent(Math.floor(fraction * 100) / 100, 0) : "…"} · ${s.title || "Peakstorm"}`;
  p.bar.value = ended ? 1 : fraction;
  const left = phase && fraction >= 0.005 ? clock(phase.spent_s * (1 - fraction) / fraction) : null;
  p.pace.textContent = ended || !phase ? "" : [amount(phase), `${short(s.per_s)}/s`, left ? t("live.left", { time: left }) : t("live.elapsed", { time: clock(s.elapsed_s) })].join(" · ");

  const fill = (name, there, value, note) => {
    const card = p.cards.find((c) => c.name === name);
    card.card.hidden = !there;
    if (!there) return;
    card.value.textContent = value;
    card.note.textContent = note;
  };
  const promises = s.promises, over = promises ? promises.kept + promises.broken : 0;
  fill("promises", over > 0, over > 0 ? percent(promises.kept / over) : "", over > 0 ? t("live.note.promises", { kept: promises.kept, broken: promises.broken }) : "");
  fill("network", s.in_network != null, count(s.in_network ?? 0), s.simulated_unix_s == null ? "" : t("live.note.network", { at: new Intl.DateTimeFormat(language(), { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" }).format(s.simulated_unix_s * 1000) }));
  const e = s.endpoint;
  fill("endpoint", e?.p99_ms != null, latency(e?.p99_ms), e ? t("live.note.endpoint", { p50: latency(e.p50_ms), max: latency(e.max_ms), n: e.requests }) : "");
  fill("failed", !!e, count(e?.failed ?? 0), e ? t("live.note.failed", { late: e.late, dropped: e.dropped, flight: e.in_flight }) : "");
  fill("findings", s.defects != null, count(s.defects ?? 0), s.findings?.length ? s.findings.map((f) => `${named("finding.name", f.kind)} ${count(f.count)}`).join(", ") : t("live.note.findings"));

  for (const chart of p.charts) {
    const [, at, reads, least] = curves.find(([name]) => name === chart.name);
    const drawing = drawCurve(s.curve ?? [], at, reads, least);
    chart.figure.hidden = !drawing;
    if (drawing) chart.host.replaceChildren(drawing);
  }
  p.found.hidden = !s.latest?.length;
  p.findings.replaceChildren(...(s.latest ?? []).map((f) => el("li", {}, el("span", { class: "tag" }, named("finding.name", f.kind)), t("live.parcel"), " ", el("code", {}, f.parcel))));
  p.phases.replaceChildren(...(s.phases ?? []).map((x, i) => el("tr", {}, el("th", { scope: "row" }, phaseName(x)),
    el("td", { class: "num" }, x.over || ended || i + 1 < s.phases.length ? "✓" : percent(Math.floor(x.fraction * 100) / 100, 0)), el("td", { class: "num" }, amount(x)), el("td", { class: "num" }, clock(x.spent_s)))));
  if (ended) showEnd();
}

function showEnd() {
  const code = last.exit_code;
  parts.banner.hidden = false;
  parts.banner.className = `banner ${code === 0 ? "good" : ""}`;
  parts.banner.replaceChildren(el("strong", {}, has(`live.exit.${code}`) ? t(`live.exit.${code}`) : t("live.exit.other", { code: String(code) })), " ",
    report ? el("a", { href: report, id: "report-link" }, t("live.report")) : "", last.report ? el("span", { class: "where" }, " ", el("code", {}, last.report)) : "");
}

function change(tag) {
  remember(tag);
  speak(tag);
  build();
  if (last) show();
}

async function fetchReport() {
  const answer = await fetch("report.html", { cache: "no-store" });
  if (answer.ok) report = URL.createObjectURL(new Blob([await answer.arrayBuffer()], { type: "text/html" }));
}

async function ask() {
  try {
    const answer = await fetch("state.json", { cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    last = await answer.json();
    heard = Date.now();
    if (!parts.banner.hidden && last.exit_code == null) parts.banner.hidden = true;
    if (last.exit_code != null && last.report && !report) await fetchReport();
    show();
    document.documentElement.dataset.ready = "1";
    // The process is about to go; there is nothing more to hear.
    if (last.exit_code != null) return;
  } catch {
    parts.banner.hidden = false;
    parts.banner.className = "banner";
    parts.banner.replaceChildren(t("live.lost", { time: heard ? new Intl.DateTimeFormat(language(), { timeStyle: "medium" }).format(heard) : "–" }));
  }
  setTimeout(ask, every);
}

speak(preferred());
build();
ask();
