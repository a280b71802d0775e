// The parcels behind the numbers: a sample of true stories, each next to what its shopper was shown.
import { capital, count } from "./format.js";
import { el } from "./dom.js";
import { language, named, t } from "./i18n.js";
import { section } from "./section.js";
import { regionName } from "./states.js";

const shownAtFirst = 4;

/** What the section shows at this address: "#parcels?cause=missort&due=31"; null for another address. */
function filterOf(f, hash) {
  if (!hash.startsWith("#parcels")) return null;
  const filter = {};
  for (const [name, text] of new URLSearchParams(hash.split("?")[1] ?? "")) {
    if (name === "place" || name === "due") filter[name] = text === "" ? null : Number(text);
    else if (["cause", "carrier", "region"].includes(name)) filter[name] = text;
  }
  return f.storiesOf(filter).length ? filter : {};
}

function describe(f, calendar, filter) {
  const parts = [];
  if ("due" in filter) parts.push(t("parcels.by.due", { day: calendar.weekday(filter.due) }));
  if ("carrier" in filter) parts.push(t("parcels.by.carrier", { name: filter.carrier }));
  if ("place" in filter) parts.push(filter.place == null ? t("causes.no_place") : t("parcels.by.place", { name: f.data.places[filter.place].name }));
  if ("cause" in filter) parts.push(t("parcels.by.cause", { cause: named("cause", filter.cause) }));
  if ("region" in filter) parts.push(t("parcels.by.region", { name: regionName(filter.region) }));
  return parts.join(", ");
}

function tell(f, calendar, story) {
  const place = (p) => (p == null ? "" : ` ${f.data.places[p].name}`);
  const line = (ms, what, mark) => el("li", {}, el("time", {}, calendar.stampOf(ms)), el("span", { class: mark ? "missing" : null }, what));
  const shown = story.scans.filter((s) => s[3] != null).sort((a, b) => a[3] - b[3]);
  const culprit = (s) => story.place != null && s[2] === story.place;
  return el("article", { class: "example", "data-parcel": story.parcel },
    el("h3", { class: "parcel" }, t("parcel.number"), " ", el("code", {}, story.parcel)),
    el("p", { class: "note" }, [t("parcels.told", { carrier: story.carrier, day: story.due == null ? "–" : calendar.weekday(story.due) }),
      story.delivered == null ? t("parcels.undelivered") : t("parcels.delivered", { day: calendar.weekday(story.delivered) }),
      t("parcels.cause", { cause: named("cause", story.cause), place: story.place == null ? "" : t("parcels.at", { place: f.data.places[story.place].name }) })].join(" ")),
    el("div", { class: "story" },
      el("div", {}, el("h4", {}, t("story.happened")), el("ol", {}, story.scans.map((s) => line(s[0], `${culprit(s) ? "▸ " : ""}${capital(named("scan", s[1]))}${place(s[2])}${s[3] == null ? ` (${t("story.never_told")})` : ""}`, culprit(s))))),
      el("div", {}, el("h4", {}, t("story.saw")), shown.length
        ? el("ol", {}, shown.map((s) => line(s[3], `${capital(named("scan", s[1]))}${place(s[2])}${s[3] - s[0] >= 30 * 60_000 ? ` (${t("story.later", { minutes: Math.round((s[3] - s[0]) / 60_000) })})` : ""}`, false)))
        : el("p", { class: "missing" }, t("story.nothing")))),
    story.more_scans ? el("p", { class: "note" }, t("story.cut", { n: story.scans.length })) : null,
    story.notices ? el("div", { class: "sent" }, el("h4", {}, t("story.sent")), story.notices.length
      ? el("ol", {}, story.notices.map(([ms, kind, written]) => notice(f, calendar, ms, kind, written))) : el("p", { class: "missing" }, t("story.sent.nothing"))) : null);
}

/** One notice, in the page's language where it was written in that. */
function notice(f, calendar, ms, kind, written) {
  const [subject, text] = written[Math.max(0, f.data.notice_languages.indexOf(language()))];
  return el("li", { "data-notice": kind }, el("details", {}, el("summary", {}, el("time", {}, calendar.stampOf(ms)), subject),
    text.trim().split("\n").map((line) => el("p", {}, line))));
}

export function parcelSection(f, calendar) {
  if (!f.stories.length) return null;
  const list = el("div", { class: "stories" }), status = el("p", { class: "say", role: "status", id: "parcels-status" });
  const more = el("button", { type: "button", class: "more" });
  const all = el("a", { class: "clear", href: "#parcels", hidden: true }, t("parcels.clear"));
  let found = [], shown = 0;
  const extend = (n) => {
    const fresh = found.slice(shown, shown + n).map((s) => tell(f, calendar, s));
    list.append(...fresh);
    shown += fresh.length;
    more.hidden = shown >= found.length;
    more.textContent = t("parcels.more", { n: found.length - shown });
    return fresh[0];
  };
  const show = (filter) => {
    found = f.storiesOf(filter);
    shown = 0;
    list.replaceChildren();
    const which = describe(f, calendar, filter);
    status.textContent = which ? t("parcels.filtered", { n: found.length, which }) : t("parcels.all", { n: found.length });
    all.hidden = !which;
    extend(shownAtFirst);
  };
  more.addEventListener("click", () => { const first = extend(20); first?.setAttribute("tabindex", "-1"); first?.focus(); });
  const whole = section("parcels", t("parcels.title"), t("parcels.say"), el("div", { class: "card" }, status, all, list, more));
  show({});
  const follow = () => {
    const filter = filterOf(f, location.hash);
    if (!filter || !whole.isConnected) return;
    show(filter);
    if (location.hash.includes("?")) {
      whole.scrollIntoView();
      status.setAttribute("tabindex", "-1");
      status.focus({ preventScroll: true });
    }
  };
  globalThis.addEventListener("hashchange", follow);
  requestAnimationFrame(follow);
  return whole;
}
