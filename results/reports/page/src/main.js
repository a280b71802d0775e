// Reads the data that stands in the page and draws the report.
import { Calendar } from "./format.js";
import { el } from "./dom.js";
import { facts, spell } from "./facts.js";
import * as sections from "./sections.js";
import { carrierName } from "./words.js";

function draw() {
  const data = JSON.parse(document.getElementById("data").textContent);
  spell(data, carrierName);
  const f = facts(data);
  const calendar = new Calendar(data.first_day_unix_s, data.zone);
  document.title = `${f.run.title || f.run.scenario || "Run"} · Peakstorm report`;

  const body = [
    ["map", "Map", sections.mapSection(f, calendar)],
    ["causes", "Where and why", sections.causeSection(f, calendar)],
    ["days", "Days and carriers", sections.daySection(f, calendar)],
    ["regions", "Regions", sections.regionSection(f)],
    ["definitions", "Definitions", sections.definitionList(f)],
    ["money", "Money", sections.moneySection(f)],
    ["backlog", "Backlog", sections.backlogSection(f, calendar)],
    ["endpoint", "Endpoint", sections.endpointSection(f)],
    ["findings", "What was lost", sections.findingSection(f, calendar)],
    ["shoppers", "Shoppers", sections.shopperSection(f, calendar)],
  ].filter(([, , content]) => content);

  const top = el("div", { class: "wrap" }, sections.verdict(f, calendar), sections.minute(f, calendar), sections.rules(f));
  const contents = el("nav", { class: "contents", "aria-label": "Contents" }, el("ul", { class: "wrap" },
    body.map(([id, name]) => el("li", {}, el("a", { href: `#${id}` }, name)))));
  const main = el("main", { id: "main" }, top, contents, el("div", { class: "wrap" }, body.map(([, , content]) => content)));
  document.getElementById("report").replaceChildren(main, el("div", { class: "wrap" }, sections.foot(f, calendar)));
  document.documentElement.dataset.ready = "1";
}

try {
  draw();
} catch (error) {
  document.getElementById("report").replaceChildren(el("p", { class: "plain", role: "alert" }, `This report cannot be drawn: ${error.message}`));
  throw error;
}
