// Numbers, units, days and instants as people read them.

const nbsp = "\u202f"; // Narrow no-break space between a number and its unit.
const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** A count, with thousands separated. */
export const count = (n) => whole.format(n);

/** A count in few characters: 1,240 / 41.2 k / 2.1 M. */
export function short(n) {
  const a = Math.abs(n);
  if (a >= 999_500) return `${(n / 1e6).toFixed(a < 9_950_000 ? 1 : 0)}${nbsp}M`;
  if (a >= 9_995) return `${(n / 1e3).toFixed(a < 99_950 ? 1 : 0)}${nbsp}k`;
  return count(n);
}

/** A share as a percentage. Never rounds something broken up to 100 % or something kept down to 0 %. */
export function percent(x, digits = 1) {
  if (x == null || Number.isNaN(x)) return "–";
  for (let d = digits; d <= 4; ++d) {
    const text = (100 * x).toFixed(d);
    if ((x >= 1 || Number(text) < 100) && (x <= 0 || Number(text) > 0)) return `${text}${nbsp}%`;
  }
  return x > 0.5 ? `>${nbsp}99.9999${nbsp}%` : `<${nbsp}0.0001${nbsp}%`;
}

/** Cents as dollars; whole dollars from $1,000 on. */
export function money(cents) {
  const dollars = cents / 100;
  if (Math.abs(dollars) >= 999_500) return `$${(dollars / 1e6).toFixed(Math.abs(dollars) < 9_950_000 ? 2 : 1)}${nbsp}M`;
  const digits = Math.abs(dollars) >= 1000 ? 0 : 2;
  return new Intl.NumberFormat("en-US", {
    style: "currency", currency: "USD", minimumFractionDigits: digits, maximumFractionDigits: digits,
  }).format(dollars);
}

/** Milliseconds of latency: 0.42 ms / 18 ms / 1.24 s. */
export function latency(ms) {
  if (ms == null) return "–";
  if (ms === 0) return `0${nbsp}ms`;
  if (ms >= 60_000) return `${(ms / 60_000).toFixed(1)}${nbsp}min`;
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)}${nbsp}s`;
  if (ms >= 100) return `${Math.round(ms)}${nbsp}ms`;
  if (ms >= 10) return `${ms.toFixed(1)}${nbsp}ms`;
  return `${ms.toFixed(2)}${nbsp}ms`;
}

/** A length of time in the unit that suits it: 34 min / 7.5 h / 3.2 days. */
export function span(minutes) {
  const a = Math.abs(minutes);
  if (a >= 2 * 1440) return `${(minutes / 1440).toFixed(1)}${nbsp}days`;
  if (a >= 90) return `${(minutes / 60).toFixed(1)}${nbsp}h`;
  if (a === 0) return "–";
  if (a >= 3) return `${Math.round(minutes)}${nbsp}min`;
  return `${(minutes * 60).toFixed(a >= 1 / 6 ? 0 : 1)}${nbsp}s`;
}

export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

/** "weather on the lane" -> "Weather on the lane". */
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** The calendar of a run: day numbers and simulated milliseconds to text. */
export class Calendar {
  constructor(firstDayUnix, zone) {
    this.origin = firstDayUnix * 1000;
    const options = (o) => {
      try {
        return new Intl.DateTimeFormat("en-GB", { ...o, timeZone: zone || "UTC" });
      } catch {
        return new Intl.DateTimeFormat("en-GB", { ...o, timeZone: "UTC" });
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
    this.hour_ = options({ hour: "2-digit", hourCycle: "h23" });
    const utc = (o) => new Intl.DateTimeFormat("en-GB", { ...o, timeZone: "UTC" });
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
  moment(ms) { return this.moment_.format(this.at(ms)); }
  hourOfDay(ms) { return Number(this.hour_.format(this.at(ms))); }
}
