// What a run says, worked out once from its data: sums by carrier, tier and day, and the worst of each.

const sum = (rows, key) => rows.reduce((s, r) => s + (r[key] ?? 0), 0);

/** Adds up kept and broken by `key(row)`; in order of first appearance. */
export function total(rows, key) {
  const groups = new Map();
  for (const row of rows) {
    const name = key(row);
    const group = groups.get(name) ?? groups.set(name, { name, kept: 0, broken: 0 }).get(name);
    group.kept += row.kept;
    group.broken += row.broken;
  }
  return [...groups.values()];
}
export const due = (r) => r.kept + r.broken;
export const rate = (r) => (due(r) > 0 ? r.kept / due(r) : null);

const most = (rows, key) => rows.reduce((best, r) => (best == null || key(r) > key(best) ? r : best), null);

/** Carriers by the names people know, everywhere in the data. */
export function spell(data, name) {
  data.carriers = data.carriers.map(name);
  for (const rows of [data.places, data.promises_by_day, data.commits_by_day, data.services, data.census, data.stories ?? []])
    for (const row of rows) row.carrier = name(row.carrier);
}

export function facts(data) {
  const run = data.run;
  const definition = (name, population = "retailer") => data.on_time.find((o) => o.definition === name && o.population === population);
  const promise = definition("promise");
  // A world without a retailer promises nothing to shoppers: then the carriers' commitments are the headline.
  const promises = !!promise && due(promise) > 0;
  const headline = promises ? promise : definition("commit", "all") ?? { kept: 0, broken: 0, rate: null };
  const daily = promises ? data.promises_by_day : data.commits_by_day;
  const services = promises ? data.services : data.services.map((s) => ({ ...s, kept: s.commits_kept, broken: s.commits_broken }));
  const regions = promises ? data.by_region : data.by_region.map((r) => ({ ...r, kept: r.commits_kept, broken: r.commits_broken }));
  const all = due(headline);

  const byCarrier = total(services, (r) => r.carrier).filter((r) => due(r) > 0);
  const byTier = total(services, (r) => r.tier).filter((r) => due(r) > 0);
  const byDay = total(daily, (r) => r.day).filter((r) => due(r) > 0);
  const enough = (r) => due(r) >= Math.max(1, all * 0.01);
  const causes = data.causes.map((c) => ({ ...c, count: promises ? c.promises : c.commits, lost: promises ? c.promise_minutes : c.minutes }))
    .filter((c) => c.count > 0).sort((a, b) => b.count - a.count);
  const sumBy = (key) => {
    const groups = new Map();
    for (const c of causes) {
      const g = groups.get(key(c)) ?? groups.set(key(c), { key: key(c), count: 0, lost: 0 }).get(key(c));
      g.count += c.count;
      g.lost += c.lost;
    }
    return [...groups.values()].sort((a, b) => b.count - a.count);
  };
  // The parcels behind a number: those of which a story is told and that answer to every name of the filter.
  const stories = data.stories ?? [];
  const answers = (story, filter) => Object.entries(filter).every(([name, value]) => story[name] === value);
  const replay = Object.keys(data.replay).length ? data.replay : null;
  return {
    run, data, definition, promises, headline, daily, services, byCarrier, byTier, byDay, causes, replay, all,
    regions: regions.filter((r) => due(r) > 0),
    // Over all replications, as the store worked it out; counts are the first replication's.
    overall: headline.rate ?? rate(headline),
    kind: promises ? "promise" : "commit",
    byCause: sumBy((c) => c.cause),
    byPlace: sumBy((c) => c.place).filter((p) => p.key != null),
    worstDay: most(byDay, (r) => r.broken),
    worstCarrier: most(byCarrier.filter(enough), (r) => 1 - rate(r)),
    worstTier: most(byTier.filter(enough), (r) => 1 - rate(r)),
    worstRegion: most(regions.filter((r) => due(r) >= Math.max(20, all * 0.002)), (r) => 1 - rate(r)),
    partial: run.partial === "1" || run.partial === "true",
    without: (run.without ?? "").split(/\s+/).filter(Boolean),
    scale: Number(run.scale ?? 1),
    replications: Math.max(1, Number(run.replications ?? 1)),
    stories,
    storiesOf: (filter) => stories.filter((s) => answers(s, filter)),
    tells: (filter) => stories.some((s) => answers(s, filter)),
    parcelsAt: (filter) => `parcels?${new URLSearchParams(Object.entries(filter).map(([k, v]) => [k, v === null ? "" : String(v)]))}`,
    sum,
  };
}
