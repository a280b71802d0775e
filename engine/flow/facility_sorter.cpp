/// A facility's sorter: trucks that wait for it, waves, and what a sort does to a parcel.
#include <algorithm>
#include <utility>

#include "engine/check.hpp"
#include "engine/flow/facility.hpp"
#include "engine/flow/facility_events.hpp"

namespace peakstorm::flow {

void FacilityProcess::unload(SimTime now, Chain<Parcel> parcels, Outbox& outbox) {
  // Cleared parcels may be for this very depot; those that came through customs join the rounds here.
  if (facility_.kind == FacilityKind::depot) {
    Chain<Parcel> onward;
    parcels.consume([&](const Parcel& parcel) {
      if (depot_of(parcel) == id_) {
        await_round(now, parcel, next_load_out(id_, parcel.service, now + facility_.handling));
      } else {
        onward.push_back(parcel);
      }
    });
    parcels = std::move(onward);
    if (parcels.empty()) return;
  }
  Batch batch;
  batch.arrived = now;
  batch.available = now + facility_.handling;
  batch.parcels = std::move(parcels);
  const std::int64_t pieces = pieces_of(batch.parcels);
  batch.companions = batch.parcels.size() - static_cast<std::size_t>(pieces);
  if (!work_.empty()) {
    batch.level = std::max(level_, work_.done_by(batch.available));
    if (pieces > 0) level_ = batch.level + pieces * WorkCalendar::units_per_piece;
  } else if (context_.companions != nullptr) {
    // Without a sorter all are done once they are available; the level only tells the order.
    batch.level = level_;
    level_ += pieces * WorkCalendar::units_per_piece;
  }
  if (pieces > 0) sorter_count_.enter(now, pieces);
  sorter_.push_back(std::move(batch));
  schedule_wave(now, outbox);
}

void FacilityProcess::unload_companions(SimTime now, std::uint64_t node_hash, Chain<Parcel> parcels, Outbox& outbox) {
  Batch batch;
  batch.arrived = now;
  batch.available = now + facility_.handling;
  batch.companions = parcels.size();
  batch.parcels = std::move(parcels);
  // Its twin may have come at this very instant: what was ahead of that one is ahead of this one.
  batch.level = level_;
  for (const Truck& twin : unloaded_) {
    if (twin.node == node_hash) batch.level = twin.level;
  }
  if (!work_.empty()) batch.level = std::max(batch.level, work_.done_by(batch.available));
  trucks_.push_back(std::move(batch));
  schedule_companions(now, outbox);
}

void FacilityProcess::schedule_wave(SimTime now, Outbox& outbox) {
  if (context_.companions != nullptr) schedule_companions(now, outbox);
  if (wave_scheduled_ || sorter_.empty() || next_wave() == never) return;
  outbox.send(kernel::LpId{static_cast<std::uint32_t>(id_)}, std::max(next_wave(), now), to_self(Happening::sorted),
              priority_of(Happening::sorted));
  wave_scheduled_ = true;
}

void FacilityProcess::schedule_companions(SimTime now, Outbox& outbox) {
  SimTime at = never;
  // Within a batch they come with the pieces behind them, so that only those behind the last one need their own wave.
  if (!sorter_.empty() && sorter_.front().pieces() == 0) at = sorted_at(sorter_.front(), sorter_.front().next + 1);
  for (const Batch& truck : trucks_) at = std::min(at, sorted_at(truck, truck.next + 1));
  if (at >= companions_wave_ || at >= context_.end) return;
  companions_wave_ = std::max(at, now);
  outbox.send_aside(kernel::LpId{static_cast<std::uint32_t>(id_)}, companions_wave_,
                    to_self(Happening::sorted, for_companions), identity_of(Happening::sorted, ticks(at), 0),
                    priority_of(Happening::sorted));
}

SimTime FacilityProcess::sorted_at(const Batch& batch, std::size_t pieces) const {
  const SimTime done =
      work_.empty() ? batch.available
                    : work_.when(batch.level + static_cast<std::int64_t>(pieces) * WorkCalendar::units_per_piece);
  // A wave that never comes is an event all the same: a storm to come must not change the numbers of earlier events.
  return done >= context_.end ? context_.end : next_mark(done);
}

SimTime FacilityProcess::next_wave() const {
  for (const Batch& batch : sorter_) {
    if (batch.pieces() > 0) return sorted_at(batch, batch.next + 1);
  }
  return never;
}

void FacilityProcess::replan(SimTime now) {
  if (work_.empty()) return;
  WorkCalendar::Work ahead = 0;
  for (Batch& batch : sorter_) {
    if (batch.available > now) batch.level = std::max(ahead, work_.done_by(batch.available));
    ahead = batch.level + static_cast<std::int64_t>(batch.next + batch.parcels.size()) * WorkCalendar::units_per_piece;
  }
  if (!sorter_.empty()) level_ = ahead;
}

void FacilityProcess::sort_wave(SimTime now, Outbox& outbox, Ledger& ledger) {
  const WorkCalendar::Work done = work_.empty() ? 0 : work_.done_by(now);
  while (!sorter_.empty()) {
    Batch& batch = sorter_.front();
    const std::size_t total = batch.next + batch.pieces();
    // What rides along behind the last piece is sorted when one more would be.
    const std::size_t most = total + (batch.companions > 0 ? 1 : 0);
    std::size_t ready = 0;
    if (work_.empty()) {
      ready = batch.available <= now ? most : 0;
    } else if (done > batch.level) {
      ready = std::min(most, static_cast<std::size_t>((done - batch.level) / WorkCalendar::units_per_piece));
    }
    if (ready <= batch.next) break;
    const auto pieces = static_cast<std::uint32_t>(std::min(ready, total) - batch.next);
    if (pieces > 0) sorter_count_.leave(now, pieces, batch.arrived);
    if (!spans_.empty() && pieces > 0) {
      const SimTime available = batch.available;
      const auto span = std::upper_bound(spans_.begin(), spans_.end(), available,
                                         [](SimTime t, const network::OpenSpan& s) { return t < s.to; });
      if (span != spans_.end() && now > span->to + wave) day(now).missed_sorts += pieces;
    }
    while (batch.next < ready && !batch.parcels.empty()) {
      Parcel& parcel = batch.parcels.front();
      if (parcel.is(Parcel::companion)) {
        --batch.companions;
      } else {
        if (!trucks_.empty()) {
          const auto ahead = static_cast<WorkCalendar::Work>(batch.next) * WorkCalendar::units_per_piece;
          sort_trucks(now, done, batch.level + ahead, outbox, ledger);
        }
        ++batch.next;
      }
      sort_one(now, batch.arrived, parcel, outbox, ledger);
      batch.parcels.pop_front();
    }
    if (!batch.parcels.empty()) break;
    sorter_.pop_front();
  }
  if (!trucks_.empty()) sort_trucks(now, done, std::numeric_limits<WorkCalendar::Work>::max(), outbox, ledger);
  schedule_wave(now, outbox);
}

void FacilityProcess::sort_trucks(SimTime now, WorkCalendar::Work done, WorkCalendar::Work most, Outbox& outbox,
                                  Ledger& ledger) {
  bool any_empty = false;
  for (Batch& truck : trucks_) {
    if (work_.empty() && truck.available > now) continue;
    while (!truck.parcels.empty()) {
      const WorkCalendar::Work ahead =
          truck.level + static_cast<WorkCalendar::Work>(truck.next) * WorkCalendar::units_per_piece;
      if (ahead > most || (!work_.empty() && ahead + WorkCalendar::units_per_piece > done)) break;
      sort_one(now, truck.arrived, truck.parcels.front(), outbox, ledger);
      truck.parcels.pop_front();
      --truck.companions;
      ++truck.next;
    }
    any_empty = any_empty || truck.parcels.empty();
  }
  if (any_empty) std::erase_if(trucks_, [](const Batch& truck) { return truck.parcels.empty(); });
}

void FacilityProcess::sort_one(SimTime now, SimTime arrived, Parcel& parcel, Outbox& outbox, Ledger& ledger) {
  // One draw per sort, by its number: that of the scans would depend on the promise, whose changes are scans, too.
  const Draws draws(context_.draw_key, Purpose::sort, context_.key(parcel.id), parcel.sorts);
  parcel.sorts = (parcel.sorts + 1U) & 0xfU;
  if (!work_.empty()) ledger.scan(parcel, ScanKind::processed, place_, now);
  if (draws.happens(0, carrier_.loss)) {
    ledger.scan(parcel, ScanKind::lost, place_, now);
    end_parcel(parcel, Fate::lost, now, never, ledger);
    return;
  }
  if (draws.happens(1, carrier_.damage)) ledger.scan(parcel, ScanKind::damaged, place_, now);
  if (draws.happens(2, carrier_.held) && !parcel.is(Parcel::was_held)) {
    parcel.set(Parcel::was_held);
    const SimTime until = now + minutes(std::max<std::int64_t>(1, carrier_.held_minutes));
    ledger.scan(parcel, ScanKind::held, place_, now, stored_day(eta(parcel, id_, until, now)));
    if (!parcel.is(Parcel::companion)) ++aside_;
    send_parcel(outbox, until, Happening::released, 0, arrived, parcel);
    return;
  }
  LaneId lane = next_lane(parcel, arrived, now);
  PEAKSTORM_CHECK(lane != network::no_lane, facility_.name, context_.world.facilities[index(depot_of(parcel))].name);
  if (draws.happens(3, carrier_.missort)) {
    const LaneId wrong = wrong_lane(parcel, lane, draws.word(3) ^ draws.word(0));
    if (wrong != lane) parcel.set(Parcel::astray);
    lane = wrong;
  }
  dock(now, arrived, parcel, lane, Cause::none);
}

}  // namespace peakstorm::flow
