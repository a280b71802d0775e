#include "engine/delivery_time.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <tuple>
#include <utility>

#include "engine/portable_math.hpp"
#include "engine/promise/cholesky.hpp"

namespace peakstorm {
namespace {

// Upper ends of the classes, exclusive; the last class is open.
constexpr std::array ratio_ends = {0.05, 0.10, 0.15, 0.20, 0.25, 0.30, 0.35, 0.40, 0.45, 0.50, 0.55,
                                   0.60, 0.65, 0.70, 0.80, 0.90, 1.00, 1.10, 1.25, 1.50, 2.00, 3.00};
constexpr std::array age_ends = {1,  2,  3,  4,  5,  6,   7,   8,   9,   11,  13,  16,   20,
                                 25, 31, 39, 51, 71, 100, 140, 200, 300, 450, 700, 1'000};
constexpr std::array lead_ends = {5, 8, 11, 14, 17, 20, 23, 26, 30, 35, 42, 50, 70, 120, 300};
constexpr std::array distance_ends = {1, 50, 200, 400, 700, 1'100, 1'800, 3'000};  // The first class: not known.
constexpr std::array hour_ends = {8, 12, 17, 21};
constexpr std::size_t states_of_promise = 6;

enum Factor : std::size_t {
  ratio,
  age,
  lead,
  weekday,
  placed_on,
  hour,
  to,
  pair,
  distance,
  clock,
  stretch,
  week,
  factors
};
constexpr std::array<const char*, factors> factor_names = {
    "share of the promise", "age",         "promised lead", "weekday of the day", "weekday of the order",
    "hour of the order",    "destination", "crossing",      "distance",           "clock that started the order",
    "lead and share",       "week"};
// Effects that depend on the order alone come in `fixed`, those that depend on the day in `moving`.
constexpr std::array fixed_factors = {lead, placed_on, hour, to, pair, distance, clock};
constexpr std::array moving_factors = {ratio, age, weekday, stretch, week};

template <class Ends, class Value>
std::uint32_t class_of(const Ends& ends, Value value) {
  return static_cast<std::uint32_t>(std::upper_bound(ends.begin(), ends.end(), value) - ends.begin());
}

double chance(double eta) {
  eta = std::clamp(eta, -30.0, 30.0);
  return 1 / (1 + portable_exp(-eta));
}

constexpr int days_a_week = 7;
/// Weeks begin on Mondays; day 0 of the calendar, 1 January 1970, was a Thursday.
std::int32_t week_of(CalendarDay day) {
  return static_cast<std::int32_t>((static_cast<std::int64_t>(day) + 3 + 70'000) / days_a_week);
}
int weekday_of(CalendarDay day) {
  return static_cast<int>((static_cast<std::int64_t>(day) + 3 + 70'000) % days_a_week);
}

/// What is learnt from one order: the days it was under way, and whether the last of them brought it.
struct Observed {
  const PastOrder* order = nullptr;
  int days = 0;  ///< Days under way, the day of delivery included.
  bool delivered = false;
  double weight = 1;
  double coming = 1;  ///< Probability that it comes at all, given that it has not yet.
};

}  // namespace

struct DeliveryModel::Inside {
  DeliveryFitOptions options;
  std::vector<CalendarDay> holidays;
  std::array<std::size_t, factors> start{};  ///< First index of a factor's effects.
  std::array<std::size_t, factors> levels{};
  std::vector<double> beta;
  std::vector<double> days_seen;
  std::vector<double> sellers;  ///< Log odds; [0] is 0.
  std::vector<double> week_sd;  ///< Of the weekly states that were seen.
  std::int32_t first_week = 0;
  std::int32_t last_week = 0;
  int horizon = 0;  ///< Days; nothing comes later.
  double week_step = 0.15;
  double never = 0.03;
  double mean_days = 0;
  double learnt = 0;
  double censored = 0;
  bool converged = false;
  double level_low = 1;  ///< Lowest and highest PastOrder::promise_level that is believed.
  double level_high = 1;
  double level = 1;  ///< Mean promised lead of the orders learnt from, days.

  /// The state that is carried beyond the last week.
  [[nodiscard]] double carried_state() const {
    double state = beta[start[week]];
    for (std::size_t l = 1; l < levels[week]; ++l) {
      state += options.last_week_weight * (beta[start[week] + l] - state);
    }
    return state;
  }

  [[nodiscard]] bool is_holiday(CalendarDay day) const {
    return std::binary_search(holidays.begin(), holidays.end(), day);
  }

  /// The promised lead that says something of transit.
  [[nodiscard]] double telling_lead(const PastOrder& order) const {
    double days = std::max(1, order.lead()) * order.telling_share;
    if (order.promise_level > 0 && options.promise_pass_through < 1) {
      // Levels far beyond those seen are an experiment nobody has made: there promises are taken at their word.
      const double seen = std::clamp(order.promise_level, level_low, level_high);
      days *= portable_exp((1 - options.promise_pass_through) * portable_log(level / seen));
    }
    return std::max(1.0, days);
  }

  using Fixed = std::array<std::size_t, fixed_factors.size()>;
  using Moving = std::array<std::size_t, moving_factors.size()>;

  [[nodiscard]] std::size_t at(Factor factor, std::uint32_t class_number) const {
    return start[factor] + std::min<std::size_t>(class_number, levels[factor] - 1);
  }
  [[nodiscard]] Fixed fixed_of(const PastOrder& order, double lead_days) const {
    const std::uint32_t region = order.to < levels[to] ? order.to : 0;
    const bool known = order.from != 0 && order.to != 0;
    return {
        at(lead, class_of(lead_ends, static_cast<int>(lead_days))),
        at(placed_on, is_holiday(order.placed) ? days_a_week : static_cast<std::uint32_t>(weekday_of(order.placed))),
        at(hour, class_of(hour_ends, order.hour)),
        at(to, region),
        at(pair, known ? (order.from == order.to ? 1 : 2) : 0),
        at(distance, order.distance_km < 0 ? 0 : class_of(distance_ends, order.distance_km + 1)),
        at(clock, order.second_clock ? 1 : 0)};
  }
  /// Everything but the week, which may lie in the future.
  [[nodiscard]] Moving moving_of(double lead_days, CalendarDay day, int days) const {
    const double share = days / lead_days;
    const std::uint32_t lead_group = lead_days < 12   ? 0
                                     : lead_days < 18 ? 1
                                     : lead_days < 24 ? 2
                                     : lead_days < 32 ? 3
                                                      : 4;
    const std::uint32_t share_group = share < 0.2   ? 0
                                      : share < 0.4 ? 1
                                      : share < 0.7 ? 2
                                      : share <= 1  ? 3
                                      : share < 1.5 ? 4
                                                    : 5;
    return {at(ratio, class_of(ratio_ends, share)), at(age, class_of(age_ends, days)),
            at(weekday, is_holiday(day) ? days_a_week : static_cast<std::uint32_t>(weekday_of(day))),
            at(stretch, lead_group * static_cast<std::uint32_t>(states_of_promise) + share_group), start[week]};
  }
  [[nodiscard]] double seller_effect(std::uint32_t seller) const {
    return seller < sellers.size() ? sellers[seller] : 0;
  }

  /// Penalty, as the matrix of its second derivatives.
  void add_penalty(std::vector<double>& hessian, std::vector<double>& gradient) const;
  double newton_step(std::span<const Observed> observed);
  void learn_sellers(std::span<const Observed> observed, std::size_t seller_count);
  void learn_week_step(std::span<const Observed> observed, bool last);
  void fill(std::span<const Observed> observed, std::vector<double>& hessian, std::vector<double>& gradient);
  [[nodiscard]] double still_under_way(const PastOrder& order, int days) const;
};

void DeliveryModel::Inside::add_penalty(std::vector<double>& hessian, std::vector<double>& gradient) const {
  const std::size_t n = beta.size();
  const auto ridge = [&](std::size_t i, double strength) {
    hessian[i * n + i] += strength;
    gradient[i] -= strength * beta[i];
  };
  // strength / 2 (beta_j - memory beta_i)^2, i < j.
  const auto tie = [&](std::size_t i, std::size_t j, double memory, double strength) {
    const double gap = beta[j] - memory * beta[i];
    hessian[j * n + j] += strength;
    hessian[i * n + i] += strength * memory * memory;
    hessian[j * n + i] -= strength * memory;
    gradient[j] -= strength * gap;
    gradient[i] += strength * memory * gap;
  };
  // Standard deviations of the effects, log odds: a step between neighbouring classes, and around zero.
  constexpr double loose = 1e-3;
  for (const auto& [factor, step, around] :
       {std::tuple{ratio, 0.5, 0.0}, {age, 0.4, 1.5}, {lead, 0.15, 0.5}, {distance, 0.0, 0.2}}) {
    for (std::size_t l = 0; l < levels[factor]; ++l) {
      const std::size_t i = start[factor] + l;
      ridge(i, around > 0 ? 1 / (around * around) : loose);
      if (step > 0 && l > 0) tie(i - 1, i, 1, 1 / (step * step));
    }
  }
  for (const auto& [factor, around] :
       {std::pair{weekday, 1.5}, {placed_on, 0.3}, {hour, 0.2}, {to, 0.3}, {pair, 0.3}, {clock, 0.3}, {stretch, 0.3}}) {
    for (std::size_t l = 0; l < levels[factor]; ++l) ridge(start[factor] + l, 1 / (around * around));
  }
  const double strength = 1 / (week_step * week_step);
  ridge(start[week], strength * (1 - options.week_memory * options.week_memory));
  for (std::size_t l = 1; l < levels[week]; ++l) {
    tie(start[week] + l - 1, start[week] + l, options.week_memory, strength);
  }
}

void DeliveryModel::Inside::fill(std::span<const Observed> observed, std::vector<double>& hessian,
                                 std::vector<double>& gradient) {
  const std::size_t n = beta.size();
  const auto add = [&](std::size_t i, std::size_t j, double value) {
    hessian[std::max(i, j) * n + std::min(i, j)] += value;
  };
  for (const Observed& seen : observed) {
    const double weight = seen.weight * seen.coming;
    if (weight <= 0) continue;
    const double lead_days = telling_lead(*seen.order);
    const Fixed fixed = fixed_of(*seen.order, lead_days);
    double base = seller_effect(seen.order->seller);
    for (const std::size_t i : fixed) base += beta[i];
    double information = 0;
    double pull = 0;
    for (int days = 0; days < seen.days; ++days) {
      const CalendarDay day = seen.order->placed + days;
      Moving moving = moving_of(lead_days, day, days);
      moving.back() += static_cast<std::size_t>(week_of(day) - first_week);
      double eta = base;
      for (const std::size_t i : moving) eta += beta[i];
      const double p = chance(eta);
      const double residual = weight * ((seen.delivered && days + 1 == seen.days ? 1.0 : 0.0) - p);
      const double v = weight * p * (1 - p);
      information += v;
      pull += residual;
      for (std::size_t a = 0; a < moving.size(); ++a) {
        gradient[moving[a]] += residual;
        for (std::size_t b = 0; b <= a; ++b) add(moving[a], moving[b], v);
        for (const std::size_t i : fixed) add(moving[a], i, v);
      }
    }
    for (std::size_t a = 0; a < fixed.size(); ++a) {
      gradient[fixed[a]] += pull;
      for (std::size_t b = 0; b <= a; ++b) add(fixed[a], fixed[b], information);
    }
  }
}

double DeliveryModel::Inside::newton_step(std::span<const Observed> observed) {
  const std::size_t n = beta.size();
  std::vector<double> hessian(n * n, 0.0);
  std::vector<double> gradient(n, 0.0);
  fill(observed, hessian, gradient);
  add_penalty(hessian, gradient);
  const std::vector<double> step = Cholesky(std::move(hessian), n).solve(std::move(gradient));
  double largest = 0;
  for (const double s : step) largest = std::max(largest, std::abs(s));
  // A long step leaves the region where the quadratic holds; logistic likelihoods are concave, so a shortened one
  // climbs.
  const double factor = largest > 1 ? 1 / largest : 1;
  for (std::size_t i = 0; i < n; ++i) beta[i] += factor * step[i];
  return largest;
}

double DeliveryModel::Inside::still_under_way(const PastOrder& order, int days) const {
  const double lead_days = telling_lead(order);
  double base = seller_effect(order.seller);
  for (const std::size_t i : fixed_of(order, lead_days)) base += beta[i];
  double under_way = 1;
  for (int d = 0; d < days; ++d) {
    const CalendarDay day = order.placed + d;
    Moving moving = moving_of(lead_days, day, d);
    moving.back() += static_cast<std::size_t>(week_of(day) - first_week);
    double eta = base;
    for (const std::size_t i : moving) eta += beta[i];
    under_way *= 1 - chance(eta);
  }
  return under_way;
}

void DeliveryModel::Inside::learn_sellers(std::span<const Observed> observed, std::size_t seller_count) {
  // Deliveries of a seller's orders against those expected without any effect of his: his odds are a gamma variable of
  // mean 1, `prior` deliveries strong (posterior mean (came + prior) / (expected + prior)).
  constexpr double prior = 15;
  std::vector<double> came(seller_count, prior);
  std::vector<double> expected(seller_count, prior);
  for (const Observed& seen : observed) {
    const std::uint32_t seller = seen.order->seller;
    if (seller == 0) continue;
    const double lead_days = telling_lead(*seen.order);
    double base = 0;
    for (const std::size_t i : fixed_of(*seen.order, lead_days)) base += beta[i];
    for (int days = 0; days < seen.days; ++days) {
      const CalendarDay day = seen.order->placed + days;
      Moving moving = moving_of(lead_days, day, days);
      moving.back() += static_cast<std::size_t>(week_of(day) - first_week);
      double eta = base;
      for (const std::size_t i : moving) eta += beta[i];
      expected[seller] += seen.weight * seen.coming * chance(eta);
    }
    if (seen.delivered) came[seller] += seen.weight;
  }
  sellers.assign(seller_count, 0.0);
  for (std::size_t s = 1; s < seller_count; ++s) sellers[s] = portable_log(came[s] / expected[s]);
}

void DeliveryModel::Inside::learn_week_step(std::span<const Observed> observed, bool last) {
  // EM for the variance of a random walk seen through noise (Shumway & Stoffer 1982): the mean of the squared steps,
  // of the estimates and of what is not known of them.
  const std::size_t n = beta.size();
  std::vector<double> hessian(n * n, 0.0);
  std::vector<double> gradient(n, 0.0);
  fill(observed, hessian, gradient);
  add_penalty(hessian, gradient);
  const Cholesky factored(std::move(hessian), n);
  const std::size_t weeks = levels[week];
  std::vector<double> covariance(weeks * weeks);
  for (std::size_t l = 0; l < weeks; ++l) {
    std::vector<double> unit(n, 0.0);
    unit[start[week] + l] = 1;
    const auto column = factored.solve(std::move(unit));
    for (std::size_t k = 0; k < weeks; ++k) covariance[l * weeks + k] = column[start[week] + k];
  }
  week_sd.resize(weeks);
  for (std::size_t l = 0; l < weeks; ++l) week_sd[l] = std::sqrt(std::max(0.0, covariance[l * weeks + l]));
  if (last || weeks < 3) return;
  const double memory = options.week_memory;
  double sum = 0;
  for (std::size_t l = 1; l < weeks; ++l) {
    const double gap = beta[start[week] + l] - memory * beta[start[week] + l - 1];
    sum += gap * gap + covariance[l * weeks + l] + memory * memory * covariance[(l - 1) * weeks + l - 1] -
           2 * memory * covariance[l * weeks + l - 1];
  }
  week_step = std::clamp(std::sqrt(sum / static_cast<double>(weeks - 1)), options.week_step_min, options.week_step_max);
}

void set_promise_levels(std::span<PastOrder> history, std::span<PastOrder> more) {
  struct Sum {
    double days = 0;
    double orders = 0;
  };
  constexpr CalendarDay span = 28;
  std::map<CalendarDay, Sum> by_day;
  for (const auto orders : {history, more}) {
    for (const PastOrder& order : orders) {
      by_day[order.placed].days += order.weight * order.lead() * order.telling_share;
      by_day[order.placed].orders += order.weight;
    }
  }
  std::map<CalendarDay, double> level;
  for (const auto& [day, unused] : by_day) {
    Sum sum;
    for (auto i = by_day.lower_bound(day - span + 1); i != by_day.end() && i->first <= day; ++i) {
      sum.days += i->second.days;
      sum.orders += i->second.orders;
    }
    level[day] = std::max(1.0, sum.days / sum.orders);
  }
  for (const auto orders : {history, more}) {
    for (PastOrder& order : orders) order.promise_level = level.at(order.placed);
  }
}

int DeliveryOutlook::quantile(double q) const {
  const auto found = std::lower_bound(by_day.begin(), by_day.end(), q);
  return static_cast<int>(std::min<std::ptrdiff_t>(found - by_day.begin(), std::ssize(by_day) - 1));
}

DeliveryModel::DeliveryModel(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
DeliveryModel::~DeliveryModel() = default;

std::unique_ptr<const DeliveryModel> DeliveryModel::fit(const OrderHistory& history,
                                                        std::span<const std::uint32_t> which, CalendarDay until,
                                                        const DeliveryFitOptions& options) {
  auto inside = std::make_unique<Inside>();
  Inside& m = *inside;
  m.options = options;
  m.holidays = history.holidays;

  std::vector<Observed> observed;
  std::vector<int> leads;
  CalendarDay first = until;
  for (const std::uint32_t i : which) {
    const PastOrder& order = history.orders[i];
    if (order.placed >= until) continue;
    const bool delivered = order.delivered && *order.delivered < until;
    const int days = delivered ? *order.delivered - order.placed + 1 : until - order.placed;
    observed.push_back({&order, days, delivered, order.weight, 1});
    leads.push_back(order.lead());
    first = std::min(first, order.placed);
  }
  double deliveries = 0;
  double delivered_weight = 0;
  double days_sum = 0;
  double lead_sum = 0;
  for (const int l : leads) lead_sum += l;
  m.level = std::max(1.0, lead_sum / std::max<double>(1, static_cast<double>(leads.size())));
  for (const Observed& seen : observed) {
    if (!seen.delivered) continue;
    deliveries += 1;
    delivered_weight += seen.weight;
    days_sum += seen.weight * (seen.days - 1);
  }
  if (deliveries < orders_min) return nullptr;
  std::vector<double> promise_levels;
  for (const Observed& seen : observed) {
    if (seen.order->promise_level > 0) promise_levels.push_back(seen.order->promise_level);
  }
  if (!promise_levels.empty()) {
    // Without the first and the last hundredth, which may rest on a handful of orders.
    std::sort(promise_levels.begin(), promise_levels.end());
    const std::size_t cut = promise_levels.size() / 100;
    constexpr double beyond = 1.1;
    m.level_low = promise_levels[cut] / beyond;
    m.level_high = promise_levels[promise_levels.size() - 1 - cut] * beyond;
  }
  m.mean_days = days_sum / delivered_weight;
  m.learnt = static_cast<double>(observed.size());
  m.censored = m.learnt - deliveries;
  const auto ninety_nine = leads.begin() + static_cast<std::ptrdiff_t>(leads.size() * 99 / 100);
  std::nth_element(leads.begin(), ninety_nine, leads.end());
  m.horizon = std::clamp(*ninety_nine * 5 / 2, 100, 1'500);
  // Information is counted in orders of the sample, whatever each of them stands for.
  const double mean_weight = delivered_weight / deliveries;
  for (Observed& seen : observed) {
    seen.weight /= mean_weight;
    if (seen.days > m.horizon) {
      seen.days = m.horizon;
      seen.delivered = false;
    }
  }

  m.first_week = week_of(first);
  m.last_week = week_of(until - 1);
  m.levels = {ratio_ends.size() + 1,
              age_ends.size() + 1,
              lead_ends.size() + 1,
              days_a_week + 1,
              days_a_week + 1,
              hour_ends.size() + 1,
              std::max<std::size_t>(1, history.regions.size()),
              3,
              distance_ends.size() + 1,
              2,
              5 * states_of_promise,
              static_cast<std::size_t>(m.last_week - m.first_week + 1)};
  std::size_t n = 0;
  for (std::size_t f = 0; f < factors; ++f) {
    m.start[f] = n;
    n += m.levels[f];
  }
  m.beta.assign(n, 0.0);
  for (std::size_t l = 0; l < m.levels[ratio]; ++l) m.beta[m.start[ratio] + l] = -2.5;

  // Who may still come, to begin with: by the waiting times of those that came, whatever their promise.
  std::vector<double> waited(static_cast<std::size_t>(m.horizon) + 1, 0.0);
  double all = 0;
  double long_since = 0;
  double long_since_missing = 0;
  for (const Observed& seen : observed) {
    if (seen.delivered) {
      waited[static_cast<std::size_t>(seen.days)] += seen.weight;
      all += seen.weight;
    }
    if (until - seen.order->promised > m.mean_days * 3) {
      long_since += seen.weight;
      if (!seen.delivered) long_since_missing += seen.weight;
    }
  }
  m.never = std::clamp(long_since > 0 ? long_since_missing / long_since : 0.02, 0.001, 0.5);
  for (std::size_t d = waited.size() - 1; d-- > 0;) waited[d] += waited[d + 1];
  const auto may_come = [&](double under_way) {
    return (1 - m.never) * under_way / ((1 - m.never) * under_way + m.never);
  };
  for (Observed& seen : observed) {
    const bool later = seen.order->delivered && *seen.order->delivered < until;  // After the horizon, but known.
    if (!seen.delivered && !later) {
      const std::size_t next = std::min(static_cast<std::size_t>(seen.days) + 1, waited.size() - 1);
      seen.coming = may_come(waited[next] / all);
    }
  }

  const auto ignore_the_lost = [&] {
    for (Observed& seen : observed) {
      if (seen.coming < 0.01) seen.coming = 0;
    }
  };
  ignore_the_lost();
  for (int round = 0; round < options.em_rounds; ++round) {
    m.converged = false;
    for (int step = 0; step < options.newton_steps && !m.converged; ++step) {
      m.converged = m.newton_step(observed) < 1e-3;
    }
    const bool last = round + 1 == options.em_rounds;
    m.learn_week_step(observed, last);
    if (last) break;
    m.learn_sellers(observed, history.sellers.size());
    double lost = 0;
    double total = 0;
    for (Observed& seen : observed) {
      total += seen.weight;
      if (seen.delivered) continue;
      if (seen.order->delivered && *seen.order->delivered < until) continue;
      seen.coming = may_come(m.still_under_way(*seen.order, seen.days));
      lost += seen.weight * (1 - seen.coming);
    }
    m.never = std::clamp(lost / total, 0.0005, 0.9);
    ignore_the_lost();
  }
  m.days_seen.assign(n, 0.0);
  for (const Observed& seen : observed) {
    if (seen.coming <= 0) continue;
    const double lead_days = m.telling_lead(*seen.order);
    const double weight = seen.weight * seen.coming;
    for (const std::size_t i : m.fixed_of(*seen.order, lead_days)) m.days_seen[i] += weight * seen.days;
    for (int days = 0; days < seen.days; ++days) {
      const CalendarDay day = seen.order->placed + days;
      Inside::Moving moving = m.moving_of(lead_days, day, days);
      moving.back() += static_cast<std::size_t>(week_of(day) - m.first_week);
      for (const std::size_t i : moving) m.days_seen[i] += weight;
    }
  }
  return std::unique_ptr<const DeliveryModel>(new DeliveryModel(std::move(inside)));
}

DeliveryOutlook DeliveryModel::predict(const PastOrder& order, const DeliveryShock* shock) const {
  const Inside& m = *inside_;
  const double lead_days = m.telling_lead(order);
  double base = m.seller_effect(order.seller);
  for (const std::size_t i : m.fixed_of(order, lead_days)) base += m.beta[i];

  std::array<double, scenario_count> deviate;
  for (int s = 0; s < scenario_count; ++s) {
    deviate[static_cast<std::size_t>(s)] = normal_quantile((s + 0.5) / scenario_count);
  }
  std::array<double, scenario_count> under_way;
  under_way.fill(1.0);
  std::array<double, scenario_count> past_promise{};
  const auto days_max = static_cast<std::size_t>(std::max(m.horizon, order.lead() + 1));
  std::vector<std::array<double, scenario_count>> survival(days_max);
  double state = 0;
  double sd = 0;
  std::int32_t current = -1;
  for (std::size_t d = 0; d < days_max; ++d) {
    const CalendarDay day = order.placed + static_cast<CalendarDay>(d);
    const std::int32_t week_now = week_of(day);
    if (week_now != current) {
      current = week_now;
      const std::int32_t seen = std::clamp(week_now, m.first_week, m.last_week);
      const auto l = static_cast<std::size_t>(seen - m.first_week);
      state = week_now > m.last_week ? m.carried_state() : m.beta[m.start[week] + l];
      double variance = m.week_sd[l] * m.week_sd[l];
      const double memory = m.options.week_memory;
      for (std::int32_t w = std::abs(week_now - seen); w > 0; --w) {
        state *= memory;
        variance = memory * memory * variance + m.week_step * m.week_step;
        if (w > 400) w = 400;  // Long since at rest.
      }
      sd = std::sqrt(variance);
    }
    const Inside::Moving moving = m.moving_of(lead_days, day, static_cast<int>(d));
    double eta = base + state;
    for (std::size_t a = 0; a + 1 < moving.size(); ++a) eta += m.beta[moving[a]];
    double factor = 1;
    if (shock != nullptr && day >= shock->first) {
      const auto i = static_cast<std::size_t>(day - shock->first);
      if (i < shock->factor.size()) factor = shock->factor[i];
    }
    for (std::size_t s = 0; s < scenario_count; ++s) {
      const double p = std::min(1.0, factor * chance(eta + sd * deviate[s]));
      under_way[s] *= 1 - p;
      survival[d][s] = under_way[s];
    }
    if (static_cast<int>(d) == order.lead()) past_promise = under_way;
  }
  DeliveryOutlook outlook;
  outlook.never = m.never;
  outlook.by_day.assign(days_max, 0.0);
  for (std::size_t s = 0; s < scenario_count; ++s) {
    const double rest = under_way[s];
    const double comes = std::max(1e-9, 1 - rest);
    outlook.late[s] = std::clamp((past_promise[s] - rest) / comes, 0.0, 1.0);
    outlook.late_mean += outlook.late[s] / scenario_count;
    for (std::size_t d = 0; d < days_max; ++d) outlook.by_day[d] += (1 - survival[d][s]) / comes / scenario_count;
  }
  outlook.by_day.back() = 1;
  for (std::size_t d = 1; d < days_max; ++d) {
    outlook.by_day[d] = std::min(1.0, std::max(outlook.by_day[d], outlook.by_day[d - 1]));
  }
  return outlook;
}

std::vector<DeliveryModel::Effect> DeliveryModel::effects() const {
  std::vector<Effect> all;
  for (std::size_t f = 0; f < factors; ++f) {
    for (std::size_t l = 0; l < inside_->levels[f]; ++l) {
      const std::size_t i = inside_->start[f] + l;
      all.push_back({factor_names[f], static_cast<int>(l), inside_->beta[i], inside_->days_seen[i]});
    }
  }
  return all;
}
double DeliveryModel::week_step() const {
  return inside_->week_step;
}
double DeliveryModel::never_share() const {
  return inside_->never;
}
double DeliveryModel::mean_days() const {
  return inside_->mean_days;
}
double DeliveryModel::learnt_orders() const {
  return inside_->learnt;
}
double DeliveryModel::learnt_censored() const {
  return inside_->censored;
}
bool DeliveryModel::converged() const {
  return inside_->converged;
}

}  // namespace peakstorm
