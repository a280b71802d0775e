#include "engine/promise/day_rule.hpp"

#include <algorithm>

#include "engine/check.hpp"

namespace peakstorm::promise {
namespace {

void check_level(double level) {
  PEAKSTORM_CHECK(level > 0, level);
  PEAKSTORM_CHECK(level < 1, level);
}

void check_pairs(std::span<const double> actual, std::span<const double> promised) {
  PEAKSTORM_CHECK(actual.size() == promised.size(), actual.size(), promised.size());
  PEAKSTORM_CHECK(!actual.empty(), actual.size());
}

void check_late(std::span<const double> late) {
  double before = 1;
  for (const double share : late) {
    PEAKSTORM_CHECK(share >= 0, share);
    PEAKSTORM_CHECK(share <= before, share, before);
    before = share;
  }
}

}  // namespace

double pinball_loss(double q, double actual, double promised) {
  check_level(q);
  const double u = actual - promised;
  return u * (q - (u < 0 ? 1 : 0));
}

double mean_pinball_loss(double q, std::span<const double> actual, std::span<const double> promised) {
  check_pairs(actual, promised);
  double sum = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) sum += pinball_loss(q, actual[i], promised[i]);
  return sum / static_cast<double>(actual.size());
}

double coverage(std::span<const double> actual, std::span<const double> promised) {
  check_pairs(actual, promised);
  std::size_t covered = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) covered += actual[i] <= promised[i] ? 1 : 0;
  return static_cast<double>(covered) / static_cast<double>(actual.size());
}

double newsvendor_level(double per_day, double per_late_day) {
  PEAKSTORM_CHECK(per_day > 0, per_day);
  PEAKSTORM_CHECK(per_day < per_late_day, per_day, per_late_day);
  return 1 - per_day / per_late_day;
}

std::vector<double> late_shares(std::span<const double> transit_days) {
  PEAKSTORM_CHECK(!transit_days.empty(), transit_days.size());
  std::vector<double> sorted(transit_days.begin(), transit_days.end());
  std::sort(sorted.begin(), sorted.end());
  PEAKSTORM_CHECK(sorted.front() >= 0, sorted.front());
  PEAKSTORM_CHECK(sorted.back() <= 100'000, sorted.back());
  std::vector<double> late;
  const auto n = static_cast<double>(sorted.size());
  auto beyond = sorted.begin();
  for (double day = 0; late.empty() || late.back() > 0; ++day) {
    beyond = std::upper_bound(beyond, sorted.end(), day);
    late.push_back(static_cast<double>(sorted.end() - beyond) / n);
  }
  return late;
}

DayChoice best_day(std::span<const double> late, double day_cost, double late_cost, Lateness lateness) {
  check_late(late);
  PEAKSTORM_CHECK(day_cost >= 0, day_cost);
  PEAKSTORM_CHECK(late_cost >= 0, late_cost);
  // E(T - d)^+ = P(T > d) + P(T > d + 1) + ...
  double late_days = 0;
  for (const double share : late) late_days += share;
  DayChoice best;
  for (std::size_t day = 0; day <= late.size(); ++day) {
    const double share = day < late.size() ? late[day] : 0;
    const double lateness_cost = lateness == Lateness::linear ? std::max(0.0, late_days) : share;
    const double cost = day_cost * static_cast<double>(day) + late_cost * lateness_cost;
    if (day == 0 || cost < best.cost) best = {day, cost};
    late_days -= share;
  }
  return best;
}

std::size_t day_covering(std::span<const double> late, double level) {
  check_late(late);
  PEAKSTORM_CHECK(level > 0, level);
  PEAKSTORM_CHECK(level <= 1, level);
  std::size_t day = 0;
  while (day < late.size() && 1 - late[day] < level) ++day;
  return day;
}

}  // namespace peakstorm::promise
