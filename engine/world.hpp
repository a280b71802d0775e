/// The World: what exists and what happens in a scenario. Plain structs, filled and checked by
/// `scenarios`, then never changed; the engine reads them from many threads. The reader's view of every
/// field, with its unit, default and source, is scenarios/FORMAT.md; the field names are the same.
///
/// Shares and factors are integers in parts per million ("_ppm": 1,000,000 is 1) so that no rounding
/// depends on a compiler; money is integer cents; lengths are kilometres.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/ids.hpp"
#include "engine/time.hpp"

namespace peakstorm {

using Ppm = std::uint32_t;
inline constexpr Ppm ppm_one = 1'000'000;
using Cents = std::int64_t;

/// Great-circle position in degrees. Used for distances at load time and for the map, never for order.
struct Position {
  double lat = 0;
  double lon = 0;
  bool operator==(const Position&) const = default;
};

/// Working days. Index 0 is day `World::calendar_from`; the table covers every day a promise can reach.
struct Calendar {
  std::string name;
  std::vector<bool> open;
};

struct Region {
  std::string name;  ///< For instance "TX"; areas of disruptions refer to it.
};

/// A delivery area: where orders come from and parcels go to.
struct Destination {
  std::string name;  ///< For instance ZIP3 "752".
  RegionId region{};
  ZoneId zone{};
  Position position;
  std::uint64_t weight = 0;  ///< Relative demand, for instance population.
};

/// How a carrier's tracking numbers look (check digits included).
enum class NumberFormat : std::uint8_t { plain, ups_1z, fedex_12, usps_22, s10 };

struct Carrier {
  std::string name;
  NumberFormat number_format = NumberFormat::plain;
  CalendarId pickup{};                  ///< Days on which it collects from ship nodes.
  Ppm first_attempt_success = 972'000;  ///< Of a parcel with a good address (United States 97.2 %, SmartRoutes).
  Ppm bad_address = 2'000;              ///< Parcels no attempt can deliver; corrected or returned.
  std::uint8_t attempts_max = 3;
  Ppm held_for_pickup = 300'000;  ///< Of parcels out of attempts: held at the depot; the rest go back.
  Ppm missort = 500;              ///< Per sort: loaded on a wrong lane.
  Ppm loss = 30;                  ///< Per sort.
  Ppm damage = 50;                ///< Per sort; the parcel goes on.
  Ppm held = 200;                 ///< Per sort: set aside for `held_minutes`.
  std::uint32_t held_minutes = 24 * 60;
  Ppm missed_scan = 10'000;  ///< Per scan: the fact happens, the carrier never reports it.
  Ppm late_scan = 5'000;     ///< Per scan: reported `late_scan_minutes` later (offline scanner).
  std::uint32_t late_scan_minutes = 240;
  /// From the beginning or end of a closure to the load plan that reckons with it (network/routes.hpp); >= 0. The
  /// default is an assumption: word of the closure, a new plan, and its way to every dock.
  SimDuration replan_after = hours(2);
  /// Leaves destinations without a depot and nodes without a pickup; its tariffs apply where it collects and delivers.
  bool regional = false;
  Ppm false_delivery = 200;  ///< Per delivery: a "delivered" scan before the true one, retracted after it.
};

/// Speed tiers the shopper chooses among.
enum class Tier : std::uint8_t { economy, standard, express };
inline constexpr std::size_t tier_count = 3;

/// Which lanes a service may use.
enum class Mode : std::uint8_t { road, air };

struct TransitBand {
  std::uint32_t km_max = 0;  ///< Distance origin facility to destination, inclusive upper bound.
  std::uint8_t days = 0;     ///< Published transit in the service's own working days.
};
struct RateBand {
  std::uint32_t km_max = 0;
  Cents base = 0;
  Cents per_kg = 0;
};
struct PeakSurcharge {
  Day from = 0;  ///< First local day of tender.
  Day to = 0;    ///< First day after.
  Cents amount = 0;
};

/// A service level of a carrier, for instance "ups-next-day-air".
struct Service {
  std::string name;
  CarrierId carrier{};
  Tier tier = Tier::standard;
  Mode mode = Mode::road;              ///< air: air lanes and the road lanes that feed them; road: road only.
  CalendarId transit{};                ///< Days that count as transit days.
  CalendarId delivery{};               ///< Days on which it delivers.
  SimDuration commit_time{};           ///< Local time of day by which it is due on its commit day.
  std::vector<TransitBand> published;  ///< Ascending by km_max; the last one covers every distance.
  std::vector<RateBand> rates;         ///< Likewise.
  Cents residential = 0;
  Ppm fuel = 0;                   ///< Of the base and per-kg charge.
  std::uint32_t dim_divisor = 0;  ///< Billed is the larger of weight and volume over this, cm3 per kg; 0: weight alone.
  Cents extra_attempt = 0;        ///< Of every delivery attempt after the first.
  std::vector<PeakSurcharge> peaks;
};

/// A sort's opening hours, local; `to` <= 24 h + `from`; may cross midnight.
struct SortWindow {
  SimDuration from{};
  SimDuration to{};
  std::uint8_t weekdays = 0x7f;  ///< Bit 0 is Monday; the day on which the window opens.
  std::uint32_t pieces_per_hour = 0;
};

enum class FacilityKind : std::uint8_t { hub, air_hub, depot };

struct Facility {
  std::string name;
  CarrierId carrier{};
  FacilityKind kind = FacilityKind::hub;
  ZoneId zone{};
  RegionId region{};
  Position position;
  std::vector<SortWindow> sorts;  ///< Empty: pieces go to their dock as they arrive.
  SimDuration handling{};         ///< From sorter to dock, and from truck to sorter, together; > 0.
  // Delivery rounds; depots only.
  std::uint32_t stops_per_day = 0;    ///< What its rounds can deliver on an ordinary day.
  SimDuration load_out{};             ///< Local time of day at which rounds leave, every day; below 24 h.
  SimDuration round_length{};         ///< Until the last stop.
  double area_km2 = 0;                ///< Served area, for the report; 0 when unknown.
  std::uint32_t customs_minutes = 0;  ///< Time in customs of a parcel arriving over a `customs` lane.
  Ppm customs_held = 0;               ///< Share of them held for a further `customs_minutes`.
};

/// One departure time of a lane.
struct Departure {
  SimDuration time{};  ///< Local time of day at the lane's origin.
  std::uint8_t weekdays = 0x7f;
};

/// A directed link between two facilities of one carrier. Taking it always takes time.
struct Lane {
  FacilityId from{};
  FacilityId to{};
  Mode mode = Mode::road;
  bool customs = false;
  std::uint32_t km = 0;
  SimDuration transit{};              ///< In ordinary weather; > 0. The median where journeys differ.
  std::vector<Departure> departures;  ///< Ascending; never empty.
  SimDuration cut_off{};              ///< Before departure; a piece docked at the cut-off still makes it.
  std::uint32_t pieces = 0;           ///< Per departure; all its trailers or its aircraft together.
  std::uint32_t weight_kg = 0;        ///< 0: never the limit.
  std::uint32_t volume_m3 = 0;        ///< 0: never the limit.
  SimDuration transit_p10{};          ///< A tenth of journeys are shorter; 0: all take `transit`. Else <= transit.
  SimDuration transit_p90{};          ///< A tenth are longer; 0 with transit_p10, else >= transit.
};

/// Which depot of a carrier delivers to a destination.
struct Coverage {
  DestinationId destination{};
  FacilityId depot{};
};

/// Seasonal capacity a carrier planned for, as factors on the base figures, by local day.
struct PlannedCapacity {
  CarrierId carrier{};
  Day from = 0;
  Day to = 0;  ///< First day after.
  Ppm sort = ppm_one;
  Ppm linehaul = ppm_one;
  Ppm rounds = ppm_one;
};

/// A size class of parcels.
struct SizeClass {
  Ppm share = 0;
  std::uint32_t weight_g = 0;
  std::uint32_t volume_cm3 = 0;
};

/// How the shipper picks a service for an order of a tier. engine/promise/carrier_choice.hpp has the rules.
enum class CarrierPolicy : std::uint8_t {
  fixed_split,           ///< By `Tariff::share` among the services of the tier.
  cheapest_published,    ///< Cheapest whose published transit meets the tier's target (the control).
  least_expected_cost,   ///< Least price plus `Shipper::late_penalty` times the learned chance of missing the target.
  regional_reliability,  ///< Cheapest of those that, as learned, meet the target most often in the region.
  diversified,           ///< cheapest_published with at most `Tariff::cap` of a day's orders of the tier.
};
inline constexpr std::array<const char*, 5> policy_names{"fixed_split", "cheapest_published", "least_expected_cost",
                                                         "regional_reliability", "diversified"};

/// What a shipper does about orders that a carrier will not take: beyond Pickup::pieces_per_day, or under an embargo
/// that has begun.
enum class Overflow : std::uint8_t {
  wait,     ///< Nothing: quotes and hands over as ever; the truck leaves them behind for the next one.
  defer,    ///< Books them on the first pickup with room, and promises from there.
  reroute,  ///< Chooses among the services with room; where there is none, as `defer`.
  decline,  ///< Likewise, but where there is none the order is not taken.
};
inline constexpr std::array<const char*, 4> overflow_names{"wait", "defer", "reroute", "decline"};

/// One service a shipper uses for one tier.
struct Tariff {
  Tier tier = Tier::standard;
  ServiceId service{};
  Ppm share = 0;      ///< Used by fixed_split; shares of a tier sum to ppm_one.
  Ppm cap = ppm_one;  ///< Used by diversified: largest share of a day's orders of the tier.
};

/// Where a shipper sends nothing with a carrier that its tariffs name.
struct Bar {
  CarrierId carrier{};
  std::vector<bool> regions;                             ///< By RegionId, of the destination.
  std::array<bool, tier_count> tiers{true, true, true};  ///< Whose orders.
};

/// How ship nodes learn from their own parcels (engine/promise/learned_transit.hpp).
struct Learning {
  /// Parcels that a finer group of parcels needs to weigh as much as the coarser one it belongs to: variance within
  /// over variance between groups. 2.7 for the carriers' times by state in the Olist orders (log scale).
  Ppm shrinkage = 2'700'000;
  /// From a depot's load-out, at which it reports what it delivered since the last one, until the node knows. An
  /// assumption: carriers' data feeds come several times a day.
  SimDuration news_delay = hours(6);
  /// A carrier's network in a region is strained when more than this share of the node's parcels that were due there
  /// three to nine days ago has not come. An assumption.
  Ppm strained_above = 100'000;
};

/// Orders placed before `until` (local to the destination) are promised for `date` at the latest, and are
/// upgraded to `tier` where their own service would be later. "Order by 23:00 on 22 Dec, there by Christmas."
struct Guarantee {
  SimDuration until_time{};
  Day until_day = 0;
  Day date = 0;
  Tier upgrade_to = Tier::express;
};

/// What a date is quoted from.
enum class PromiseKind : std::uint8_t {
  published,  ///< The carrier's published transit at its word.
  quantile,   ///< The first delivery day by which the wanted share of parcels comes, as learned.
  cost,       ///< The day at which a day more costs as much as it saves in broken promises, as learned.
};
inline constexpr std::array<const char*, 3> promise_names{"published", "quantile", "cost"};

/// Days added to what is quoted for orders of local days [from, to).
struct Hedge {
  Day from = 0;
  Day to = 0;
  std::uint8_t days = 0;  ///< Delivery days.
};

/// How a retailer's first promise is made (engine/promise/promise_rule.hpp). It is kept for ever; later dates are
/// revisions.
struct PromiseRule {
  PromiseKind kind = PromiseKind::published;
  Ppm quantile = 950'000;  ///< quantile: wanted share of promises kept.
  bool conformal = true;   ///< quantile: the level follows what became of past promises.
  Ppm step =
      50'000;  ///< ... by this much of a day's excess of broken ones (gamma of Gibbs & Candes 2021). An assumption.
  Cents day_cost = 30;      ///< cost: of a day more (2.0 % of profit, Cui et al. 2024, of an assumed $15 per order).
  Cents late_cost = 1'720;  ///< cost: of a broken promise ($17.2 for a failed delivery, SmartRoutes).
  bool late_cost_per_day = false;  ///< cost: `late_cost` for each day late rather than once.
  std::vector<Hedge> hedges;       ///< Of every kind; where several overlap they add up.
};

/// When a retailer makes good a broken promise.
enum class RecoveryWhen : std::uint8_t {
  broken,     ///< Unasked: as soon as the order is as late as a grade says.
  complaint,  ///< To those who ask where their order is after the promised day.
};
inline constexpr std::array<const char*, 2> recovery_when_names{"broken", "complaint"};

/// What an order gets that is this late. A grade without money is an apology.
struct RecoveryGrade {
  SimDuration after{};                                   ///< Since the promised day ended where the parcel goes; >= 0.
  std::array<bool, tier_count> tiers{true, true, true};  ///< Whose orders.
  Cents credit = 0;                                      ///< For a future order.
  bool refunds_shipping = false;                         ///< What the carriage costs.
};

/// Recovery by lateness (engine/recovery.hpp). No order gets less for being later.
struct RecoveryPlan {
  RecoveryWhen when = RecoveryWhen::broken;
  std::optional<Cents> budget;        ///< Of the whole run at scale 1: once it is spent, there are only apologies.
  std::vector<RecoveryGrade> grades;  ///< Ascending by `after`; empty: no plan.
};

/// From which of its nodes a shipper sends an order (engine/flow/sourcing.hpp).
enum class ShipFrom : std::uint8_t {
  served,    ///< The one that serves the destination, and no other.
  nearest,   ///< The nearest to the destination that has it.
  cheapest,  ///< That from which carriage costs least.
  promise,   ///< The cheapest from which it comes within the tier's target days, else that from which it comes first.
};
inline constexpr std::array<const char*, 4> ship_from_names{"served", "nearest", "cheapest", "promise"};

enum class ShipperRole : std::uint8_t {
  retailer,    ///< Quotes promises; its parcels are tracked, replayed and measured as promises.
  background,  ///< The rest of the carriers' volume: loads the network, measured by carrier commitment only.
};

/// A source of orders.
struct Shipper {
  std::string name;
  ShipperRole role = ShipperRole::retailer;
  double orders_per_day = 0;            ///< Mean over an ordinary week at scale 1.
  std::array<Ppm, 24> hours{};          ///< Factor per local hour; mean ppm_one.
  std::array<Ppm, 7> weekdays{};        ///< Factor per weekday, Monday first; mean ppm_one.
  std::vector<Ppm> season;              ///< Planned factor per day of the horizon (season.csv).
  Ppm day_cv = 0;                       ///< Coefficient of variation of the daily gamma factor.
  Ppm day_correlation = 0;              ///< Its lag-1 correlation.
  std::array<Ppm, tier_count> tiers{};  ///< Share of orders per tier; sums to ppm_one.
  /// Drawn orders choose their tier by what is promised and charged: the odds of a tier are its share in `tiers` times
  /// exp(-day_weight (days from order to promise - target_days) - fee_weight fee in dollars). Otherwise by share alone.
  bool tier_choice = false;
  double day_weight = 0.015;                  ///< Online sales rise by 1.5 % per business day (Fisher, Gallino & Xu).
  double fee_weight = 0.1;                    ///< An assumption: no source found.
  std::array<Cents, tier_count> tier_fees{};  ///< What shoppers pay for shipping.
  std::array<std::uint8_t, tier_count> target_days{};  ///< Wanted transit days per tier.
  CarrierPolicy policy = CarrierPolicy::fixed_split;
  std::vector<Tariff> tariffs;
  std::vector<Bar> bars;  ///< Each tier still has a tariff to everywhere its parcels go.
  Cents late_penalty =
      1'720;  ///< least_expected_cost: what missing the target costs ($17.2 for a failed delivery, SmartRoutes).
  Ppm reliability_slack = 10'000;  ///< regional_reliability: shares this close to the best count as equal.
  Overflow overflow = Overflow::wait;
  bool zone_skip = true;  ///< Pickups with an area of their own (Pickup::destinations) are used.
  Learning learning;
  Ppm cancelled = 0;  ///< Orders cancelled before they are tendered.
  // Promise.
  PromiseRule promise;
  std::uint8_t buffer_days = 0;  ///< Delivery days added to what the rule says when quoting.
  SimDuration window_from{};     ///< Promised hours on the promised day, local.
  SimDuration window_to{};
  std::vector<Guarantee> guarantees;
  Cents recovery_credit = 0;               ///< Given per broken promise (2013: a $20 gift card) ...
  bool recovery_refunds_shipping = false;  ///< ... and shipping refunded.
  RecoveryPlan recovery;                   ///< Instead of the two above, where it has grades.
  ShipFrom ship_from = ShipFrom::served;

  /// Whether its orders of `tier` to `region` go with no service of `carrier`.
  [[nodiscard]] bool bars_carrier(CarrierId carrier, RegionId region, Tier tier) const {
    for (const Bar& bar : bars) {
      if (bar.carrier == carrier && bar.regions[index(region)] && bar.tiers[static_cast<std::size_t>(tier)])
        return true;
    }
    return false;
  }
  /// Whether its policy asks how often services have kept their word.
  [[nodiscard]] bool prefers_reliable() const {
    return policy == CarrierPolicy::least_expected_cost || policy == CarrierPolicy::regional_reliability;
  }
  /// Whether its nodes need to know how long their parcels took. Background volume does not.
  [[nodiscard]] bool learns() const { return prefers_reliable() || promise.kind != PromiseKind::published; }
  /// Whether the choice of a service depends on the order alone, not on those before it.
  [[nodiscard]] bool chooses_statelessly() const {
    return overflow == Overflow::wait &&
           (policy == CarrierPolicy::fixed_split || policy == CarrierPolicy::cheapest_published);
  }
};

/// A stop of a carrier's pickup truck at a ship node.
struct Pickup {
  CarrierId carrier{};
  FacilityId facility{};             ///< Where the truck goes.
  SimDuration time{};                ///< Local time of day at the node.
  SimDuration drive{};               ///< > 0.
  std::uint32_t pieces_per_day = 0;  ///< The carrier's cap for this shipper here; 0: none.
  /// Zone skipping: the truck takes this area's parcels alone, and all of the carrier's parcels for it, to a facility
  /// near them. By DestinationId; empty: the carrier's ordinary pickup.
  std::vector<bool> destinations{};
  Cents piece_cost = 0;  ///< Of the shipper's linehaul to `facility`, per parcel.
  [[nodiscard]] bool skips_zones() const { return !destinations.empty(); }
};

/// Units that come into a node's stock. An order takes one.
struct StockLot {
  Day from = 0;                      ///< From the beginning of this local day of the node; <= 0: there from the start.
  std::optional<std::uint8_t> size;  ///< Of this size class alone; none: of any.
  std::uint32_t units = 0;           ///< At scale 1.
};

struct ShipNode {
  std::string name;
  ShipperId shipper{};
  ZoneId zone{};
  RegionId region{};
  Position position;
  CalendarId calendar{};              ///< Days on which it works.
  SimDuration cut_off{};              ///< Orders up to this local time are worked on the same day.
  SimDuration handling_min{};         ///< From order (or opening) to ready.
  SimDuration handling_max{};         ///< Uniform between the two.
  std::vector<std::uint64_t> demand;  ///< Relative demand per destination met from here, by DestinationId.
  std::vector<Pickup> pickups;
  std::vector<StockLot> stock;  ///< Ascending by day. Where no node of a shipper has any, its stock never ends.
};

/// A real order to replay instead of drawing one.
struct GivenOrder {
  SimTime at;
  ShipNodeId node{};
  DestinationId destination{};
  Tier tier = Tier::standard;
  std::uint8_t size = 0;
  std::uint16_t promise_day = no_day;  ///< Given promise; no_day: quote one.
};

/// What a disruption is called; its effects are the fields below, whatever it is called.
enum class DisruptionKind : std::uint8_t { storm, closure, embargo, outage, surge, staffing };
inline constexpr std::array<const char*, 6> disruption_kind_names{"storm",  "closure", "embargo",
                                                                  "outage", "surge",   "staffing"};

/// A field in time and area. Where several overlap, factors multiply and flags add up.
struct Disruption {
  std::string name;
  DisruptionKind kind = DisruptionKind::storm;
  SimTime from;
  SimTime to;                        ///< First instant after.
  std::vector<bool> facilities;      ///< Touched facilities, by FacilityId.
  std::vector<bool> destinations;    ///< Touched destinations, by DestinationId (demand, embargo).
  std::vector<bool> nodes;           ///< Touched ship nodes, by ShipNodeId.
  std::optional<CarrierId> carrier;  ///< Only this carrier; none: everybody under it.
  std::optional<ShipperId> shipper;  ///< surge: only this shipper.
  Ppm speed = ppm_one;               ///< Travel speed on lanes that begin or end in the area, and of rounds.
  Ppm staffing = ppm_one;            ///< Sort rate and round capacity.
  bool closed = false;               ///< Nothing is sorted, departs, arrives or is delivered.
  bool embargo = false;              ///< The carrier refuses tender for the area.
  Ppm demand = ppm_one;              ///< Orders of the area, relative to the planned season.
  SimDuration scan_delay{};          ///< outage: scans made in it are published that much later.
  // For the map: a circle, or the regions when radius_km is 0.
  Position centre;
  double radius_km = 0;
  std::vector<RegionId> regions;
};

/// Behaviour of shoppers. Every effect has an off switch. A default without a source beside it is an assumption: no
/// study was found that measures it, and no rate of delivery depends on it.
struct ShopperModel {
  bool enabled = true;
  double checks_per_order = 2.8;   ///< Mean of an on-time order (Pitney Bowes 2023).
  double past_promise_factor = 4;  ///< Contact hazard once the promise has passed.
  double silence_factor = 2;       ///< Contact hazard after `silence` without a scan.
  SimDuration silence = hours(48);
  double contacts_on_time = 0.04;  ///< Contacts per order delivered on time.
  Cents contact_cost = 800;        ///< $5-15 (Salesforce).
  bool notices = true;             ///< Shipped / out for delivery / delivered.
  double notice_effect = 0.30;     ///< Contacts avoided by notices, share.
  bool reviews = true;             ///< Report the expected review score (satisfaction.hpp).
  /// Contacts avoided by a recovery that comes unasked (RecoveryPlan), share: 30 % as of a proactive notice, where
  /// published figures go from 10 to 70 %.
  double recovery_effect = 0.30;
};

/// When shoppers are asked what they think of a delivery.
enum class SurveyClock : std::uint8_t {
  delivery,  ///< When it has come.
  promise,   ///< When it has come, or `survey_wait` after the promised day, whichever is first: as Olist does.
};
inline constexpr std::array<const char*, 2> survey_names{"delivery", "promise"};

/// Share of what lateness costs that a recovery wins back, by what was given. Means do not add up: the best counts.
struct WonBack {
  double apology = 0;    ///< About none, and it can backfire (1.5 million riders; Halperin et al.). Negative: it does.
  double refund = 0.25;  ///< Less than a credit (likewise). How much is an assumption.
  double credit = 0.5;   ///< Of LoyaltyModel::credit_full or more; less in proportion. How much is an assumption.
};

/// What a delivery makes shoppers say and buy afterwards (engine/loyalty.hpp). Results only: no rate of delivery and no
/// headline depends on it. A default without a source beside it is an assumption.
struct LoyaltyModel {
  bool enabled = true;
  SurveyClock survey = SurveyClock::delivery;
  SimDuration survey_wait = hours(24);
  /// SurveyClock::promise: shift of the log odds of a better score of a late order that is asked before it has come,
  /// and after. 74 % of late Olist orders were asked before (mean score 1.68) and the others after (3.61), together
  /// 2.18; the contrast holds differences in lateness, too.
  double asked_before = -0.776;
  double asked_after = 1.720;
  double unhappy_answer = 1;         ///< How much likelier who is not happy answers than who is.
  double orders_per_year = 3;        ///< Mean of a shopper who was never failed.
  double orders_shape = 1;           ///< Of the gamma distribution of that mean over shoppers; large: all are alike.
  double failure_delay = 0.0722;     ///< Next orders come so much later after a failure (grocery; Amorim 2025).
  double failure_delay_low = 0.05;   ///< Range of it for the range of the lifetime value: 5 to 10 % less spending
  double failure_delay_high = 0.10;  ///< (Halperin et al.).
  Cents margin = 1'500;              ///< Of an order; as PromiseRule::day_cost assumes.
  Cents credit_full = 500;           ///< A credit of this much has its full effect.
  WonBack satisfaction;
  WonBack repurchase;
  /// Nobody who was failed becomes worth more than who was not, whatever was given: recovery raises satisfaction and
  /// leaves repurchase where it was (de Matos et al. 2007).
  bool capped = true;
};

/// Greenhouse gases of retailers' parcels, well to wheel: weight carried times distance by mode, and the stops of
/// rounds.
struct CarbonModel {
  bool enabled = true;
  double road_g_per_tkm = 80;  ///< Articulated lorries: 60 to 100 g CO2e.
  double air_g_per_tkm = 789;  ///< Freighters (GLEC framework 3.2, by EcoFreight).
  double stop_g = 180;         ///< A van's stop on a round, failed attempts included.
};

/// Text of a gate, for results/gates to parse; kept with its place for error messages.
struct GateText {
  std::string expression;  ///< "promise_kept >= 0.9"
  std::string file;
  int line = 0;
};

/// What a replay may do to the messages on purpose (engine/faults.hpp). Numbers are part of the stored format.
enum class FaultKind : std::uint8_t {
  none,
  redelivery,        ///< The same message again, at once or after later ones.
  near_duplicate,    ///< The same milestone under another id, in other words and letters' case.
  other_zone,        ///< The same instant in the clock of another zone.
  naive_time,        ///< Besides the right message, one whose instants lack the offset.
  schema_drift,      ///< Members nobody documented, empty texts, nulls.
  forged,            ///< Changed after it was signed.
  unsigned_message,  ///< Changed, and without any signature.
  stale_signature,   ///< Signed an hour ago; for formats whose signature tells the instant.
  ghost,             ///< Well signed, about a number that the shop never shipped.
  disorder,          ///< Published hours late, after scans that came later.
  late_batch,        ///< Scans of an offline scanner, published together when it is back.
  regression,        ///< Out for delivery, back at the depot, out again; or delivered, refused, returned.
  retraction,        ///< A delivery taken back by the driver.
  number_reuse,      ///< The number of a delivered parcel on another one, two days later.
  dst_fold,          ///< Two more scans, on both sides of the hour that the clocks of the place show twice.
};
inline constexpr std::size_t fault_kinds = 16;
inline constexpr std::array<const char*, fault_kinds> fault_names{
    "none",       "redelivery",       "near_duplicate",  "other_zone", "naive_time", "schema_drift",
    "forged",     "unsigned_message", "stale_signature", "ghost",      "disorder",   "late_batch",
    "regression", "retraction",       "number_reuse",    "dst_fold"};

/// How often: share of the scans to which a fault can happen, by FaultKind.
struct FaultRates {
  std::array<Ppm, fault_kinds> rate{};
  std::uint64_t seed = 1;
  [[nodiscard]] Ppm of(FaultKind kind) const { return rate[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] bool any() const {
    for (const Ppm share : rate) {
      if (share > 0) return true;
    }
    return false;
  }
};

/// How a drill replays this scenario when the command line does not say.
struct ReplayDefaults {
  double scale = 1;     ///< Default of --scale for `drill`.
  double speed = 0;     ///< Simulated seconds per second; 0: use `seconds`.
  double seconds = 30;  ///< Compress the replay to about this long.
  std::string format = "easypost";
  FaultRates faults;
};

/// Every vector of things with ids is indexed by them. Requires of all who fill it: what scenarios/FORMAT.md says.
struct World {
  std::string name;                 ///< Of the scenario, as in its folder.
  std::string title;                ///< One line, for people.
  std::string description;          ///< For people; may be empty.
  std::int64_t first_day_unix = 0;  ///< Unix time of SimTime zero, seconds: 00:00 UTC of the first day.
  Day day_count = 0;                ///< Orders arrive on days [0, day_count).
  Day drain_days = 0;               ///< Then the network runs on this long without new orders.
  Day measure_from = 0;             ///< Orders of days [measure_from, measure_to) are measured; the others
  Day measure_to = 0;               ///< warm the network up or keep it loaded.
  std::uint64_t seed = 1;
  Day calendar_from = 0;  ///< Day of index 0 in every Calendar; negative.

  std::vector<TimeZone> zones;
  std::vector<Calendar> calendars;
  std::vector<Region> regions;
  std::vector<Destination> destinations;
  std::vector<Carrier> carriers;
  std::vector<Service> services;
  std::vector<Facility> facilities;
  std::vector<Lane> lanes;
  /// coverage[carrier][destination]: the depot, or none when that carrier does not go there.
  std::vector<std::vector<std::optional<FacilityId>>> coverage;
  std::vector<PlannedCapacity> capacity;
  std::vector<SizeClass> sizes;
  std::vector<Shipper> shippers;
  std::vector<ShipNode> nodes;
  std::vector<GivenOrder> orders;  ///< Ascending by time; empty: draw all.
  std::vector<Disruption> disruptions;
  ShopperModel shopper;
  LoyaltyModel loyalty;
  CarbonModel carbon;
  ReplayDefaults replay;
  std::vector<GateText> gates;

  /// Whether the calendar has a working day; false beyond its table.
  [[nodiscard]] bool is_open(CalendarId calendar, Day day) const {
    const auto& open = calendars[index(calendar)].open;
    const auto i = static_cast<std::size_t>(day - calendar_from);
    return day >= calendar_from && i < open.size() && open[i];
  }
  [[nodiscard]] PlaceId place(FacilityId facility) const { return PlaceId{static_cast<std::uint16_t>(facility)}; }
  [[nodiscard]] PlaceId place(ShipNodeId node) const {
    return PlaceId{static_cast<std::uint16_t>(facilities.size() + index(node))};
  }
  [[nodiscard]] bool is_node(PlaceId place) const { return index(place) >= facilities.size(); }
  [[nodiscard]] const std::string& place_name(PlaceId place) const {
    return is_node(place) ? nodes[index(place) - facilities.size()].name : facilities[index(place)].name;
  }
};

/// The pickups of `node` that take a carrier's parcels for `destination`: those that skip zones to it, if there are any
/// and the shipper uses them, else the carrier's ordinary ones. `visit(index in ShipNode::pickups)`, ascending.
template <class Visit>
void for_each_pickup(const World& world, const ShipNode& node, CarrierId carrier, DestinationId destination,
                     const Visit& visit) {
  bool skips = false;
  if (world.shippers[index(node.shipper)].zone_skip) {
    for (const Pickup& pickup : node.pickups) {
      skips = skips || (pickup.carrier == carrier && pickup.skips_zones() && pickup.destinations[index(destination)]);
    }
  }
  for (std::size_t p = 0; p < node.pickups.size(); ++p) {
    const Pickup& pickup = node.pickups[p];
    if (pickup.carrier != carrier || pickup.skips_zones() != skips) continue;
    if (!skips || pickup.destinations[index(destination)]) visit(p);
  }
}

/// Weekday of a day, 0 is Monday. `first_day_unix` falls on a whole day, and 1 Jan 1970 was a Thursday.
constexpr int weekday_of(std::int64_t first_day_unix, Day day) {
  const std::int64_t since_epoch = floor_div(first_day_unix, 86'400) + day;
  const std::int64_t w = since_epoch + 3;
  return static_cast<int>(w - floor_div(w, 7) * 7);
}

}  // namespace peakstorm
