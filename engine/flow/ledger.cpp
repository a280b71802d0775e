#include "engine/flow/ledger.hpp"

namespace peakstorm::flow {
namespace {

constexpr std::uint64_t ticks(SimTime at) {
  return static_cast<std::uint64_t>(at.time_since_epoch().count());
}

/// Facts of computers, not of scanners: never missed, never late.
bool is_system(ScanKind kind) {
  return kind == ScanKind::label_created || kind == ScanKind::eta_changed || kind == ScanKind::cancelled ||
         kind == ScanKind::lost || kind == ScanKind::retracted;
}

}  // namespace

void Ledger::scan(Parcel& parcel, ScanKind kind, PlaceId place, SimTime at, std::uint16_t eta_day) {
  reported_scan(parcel, kind, place, at, eta_day);
}

SimTime Ledger::reported_scan(Parcel& parcel, ScanKind kind, PlaceId place, SimTime at, std::uint16_t eta_day) {
  const std::uint8_t sequence = parcel.scans;
  if (parcel.scans < 0xff) ++parcel.scans;
  if (at >= context_.end) return never;
  const std::uint64_t key = context_.key(parcel.id);
  SimTime reported = at;
  const bool watched = parcel.is(Parcel::tracked);
  if (watched && !is_system(kind)) {
    const Carrier& carrier = context_.world.carriers[index(context_.service(parcel.service).carrier)];
    const Draws draws(context_.draw_key, Purpose::scan, key, sequence);
    if (place != no_place && !context_.world.is_node(place)) {
      reported += context_.field.facility(FacilityId{static_cast<std::uint16_t>(place)}).at(at).scan_delay;
    }
    if (draws.happens(0, carrier.late_scan)) reported += minutes(carrier.late_scan_minutes);
    if (draws.happens(1, carrier.missed_scan)) reported = never;
  }
  LedgerCounts& counts = counts_of(parcel);
  ++counts.scans;
  ++counts.scans_by_kind[static_cast<std::size_t>(kind)];
  const std::uint64_t where = place == no_place ? 0 : context_.place_hash[index(place)];
  counts.digest.add(key, ticks(at) ^ (std::uint64_t{sequence} << 56U) ^ (static_cast<std::uint64_t>(kind) << 48U),
                    where + ticks(reported) * 3 + eta_day);
  if (parcel.is(Parcel::companion)) {
    companion_of(parcel.id).fresh_scans.push_back(
        {context_.companions->own({at, reported, parcel.id, place, eta_day, kind, sequence}),
         hash64(context_.run_hash, key)});
  } else if (context_.streams && (watched || context_.background_streams)) {
    fresh_scans.push_back({{at, reported, parcel.id, place, eta_day, kind, sequence}, hash64(context_.run_hash, key)});
  }
  return reported;
}

void Ledger::facts(const ParcelFacts& facts) {
  if (context_.is_companions(facts.node)) {
    companion_of(facts.id).fresh_facts.push_back(context_.companions->own(facts));
  } else if (context_.streams) {
    fresh_facts.push_back(facts);
  }
}

void Ledger::outcome(const Parcel& parcel, Fate fate, SimTime at, SimTime reported) {
  const TimeZone& zone = context_.zone_of(parcel.destination);
  Outcome o;
  o.id = parcel.id;
  o.at = at;
  o.reported = reported;
  o.destination = parcel.destination;
  o.shipper = context_.world.nodes[index(node_of(parcel.id))].shipper;
  o.service = parcel.service;
  o.fate = fate;
  o.cause = parcel.cause;
  o.culprit = parcel.culprit;
  o.excess_minutes = parcel.excess_minutes;
  o.order_day = parcel.order_day;
  o.tender_day = parcel.tender_day;
  o.first_attempt_day = parcel.first_attempt_day;
  o.promise_day = parcel.promise_day;
  o.revised_day = parcel.revised_day;
  o.commit_day = parcel.commit_day;
  o.attempts = parcel.attempts;
  o.weather = parcel.is(Parcel::weather);
  if (fate == Fate::delivered) {
    o.delivered_day = stored_day(zone.local_day(at));
    o.delivered_time = zone.time_of_day(at);
    // A late upload carries the time of the delivery, not of the upload.
    if (reported < context_.end) o.reported_day = o.delivered_day;
  }
  const std::uint64_t days = (std::uint64_t{o.promise_day} << 48U) | (std::uint64_t{o.revised_day} << 32U) |
                             (std::uint64_t{o.commit_day} << 16U) | o.first_attempt_day;
  LedgerCounts& counts = counts_of(parcel);
  counts.digest.add(
      context_.key(parcel.id) ^ 0x6f7574636f6d65ULL, ticks(at) ^ (static_cast<std::uint64_t>(fate) << 56U),
      days ^ mix64(context_.destination_hash[index(parcel.destination)] + context_.service_hash[index(parcel.service)] +
                   o.excess_minutes * std::uint64_t{131} + static_cast<std::uint64_t>(o.cause)));
  ++counts.ended;
  if (parcel.is(Parcel::companion)) {
    companion_of(parcel.id).fresh_outcomes.push_back(context_.companions->own(o));
    return;
  }
  outcomes_.push_back(o);
  if (outcomes_.size() >= 4096) flush();
}

void Ledger::flush() {
  if (!outcomes_.empty()) shard_.outcomes(outcomes_);
  outcomes_.clear();
}

}  // namespace peakstorm::flow
