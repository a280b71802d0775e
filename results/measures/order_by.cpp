#include "results/order_by.hpp"

#include <algorithm>
#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <numeric>

#include "engine/check.hpp"
#include "results/interval.hpp"

namespace peakstorm {
namespace {

/// One cell of all seasons.
struct Cell {
  std::vector<double> in_time;
  std::vector<double> orders;
};

OrderByRow::OfDay day_of(Day day, const Cell& cell, double confidence) {
  OrderByRow::OfDay of;
  of.day = day;
  const double orders = std::accumulate(cell.orders.begin(), cell.orders.end(), 0.0);
  of.orders = static_cast<std::uint64_t>(orders);
  of.share = std::accumulate(cell.in_time.begin(), cell.in_time.end(), 0.0) / orders;
  of.low = clustered_lower_bound(cell.in_time, cell.orders, confidence);
  of.worst = 1;
  for (std::size_t s = 0; s < cell.orders.size(); ++s) {
    if (cell.orders[s] > 0) of.worst = std::min(of.worst, cell.in_time[s] / cell.orders[s]);
  }
  return of;
}

}  // namespace

Arrivals arrivals_of(const World& world, const Measures& measures, Day deadline) {
  Arrivals arrivals;
  for (const TrackedParcel& parcel : measures.tracked()) {
    if (!parcel.measured || !parcel.outcome || parcel.outcome->fate == Fate::cancelled) continue;
    const Outcome& outcome = *parcel.outcome;
    if (Day{outcome.order_day} > deadline) continue;
    const bool in_time = outcome.fate == Fate::delivered && Day{outcome.delivered_day} <= deadline;
    const RegionId region = world.destinations[index(outcome.destination)].region;
    for (const std::optional<RegionId> where : {std::optional<RegionId>(), std::optional(region)}) {
      ArrivalCount& count = arrivals[{parcel.facts.tier, where, Day{outcome.order_day}}];
      ++count.orders;
      count.in_time += in_time ? 1 : 0;
    }
  }
  return arrivals;
}

double flawless_lower_bound(std::uint64_t orders, double confidence) {
  return orders == 0 ? 0 : std::pow(1 - confidence, 1 / static_cast<double>(orders));
}

double clustered_lower_bound(std::span<const double> in_time, std::span<const double> orders, double confidence) {
  PEAKSTORM_CHECK(in_time.size() == orders.size() && in_time.size() >= 2, in_time.size(), orders.size());
  const double n = std::accumulate(orders.begin(), orders.end(), 0.0);
  const double x = std::accumulate(in_time.begin(), in_time.end(), 0.0);
  if (n <= 0 || x <= 0) return 0;
  if (x >= n) return flawless_lower_bound(static_cast<std::uint64_t>(n), confidence);
  const auto seasons = static_cast<double>(orders.size());
  const double p = x / n;
  double squares = 0;
  for (std::size_t s = 0; s < orders.size(); ++s) squares += std::pow(in_time[s] - p * orders[s], 2);
  const double variance = seasons / (seasons - 1) * squares / (n * n);
  const double deff = std::max(1.0, variance / (p * (1 - p) / n));
  const double z = boost::math::quantile(boost::math::normal(), confidence);
  const double t = t_quantile(confidence, seasons - 1);
  const double effective = n / deff * (z / t) * (z / t);
  return boost::math::quantile(boost::math::beta_distribution<>(effective * p, effective * (1 - p) + 1),
                               1 - confidence);
}

std::vector<OrderByRow> order_by(std::span<const Arrivals> seasons, double kept, double confidence) {
  std::map<ArrivalKey, Cell> cells;
  for (std::size_t s = 0; s < seasons.size(); ++s) {
    for (const auto& [key, count] : seasons[s]) {
      Cell& cell = cells[key];
      cell.in_time.resize(seasons.size());
      cell.orders.resize(seasons.size());
      cell.in_time[s] = count.in_time;
      cell.orders[s] = count.orders;
    }
  }
  // Keys ascend by tier, region, day, and no region comes first.
  std::vector<OrderByRow> rows;
  for (const auto& [key, cell] : cells) {
    const auto& [tier, region, day] = key;
    if (rows.empty() || rows.back().tier != tier || rows.back().region != region) {
      OrderByRow row;
      row.tier = tier;
      row.region = region;
      rows.push_back(row);
    }
    OrderByRow& row = rows.back();
    const OrderByRow::OfDay of = day_of(day, cell, confidence);
    row.orders += of.orders;
    if (row.next) continue;
    if (of.low >= kept) {
      row.last = day;
      row.safe = of;
    } else {
      row.next = of;
      row.too_few = flawless_lower_bound(of.orders, confidence) < kept;
    }
  }
  return rows;
}

}  // namespace peakstorm
