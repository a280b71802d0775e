#include <algorithm>

#include "engine/check.hpp"
#include "engine/geo.hpp"
#include "engine/loyalty.hpp"
#include "engine/recovery.hpp"
#include "engine/satisfaction.hpp"
#include "results/measures/state.hpp"

namespace peakstorm {

using measuring::at;
using measuring::Counts;
using measuring::Cube;
using measuring::is_measured;
using measuring::lateness_bases;
using measuring::lateness_cells;
using measuring::lateness_definitions;

namespace {

/// The grade that the flat recovery of a shipper amounts to: everybody whose promise is broken gets it, at once.
RecoveryGrade flat_grade(const Shipper& shipper) {
  RecoveryGrade grade;
  grade.credit = shipper.recovery_credit;
  grade.refunds_shipping = shipper.recovery_refunds_shipping;
  return grade;
}

/// A carrier's zone by distance, 2 to 8: the bands in miles of the United States' carriers.
std::uint64_t zone_of_distance(double km) {
  constexpr double km_per_mile = 1.609344;
  constexpr std::array<double, 6> miles{150, 300, 600, 1'000, 1'400, 1'800};
  std::uint64_t zone = 2;
  for (const double band : miles) zone += km > band * km_per_mile ? 1 : 0;
  return zone;
}

}  // namespace

void Measures::Impl::tabulate(Counts& counts) {
  tables.totals = counts.totals;
  promises = counts.promises;
  const auto role_of = [](std::size_t cell) { return static_cast<ShipperRole>(cell % role_count); };
  const auto day_rows = [&](const Cube& cube, std::vector<Tables::DayRow>& rows) {
    cube.for_each([&](std::size_t cell, const VerdictCounts& verdicts) {
      const std::size_t day_service = cell / role_count;
      rows.push_back({static_cast<Day>(day_service / world.services.size()),
                      ServiceId{static_cast<std::uint8_t>(day_service % world.services.size())}, role_of(cell),
                      verdicts});
    });
  };
  day_rows(counts.due, tables.due);
  day_rows(counts.ordered, tables.ordered);
  counts.regions.for_each([&](std::size_t cell, const VerdictCounts& verdicts) {
    const std::size_t region_carrier = cell / role_count;
    tables.regions.push_back({RegionId{static_cast<std::uint8_t>(region_carrier / world.carriers.size())},
                              CarrierId{static_cast<std::uint8_t>(region_carrier % world.carriers.size())},
                              role_of(cell), verdicts});
  });
  counts.destinations.for_each([&](std::size_t cell, const VerdictCounts& verdicts) {
    tables.destinations.push_back(
        {DestinationId{static_cast<std::uint16_t>(cell / role_count)}, role_of(cell), verdicts});
  });
  for (std::size_t cell = 0; cell < counts.lateness.size(); ++cell) {
    const std::size_t carrier_role = cell / lateness_bases;
    for (std::size_t i = 0; i < lateness_cells; ++i) {
      if (counts.lateness[cell][i] == 0) continue;
      std::optional<int> late;
      if (i + 1 < lateness_cells) late = static_cast<int>(i) + Tables::earliest_days;
      tables.lateness.push_back({CarrierId{static_cast<std::uint8_t>(carrier_role / role_count)}, role_of(carrier_role),
                                 lateness_definitions[cell % lateness_bases], late, counts.lateness[cell][i]});
    }
  }
  for (const auto& [key, cause] : counts.causes) {
    tables.causes.push_back(
        {key.place, key.cause, key.role, key.carrier, cause.promises, cause.commits, cause.minutes});
  }
  for (std::size_t cell = 0; cell < counts.fates.size(); ++cell) {
    for (std::size_t fate = 0; fate < fate_names.size(); ++fate) {
      if (counts.fates[cell][fate] == 0) continue;
      tables.fates.push_back({CarrierId{static_cast<std::uint8_t>(cell / role_count)}, role_of(cell),
                              static_cast<Fate>(fate), counts.fates[cell][fate]});
    }
  }
  for (std::size_t s = 0; s < world.shippers.size(); ++s) {
    const Shipper& shipper = world.shippers[s];
    if (shipper.role != ShipperRole::retailer) continue;
    Tables::CostRow row;
    row.shipper = ShipperId{static_cast<std::uint8_t>(s)};
    row.parcels = counts.parcels[s];
    row.broken_promises = counts.broken[s];
    row.credit = shipper.recovery_credit * static_cast<Cents>(counts.broken[s]);
    for (std::size_t service = 0; service < world.services.size(); ++service) {
      const std::uint64_t attempts = counts.extra_attempts[s * world.services.size() + service];
      row.extra_attempts += attempts;
      row.extra_attempt_cost += world.services[service].extra_attempt * static_cast<Cents>(attempts);
    }
    if (options.streams) {
      row.shipping = shipping[s];
      row.refund = 0;
      row.contacts = contacts[s];
      row.contact_cost = world.shopper.contact_cost * static_cast<Cents>(contacts[s]);
    } else if (!shipper.recovery_refunds_shipping && shipper.recovery.grades.empty()) {
      row.refund = 0;
    }
    tables.costs.push_back(row);
  }
}

std::optional<double> Measures::Impl::expected_review_score() const {
  if (!world.shopper.enabled || !world.shopper.reviews) return std::nullopt;
  double sum = 0;
  std::uint64_t delivered = 0;
  for (const TrackedParcel& parcel : tracked) {
    if (!parcel.measured || !parcel.outcome || parcel.outcome->fate != Fate::delivered) continue;
    if (parcel.outcome->promise_day == no_day) continue;
    sum += expected_review(int{parcel.outcome->delivered_day} - int{parcel.outcome->promise_day});
    ++delivered;
  }
  if (delivered == 0) return std::nullopt;
  return sum / static_cast<double>(delivered);
}

void Measures::Impl::tabulate_tracked(std::vector<Outcome>& outcomes) {
  for (const Outcome& outcome : outcomes) {
    const auto found = index_of.find(outcome.id);
    if (found == index_of.end()) continue;  // Its label was never made (cancelled before), so it was never tracked.
    TrackedParcel& parcel = tracked[found->second];
    PEAKSTORM_CHECK(!parcel.outcome, static_cast<std::uint64_t>(outcome.id));
    parcel.outcome = outcome;
    parcel.verdicts = judge(world, outcome, horizon_of(world, outcome));
    const Shipper& shipper = world.shippers[index(outcome.shipper)];
    if (is_measured(world, outcome.order_day) && shipper.recovery_refunds_shipping &&
        parcel.verdicts[at(OnTimeDefinition::promise)] == Verdict::broken) {
      for (Tables::CostRow& row : tables.costs) {
        if (row.shipper == outcome.shipper) *row.refund += parcel.facts.shipping_cost;
      }
    }
  }
  // The index refers to the order of arrival; nothing asks it any more.
  index_of.clear();
  std::sort(tracked.begin(), tracked.end(),
            [](const TrackedParcel& a, const TrackedParcel& b) { return a.facts.id < b.facts.id; });
}

void Measures::Impl::recover(TrackedParcel& parcel, const ShopperAct& act) const {
  if (act.kind == ActKind::recovery_refused) parcel.recovery_refused = true;
  if (act.kind != ActKind::recovery) return;
  const ParcelFacts& f = parcel.facts;
  const RecoveryPlan& plan = world.shippers[index(f.shipper)].recovery;
  const SimDuration late = act.at - promise_end(world, f.destination, f.promise_day);
  const RecoveryGrade* grade = grade_at(plan, f.tier, late);
  PEAKSTORM_CHECK(grade != nullptr, static_cast<std::uint64_t>(f.id));
  parcel.grade = static_cast<std::uint8_t>(grade - plan.grades.data() + 1);
  const LoyaltyModel& model = world.loyalty;
  if (model.survey == SurveyClock::delivery || late <= model.survey_wait) parcel.grade_when_asked = parcel.grade;
}

void Measures::Impl::tabulate_recovery() {
  std::map<std::pair<ShipperId, std::uint8_t>, Tables::RecoveryRow> rows;
  for (const TrackedParcel& parcel : tracked) {
    if (!parcel.measured || (parcel.grade == 0 && !parcel.recovery_refused)) continue;
    const ShipperId shipper = parcel.facts.shipper;
    Tables::RecoveryRow& row = rows[{shipper, parcel.grade}];
    row.shipper = shipper;
    row.grade = parcel.grade;
    ++row.parcels;
    if (parcel.grade == 0) continue;
    const RecoveryGrade& grade = world.shippers[index(shipper)].recovery.grades[parcel.grade - 1U];
    row.credit += grade.credit;
    if (grade.refunds_shipping) row.refund += parcel.facts.shipping_cost;
  }
  for (const auto& [key, row] : rows) {
    tables.recoveries.push_back(row);
    for (Tables::CostRow& cost : tables.costs) {
      if (cost.shipper != row.shipper) continue;
      cost.credit += row.credit;
      *cost.refund += row.refund;
    }
  }
}

void Measures::Impl::tabulate_loyalty() {
  const LoyaltyModel& model = world.loyalty;
  if (!model.enabled) return;
  const RecoveryGrade apology;
  std::vector<RecoveryGrade> flat;
  for (const Shipper& shipper : world.shippers) flat.push_back(flat_grade(shipper));
  Tables::LoyaltySums sums;
  for (const TrackedParcel& parcel : tracked) {
    if (!parcel.measured || !parcel.outcome) continue;
    const Outcome& outcome = *parcel.outcome;
    const Verdict verdict = parcel.verdicts[at(OnTimeDefinition::promise)];
    if (verdict == Verdict::not_counted) continue;
    const Shipper& shipper = world.shippers[index(outcome.shipper)];
    Experience experience;
    experience.failed = verdict == Verdict::broken;
    const bool is_delivered = outcome.fate == Fate::delivered;
    const int last = is_delivered ? int{outcome.delivered_day} : int{horizon_of(world, outcome)};
    experience.days_late = last - int{outcome.promise_day};
    if (experience.failed) {
      experience.days_late = std::max(experience.days_late, 1);
      const SimTime asked = promise_end(world, outcome.destination, outcome.promise_day) + model.survey_wait;
      experience.asked_before_delivery = !is_delivered || outcome.at >= asked;
      const auto given = [&](std::uint8_t grade) -> const RecoveryGrade* {
        if (grade > 0) return &shipper.recovery.grades[grade - 1U];
        return parcel.recovery_refused ? &apology : nullptr;
      };
      if (shipper.recovery.grades.empty()) {
        const RecoveryGrade& all = flat[index(outcome.shipper)];
        if (all.credit > 0 || all.refunds_shipping) experience.given = experience.given_when_asked = &all;
      } else {
        experience.given = given(parcel.grade);
        experience.given_when_asked = given(parcel.grade_when_asked);
      }
    }
    const SurveyAnswer answer = survey_answer(model, experience);
    ++sums.orders;
    sums.score += answer.score;
    sums.happy += answer.happy;
    sums.unhappy += model.unhappy_answer * answer.unhappy;
    sums.answers += 1 + (model.unhappy_answer - 1) * answer.unhappy;
    const auto cents = [&](double delay) {
      return next_year(model, repurchase_factor(model, experience, delay)).cents;
    };
    const NextYear year = next_year(model, repurchase_factor(model, experience, model.failure_delay));
    sums.again += year.again;
    sums.cents += year.cents;
    sums.cents_low += cents(model.failure_delay_high);
    sums.cents_high += cents(model.failure_delay_low);
    if (experience.failed) {
      ++sums.failed;
      sums.cents_failed += year.cents;
    }
  }
  tables.loyalty = sums;
}

void Measures::Impl::tabulate_sourcing() {
  Tables::SourcingSums sums;
  for (const TrackedParcel& parcel : tracked) {
    if (!parcel.measured) continue;
    const ParcelFacts& f = parcel.facts;
    const double km =
        great_circle_km(world.nodes[index(f.node)].position, world.destinations[index(f.destination)].position);
    ++sums.orders;
    sums.second_choice += f.second_choice ? 1 : 0;
    sums.zones += zone_of_distance(km);
    sums.km += km;
  }
  tables.sourcing = sums;
}

}  // namespace peakstorm
