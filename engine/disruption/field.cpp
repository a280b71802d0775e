#include "engine/disruption/field.hpp"

#include <algorithm>

namespace peakstorm::disruption {
namespace {

std::uint32_t product(Ppm a, Ppm b) {
  return static_cast<Ppm>((std::uint64_t{a} * b + ppm_one / 2) / ppm_one);
}

bool is_weather(DisruptionKind kind) {
  return kind == DisruptionKind::storm || kind == DisruptionKind::closure;
}

/// The effects of `active` disruptions, which all touch one place, as steps.
EffectSteps steps_of(const std::vector<const Disruption*>& active) {
  std::vector<SimTime> changes{SimTime::min()};
  for (const Disruption* d : active) {
    changes.push_back(d->from);
    changes.push_back(d->to);
  }
  std::sort(changes.begin(), changes.end());
  changes.erase(std::unique(changes.begin(), changes.end()), changes.end());
  std::vector<Effect> steps;
  for (const SimTime from : changes) {
    Effect effect{.from = from};
    for (const Disruption* d : active) {
      if (from < d->from || from >= d->to) continue;
      effect.speed = product(effect.speed, d->speed);
      effect.staffing = product(effect.staffing, d->staffing);
      effect.closed = effect.closed || d->closed;
      effect.embargo = effect.embargo || d->embargo;
      effect.weather = effect.weather || is_weather(d->kind);
      effect.scan_delay = std::max(effect.scan_delay, d->scan_delay);
    }
    steps.push_back(effect);
  }
  return EffectSteps{std::move(steps)};
}

}  // namespace

const Effect& EffectSteps::at(SimTime instant) const {
  if (steps_.size() == 1) return steps_.front();
  auto after =
      std::upper_bound(steps_.begin(), steps_.end(), instant, [](SimTime t, const Effect& e) { return t < e.from; });
  return *(after - 1);
}

SimTime EffectSteps::reopens(SimTime instant) const {
  const Effect* step = &at(instant);
  if (!step->closed) return instant;
  const Effect* end = steps_.data() + steps_.size();
  while (step != end && step->closed) ++step;
  return step == end ? never : step->from;
}

bool EffectSteps::closed_within(SimTime from, SimTime to) const {
  for (const Effect* step = &at(from); step != steps_.data() + steps_.size() && step->from <= to; ++step) {
    if (step->closed) return true;
  }
  return false;
}

bool EffectSteps::weather_within(SimTime from, SimTime to) const {
  for (const Effect* step = &at(from); step != steps_.data() + steps_.size() && step->from <= to; ++step) {
    if (step->weather) return true;
  }
  return false;
}

Field::Field(const World& world, const std::array<bool, disruption_kind_names.size()>& without) {
  std::vector<std::vector<const Disruption*>> by_facility(world.facilities.size());
  std::vector<std::vector<const Disruption*>> by_node(world.nodes.size());
  for (const Disruption& d : world.disruptions) {
    if (without[static_cast<std::size_t>(d.kind)]) continue;
    for (std::size_t f = 0; f < world.facilities.size(); ++f) {
      const bool mine = !d.carrier || *d.carrier == world.facilities[f].carrier;
      if (!mine || !d.facilities[f]) continue;
      by_facility[f].push_back(&d);
      if (d.closed) closures_.push_back({FacilityId{static_cast<std::uint16_t>(f)}, d.from, d.to, is_weather(d.kind)});
    }
    // A carrier's own trouble does not stop the shipper's work; its refusals are looked up when it collects.
    for (std::size_t n = 0; n < world.nodes.size(); ++n) {
      if (!d.carrier && d.nodes[n]) by_node[n].push_back(&d);
    }
    if (d.embargo) embargoes_.push_back(&d);
    if (d.demand != ppm_one) surges_.push_back(&d);
  }
  for (const auto& active : by_facility) facilities_.push_back(steps_of(active));
  for (const auto& active : by_node) nodes_.push_back(steps_of(active));
}

bool Field::embargoed(CarrierId carrier, ShipNodeId node, DestinationId destination, SimTime instant) const {
  return std::any_of(embargoes_.begin(), embargoes_.end(), [&](const Disruption* d) {
    return instant >= d->from && instant < d->to && (!d->carrier || *d->carrier == carrier) &&
           (d->nodes[index(node)] || d->destinations[index(destination)]);
  });
}

double Field::demand(ShipperId shipper, DestinationId destination, SimTime instant) const {
  double factor = 1;
  for (const Disruption* d : surges_) {
    if (instant < d->from || instant >= d->to || (d->shipper && *d->shipper != shipper)) continue;
    if (d->destinations[index(destination)]) factor *= d->demand * 1e-6;
  }
  return factor;
}

double Field::demand_max(ShipperId shipper, std::span<const DestinationId> destinations, SimTime instant) const {
  const bool any = std::any_of(surges_.begin(), surges_.end(), [&](const Disruption* d) {
    return instant >= d->from && instant < d->to && (!d->shipper || *d->shipper == shipper);
  });
  if (!any) return 1;
  double factor = 0;
  for (const DestinationId destination : destinations) factor = std::max(factor, demand(shipper, destination, instant));
  return factor;
}

}  // namespace peakstorm::disruption
