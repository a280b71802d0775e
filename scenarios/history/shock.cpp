#include <algorithm>
#include <map>

#include "scenarios/history.hpp"

namespace peakstorm {
namespace {

bool is_working_day(CalendarDay day, const std::vector<CalendarDay>& holidays) {
  constexpr int thursday = 3;  // 1 January 1970; Monday is 0.
  const int weekday = (day + thursday) % 7;
  return weekday < 5 && !std::binary_search(holidays.begin(), holidays.end(), day);
}

}  // namespace

ShockCourse course_of(const ShockFacts& facts, const std::vector<CalendarDay>& holidays, double days_in_system) {
  const CalendarDay end = facts.last + facts.days_to_normal;
  const auto working = [&](CalendarDay from, CalendarDay to) {
    int days = 0;
    for (CalendarDay day = from; day <= to; ++day) days += is_working_day(day, holidays) ? 1 : 0;
    return std::max(1, days);
  };
  // The loss grows evenly until the day on which it was measured; afterwards it is as large as the backlog needs.
  const int rising = working(facts.first, facts.measured);
  const int after = working(facts.measured + 1, facts.last);
  const double backlog_end = facts.undelivered / facts.pieces_a_day;
  const double lost_rising = facts.measured_loss * (rising + 1) / 2;
  const double loss_after = std::clamp((backlog_end - lost_rising) / after, 0.0, 0.95);
  const int clearing = working(facts.last + 1, end);

  ShockCourse course;
  course.shock.first = facts.first;
  double backlog = 0;
  double to_clear = 0;
  double factor = 1;
  double deliveries = 1;
  int nth = 0;
  for (CalendarDay day = facts.first; day <= end; ++day) {
    if (day == facts.last + 1) to_clear = backlog / clearing;
    if (is_working_day(day, holidays)) {
      if (day <= facts.measured) {
        deliveries = 1 - facts.measured_loss * ++nth / rising;
      } else if (day <= facts.last) {
        deliveries = 1 - loss_after;
      } else {
        deliveries = 1 + to_clear;
      }
      // A day's deliveries are shared by all that wait: those of a normal day (Little's law: as many days' worth as an
      // order spends in the system) and the backlog.
      factor = deliveries / (1 + backlog / days_in_system);
      backlog = std::max(0.0, backlog + 1 - deliveries);
    }
    course.shock.factor.push_back(factor);
    course.deliveries.push_back(is_working_day(day, holidays) ? deliveries : 0);
    course.backlog.push_back(backlog);
  }
  course.normal_again = end + 1;
  return course;
}

void set_aside_extensions(const ShockFacts& facts, std::vector<PastOrder>& orders) {
  constexpr CalendarDay before = 28;
  constexpr CalendarDay lasting = 45;
  struct Sum {
    double days = 0;
    double orders = 0;
  };
  std::map<CalendarDay, Sum> by_day;
  Sum usual;
  for (const PastOrder& order : orders) {
    by_day[order.placed].days += order.lead();
    by_day[order.placed].orders += 1;
    if (order.placed >= facts.first - before && order.placed < facts.first) {
      usual.days += order.lead();
      usual.orders += 1;
    }
  }
  if (usual.orders < 1 || facts.promise_extension == 0) return;
  for (PastOrder& order : orders) {
    if (order.placed < facts.first || order.placed > facts.last + lasting) continue;
    Sum near;
    for (CalendarDay day = order.placed - 1; day <= order.placed + 1; ++day) {
      const auto found = by_day.find(day);
      if (found == by_day.end()) continue;
      near.days += found->second.days;
      near.orders += found->second.orders;
    }
    const double level = near.days / near.orders;
    order.telling_share = std::min(1.0, (usual.days / usual.orders) / std::max(1.0, level));
  }
}

}  // namespace peakstorm
