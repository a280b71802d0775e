// The United States as regions: postal codes to the FIPS codes of us-atlas (US Census Bureau shapes).
import { feature, merge, mesh } from "topojson-client";
import atlas from "us-atlas/states-10m.json";

const fips =
  "AL01 AK02 AZ04 AR05 CA06 CO08 CT09 DE10 DC11 FL12 GA13 HI15 ID16 IL17 IN18 IA19 KS20 KY21 LA22 ME23 MD24 MA25 MI26 " +
  "MN27 MS28 MO29 MT30 NE31 NV32 NH33 NJ34 NM35 NY36 NC37 ND38 OH39 OK40 OR41 PA42 RI44 SC45 SD46 TN47 TX48 UT49 VT50 " +
  "VA51 WA53 WV54 WI55 WY56 PR72";
const codeOf = new Map(fips.split(" ").map((s) => [s.slice(2), s.slice(0, 2)]));

/** GeoJSON features with `id` = postal code and `properties.name`. */
export const states = feature(atlas, atlas.objects.states).features
  .filter((f) => codeOf.has(f.id))
  .map((f) => ({ ...f, id: codeOf.get(f.id) }));
export const borders = mesh(atlas, atlas.objects.states, (a, b) => a !== b);
export const coast = mesh(atlas, atlas.objects.states, (a, b) => a === b);

/** One shape around several states. */
export const union = (codes) => merge(atlas, atlas.objects.states.geometries.filter((g) => codes.includes(codeOf.get(g.id))));

const names = new Map(states.map((f) => [f.id, f.properties.name]));

/** "TX" -> "Texas"; other regions keep their name. */
export const regionName = (code) => names.get(code) ?? code;

/** True when the regions of a run are (nearly all) states: only then do their borders belong on the map. */
export function isUnitedStates(regions, places) {
  const known = regions.filter((r) => names.has(r)).length;
  const inside = places.filter((p) => p.lat > 18 && p.lat < 72 && p.lon > -180 && p.lon < -65).length;
  return known > 0 && known >= 0.9 * regions.length && inside === places.length;
}
