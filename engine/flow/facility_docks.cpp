/// A facility's docks: which lane, what a departure takes and what it leaves behind.
#include <algorithm>
#include <utility>

#include "engine/check.hpp"
#include "engine/flow/facility.hpp"
#include "engine/flow/facility_events.hpp"
#include "engine/network/journey.hpp"

namespace peakstorm::flow {
namespace {

/// Delay of a left-behind parcel from which the carrier says so.
constexpr std::int64_t told_minutes = std::int64_t{6} * 60;

}  // namespace

LaneId FacilityProcess::next_lane(Parcel& parcel, SimTime arrived, SimTime now) const {
  const network::Routes& routes = context_.routes;
  const FacilityId depot = depot_of(parcel);
  if (routes.revised(id_, now)) {
    const network::Routes::Detour detour = routes.detour(mode_of(parcel), id_, depot, arrived, now);
    if (detour.lane != network::no_lane) {
      parcel.blame(place_, Cause::closure, to_minutes(detour.longer));
      if (detour.weather) parcel.set(Parcel::weather);
      return detour.lane;
    }
  }
  return routes.next(mode_of(parcel), id_, depot, now);
}

LaneId FacilityProcess::wrong_lane(const Parcel& parcel, LaneId right, std::uint32_t word) const {
  const FacilityId depot = depot_of(parcel);
  for (std::size_t i = 0; i < docks_.size(); ++i) {
    const LaneId lane = docks_[(word + i) % docks_.size()].lane;
    const FacilityId to = context_.world.lanes[index(lane)].to;
    if (lane != right && context_.routes.reachable(mode_of(parcel), to, depot)) return lane;
  }
  return right;
}

void FacilityProcess::dock(SimTime now, SimTime arrived, const Parcel& parcel, LaneId lane, Cause hint) {
  Dock& dock = docks_[context_.dock_of_lane[index(lane)]];
  if (dock.stretches.empty() || dock.stretches.back().docked != now || dock.stretches.back().arrived != arrived ||
      dock.stretches.back().hint != hint) {
    const network::Timetable& timetable = context_.departures[index(lane)];
    const SimTime nominal = nominally_docked(arrived);
    std::size_t i = timetable.size();
    if (nominal != never) i = timetable.first_at_or_after(nominal + context_.world.lanes[index(lane)].cut_off);
    dock.stretches.push_back({arrived, now, i < timetable.size() ? timetable[i] : never, 0, 0, false, hint});
  }
  ++dock.stretches.back().count;
  dock.parcels.push_back(parcel);
  if (parcel.is(Parcel::companion)) {
    ++dock.stretches.back().companions;
  } else {
    dock_count_.enter(now, 1);
  }
}

void FacilityProcess::depart(SimTime now, std::size_t which, Outbox& outbox, Ledger& ledger) {
  Dock& dock = docks_[which];
  const Lane& lane = context_.world.lanes[index(dock.lane)];
  const network::Timetable& timetable = context_.departures[index(dock.lane)];
  if (++dock.departure < timetable.size()) {
    outbox.send(kernel::LpId{static_cast<std::uint32_t>(id_)}, timetable[dock.departure],
                to_self(Happening::departure, static_cast<std::uint32_t>(which)), priority_of(Happening::departure));
  }
  if (dock.stretches.empty() || dock.stretches.front().docked > now - lane.cut_off) return;

  const disruption::EffectSteps& far_effects = context_.field.facility(lane.to);
  const bool cancelled = effects_.at(now).closed || far_effects.at(now).closed;
  const PlannedCapacity* plan = context_.planned(facility_.carrier, zone_.local_day(now));
  const Ppm linehaul = plan == nullptr ? ppm_one : plan->linehaul;
  const LoadLimit::Room room{context_.scaled_milli(lane.pieces, linehaul),
                             context_.scaled_milli(lane.weight_kg, linehaul),
                             context_.scaled_milli(lane.volume_m3, linehaul) * 1000};
  // A departure for which only companions wait does not open: it would settle what the last one owes.
  const bool for_pieces = std::any_of(dock.stretches.begin(), dock.stretches.end(), [&](const Stretch& stretch) {
    return stretch.docked <= now - lane.cut_off && stretch.count > stretch.companions;
  });
  LoadLimit own = dock.limit;
  LoadLimit& limit = for_pieces ? dock.limit : own;
  if (!cancelled) limit.open(room, context_.hard_limits);

  const Ppm speed = std::min(effects_.at(now).speed, far_effects.at(now).speed);
  const SimDuration length = network::journey(context_.draw_key, lane, context_.place_hash[index(lane.from)],
                                              context_.place_hash[index(lane.to)], now);
  const std::int64_t longer = to_minutes(length - lane.transit);
  const SimTime due = now + length;
  const SimTime there = now + slowed(length, speed);
  const bool weather_here = effects_.at(now).weather || far_effects.at(now).weather;

  auto container = std::make_unique<Container>();
  container->boarded = now;
  container->due = due;
  container->there = there;
  bool full = cancelled;
  std::uint64_t measured_g = 0;
  Chain<Parcel> passed;
  std::deque<Stretch> passed_stretches;
  while (!full && !dock.stretches.empty() && dock.stretches.front().docked <= now - lane.cut_off) {
    Stretch& stretch = dock.stretches.front();
    const std::int64_t excess = stretch.planned < now ? to_minutes(now - stretch.planned) : 0;
    Cause cause = Cause::none;
    bool weather = false;
    if (excess > 0) {
      const bool closed =
          effects_.closed_within(stretch.arrived, now) || far_effects.closed_within(stretch.planned, now);
      weather = effects_.weather_within(stretch.arrived, now) || far_effects.weather_within(stretch.planned, now);
      cause = stretch.hint != Cause::none                       ? stretch.hint
              : closed                                          ? Cause::closure
              : stretch.docked > stretch.planned - lane.cut_off ? Cause::sort_backlog
                                                                : Cause::dock_rollover;
    }
    std::uint32_t boarded = 0;
    std::uint32_t passed_here = 0;
    while (stretch.count > 0) {
      Parcel& parcel = dock.parcels.front();
      const SizeClass& size = context_.world.sizes[parcel.size];
      if (parcel.is(Parcel::companion)) {
        if (!limit.has_room(size.weight_g, size.volume_cm3)) {
          // Nobody waits for it: smaller pieces may still fit.
          passed.push_back(parcel);
          ++passed_here;
          dock.parcels.pop_front();
          --stretch.count;
          --stretch.companions;
          continue;
        }
        --stretch.companions;
        if (context_.is_measured(parcel)) {
          LegWork& work = ledger.counts_of(parcel).legs[index(facility_.carrier)];
          (lane.mode == Mode::air ? work.air_g_km : work.road_g_km) += std::uint64_t{size.weight_g} * lane.km;
        }
      } else {
        if (!limit.take(size.weight_g, size.volume_cm3)) {
          full = true;
          break;
        }
        ++boarded;
        if (context_.is_measured(parcel)) measured_g += size.weight_g;
      }
      --stretch.count;
      if (excess > 0) parcel.blame(place_, cause, excess);
      if (weather) parcel.set(Parcel::weather);
      if (longer > 0) parcel.blame(place_, Cause::linehaul, longer);
      ledger.scan(parcel, ScanKind::departed, place_, now);
      if (weather_here && there > due) parcel.set(Parcel::weather);
      container->parcels.push_back(parcel);
      dock.parcels.pop_front();
    }
    if (passed_here > 0) {
      passed_stretches.push_back(stretch);
      passed_stretches.back().count = passed_here;
      passed_stretches.back().companions = passed_here;
    }
    if (boarded > 0) dock_count_.leave(now, boarded, stretch.docked);
    if (for_pieces) day(now).departed += boarded;
    const std::uint64_t dwell = static_cast<std::uint64_t>(to_minutes(now - stretch.arrived)) * boarded;
    const std::uint64_t lost = static_cast<std::uint64_t>(excess) * boarded;
    if (boarded > 0) {
      PlaceDay& today = day(now);
      today.wait_minutes = static_cast<std::uint32_t>(std::min<std::uint64_t>(today.wait_minutes + dwell, UINT32_MAX));
      today.excess_minutes =
          static_cast<std::uint32_t>(std::min<std::uint64_t>(today.excess_minutes + lost, UINT32_MAX));
    }
    if (stretch.count == 0) dock.stretches.pop_front();
  }
  if (measured_g > 0) {
    LegWork& work = ledger.legs[index(facility_.carrier)];
    (lane.mode == Mode::air ? work.air_g_km : work.road_g_km) += measured_g * lane.km;
  }
  if (!passed.empty()) put_back(dock, std::move(passed), std::move(passed_stretches));
  leave_behind(now, dock, ledger);
  if (container->parcels.empty()) return;
  send(outbox, kernel::LpId{static_cast<std::uint32_t>(lane.to)}, context_.gate(lane.to, there), std::move(container),
       static_cast<std::uint32_t>(dock.lane), Happening::arrival,
       identity_of(Happening::arrival, ticks(now), index(dock.lane)));
}

void FacilityProcess::put_back(Dock& dock, Chain<Parcel> passed, std::deque<Stretch> stretches) {
  dock.parcels.consume([&](const Parcel& parcel) { passed.push_back(parcel); });
  dock.parcels = std::move(passed);
  dock.stretches.insert(dock.stretches.begin(), stretches.begin(), stretches.end());
}

void FacilityProcess::leave_behind(SimTime now, Dock& dock, Ledger& ledger) {
  const Lane& lane = context_.world.lanes[index(dock.lane)];
  const network::Timetable& timetable = context_.departures[index(dock.lane)];
  const SimTime next = dock.departure < timetable.size() ? timetable[dock.departure] : never;
  const bool weather = effects_.at(now).weather || context_.field.facility(lane.to).at(now).weather;
  Chain<Parcel>::Cursor cursor(dock.parcels);
  for (Stretch& stretch : dock.stretches) {
    if (stretch.docked > now - lane.cut_off) break;
    if (stretch.count > stretch.companions) day(now).rollovers += stretch.count - stretch.companions;
    const bool delayed = next != never && stretch.planned <= now && to_minutes(next - stretch.planned) >= told_minutes;
    if (!delayed || stretch.told) {
      cursor.skip(stretch.count);
      continue;
    }
    stretch.told = true;
    for (std::uint32_t i = 0; i < stretch.count; ++i) {
      Parcel& parcel = cursor.next();
      if (!parcel.is(Parcel::tracked)) continue;
      const Day moved = eta(parcel, lane.to, next + lane.transit, now);
      ledger.scan(parcel, weather ? ScanKind::delay_weather : ScanKind::delay_other, place_, now, stored_day(moved));
      revise(parcel, moved, now, ledger);
    }
  }
}

}  // namespace peakstorm::flow
