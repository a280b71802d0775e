#include "engine/shopper/shoppers.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <tuple>

#include "engine/notices.hpp"
#include "engine/portable_math.hpp"
#include "engine/recovery.hpp"

namespace peakstorm::shopper {
namespace {

/// A notice makes this share of shoppers look, within about this long. [assumption, no source found; the mean
/// number of checks does not depend on it because the base rate makes up for it]
constexpr double looks_per_notice = 0.35;
constexpr double look_delay_ms = 20.0 * 60'000;
constexpr double notices_per_order = 3;

SimDuration exponential(double uniform, double mean_ms) {
  return SimDuration{static_cast<std::int64_t>(-portable_log(uniform) * mean_ms) + 1};
}

bool is_final(ScanKind kind) {
  return kind == ScanKind::delivered || kind == ScanKind::returned || kind == ScanKind::lost ||
         kind == ScanKind::cancelled;
}

}  // namespace

bool Shoppers::Plan::operator>(const Plan& other) const {
  return std::tie(at, key, step, sequence, version) >
         std::tie(other.at, other.key, other.step, other.sequence, other.version);
}

void Shoppers::meet(const ParcelFacts& facts, std::uint64_t key) {
  const ShopperModel& model = world_.shopper;
  if (!model.enabled && world_.shippers[index(facts.shipper)].recovery.grades.empty()) return;
  Waiting parcel;
  parcel.facts = facts;
  parcel.key = key;
  parcel.last_news = facts.ordered;
  SimTime expected = facts.ordered + days(4);
  if (facts.promise_day != no_day) {
    parcel.promise_ends = promise_end(world_, facts.destination, facts.promise_day);
    expected = parcel.promise_ends - hours(10);
  }
  // The base rate spreads the wanted mean over the time an order that keeps its promise takes.
  const double wait_ms = static_cast<double>(std::max(expected - facts.ordered, days(1)).count());
  const double by_notices = model.notices ? looks_per_notice * notices_per_order : 0;
  parcel.checks_per_ms = std::max(0.2, model.checks_per_order - by_notices) / wait_ms;
  parcel.contacts_per_ms = model.contacts_on_time * (model.notices ? 1 - model.notice_effect : 1) / wait_ms;
  if (!model.enabled) parcel.checks_per_ms = parcel.contacts_per_ms = 0;
  parcel.waiting = true;
  const auto number = static_cast<std::uint32_t>(parcels_.size());
  number_of_.emplace(static_cast<std::uint64_t>(facts.id), number);
  parcels_.push_back(parcel);
  plan_next(facts.ordered, parcels_.back(), number);
  plan_recovery(parcels_.back(), number, SimDuration::min());
}

void Shoppers::notice(const Scan& scan) {
  const auto known = number_of_.find(static_cast<std::uint64_t>(scan.parcel));
  if (known == number_of_.end()) return;
  // Who has the parcel in hand stops looking for it, whether or not the carrier reports the delivery.
  if (is_final(scan.kind) && scan.reported != scan.at) {
    add_plan({scan.at, parcels_[known->second].key, known->second, 0, Step::settled, scan.kind, scan.sequence});
  }
  if (scan.reported == never) return;
  add_plan({scan.reported, parcels_[known->second].key, known->second, 0, Step::news, scan.kind, scan.sequence});
}

void Shoppers::add_plan(const Plan& plan) {
  plans_.push_back(plan);
  std::push_heap(plans_.begin(), plans_.end(), std::greater<>());
}

void Shoppers::index_parcels() {
  number_of_.clear();
  for (std::size_t i = 0; i < parcels_.size(); ++i) {
    number_of_.emplace(static_cast<std::uint64_t>(parcels_[i].facts.id), static_cast<std::uint32_t>(i));
  }
}

void Shoppers::settle(Waiting& parcel, ScanKind kind) {
  if (!is_final(kind)) return;
  parcel.waiting = false;
  // What is lost or comes back stays late.
  parcel.in_hand = kind == ScanKind::delivered || kind == ScanKind::cancelled;
}

double Shoppers::factor(const Waiting& parcel, SimTime at) const {
  double f = 1;
  if (at >= parcel.promise_ends) f *= world_.shopper.past_promise_factor;
  if (at >= parcel.last_news + world_.shopper.silence) f *= world_.shopper.silence_factor;
  return f;
}

void Shoppers::plan_next(SimTime now, Waiting& parcel, std::uint32_t number) {
  ++parcel.version;
  if (!parcel.waiting) return;
  const auto& hours_of_day = world_.shippers[index(parcel.facts.shipper)].hours;
  const double busiest = *std::max_element(hours_of_day.begin(), hours_of_day.end()) * 1e-6;
  const double rate = (parcel.checks_per_ms + parcel.contacts_per_ms) * factor(parcel, now) * busiest;
  SimTime change = never;
  for (const SimTime at : {parcel.promise_ends, parcel.last_news + world_.shopper.silence}) {
    if (at > now && at < change) change = at;
  }
  if (rate <= 0) return;
  const Draws draws(run_, Purpose::shopper, parcel.key, parcel.draws++);
  const SimTime candidate = now + exponential(draws.unit(0), 1 / rate);
  const bool first = candidate < change;
  add_plan({first ? candidate : change, parcel.key, number, parcel.version, first ? Step::candidate : Step::change,
            ScanKind::label_created, 0});
}

void Shoppers::act(SimTime at, Waiting& parcel, ActKind kind, std::vector<ShopperAct>& acts) {
  acts.push_back({at, parcel.facts.id, kind, parcel.acts++});
}

void Shoppers::news(SimTime at, Waiting& parcel, std::uint32_t number, ScanKind kind, std::vector<ShopperAct>& acts) {
  const std::optional<ActKind> told = notice_of(kind, parcel.shipped);
  if (kind == ScanKind::accepted) parcel.shipped = true;
  if (world_.shopper.enabled && world_.shopper.notices && told) {
    act(at, parcel, *told, acts);
    const Draws draws(run_, Purpose::shopper, parcel.key, parcel.draws++);
    if (draws.unit(0) < looks_per_notice) {
      add_plan({at + exponential(draws.unit(1), look_delay_ms), parcel.key, number, parcel.draws, Step::look, kind, 0});
    }
  }
  parcel.last_news = at;
  settle(parcel, kind);
  if (kind == ScanKind::retracted) {
    parcel.waiting = true;
    parcel.in_hand = false;
    if (recovery(parcel).when == RecoveryWhen::broken) make_good(at, parcel, number, acts);
  }
  plan_next(at, parcel, number);
}

void Shoppers::plan_recovery(const Waiting& parcel, std::uint32_t number, SimDuration late) {
  const RecoveryPlan& plan = recovery(parcel);
  if (plan.when != RecoveryWhen::broken || parcel.promise_ends == never) return;
  for (const RecoveryGrade& grade : plan.grades) {
    if (grade.after <= late || !grade.tiers[static_cast<std::size_t>(parcel.facts.tier)]) continue;
    add_plan({parcel.promise_ends + grade.after, parcel.key, number, 0, Step::recovery, ScanKind::label_created, 0});
    return;
  }
}

void Shoppers::make_good(SimTime now, Waiting& parcel, std::uint32_t number, std::vector<ShopperAct>& acts) {
  if (parcel.promise_ends == never || now < parcel.promise_ends || parcel.in_hand) return;
  const RecoveryPlan& plan = recovery(parcel);
  const SimDuration late = now - parcel.promise_ends;
  plan_recovery(parcel, number, late);
  const RecoveryGrade* reached = grade_at(plan, parcel.facts.tier, late);
  if (reached == nullptr) return;
  const auto grade = static_cast<std::uint8_t>(reached - plan.grades.data() + 1);
  if (grade <= parcel.grade) return;
  const bool is_first = parcel.grade == 0 && !parcel.recovery_refused;
  const Cents cost = cost_of(*reached, parcel.facts.shipping_cost) - parcel.recovered;
  Cents& spent = spent_[index(parcel.facts.shipper)];
  const bool has_money = !plan.budget || spent + cost <= std::llround(static_cast<double>(*plan.budget) * scale_);
  if (cost <= 0 || has_money) {
    spent += cost;
    parcel.recovered += cost;
    parcel.grade = grade;
    act(now, parcel, ActKind::recovery, acts);
  } else if (!parcel.recovery_refused) {
    parcel.recovery_refused = true;
    act(now, parcel, ActKind::recovery_refused, acts);
  }
  if (is_first && plan.when == RecoveryWhen::broken && world_.shopper.recovery_effect > 0) {
    parcel.contacts_per_ms *= 1 - world_.shopper.recovery_effect;
    plan_next(now, parcel, number);
  }
}

void Shoppers::advance(SimTime until, std::vector<ShopperAct>& acts) {
  while (!plans_.empty() && plans_.front().at < until) {
    std::pop_heap(plans_.begin(), plans_.end(), std::greater<>());
    const Plan plan = plans_.back();
    plans_.pop_back();
    Waiting& parcel = parcels_[plan.parcel];
    switch (plan.step) {
      case Step::news:
        news(plan.at, parcel, plan.parcel, plan.kind, acts);
        break;
      case Step::settled:
        settle(parcel, plan.kind);
        plan_next(plan.at, parcel, plan.parcel);
        break;
      case Step::look:
        act(plan.at, parcel, ActKind::check, acts);
        break;
      case Step::change:
        if (plan.version == parcel.version) plan_next(plan.at, parcel, plan.parcel);
        break;
      case Step::candidate: {
        if (plan.version != parcel.version) break;
        const TimeZone& zone = world_.zones[index(world_.destinations[index(parcel.facts.destination)].zone)];
        const auto& hours_of_day = world_.shippers[index(parcel.facts.shipper)].hours;
        const double busiest = *std::max_element(hours_of_day.begin(), hours_of_day.end());
        const double awake = hours_of_day[static_cast<std::size_t>(zone.time_of_day(plan.at) / hours(1))] / busiest;
        const Draws draws(run_, Purpose::shopper, parcel.key, parcel.draws++);
        if (draws.unit(0) < awake) {
          const double contact = parcel.contacts_per_ms / (parcel.checks_per_ms + parcel.contacts_per_ms);
          const bool asks = draws.unit(1) < contact;
          act(plan.at, parcel, asks ? ActKind::contact : ActKind::check, acts);
          if (asks && recovery(parcel).when == RecoveryWhen::complaint) {
            make_good(plan.at, parcel, plan.parcel, acts);
          }
        }
        plan_next(plan.at, parcel, plan.parcel);
        break;
      }
      case Step::recovery:
        make_good(plan.at, parcel, plan.parcel, acts);
        break;
    }
  }
}

}  // namespace peakstorm::shopper
