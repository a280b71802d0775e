/// Facts about parcels: scans, what shoppers do about them, the parcel's own facts and how it ended.
#pragma once

#include <array>
#include <cstdint>

#include "engine/ids.hpp"
#include "engine/random.hpp"
#include "engine/time.hpp"
#include "engine/world.hpp"

namespace peakstorm {

/// The canonical status vocabulary. Numbers are part of the stored format: append, never renumber.
enum class ScanKind : std::uint8_t {
  label_created = 1,
  accepted = 2,
  departed = 3,
  arrived = 4,
  processed = 5,
  customs_in = 6,
  customs_held = 7,
  customs_cleared = 8,
  out_for_delivery = 9,
  attempted = 10,
  ready_pickup = 11,
  delivered = 12,
  delay_weather = 13,
  delay_other = 14,
  held = 15,
  misrouted = 16,
  damaged = 17,
  lost = 18,
  returning = 19,
  returned = 20,
  cancelled = 21,
  eta_changed = 22,  ///< No milestone: only a new estimated date.
  retracted = 23,    ///< The delivered scan before it was a mistake.
};
inline constexpr std::size_t scan_kind_end = 24;
/// Names as in JSON, SQL and reports, by number.
inline constexpr std::array<const char*, scan_kind_end> scan_kind_names{"",
                                                                        "label_created",
                                                                        "accepted",
                                                                        "departed",
                                                                        "arrived",
                                                                        "processed",
                                                                        "customs_in",
                                                                        "customs_held",
                                                                        "customs_cleared",
                                                                        "out_for_delivery",
                                                                        "attempted",
                                                                        "ready_pickup",
                                                                        "delivered",
                                                                        "delay_weather",
                                                                        "delay_other",
                                                                        "held",
                                                                        "misrouted",
                                                                        "damaged",
                                                                        "lost",
                                                                        "returning",
                                                                        "returned",
                                                                        "cancelled",
                                                                        "eta_changed",
                                                                        "retracted"};

/// One fact: parcel, place, instant, kind. A run's scans are totally ordered: by instant, by hash64 of run (seed,
/// replication) and parcel_key, by parcel_key, by sequence.
struct Scan {
  SimTime at;        ///< When it happened.
  SimTime reported;  ///< When the carrier publishes it; `never`: a missed scan.
  ParcelId parcel{};
  PlaceId place = no_place;        ///< `no_place` for the doorstep.
  std::uint16_t eta_day = no_day;  ///< The carrier's estimate at this scan, local to the destination.
  ScanKind kind = ScanKind::label_created;
  std::uint8_t sequence = 0;  ///< Counts the parcel's scans from 0.
  bool operator==(const Scan&) const = default;
  template <class Archive>
  void transfer(Archive& archive) {
    archive(at, reported, parcel, place, eta_day, kind, sequence);
  }
};
static_assert(sizeof(Scan) == 32);

/// Stable 64-bit key of a parcel: depends on its node's name, not on the order of rows.
inline std::uint64_t parcel_key(std::uint64_t node_name_hash, ParcelId id) {
  return hash64(node_name_hash, static_cast<std::uint64_t>(id) & 0xffff'ffff'ffffULL);
}

/// What a shopper (or the retailer's notifier) does.
enum class ActKind : std::uint8_t {
  check = 1,    ///< Looks at the tracking page.
  contact = 2,  ///< Asks "where is my order".
  notice_shipped = 3,
  notice_out_for_delivery = 4,
  notice_delivered = 5,
  notice_delay = 6,      ///< A new date before the promised one has passed.
  recovery = 7,          ///< A broken promise is made good as far as its grade says (recovery.hpp).
  recovery_refused = 8,  ///< It would be, but the budget is spent: an apology.
};
inline constexpr std::array<const char*, 9> act_kind_names{"",
                                                           "check",
                                                           "contact",
                                                           "notice_shipped",
                                                           "notice_out_for_delivery",
                                                           "notice_delivered",
                                                           "notice_delay",
                                                           "recovery",
                                                           "recovery_refused"};

struct ShopperAct {
  SimTime at;
  ParcelId parcel{};
  ActKind kind = ActKind::check;
  std::uint8_t sequence = 0;  ///< Counts the parcel's acts from 0, modulo 256.
  bool operator==(const ShopperAct&) const = default;
  template <class Archive>
  void transfer(Archive& archive) {
    archive(at, parcel, kind, sequence);
  }
};

/// What is known of a tracked parcel when its label is made.
struct ParcelFacts {
  ParcelId id{};
  SimTime ordered;
  ShipNodeId node{};
  ShipperId shipper{};
  ServiceId service{};
  DestinationId destination{};
  Tier tier = Tier::standard;
  std::uint8_t size = 0;
  std::uint16_t promise_day = no_day;  ///< First promise shown; local calendar day of the destination.
  SimDuration window_from{};           ///< Promised hours, local time of day.
  SimDuration window_to{};
  Cents shipping_cost = 0;
  bool second_choice = false;  ///< Sent from another node than its shipper's first choice, which had run out.
  bool operator==(const ParcelFacts&) const = default;
  template <class Archive>
  void transfer(Archive& archive) {
    archive(id, ordered, node, shipper, service, destination, tier, size, promise_day, window_from, window_to,
            shipping_cost, second_choice);
  }
};

/// How a parcel ended; `inside`: it had not. Numbers are part of the stored format.
enum class Fate : std::uint8_t { inside, delivered, lost, returned, cancelled };
inline constexpr std::array<const char*, 5> fate_names{"inside", "delivered", "lost", "returned", "cancelled"};

/// Why a parcel lost the most time beyond its plan.
enum class Cause : std::uint8_t {
  none,            ///< It lost no time; a broken promise was too tight from the start.
  own_handling,    ///< Waited at the ship node beyond the planned pickup.
  pickup_cap,      ///< Refused by the carrier's daily cap.
  embargo,         ///< Refused by an embargo.
  sort_backlog,    ///< Missed the sort it could have made.
  dock_rollover,   ///< Sorted in time, but the trailer was full.
  lane_weather,    ///< Slow road or sky.
  closure,         ///< Waited at a closed facility.
  round_overflow,  ///< More parcels than stops at the depot.
  attempt_failed,  ///< Nobody at home, or a bad address.
  missort,         ///< Loaded on a wrong lane, held, or in customs beyond plan.
  linehaul,        ///< A leg that took longer than its median in ordinary weather.
  out_of_stock,    ///< Not taken: no node it may come from had it.
};
inline constexpr std::array<const char*, 13> cause_names{
    "none",    "own_handling",   "pickup_cap",     "embargo", "sort_backlog", "dock_rollover", "lane_weather",
    "closure", "round_overflow", "attempt_failed", "missort", "linehaul",     "out_of_stock"};

/// How a parcel ended, or how it stood at the end of the run. Days are local to the destination.
struct Outcome {
  ParcelId id{};
  SimTime at;        ///< Delivered, lost, returned, cancelled; else the end of the run.
  SimTime reported;  ///< When the carrier showed the delivery; `never` if it did not.
  DestinationId destination{};
  ShipperId shipper{};
  ServiceId service{};
  Fate fate = Fate::inside;
  Cause cause = Cause::none;
  PlaceId culprit = no_place;        ///< Where it lost the most time.
  std::uint16_t excess_minutes = 0;  ///< Time lost there beyond the plan (saturates at 45 days).
  std::uint16_t order_day = no_day;
  std::uint16_t tender_day = no_day;
  std::uint16_t delivered_day = no_day;
  std::uint16_t reported_day = no_day;  ///< Delivery day by the carrier's account; no_day when it never reported one.
  std::uint16_t first_attempt_day = no_day;
  std::uint16_t promise_day = no_day;  ///< First promise; no_day for background volume.
  std::uint16_t revised_day = no_day;  ///< Last promise shown before it expired.
  std::uint16_t commit_day = no_day;   ///< The carrier's own commitment; no_day when never tendered.
  SimDuration delivered_time{};        ///< Local time of day.
  std::uint8_t attempts = 0;
  bool weather = false;  ///< Weather held it up somewhere.
  bool operator==(const Outcome&) const = default;
  template <class Archive>
  void transfer(Archive& archive) {
    archive(id, at, reported, destination, shipper, service, fate, cause, culprit, excess_minutes, order_day,
            tender_day, delivered_day, reported_day, first_attempt_day, promise_day, revised_day, commit_day,
            delivered_time, attempts, weather);
  }
};

}  // namespace peakstorm
