// Names that are the same in every language, and the order of things. All other words stand in words/*.json.
export const definitionNames = ["promise", "revised", "first_attempt", "window", "commit", "commit_lenient", "reported"];
export const tiers = ["express", "standard", "economy"];
/** Carriers that everybody knows by another spelling than a scenario's lower-case name. */
const spelling = { ups: "UPS", usps: "USPS", fedex: "FedEx", dhl: "DHL", ontrac: "OnTrac", amazon: "Amazon", gls: "GLS", dpd: "DPD" };
export const carrierName = (name) => spelling[name] ?? name;
/** What the model leaves out, said in every report. */
export const notModelled = ["people", "roads", "rounds", "aircraft", "detours", "shoppers"];
