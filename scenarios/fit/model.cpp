#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "scenarios/fit/median.hpp"
#include "scenarios/network_fit.hpp"

namespace peakstorm {
namespace {

using namespace scenarios;

/// Tenths of the way, and legs that are known to be whole.
constexpr std::size_t stages = 11;
constexpr std::size_t whole_leg = stages - 1;
/// Fewer legs than this say nothing of a spread, a stage or a vehicle.
constexpr std::size_t legs_for_a_quantile = 30;
/// Road minutes that part short legs, whose times spread most, from middling and long ones.
constexpr double short_leg = 30;
constexpr double long_leg = 120;

std::size_t length_class(double road_minutes) {
  return road_minutes < short_leg ? 0 : road_minutes < long_leg ? 1 : 2;
}

/// Predictions of one set of records.
class Model {
 public:
  explicit Model(const NetworkRecords& records) : records_(records) {
    fit_vehicles();
    fit_shrinkage();
    fit_way_back();
    for (const CorridorRecord& corridor : records.corridors) ratios_.push_back(shrunk(corridor));
    fit_stages();
    fit_spreads();
  }

  [[nodiscard]] NetworkFit result() const {
    NetworkFit fit;
    fit.vehicle_ratio = vehicle_ratio_;
    fit.shrinkage_legs = shrinkage_legs_;
    fit.shared_with_way_back = shared_with_way_back_;
    fit.stage_factor = stage_factor_;
    for (std::size_t i = 0; i < records_.corridors.size(); ++i) {
      const CorridorRecord& corridor = records_.corridors[i];
      const double whole = corridor.road_minutes * ratios_[i] * (records_.staged ? stage_factor_.back() : 1);
      const Spread& spread = spreads_[length_class(corridor.road_minutes)];
      fit.corridors.push_back(
          {corridor.from, corridor.to, corridor.legs, corridor.km, whole * spread.p10, whole, whole * spread.p90});
    }
    return fit;
  }

  struct Prediction {
    double minutes = 0;
    bool known = false;  ///< The corridor was there to learn from.
    double p10 = 0;
    double p90 = 0;
  };
  [[nodiscard]] Prediction of(const LegRecord& leg) const {
    const std::optional<std::size_t> corridor = find(leg);
    const double ratio = corridor ? ratios_[*corridor] : std::exp(usual(leg.from, leg.to, leg.vehicle));
    const double minutes = leg.road_minutes * ratio * stage_of(leg, corridor);
    const Spread& spread = spreads_[length_class(leg.road_minutes)];
    return {minutes, corridor.has_value(), minutes * spread.p10, minutes * spread.p90};
  }
  [[nodiscard]] std::optional<std::size_t> find(const LegRecord& leg) const { return find(leg.from, leg.to); }
  [[nodiscard]] std::optional<std::size_t> find(std::size_t from, std::size_t to) const {
    const auto& corridors = records_.corridors;
    const auto at =
        std::lower_bound(corridors.begin(), corridors.end(), std::pair(from, to),
                         [](const CorridorRecord& c, const auto& ends) { return std::pair(c.from, c.to) < ends; });
    if (at == corridors.end() || at->from != from || at->to != to) return std::nullopt;
    return static_cast<std::size_t>(at - corridors.begin());
  }
  [[nodiscard]] double overall_ratio() const { return overall_ratio_; }

 private:
  struct Spread {
    double p10 = 1;
    double p90 = 1;
  };

  void fit_vehicles() {
    std::vector<std::pair<double, double>> all;
    std::vector<std::vector<std::pair<double, double>>> by_vehicle(records_.vehicles.size());
    for (const CorridorRecord& corridor : records_.corridors) {
      all.emplace_back(corridor.ratio, corridor.legs);
      by_vehicle[corridor.vehicle].emplace_back(corridor.ratio, corridor.legs);
    }
    overall_ratio_ = weighted_median(all);
    for (const auto& those : by_vehicle) {
      vehicle_ratio_.push_back(those.size() < legs_for_a_quantile ? overall_ratio_ : weighted_median(those));
    }
  }

  /// Of how many legs a corridor's median is as good as its vehicle's: n0 = (pi/2) within^2 / between^2, both of the
  /// logarithm of the ratio; pi/2 since the median of n normal values varies pi/2 times as much as their mean.
  void fit_shrinkage() {
    std::vector<double> within;
    for (const LegRecord& leg : records_.legs) {
      const auto corridor = leg.unseen ? std::nullopt : find(leg);
      if (!corridor) continue;
      within.push_back(std::log(leg.minutes / leg.road_minutes / records_.corridors[*corridor].ratio));
    }
    std::vector<double> between;
    for (const CorridorRecord& corridor : records_.corridors) {
      if (corridor.legs < 10) continue;  // Its median is mostly chance.
      between.push_back(std::log(corridor.ratio / vehicle_ratio_[corridor.vehicle]));
    }
    if (within.size() < legs_for_a_quantile || between.size() < legs_for_a_quantile) {
      shrinkage_legs_ = 1;
      return;
    }
    const double ratio = robust_deviation(within) / std::max(1e-6, robust_deviation(between));
    shrinkage_legs_ = std::clamp(1.5707963267948966 * ratio * ratio, 0.0, 100.0);
  }

  /// What sets a corridor apart from its vehicle's legs, as far as it is known.
  [[nodiscard]] double apart(const CorridorRecord& corridor) const {
    return known(corridor) * std::log(corridor.ratio / vehicle_ratio_[corridor.vehicle]);
  }
  [[nodiscard]] double known(const CorridorRecord& corridor) const {
    return corridor.legs / (corridor.legs + shrinkage_legs_);
  }

  /// The slope of a line through 0, by least absolute deviations: the median of the slopes, weighted by how far out
  /// they are.
  void fit_way_back() {
    constexpr double legs_to_learn_from = 5;
    std::vector<std::pair<double, double>> slopes;
    for (const CorridorRecord& corridor : records_.corridors) {
      const auto back = find(corridor.to, corridor.from);
      if (!back || corridor.legs < legs_to_learn_from) continue;
      const CorridorRecord& other = records_.corridors[*back];
      const double away = apart(other);
      if (other.legs < legs_to_learn_from || away == 0) continue;
      slopes.emplace_back(std::log(corridor.ratio / vehicle_ratio_[corridor.vehicle]) / away, std::abs(away));
    }
    if (slopes.size() < legs_for_a_quantile) return;
    shared_with_way_back_ = std::clamp(weighted_median(slopes), 0.0, 1.0);
  }

  /// Logarithm of the ratio of a corridor of which nothing but the way back is known, if that.
  [[nodiscard]] double usual(std::size_t from, std::size_t to, std::size_t vehicle) const {
    const auto back = find(to, from);
    return std::log(vehicle_ratio_[vehicle]) + (back ? shared_with_way_back_ * apart(records_.corridors[*back]) : 0.0);
  }

  [[nodiscard]] double shrunk(const CorridorRecord& corridor) const {
    const double otherwise = usual(corridor.from, corridor.to, corridor.vehicle);
    return std::exp(otherwise + known(corridor) * (std::log(corridor.ratio) - otherwise));
  }

  [[nodiscard]] std::size_t stage_index(const LegRecord& leg, std::size_t corridor) const {
    if (leg.whole) return whole_leg;
    const double share = leg.road_minutes / records_.corridors[corridor].road_minutes;
    return std::min<std::size_t>(whole_leg - 1, static_cast<std::size_t>(share * whole_leg));
  }
  [[nodiscard]] double stage_of(const LegRecord& leg, std::optional<std::size_t> corridor) const {
    if (!records_.staged) return 1;
    if (corridor) return stage_factor_[stage_index(leg, *corridor)];
    return leg.whole ? stage_factor_[whole_leg] : stage_unknown_;
  }

  /// A leg on its way has not waited for its last gate yet: its ratio is lower. Weighted by road time, as the errors.
  void fit_stages() {
    stage_factor_.assign(stages, 1);
    if (!records_.staged) return;
    std::vector<std::vector<std::pair<double, double>>> ratios(stages);
    std::vector<std::pair<double, double>> all;
    for (const LegRecord& leg : records_.legs) {
      const auto corridor = leg.unseen ? std::nullopt : find(leg);
      if (!corridor) continue;
      const double ratio = leg.minutes / leg.road_minutes / ratios_[*corridor];
      ratios[stage_index(leg, *corridor)].emplace_back(ratio, leg.road_minutes);
      all.emplace_back(ratio, leg.road_minutes);
    }
    if (all.size() < legs_for_a_quantile) return;
    stage_unknown_ = weighted_median(all);
    for (std::size_t i = 0; i < stages; ++i) {
      // Where nobody says which legs are whole, those in the last tenth are taken for it.
      const double otherwise = i == whole_leg ? stage_factor_[whole_leg - 1] : stage_unknown_;
      stage_factor_[i] = ratios[i].size() < legs_for_a_quantile ? otherwise : weighted_median(ratios[i]);
    }
  }

  void fit_spreads() {
    std::vector<std::vector<double>> over(spreads_.size());
    for (const LegRecord& leg : records_.legs) {
      if (leg.unseen || !find(leg)) continue;
      over[length_class(leg.road_minutes)].push_back(leg.minutes / of(leg).minutes);
    }
    for (std::size_t i = 0; i < over.size(); ++i) {
      if (over[i].size() < legs_for_a_quantile) continue;
      spreads_[i] = {std::min(1.0, quantile(over[i], 0.1)), std::max(1.0, quantile(over[i], 0.9))};
    }
  }

  const NetworkRecords& records_;
  double overall_ratio_ = 1;
  std::vector<double> vehicle_ratio_;
  double shrinkage_legs_ = 1;
  double shared_with_way_back_ = 0;
  std::vector<double> ratios_;  ///< By corridor.
  std::vector<double> stage_factor_;
  double stage_unknown_ = 1;  ///< Of a leg that may be anywhere on its way.
  std::array<Spread, 3> spreads_{};
};

}  // namespace

NetworkFit fit_network(const NetworkRecords& records) {
  return Model(records).result();
}

NetworkErrors errors_of(const NetworkRecords& records) {
  const Model model(records);
  NetworkErrors errors;
  std::vector<double> known;
  std::vector<double> unknown;
  std::vector<double> all;
  std::vector<double> by_ratio;
  std::vector<double> by_median;
  std::size_t inside = 0;
  for (const LegRecord& leg : records.legs) {
    if (!leg.unseen) continue;
    const Model::Prediction predicted = model.of(leg);
    const double error = std::abs(predicted.minutes - leg.minutes);
    all.push_back(error);
    (predicted.known ? known : unknown).push_back(error);
    if (!predicted.known) continue;
    inside += predicted.p10 <= leg.minutes && leg.minutes <= predicted.p90 ? 1 : 0;
    const CorridorRecord& corridor = records.corridors[*model.find(leg)];
    by_ratio.push_back(std::abs(leg.road_minutes * model.overall_ratio() - leg.minutes));
    by_median.push_back(std::abs(leg.road_minutes * corridor.ratio - leg.minutes));
  }
  errors.legs = all.size();
  if (!known.empty()) errors.coverage_80 = static_cast<double>(inside) / static_cast<double>(known.size());
  const auto line = [&](const char* name, const std::vector<double>& those) {
    if (those.empty()) return;
    double sum = 0;
    for (const double error : those) sum += error;
    errors.lines.push_back({name, those.size(), sum / static_cast<double>(those.size()), median(those)});
  };
  line("known corridors", known);
  line("unknown corridors", unknown);
  line("all", all);
  line("known corridors, one ratio for all", by_ratio);
  line("known corridors, the corridor's own median ratio", by_median);
  return errors;
}

}  // namespace peakstorm
