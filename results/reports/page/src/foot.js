// The small print: conservation, provenance, what is not modelled.
import { capital, count, decimal } from "./format.js";
import { el, table } from "./dom.js";
import { t } from "./i18n.js";
import { notModelled } from "./words.js";

export function foot(f, calendar) {
  const { run, data } = f;
  const balance = data.balance[0] ?? { midnights: 0, unbalanced: 0 }, little = data.little[0] ?? { queues: 0, unequal: 0 };
  const fact = (name, value) => (value == null || value === "" ? null : [el("dt", {}, t(`fact.${name}`)), el("dd", {}, value)]);
  const inputs = data.inputs;
  const measured = run.measure_from_day != null && run.measure_to_day != null ? t("head.span", { from: calendar.full(Number(run.measure_from_day)), to: calendar.full(Number(run.measure_to_day) - 1) }) : null;
  const balanced = balance.unbalanced ? t("foot.unbalanced", { n: balance.unbalanced, of: balance.midnights })
    : [t("foot.balanced", { n: balance.midnights }), little.queues ? t(little.unequal ? "foot.little.some" : "foot.little", { n: little.queues, equal: little.queues - little.unequal }) : ""].filter(Boolean).join(" ");
  return el("footer", { id: "provenance" }, el("h2", {}, t("foot.title")),
    data.census.length ? el("div", {}, el("h3", {}, t("foot.conservation")),
      el("p", { class: "note" }, balanced),
      table(t("foot.conservation.table"), [{ head: t("col.carrier"), cell: (c) => c.carrier }, ...["injected", "delivered", "lost", "returned", "inside"].map((k) => ({ head: capital(t(`census.${k}`)), number: true, cell: (c) => count(c[k]) }))], data.census, { id: "conservation-table", limit: 40 })) : null,
    el("h3", {}, t("foot.provenance")),
    el("dl", { class: "facts" },
      fact("scenario", run.scenario), fact("measured", measured), fact("seed", f.replications > 1 ? t("foot.seed", { seed: run.seed ?? "–", n: f.replications }) : run.seed ?? "–"),
      fact("scale", run.scale), fact("without", f.without.join(", ")), fact("parcels", run.parcels ? t("foot.parcels", { all: Number(run.parcels), tracked: Number(run.tracked ?? 0) }) : null),
      fact("scans", run.scans ? count(Number(run.scans)) : null), fact("digest", el("code", {}, run.digest ?? "–")), fact("version", run.version ? `peakstorm ${run.version}` : null),
      fact("wall", run.wall_s ? t("foot.wall", { seconds: decimal(Number(run.wall_s), 1), n: Number(run.threads || 1) }) : null),
      fact("command", run.command_line ? el("code", {}, run.command_line) : null)),
    inputs.length ? el("details", {}, el("summary", {}, t("foot.inputs", { n: inputs.length })), table(t("foot.inputs.table"), [{ head: t("foot.file"), cell: (i) => i.name }, { head: t("foot.bytes"), number: true, cell: (i) => count(i.bytes) }, { head: "xxh128", cell: (i) => el("code", {}, i.xxh128) }], inputs, { limit: 200 })) : null,
    el("p", { class: "note" }, t("foot.same")),
    el("h3", {}, t("foot.not_modelled")), el("ul", { class: "limits" }, notModelled.map((n) => el("li", {}, t(`not_modelled.${n}`)))));
}
