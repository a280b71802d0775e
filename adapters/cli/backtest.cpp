#include "adapters/cli/backtest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <span>
#include <utility>

#include "engine/delivery_stages.hpp"
#include "engine/random.hpp"

namespace peakstorm::cli {
namespace {

CalendarDay month_start(CalendarDay day, int later) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  const auto start = date.year() / date.month() / std::chrono::day{1} + std::chrono::months{later};
  return static_cast<CalendarDay>(std::chrono::sys_days{start}.time_since_epoch().count());
}

std::vector<std::uint32_t> everything(const OrderHistory& history) {
  std::vector<std::uint32_t> all(history.orders.size());
  std::iota(all.begin(), all.end(), 0U);
  return all;
}

bool is_open(const HistoryReading& reading, const PastOrder& order) {
  return order.promised >= reading.history.as_of;
}
bool is_of_unfinished_month(const HistoryReading& reading, const PastOrder& order) {
  return reading.unfinished_month && order.placed >= *reading.unfinished_month;
}
bool is_scored(const HistoryReading& reading, const PastOrder& order) {
  return !is_open(reading, order) && !is_of_unfinished_month(reading, order);
}

Error too_little(CalendarDay until) {
  return {ErrorKind::bad_input,
          fmt::format("{}: fewer than {} deliveries are known on that day; begin later (--fit-until, --from) or give a "
                      "longer history",
                      day_name(until), DeliveryModel::orders_min)};
}

Result<Answer> close(Answer answer, const Scoreboard& scores) {
  answer.score = scores.finish();
  if (answer.score.orders == 0) {
    return fail(ErrorKind::bad_input,
                fmt::format("no order with a known outcome was placed from {} until before {}; choose an earlier day",
                            day_name(answer.first), day_name(answer.end)));
  }
  return answer;
}

/// Learns each leg from the orders `learn`, and scores it on those of `predict`.
std::vector<StageScore> score_stages(const HistoryReading& reading, std::span<const std::uint32_t> learn,
                                     std::span<const std::uint32_t> predict, CalendarDay until) {
  std::vector<StageScore> scores;
  const auto stages = {std::pair{"handling", handling_stage(reading.history)},
                       std::pair{"transit", transit_stage(reading.history)}};
  for (const auto& [name, stage] : stages) {
    std::vector<std::uint32_t> known;
    for (const std::uint32_t i : learn) {
      if (stage.of_order[i] != StageHistory::none) known.push_back(stage.of_order[i]);
    }
    const auto model = DeliveryModel::fit(stage.history, known, until);
    if (model == nullptr) return {};
    Scoreboard board(stage.history, {});
    for (const std::uint32_t i : predict) {
      if (stage.of_order[i] == StageHistory::none || !is_scored(reading, reading.history.orders[i])) continue;
      const PastOrder& order = stage.history.orders[stage.of_order[i]];
      board.add(order, model->predict(order), {});
    }
    scores.push_back({name, model->learnt_orders(), board.finish()});
    if (scores.back().score.orders == 0) return {};
  }
  return scores;
}

CalendarDay last_placed(const OrderHistory& history) {
  CalendarDay last = history.orders.front().placed;
  for (const PastOrder& order : history.orders) last = std::max(last, order.placed);
  return last;
}

}  // namespace

NotScored not_scored(const HistoryReading& reading) {
  NotScored counts;
  for (const PastOrder& order : reading.history.orders) {
    if (is_of_unfinished_month(reading, order)) {
      ++counts.unfinished_month;
    } else if (is_open(reading, order)) {
      ++counts.open_promises;
    }
  }
  return counts;
}

Result<Answer> ask_until(const HistoryReading& reading, CalendarDay until, const std::vector<std::string>& apart) {
  const OrderHistory& history = reading.history;
  const auto all = everything(history);
  Answer answer;
  answer.model = DeliveryModel::fit(history, all, until);
  if (answer.model == nullptr) return tl::unexpected(too_little(until));
  const Baselines baselines(history, all, until);
  Scoreboard scores(history, apart);
  std::vector<std::uint32_t> later;
  for (const std::uint32_t i : all) {
    const PastOrder& order = history.orders[i];
    if (order.placed < until || !is_scored(reading, order)) continue;
    later.push_back(i);
    scores.add(order, answer.model->predict(order), baselines.late(order));
  }
  answer.stages = score_stages(reading, all, later, until);
  answer.fits = 1 + answer.stages.size();
  answer.first = until;
  answer.end = last_placed(history) + 1;
  return close(std::move(answer), scores);
}

Result<Answer> ask_structure(const HistoryReading& reading, std::uint64_t seed, const std::vector<std::string>& apart) {
  const OrderHistory& history = reading.history;
  std::vector<std::uint32_t> half;
  std::vector<std::uint32_t> other;
  for (std::uint32_t i = 0; i < history.orders.size(); ++i) {
    const PastOrder& order = history.orders[i];
    const std::string& who = order.seller != 0 ? history.sellers[order.seller] : order.id;
    const std::uint64_t month = hash64(month_name(order.placed));
    const bool in_half = Draws({seed, 0}, Purpose::test, hash64(hash64(who), month)).below(0, 2) == 0;
    (in_half ? half : other).push_back(i);
  }
  const CalendarDay until = history.as_of + 1;
  Answer answer;
  answer.model = DeliveryModel::fit(history, half, until);
  if (answer.model == nullptr) return tl::unexpected(too_little(until));
  answer.calibration = DeliveryCalibration::learn(history, half, until);
  // All of it counts as recent: the question is not what was known when.
  CalendarDay first = until;
  for (const std::uint32_t i : half) first = std::min(first, history.orders[i].placed);
  const Baselines baselines(history, half, until, until - first + 1);
  Scoreboard scores(history, apart);
  answer.first = first;
  for (const std::uint32_t i : other) {
    const PastOrder& order = history.orders[i];
    if (!is_scored(reading, order)) continue;
    DeliveryOutlook outlook = answer.model->predict(order);
    if (answer.calibration) answer.calibration->apply(order, outlook);
    scores.add(order, outlook, baselines.late(order));
  }
  answer.stages = score_stages(reading, half, other, until);
  answer.fits = 1 + answer.stages.size() + (answer.calibration ? DeliveryCalibration::folds : 0);
  answer.end = last_placed(history) + 1;
  return close(std::move(answer), scores);
}

Result<Answer> ask_rolling(const HistoryReading& reading, Rolling step, std::optional<CalendarDay> from,
                           const std::vector<std::string>& apart, const std::function<bool(CalendarDay)>& goes_on) {
  const OrderHistory& history = reading.history;
  const auto all = everything(history);
  Answer answer;
  answer.end = last_placed(history) + 1;
  if (!from) {
    constexpr int outcomes_min = 500;
    CalendarDay first = answer.end;
    for (const PastOrder& order : history.orders) first = std::min(first, order.placed);
    const auto known = [&](CalendarDay day) {
      return std::count_if(history.orders.begin(), history.orders.end(), [&](const PastOrder& order) {
        return order.delivered && order.placed < day && *order.delivered < day && order.promised < day;
      });
    };
    for (from = month_start(first, 1); *from < answer.end && known(*from) < outcomes_min;) from = month_start(*from, 1);
  }
  answer.first = *from;
  Scoreboard scores(history, apart);
  constexpr CalendarDay days_a_week = 7;
  for (CalendarDay start = *from; start < answer.end;) {
    if (!goes_on(start)) return fail(ErrorKind::interrupted, "stopped before the end");
    const CalendarDay next = std::min(answer.end, step == Rolling::month ? month_start(start, 1) : start + days_a_week);
    answer.model = DeliveryModel::fit(history, all, start);
    if (answer.model == nullptr) return tl::unexpected(too_little(start));
    ++answer.fits;
    const Baselines baselines(history, all, start);
    scores.begin_window(day_name(start));
    for (const PastOrder& order : history.orders) {
      if (order.placed < start || order.placed >= next || !is_scored(reading, order)) continue;
      scores.add(order, answer.model->predict(order), baselines.late(order));
    }
    start = next;
  }
  return close(std::move(answer), scores);
}

Result<Predicted> predict_orders(HistoryReading& reading, HistoryReading& asked, CalendarDay until,
                                 const std::optional<ShockFacts>& facts) {
  OrderHistory& history = reading.history;
  Predicted predicted;
  if (facts) {
    // Both files together: the weeks before the shock may lie in one, its own in the other.
    std::vector<PastOrder> both = history.orders;
    both.insert(both.end(), asked.history.orders.begin(), asked.history.orders.end());
    set_aside_extensions(*facts, both);
    for (std::size_t i = 0; i < history.orders.size(); ++i) history.orders[i].telling_share = both[i].telling_share;
    for (std::size_t i = 0; i < asked.history.orders.size(); ++i) {
      asked.history.orders[i].telling_share = both[history.orders.size() + i].telling_share;
    }
  }
  set_promise_levels(history.orders, asked.history.orders);
  predicted.model = DeliveryModel::fit(history, everything(history), until);
  if (predicted.model == nullptr) return tl::unexpected(too_little(until));
  predicted.orders = asked.history.orders;
  if (facts) {
    constexpr double working_share = 5.0 / 7;
    predicted.course = course_of(*facts, history.holidays, std::max(1.0, predicted.model->mean_days() * working_share));
    for (std::size_t i = 0; i < predicted.course->backlog.size(); ++i) {
      const auto day = predicted.course->shock.first + static_cast<CalendarDay>(i);
      constexpr double hardly_any = 0.05;
      if (!predicted.recovered && day > facts->last && predicted.course->backlog[i] < hardly_any) {
        predicted.recovered = day;
      }
    }
  }
  predicted.first_day = predicted.orders.front().placed;
  for (const PastOrder& order : predicted.orders) predicted.first_day = std::min(predicted.first_day, order.placed);
  const auto add = [&](std::vector<double>& by_day, const PastOrder& order, const DeliveryOutlook& outlook) {
    double before = 0;
    for (std::size_t d = 0; d < outlook.by_day.size(); ++d) {
      const auto at = static_cast<std::size_t>(order.placed - predicted.first_day) + d;
      if (by_day.size() <= at) by_day.resize(at + 1);
      by_day[at] += outlook.by_day[d] - before;
      before = outlook.by_day[d];
    }
  };
  for (const PastOrder& order : predicted.orders) {
    const DeliveryShock* const shock = predicted.course ? &predicted.course->shock : nullptr;
    predicted.outlooks.push_back(predicted.model->predict(order, shock));
    add(predicted.deliveries, order, predicted.outlooks.back());
    if (shock != nullptr) {
      const DeliveryOutlook undisturbed = predicted.model->predict(order);
      add(predicted.deliveries_undisturbed, order, undisturbed);
      predicted.late_without_shock += undisturbed.late_mean / static_cast<double>(predicted.orders.size());
    }
  }
  return predicted;
}

}  // namespace peakstorm::cli
