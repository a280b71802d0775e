// Numbers, units, days and instants as people read them, in the page's language.
import { language, number, t } from "./i18n.js";

const nbsp = "\u202f"; // Narrow no-break space between a number and its unit.
const fixed = (x, digits) => number({ minimumFractionDigits: digits, maximumFractionDigits: digits }).format(x);

/** A count, with thousands separated. */
export const count = (n) => number({ maximumFractionDigits: 0 }).format(n);

/** A count in few characters: 1,240 / 41.2 k / 2.1 M. */
export function short(n) {
  const a = Math.abs(n);
  if (a >= 999_500) return `${fixed(n / 1e6, a < 9_950_000 ? 1 : 0)}${nbsp}M`;
  if (a >= 9_995) return `${fixed(n / 1e3, a < 99_950 ? 1 : 0)}${nbsp}k`;
  return count(n);
}

/** A share as a percentage. Never rounds something broken up to 100 % or something kept down to 0 %. */
export function percent(x, digits = 1) {
  if (x == null || Number.isNaN(x)) return "–";
  for (let d = digits; d <= 4; ++d) {
    const text = Number((100 * x).toFixed(d));
    if ((x >= 1 || text < 100) && (x <= 0 || text > 0)) return `${fixed(100 * x, d)}${nbsp}%`;
  }
  return x > 0.5 ? `>${nbsp}${fixed(99.9999, 4)}${nbsp}%` : `<${nbsp}${fixed(0.0001, 4)}${nbsp}%`;
}

/** A difference between two shares, in percentage points, with its sign. */
export const points = (x) => `${signOf(x)}${fixed(Math.abs(100 * x), Math.abs(x) < 0.001 && x !== 0 ? 3 : 1)}${nbsp}${t("unit.points")}`;
/** "+", "−" or nothing. */
export const signOf = (x) => (x > 0 ? "+" : x < 0 ? "−" : "");

/** Cents as dollars; whole dollars from $1,000 on. */
export function money(cents) {
  const dollars = cents / 100;
  const shown = (value, digits) => number({ style: "currency", currency: "USD", currencyDisplay: "narrowSymbol", minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
  if (Math.abs(dollars) >= 999_500) return t("unit.million_dollars", { x: fixed(dollars / 1e6, Math.abs(dollars) < 9_950_000 ? 2 : 1) });
  return shown(dollars, Math.abs(dollars) >= 1000 ? 0 : 2);
}

/** Milliseconds of latency: 0.42 ms / 18 ms / 1.24 s. */
export function latency(ms) {
  if (ms == null) return "–";
  if (ms === 0) return `0${nbsp}ms`;
  if (ms >= 60_000) return `${fixed(ms / 60_000, 1)}${nbsp}min`;
  if (ms >= 1000) return `${fixed(ms / 1000, 2)}${nbsp}s`;
  if (ms >= 100) return `${count(ms)}${nbsp}ms`;
  if (ms >= 10) return `${fixed(ms, 1)}${nbsp}ms`;
  return `${fixed(ms, 2)}${nbsp}ms`;
}

/** A length of time in the unit that suits it: 34 min / 7.5 h / 3.2 days. */
export function span(minutes) {
  const a = Math.abs(minutes);
  if (a >= 2 * 1440) return `${fixed(minutes / 1440, 1)}${nbsp}${t("unit.days")}`;
  if (a >= 90) return `${fixed(minutes / 60, 1)}${nbsp}h`;
  if (a === 0) return "–";
  if (a >= 3) return `${count(minutes)}${nbsp}min`;
  return `${fixed(minutes * 60, a >= 1 / 6 ? 0 : 1)}${nbsp}s`;
}

/** Seconds as 0:42 / 12:05 / 3:07:00. */
export function clock(seconds) {
  const s = Math.max(0, Math.round(seconds));
  const two = (n) => String(n).padStart(2, "0");
  return s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)}` : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

/** A number with its decimals, as the language writes them. */
export const decimal = (x, digits) => fixed(x, digits);

/** "weather on the lane" -> "Weather on the lane". */
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** The calendar of a run: day numbers and simulated milliseconds to text. */
export class Calendar {
  constructor(firstDayUnix, zone) {
    this.origin = firstDayUnix * 1000;
    // English days go before their months all over a report, as on its axes.
    const tag = language() === "en" ? "en-GB" : language();
    const options = (o) => {
      try {
        return new Intl.DateTimeFormat(tag, { ...o, timeZone: zone || "UTC" });
      } catch {
        return new Intl.DateTimeFormat(tag, { ...o, timeZone: "UTC" });
      }
    };
    this.clock_ = options({ weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
    this.stamp_ = options({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
    // American English knows the names of American zones; the others come as an offset.
    this.zone_ = (at) => {
      try {
        return new Intl.DateTimeFormat("en-US", { timeZone: zone || "UTC", timeZoneName: "short" }).formatToParts(at).find((p) => p.type === "timeZoneName")?.value ?? "";
      } catch {
        return "UTC";
      }
    };
    this.moment_ = options({ weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
    const utc = (o) => new Intl.DateTimeFormat(tag, { ...o, timeZone: "UTC" });
    this.day_ = utc({ day: "numeric", month: "short" });
    this.weekday_ = utc({ weekday: "short", day: "numeric", month: "short" });
    this.long_ = utc({ weekday: "long", day: "numeric", month: "long" });
    this.full_ = utc({ day: "numeric", month: "short", year: "numeric" });
  }
  date(day) { return new Date(this.origin + day * 86_400_000); }
  at(ms) { return new Date(this.origin + ms); }
  day(day) { return this.day_.format(this.date(day)); }
  weekday(day) { return this.weekday_.format(this.date(day)); }
  long(day) { return this.long_.format(this.date(day)); }
  full(day) { return this.full_.format(this.date(day)); }
  clock(ms) { return `${this.clock_.format(this.at(ms))} ${this.zone_(this.at(ms))}`; }
  /** Text of an instant of a story, "21 Dec, 22:10"; other text as it is. */
  stamp(text) {
    const at = new Date(text.replace(" ", "T"));
    return Number.isNaN(at.getTime()) ? text : this.stamp_.format(at);
  }
  /** The same of simulated milliseconds. */
  stampOf(ms) { return this.stamp_.format(this.at(ms)); }
  moment(ms) { return this.moment_.format(this.at(ms)); }
}
