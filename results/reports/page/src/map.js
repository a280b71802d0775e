// The network on a map: what waits where, hour by hour, and the weather above it.
import { geoAlbersUsa, geoAzimuthalEqualArea, geoCentroid, geoCircle, geoPath, geoGraticule10 } from "d3-geo";
import { el, svg } from "./dom.js";
import { responsive } from "./charts.js";
import { borders, coast, isUnitedStates, regionName, states, union } from "./states.js";
import { capital, count, short } from "./format.js";
import { named, t } from "./i18n.js";

const kmPerDegree = 111.195;
/** Ways of loading the network; they have no place on the map. */
const demandKinds = new Set(["surge", "staffing"]);
const words = (name) => name.replace(/[-_]/g, " ");
export const placeKind = (kind) => named("place", kind);

/**
 * How unusual a backlog is: against the median of the same hour of the week at the same place (of the day, in a run
 * of less than three weeks). A network fills and empties in a weekly rhythm that is no news.
 */
const levels = [
  { from: 0, name: "usual", colour: "var(--l0)" },
  { from: 1.5, name: "over_1_5", colour: "var(--l1)" },
  { from: 3, name: "over_3", colour: "var(--l2)" },
];

function median(values) {
  if (!values.length) return 0;
  values.sort((a, b) => a - b);
  return values[values.length >> 1];
}

function usualByHour(values, period) {
  const usual = [];
  for (let h = 0; h < period; ++h) {
    const same = [];
    for (let t = h; t < values.length; t += period) same.push(values[t]);
    usual.push(median(same));
  }
  return usual;
}

export function projectionFor(us, places, disruptions, width) {
  const points = { type: "MultiPoint", coordinates: places.map((p) => [p.lon, p.lat]) };
  if (us) {
    const height = Math.round(width * 0.62);
    const projection = geoAlbersUsa().fitExtent([[4, 4], [width - 4, height - 4]], { type: "FeatureCollection", features: states.filter((s) => s.id !== "PR") });
    return { projection, height };
  }
  const height = Math.round(Math.min(width * 0.75, Math.max(width * 0.5, 320)));
  const pad = Math.min(56, width * 0.14);
  // Centred on the places, so that their surroundings keep their shape wherever they are.
  const [lon, lat] = places.length ? geoCentroid(points) : [0, 0];
  const projection = geoAzimuthalEqualArea().rotate([-lon, -lat]).fitExtent([[pad, 36], [width - pad, height - 36]], points);
  if (!Number.isFinite(projection.scale()) || projection.scale() > 60_000) projection.scale(width * 6).translate([width / 2, height / 2]);
  return { projection, height };
}

/** The map with its slider. Returns the section's content. */
export function networkMap(data, calendar, colourOf) {
  const { load, disruptions } = data;
  const series = load.series;
  const places = series.map((s) => data.places[s.place]);
  const us = isUnitedStates(data.regions ?? [], data.places);
  const steps = load.steps;
  const perDay = Math.max(1, Math.round(86_400_000 / load.step_ms));
  const period = steps >= 21 * perDay ? 7 * perDay : perDay;
  const usual = series.map((s) => usualByHour(s.values, period));
  const peak = Math.max(1, ...series.map((s) => s.values.reduce((a, b) => (b > a ? b : a), 0)));
  const total = new Array(steps).fill(0);
  for (const s of series) for (let t = 0; t < steps; ++t) total[t] += s.values[t];
  const instant = (t) => load.from_ms + t * load.step_ms;

  // Parcels followed from one place to the next, a day: [from, to, values], by the days since flows.from_ms.
  const flows = data.flows?.lanes?.length && data.flows.steps ? data.flows : null;
  const flowMost = flows ? Math.max(1, ...flows.lanes.map((l) => Math.max(...l.values))) : 1;
  const flowStep = (ms) => Math.min(flows.steps - 1, Math.max(0, Math.floor((ms - flows.from_ms) / flows.step_ms)));

  // Start where the story is: at the hour when most waits that usually would not.
  const excess = total.map((_, t) => series.reduce((sum, s, i) => sum + Math.max(0, s.values[t] - usual[i][t % period]), 0));
  let now = Math.max(0, excess.indexOf(Math.max(...excess)));
  let carrier = "";
  let pinned = null;
  let view = null;

  const clock = el("output", { class: "clock", id: "clock", for: "time" });
  const summary = el("p", { class: "mapsum", id: "mapsum" });
  const tip = el("div", { class: "tip", role: "status", hidden: true });
  const canvas = el("div", { class: "map" });
  const ribbon = el("div", { class: "ribbon", "aria-hidden": "true" });
  const slider = el("input", { type: "range", id: "time", min: 0, max: steps - 1, step: 1, value: now, "aria-label": t("map.time") });
  const play = el("button", { type: "button", id: "play", class: "play", "aria-label": t("map.play") }, "▶");
  const top = el("ol", { class: "top", id: "top" });
  const topFlows = el("ol", { class: "top", id: "top-flows" });
  const withFlows = el("input", { type: "checkbox", id: "flows", checked: true });
  const pick = el("select", { id: "carrier", "aria-label": t("map.carrier") },
    el("option", { value: "" }, t("map.all_carriers")), data.carriers.map((c) => el("option", { value: c }, c)));

  const shown = (i) => !carrier || places[i].carrier === carrier;
  const level = (i, t) => {
    const value = series[i].values[t];
    // A handful of parcels is never news, however unusual.
    const floor = Math.max(usual[i][t % period], peak * 0.004, 1);
    let k = 0;
    levels.forEach((l, j) => { if (value > l.from * floor) k = j; });
    return k;
  };

  function draw(width) {
    const { projection, height } = projectionFor(us, places, disruptions, width);
    const path = geoPath(projection);
    const radius = (v) => Math.sqrt(v / peak) * Math.max(series.length > 100 ? 10 : 13, width * (series.length > 100 ? 0.024 : 0.034));
    const at = places.map((p) => projection([p.lon, p.lat]));
    const root = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-labelledby": "clock mapsum" });
    root.append(svg("defs", {}, svg("pattern", { id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      svg("rect", { width: 6, height: 6, class: "hatch-ground" }), svg("line", { x1: 0, y1: 0, x2: 0, y2: 6, class: "hatch-line" }))));
    if (us) {
      root.append(svg("g", { class: "land" }, states.map((s) => svg("path", { d: path(s) }))));
      root.append(svg("path", { class: "borders", d: path(borders) }), svg("path", { class: "coast", d: path(coast) }));
    } else {
      root.append(svg("rect", { class: "plainland", width, height, rx: 8 }), svg("path", { class: "borders", d: path(geoGraticule10()) }));
    }
    const indexOf = new Map(series.map((s, i) => [s.place, i]));
    // Hundreds of lanes are a texture, not lines to follow.
    const faint = Math.max(0.05, Math.min(1, 150 / Math.max(1, (data.lanes ?? []).length)));
    root.append(svg("g", { class: "lanes", opacity: faint.toFixed(2) }, (data.lanes ?? []).map(([a, b, mode]) => {
      const i = indexOf.get(a), j = indexOf.get(b);
      if (i == null || j == null || !at[i] || !at[j]) return null;
      return svg("path", { class: mode, d: `M${at[i]}L${at[j]}` });
    })));
    // A lane bends to its right, so that both directions can be told apart.
    const streams = flows ? flows.lanes.map((lane) => {
      const i = indexOf.get(lane.from), j = indexOf.get(lane.to);
      if (i == null || j == null || !at[i] || !at[j]) return null;
      const [x0, y0] = at[i], [x1, y1] = at[j];
      const path = svg("path", { class: "flow", d: `M${x0},${y0}Q${(x0 + x1) / 2 - (y1 - y0) * 0.16},${(y0 + y1) / 2 + (x1 - x0) * 0.16} ${x1},${y1}` });
      path.lane = lane;
      path.ends = [i, j];
      return path;
    }).filter(Boolean) : [];
    root.append(svg("g", { class: "flows" }, streams));
    const weather = disruptions.map((d) => {
      // What holds everywhere has no shape.
      const shapes = [];
      if (d.radius_km > 0) shapes.push(path(geoCircle().center([d.lon, d.lat]).radius(d.radius_km / kmPerDegree)()));
      if (us && d.regions.length && d.regions.length < 40) shapes.push(path(union(d.regions)));
      const spots = d.places.length && d.places.length <= 12 && !shapes.length ? d.places.map((p) => indexOf.get(p)).filter((i) => i != null && at[i]) : [];
      return svg("g", { class: `weather ${d.kind}` }, shapes.filter(Boolean).map((s) => svg("path", { d: s })),
        spots.map((i) => svg("circle", { cx: at[i][0], cy: at[i][1], r: 16 })));
    });
    root.append(svg("g", {}, weather));
    const order = series.map((_, i) => i).filter((i) => at[i]);
    const circles = new Map(order.map((i) => [i, svg("circle", { class: "place", cx: at[i][0], cy: at[i][1], r: 0, "data-place": places[i].name })]));
    root.append(svg("g", { class: "places" }, [...circles.values()]));
    const labels = svg("g", { class: "labels" });
    root.append(labels);
    canvas.replaceChildren(root, tip);

    const nearest = (event) => {
      const box = root.getBoundingClientRect();
      const x = event.clientX - box.left, y = event.clientY - box.top;
      let best = null, least = 22 * 22;
      for (const i of order) {
        if (!shown(i)) continue;
        const d = Math.max(0, Math.hypot(at[i][0] - x, at[i][1] - y) - radius(series[i].values[now]) * 0.6) ** 2;
        if (d < least) { least = d; best = i; }
      }
      return best;
    };
    root.addEventListener("pointermove", (e) => { if (e.pointerType === "mouse" && pinned == null) point(nearest(e)); });
    root.addEventListener("pointerleave", () => { if (pinned == null) point(null); });
    root.addEventListener("click", (e) => { pinned = nearest(e); point(pinned); });

    function point(i) {
      tip.hidden = i == null;
      if (i == null) return;
      const p = places[i], value = series[i].values[now], normal = usual[i][now % period];
      tip.replaceChildren(el("strong", {}, p.name), el("span", {}, `${p.carrier} ${placeKind(p.kind)}${p.region ? `, ${regionName(p.region)}` : ""}`),
        el("span", {}, t("map.waiting", { n: value })), el("span", {}, t("map.usual", { n: normal })));
      tip.style.left = `${Math.min(Math.max(at[i][0], 90), width - 90)}px`;
      tip.style.top = `${at[i][1]}px`;
      tip.classList.toggle("below", at[i][1] < 110);
    }

    view = {
      update() {
        const ms = instant(now);
        disruptions.forEach((d, k) => weather[k].classList.toggle("on", ms >= d.from_ms && ms < d.to_ms));
        for (const stream of streams) {
          const width = Math.sqrt(stream.lane.values[flowStep(ms)] / flowMost) * 7;
          const seen = withFlows.checked && width > 0.2 && stream.ends.some(shown);
          stream.style.display = seen ? "" : "none";
          if (seen) stream.setAttribute("stroke-width", width.toFixed(2));
        }
        // Large ones first, so that small ones lie on top and can be pointed at.
        const visible = order.filter((i) => shown(i)).sort((a, b) => series[b].values[now] - series[a].values[now]);
        const group = circles.get(order[0])?.parentNode;
        for (const i of order) circles.get(i).style.display = shown(i) ? "" : "none";
        for (const i of visible) {
          const c = circles.get(i);
          c.setAttribute("r", Math.max(1.6, radius(series[i].values[now])).toFixed(1));
          c.style.setProperty("--fill", levels[level(i, now)].colour);
          group.append(c);
        }
        const named = [];
        const taken = [];
        // Names go to where most waits beyond what usually does.
        const beyond = (i) => series[i].values[now] - usual[i][now % period];
        for (const i of [...visible].sort((a, b) => beyond(b) - beyond(a) || series[b].values[now] - series[a].values[now])) {
          if (named.length >= (width < 500 ? 3 : 6) || (series[i].values[now] < peak * 0.02 && us)) break;
          if (series[i].values[now] === 0 && series.length > 20) continue;
          const r = radius(series[i].values[now]), length = places[i].name.length * 7.2;
          const left = at[i][0] + r + 4 + length > width - 2;
          const x = left ? at[i][0] - r - 4 - length : at[i][0] + r + 4, y = at[i][1];
          if (x < 0 || taken.some((b) => x < b.x + b.length && b.x < x + length && Math.abs(b.y - y) < 16)) continue;
          taken.push({ x, y, length });
          named.push({ i, x: left ? x + length : x, left });
        }
        labels.replaceChildren(...named.map(({ i, x, left }) =>
          svg("text", { x, y: at[i][1] + 4, "text-anchor": left ? "end" : "start" }, places[i].name)));
        if (pinned != null) point(pinned);
      },
    };
    view.update();
  }

  /** Those that `which` picks, where they touch or overlap as one: a storm has parts, a surge one per carrier. */
  function together(all, which, text) {
    const merged = [];
    for (const d of all.filter(which).sort((a, b) => a.from_ms - b.from_ms)) {
      const last = merged.at(-1);
      if (last && d.kind === last.kind && d.from_ms <= last.to_ms) {
        last.to_ms = Math.max(last.to_ms, d.to_ms);
        last.names.push(words(d.name));
      } else merged.push({ ...d, names: [words(d.name)] });
    }
    return merged.map((m) => ({ ...m, name: m.names.length === 1 ? m.names[0] : text(m.names) }));
  }

  /** Total backlog and the disruptions, under the same scale as the slider. */
  let head = null;
  let scaleX = () => 0;
  function drawRibbon(width) {
    const inset = 9; // Half of the slider's thumb: its centre travels from here to width - here.
    const seen = disruptions.filter((d) => d.to_ms > instant(0) && d.from_ms < instant(steps - 1));
    // On a phone a storm's parts are one bar, too.
    const rows = (width < 500 ? together(seen, (d) => !demandKinds.has(d.kind), (n) => t("map.and_more", { name: n[0], n: n.length - 1 }))
      : seen.filter((d) => !demandKinds.has(d.kind)).map((d) => ({ ...d, name: words(d.name) })))
      .concat(together(seen, (d) => demandKinds.has(d.kind), (n) => t("map.surges", { n: n.length })));
    const lanes = [];
    scaleX = (t) => inset + (t / Math.max(1, steps - 1)) * (width - 2 * inset);
    const ofMs = (ms) => scaleX(Math.min(steps - 1, Math.max(0, (ms - load.from_ms) / load.step_ms)));
    // On a phone a name stands under its bar, elsewhere beside it.
    const narrow = width < 500;
    const rowHeight = narrow ? 28 : 15, chart = 64;
    const marks = rows.sort((a, b) => a.from_ms - b.from_ms).map((d) => {
      const x0 = ofMs(d.from_ms), x1 = Math.max(x0 + 3, ofMs(d.to_ms));
      const text = d.name.length * 6.1 + 8;
      const flip = !narrow && x1 + text > width;
      const at = narrow ? Math.max(0, Math.min(x0, width - text)) : flip ? x0 - 4 : x1 + 4;
      const from = narrow ? Math.min(at, x0) : flip ? x0 - text : x0, to = narrow ? Math.max(at + text, x1) : flip ? x1 : x1 + text;
      let row = lanes.findIndex((end) => end <= from);
      if (row < 0) row = lanes.push(0) - 1;
      lanes[row] = to;
      return { d, x0, x1, row, flip, at };
    });
    const mostRows = narrow ? 8 : 10;
    const shownMarks = marks.filter((m) => m.row < mostRows);
    const height = chart + 22 + Math.min(mostRows, lanes.length) * rowHeight;
    const most = Math.max(1, ...total);
    const y = (v) => chart - (v / most) * (chart - 14);
    const root = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}` });
    for (const m of shownMarks.filter((x) => !demandKinds.has(x.d.kind))) root.append(svg("rect", { class: `band ${m.d.kind}`, x: m.x0, width: m.x1 - m.x0, y: 0, height: chart }));
    root.append(svg("path", { class: "total", d: `M${scaleX(0)},${chart}` + total.map((v, t) => `L${scaleX(t).toFixed(1)},${y(v).toFixed(1)}`).join("") + `L${scaleX(steps - 1)},${chart}Z` }));
    // A tick a week, on Mondays.
    const everyDay = steps / perDay;
    for (let day = Math.ceil(instant(0) / 86_400_000); day < everyDay + instant(0) / 86_400_000; ++day) {
      const weekday = calendar.date(day).getUTCDay();
      if (everyDay > 12 ? weekday !== 1 : false) continue;
      const x = ofMs(day * 86_400_000);
      if (x > width - 30) continue;
      if (width < 500 && everyDay > 12 && Math.round(day / 7) % 2) continue;
      if (everyDay <= 12 && width < 500 && day % 2) continue;
      root.append(svg("line", { class: "tick", x1: x, x2: x, y1: chart, y2: chart + 4 }), svg("text", { class: "ticktext", x: x, y: chart + 15 }, calendar.day(day)));
    }
    root.append(svg("text", { class: "ticktext", x: scaleX(0), y: 10 }, t("map.ribbon", { most: short(most) })));
    for (const m of shownMarks) {
      const top = chart + 20 + m.row * rowHeight;
      root.append(svg("rect", { class: `event ${m.d.kind}`, x: m.x0, width: m.x1 - m.x0, y: top, height: 9, rx: 2 }),
        svg("text", { class: "eventtext", x: m.at, y: top + (narrow ? 21 : 8.5), "text-anchor": m.flip ? "end" : "start" }, m.d.name));
    }
    head = svg("line", { class: "head", y1: 0, y2: chart });
    root.append(head);
    ribbon.replaceChildren(root);
    moveHead();
  }
  function moveHead() {
    if (!head) return;
    const x = scaleX(now);
    head.setAttribute("x1", x);
    head.setAttribute("x2", x);
  }

  function update() {
    const ms = instant(now);
    clock.textContent = calendar.clock(ms);
    slider.setAttribute("aria-valuetext", clock.textContent);
    const inForce = disruptions.filter((d) => ms >= d.from_ms && ms < d.to_ms);
    const more = inForce.filter((d) => demandKinds.has(d.kind)).length;
    const active = inForce.filter((d) => !demandKinds.has(d.kind)).map((d) => words(d.name));
    if (more) active.push(t("map.surges", { n: more }));
    const waiting = series.reduce((sum, s, i) => sum + (shown(i) ? s.values[now] : 0), 0);
    summary.textContent = `${carrier ? t("map.summary_at", { n: waiting, carrier }) : t("map.summary", { n: waiting })} ${active.length ? t("map.in_force", { list: active.join("; ") }) : t("map.calm")}`;
    const worst = series.map((_, i) => i).filter((i) => shown(i) && series[i].values[now] > 0)
      .sort((a, b) => series[b].values[now] - series[a].values[now]).slice(0, 5);
    top.replaceChildren(...worst.map((i) => el("li", {},
      el("span", { class: "swatch", style: { "--fill": levels[level(i, now)].colour } }),
      el("span", { class: "grow" }, places[i].name), el("span", { class: "num" }, count(series[i].values[now])))));
    if (!worst.length) top.append(el("li", {}, t("map.nothing")));
    if (flows) {
      const of = (lane) => lane.values[flowStep(ms)];
      const carried = (lane) => [lane.from, lane.to].some((p) => !carrier || data.places[p].carrier === carrier);
      const busiest = flows.lanes.filter((l) => carried(l) && of(l) > 0).sort((a, b) => of(b) - of(a)).slice(0, 4);
      topFlows.replaceChildren(...busiest.map((l) => el("li", {}, el("span", { class: "grow" }, t("map.lane", { from: data.places[l.from].name, to: data.places[l.to].name })), el("span", { class: "num" }, count(of(l))))));
      if (!busiest.length) topFlows.append(el("li", {}, t("map.still")));
    }
    moveHead();
    view?.update();
  }

  let timer = null;
  const stop = () => {
    if (timer != null) cancelAnimationFrame(timer);
    timer = null;
    play.textContent = "▶";
    play.setAttribute("aria-label", t("map.play"));
  };
  function start() {
    if (now >= steps - 1) now = 0;
    play.textContent = "❚❚";
    play.setAttribute("aria-label", t("map.pause"));
    const perSecond = Math.max(4, steps / 40);
    let last = null, owed = 0;
    const tick = (time) => {
      owed += last == null ? 0 : ((time - last) / 1000) * perSecond;
      last = time;
      if (owed >= 1) {
        now = Math.min(steps - 1, now + Math.floor(owed));
        owed -= Math.floor(owed);
        slider.value = now;
        update();
      }
      if (now >= steps - 1) stop();
      else timer = requestAnimationFrame(tick);
    };
    timer = requestAnimationFrame(tick);
  }
  play.addEventListener("click", () => (timer == null ? start() : stop()));
  slider.addEventListener("input", () => { stop(); now = Number(slider.value); update(); });
  withFlows.addEventListener("change", update);
  pick.addEventListener("change", () => { carrier = pick.value; pinned = null; tip.hidden = true; update(); });

  responsive(canvas, draw);
  responsive(ribbon, drawRibbon);
  update();

  const kinds = [...new Set(disruptions.map((d) => d.kind))].filter((k) => !demandKinds.has(k));
  const legend = el("ul", { class: "legend" },
    levels.map((l) => el("li", {}, el("span", { class: "swatch", style: { "--fill": l.colour } }), t(`map.level.${l.name}`))),
    el("li", {}, el("span", { class: "swatch ring" }), t("map.area", { most: short(peak) })),
    kinds.length ? el("li", {}, el("span", { class: "swatch hatched" }), t("map.kinds", { list: capital(kinds.map((k) => named("disruption", k)).join(", ")) })) : null,
    flows ? el("li", {}, el("span", { class: "swatch stroke" }), t("map.flow_legend", { most: short(flowMost) })) : null);

  return el("div", { class: "network" },
    el("div", { class: "mapmain" },
      el("div", { class: "mapbar" }, clock, el("span", { class: "mapset" }, flows ? el("label", { class: "check" }, withFlows, t("map.flows")) : null, data.carriers.length > 1 ? pick : null)),
      canvas, legend,
      el("div", { class: "player" }, play, el("div", { class: "track" }, slider, ribbon))),
    el("aside", { class: "mapside", "aria-label": t("map.aside") }, summary, el("h3", {}, t("map.fullest")), top,
      flows ? [el("h3", {}, t("map.busiest")), topFlows] : null,
      el("p", { class: "note" }, t("map.note"))));
}

/**
 * States shaded by the share of promises kept, in five classes of equally many states: { draw(width), legend }.
 * Null where the world is not the United States, or too few regions have enough promises to compare.
 */
export function keptByState(data, format) {
  if (!isUnitedStates(data.regions ?? [], data.places)) return null;
  const enough = (r) => r.kept + r.broken >= 20;
  const rate = (r) => r.kept / (r.kept + r.broken);
  const of = new Map(data.by_region.filter(enough).map((r) => [r.name, r]));
  const rates = [...of.values()].map(rate).sort((a, b) => a - b);
  if (rates.length < 10) return null;
  const cuts = [0.2, 0.4, 0.6, 0.8].map((q) => rates[Math.floor(q * rates.length)]);
  const classOf = (r) => cuts.filter((c) => rate(r) >= c).length;
  const draw = (width) => {
    const { projection, height } = projectionFor(true, [], [], width);
    const path = geoPath(projection);
    return svg("svg", { width, height, viewBox: `0 0 ${width} ${height}` },
      states.map((s) => {
        const r = of.get(s.id);
        return svg("path", { class: r ? `k${classOf(r)}` : "kx", d: path(s) },
          svg("title", {}, r ? t("map.state", { state: regionName(s.id), rate: format(rate(r)) }) : t("map.state.few", { state: regionName(s.id) })));
      }),
      svg("path", { class: "borders", d: path(borders) }));
  };
  const edges = [rates[0], ...cuts, rates[rates.length - 1]];
  const legend = el("ul", { class: "legend" },
    [0, 1, 2, 3, 4].map((k) => el("li", {}, el("span", { class: `swatch square k${k}` }), `${format(edges[k])} – ${format(edges[k + 1])}`)),
    of.size < states.length ? el("li", {}, el("span", { class: "swatch square kx" }), t("map.few")) : null);
  return { draw, legend };
}
