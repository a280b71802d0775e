// Reads the data that stands in the page and draws the report, or two of them side by side.
import { Calendar } from "./format.js";
import { el } from "./dom.js";
import { facts, spell } from "./facts.js";
import { preferred, remember, speak, t } from "./i18n.js";
import { endpointSection, findingSection, shopperSection } from "./endpoint.js";
import { foot } from "./foot.js";
import { recoverySection } from "./loyalty.js";
import { pairBody } from "./pair.js";
import { parcelSection } from "./parcels.js";
import { backlogSection, causeSection, daySection, definitionList, mapSection, moneySection, regionSection } from "./promises.js";
import { validationSection } from "./validation.js";
import { minute, rules, verdict } from "./verdict.js";
import { carrierName } from "./words.js";

const data = JSON.parse(document.getElementById("data").textContent);
for (const run of data.pair ?? [data]) spell(run, carrierName);

function reportBody(run, change) {
  const f = facts(run);
  const calendar = new Calendar(run.first_day_unix_s, run.zone);
  return {
    title: t("title.report", { name: f.run.title || f.run.scenario || t("head.run") }),
    top: [verdict(f, calendar, change), minute(f, calendar), rules(f)],
    body: [
      ["map", mapSection(f, calendar)], ["causes", causeSection(f, calendar)], ["parcels", parcelSection(f, calendar)], ["days", daySection(f, calendar)],
      ["regions", regionSection(f)], ["definitions", definitionList(f)], ["money", moneySection(f)], ["recovery", recoverySection(f)], ["validation", validationSection(f, calendar)], ["backlog", backlogSection(f, calendar)],
      ["endpoint", endpointSection(f)], ["findings", findingSection(f, calendar)], ["shoppers", shopperSection(f, calendar)],
    ],
    end: foot(f, calendar),
  };
}

function draw(language) {
  speak(language);
  const change = (tag) => {
    remember(tag);
    draw(tag);
    // The button that was pressed is gone with the old page; its successor takes the focus.
    document.querySelector(`.languages [lang=${tag}]`)?.focus({ preventScroll: true });
  };
  const page = data.pair ? pairBody(data, change) : reportBody(data, change);
  document.title = page.title;
  document.querySelector(".skip").textContent = t("page.skip");
  const body = page.body.filter(([, content]) => content);
  const top = el("div", { class: "wrap" }, page.top);
  const contents = el("nav", { class: "contents", "aria-label": t("page.contents") }, el("ul", { class: "wrap" },
    body.map(([id]) => el("li", {}, el("a", { href: `#${id}` }, t(`nav.${id}`))))));
  const main = el("main", { id: "main" }, top, contents, el("div", { class: "wrap" }, body.map(([, content]) => content)));
  document.getElementById("report").replaceChildren(main, el("div", { class: "wrap" }, page.end));
  document.documentElement.dataset.ready = "1";
}

try {
  draw(preferred());
} catch (error) {
  document.getElementById("report").replaceChildren(el("p", { class: "plain", role: "alert" }, t("page.broken", { why: error.message })));
  throw error;
}
