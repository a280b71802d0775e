// The field's words, explained once.

export const definitions = {
  promise: ["Promise", "Delivered by the first date the shopper was told. The headline."],
  revised: ["Revised promise", "Delivered by the last date shown before it expired."],
  first_attempt: ["First attempt", "The carrier stood at the door by the promised date, whether or not somebody opened."],
  window: ["Promised hours", "Delivered by the promised date, and on that date before the promised hours ended."],
  commit: ["Commitment", "Delivered by the carrier's own published date and hour; its clock starts when it gets the parcel."],
  commit_lenient: ["Commitment, lenient", "As league tables count: a day more for road services, parcels held up by weather set aside."],
  reported: ["As reported", "As Promise, by the carrier's own account: a delivery it never reported counts as broken."],
};

export const causes = {
  none: "promise too tight from the start",
  own_handling: "own handling before pickup",
  pickup_cap: "over the carrier's pickup cap",
  embargo: "embargo",
  sort_backlog: "sort backlog",
  dock_rollover: "full trailers",
  lane_weather: "weather on the lane",
  closure: "closed facility",
  round_overflow: "more parcels than delivery stops",
  attempt_failed: "failed delivery attempt",
  missort: "missort, hold or customs",
};
export const causeName = (cause) => causes[cause] ?? cause;

/** [name, what it means] of each kind of finding. */
export const findings = {
  lost: ["Lost", "accepted by the endpoint, then not shown"],
  unacknowledged: ["Unacknowledged", "sent, never accepted, not shown"],
  not_sent: ["Not sent", "never tried, not shown"],
  phantom: ["Phantom", "shown, though never sent"],
  duplicated: ["Duplicated", "shown more than once"],
  wrong: ["Wrong", "shown with another instant, kind or place"],
  late_to_show: ["Late to show", "shown in the end, but a check missed it"],
  wrong_status: ["Wrong status", "the parcel's status differs from its last scan"],
  wrong_promise: ["Wrong date", "another promised date than the true one"],
  wrong_delivery: ["Wrong delivery", "another delivery instant than the true one"],
  parcel_not_found: ["Parcel unknown", "the endpoint did not know the number"],
  parcel_not_read: ["Not read back", "the read-back did not get to it"],
  wrong_instant: ["Wrong instant", "shown rightly but for the time"],
  impossible_status: ["Impossible status", "a check showed what no part of the messages sent so far leads to"],
  forgery_taken: ["Forgery taken", "acknowledged a message that its sender did not sign"],
  forgery_error: ["Forgery not refused", "answered a bad signature with 500, so that the sender comes again"],
  ghost_shown: ["Ghost", "has a page for a number that was never shipped"],
  refused: ["Refused", "a true message was answered with 4xx, or refused by its capture job"],
  not_recovered: ["Not recovered", "after an outage the backlog was never worked off"],
  reordered: ["Reordered", "a broker stored it behind a later one of the same parcel"],
};

/** [name, what it proves, what it judges] of each oracle. */
export const oracles = {
  no_lost_scan: ["No lost scan", "what was acknowledged is shown, and what is true is taken", "scans"],
  no_phantom: ["No phantom", "nothing is shown twice, wrongly or made up", "parcels and forgeries"],
  final_status: ["Final status", "the page's status and delivery follow from the scans", "parcels"],
  prefix_consistency: ["Prefix consistency", "every status that a shopper saw follows from messages sent before", "checks"],
  visibility_latency: ["Visibility", "what was acknowledged is seen by the next shopper", "scans"],
  timestamp_fidelity: ["Timestamps", "instants are shown as they were", "scans"],
  promise_shown: ["Promise shown", "the date shown is one that was told", "pages"],
  isolation: ["Isolation", "parcels to which nothing was done are right", "parcels"],
  liveness: ["Recovery", "after an outage everything is caught up", "outages"],
};

export const acts = {
  check: "looks at the tracking page",
  contact: "contacts: where is my order?",
  notice_shipped: "notices: shipped",
  notice_out_for_delivery: "notices: out for delivery",
  notice_delivered: "notices: delivered",
  notice_delay: "notices: new date",
};

export const tiers = ["express", "standard", "economy"];
/** Carriers that everybody knows by another spelling than a scenario's lower-case name. */
const spelling = { ups: "UPS", usps: "USPS", fedex: "FedEx", dhl: "DHL", ontrac: "OnTrac", amazon: "Amazon", gls: "GLS", dpd: "DPD" };
export const carrierName = (name) => spelling[name] ?? name;

export const scanKinds = { scan: "scans in", check: "tracking checks", all: "scans and checks", read_back: "read-back" };

/** What the model leaves out; said in every report. */
export const notModelled = [
  "People: drivers, shifts and hiring appear as rates and factors, not one by one.",
  "Roads: lanes take their timetable's time, slower in weather; there is no traffic and no street map.",
  "Rounds: a depot delivers a number of stops a day; their order and the houses are not drawn.",
  "Aircraft and crews: a departure has its capacity; where the aircraft stood before is not followed.",
  "Detours: the load plan is fixed; parcels wait at a closed hub and are not led around it.",
  "Shoppers' reactions (checks, contacts) follow published averages and never change what is delivered.",
];
