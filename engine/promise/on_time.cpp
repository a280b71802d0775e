#include "engine/on_time.hpp"

#include "engine/check.hpp"

namespace peakstorm {
namespace {

/// Kept when `day` is there and not after `due`; broken when it is after it, when the parcel can no longer
/// arrive, or when `due` has passed; otherwise too early to tell.
Verdict by_date(std::uint16_t day, Day due, bool ended, Day horizon_day) {
  if (day != no_day) return Day{day} <= due ? Verdict::kept : Verdict::broken;
  return ended || due <= horizon_day ? Verdict::broken : Verdict::not_counted;
}

}  // namespace

std::array<Verdict, on_time_definitions> judge(const World& world, const Outcome& outcome, Day horizon_day) {
  std::array<Verdict, on_time_definitions> verdicts{};
  const auto verdict = [&](OnTimeDefinition definition) -> Verdict& {
    return verdicts[static_cast<std::size_t>(definition)];
  };
  // A cancelled order was never tendered: nobody failed it.
  if (outcome.fate == Fate::cancelled) return verdicts;

  const bool delivered = outcome.fate == Fate::delivered;
  const bool ended = outcome.fate != Fate::inside;
  const std::uint16_t delivered_day = delivered ? outcome.delivered_day : no_day;
  if (delivered) PEAKSTORM_CHECK(delivered_day != no_day, static_cast<std::uint64_t>(outcome.id));

  if (outcome.promise_day != no_day) {
    const Day promise = outcome.promise_day;
    verdict(OnTimeDefinition::promise) = by_date(delivered_day, promise, ended, horizon_day);
    // A promise that was never revised is its own last version.
    const Day revised = outcome.revised_day == no_day ? promise : Day{outcome.revised_day};
    verdict(OnTimeDefinition::revised) = by_date(delivered_day, revised, ended, horizon_day);
    // The attempt's success is not asked for: a parcel that was offered in time and went back was offered in time.
    verdict(OnTimeDefinition::first_attempt) = by_date(outcome.first_attempt_day, promise, ended, horizon_day);
    Verdict window = verdict(OnTimeDefinition::promise);
    if (delivered && Day{delivered_day} == promise &&
        outcome.delivered_time > world.shippers[index(outcome.shipper)].window_to) {
      window = Verdict::broken;
    }
    verdict(OnTimeDefinition::window) = window;
    // The carrier's own account: a delivery it never showed has not happened for the shopper. While the parcel is
    // not lost or returned, that can still change until the horizon.
    const bool over = outcome.fate == Fate::lost || outcome.fate == Fate::returned;
    verdict(OnTimeDefinition::reported) = by_date(outcome.reported_day, promise, over, horizon_day);
  }

  if (outcome.commit_day != no_day) {
    const Service& service = world.services[index(outcome.service)];
    const Day commit = outcome.commit_day;
    Verdict strict = by_date(delivered_day, commit, ended, horizon_day);
    if (delivered && Day{delivered_day} == commit && outcome.delivered_time > service.commit_time) {
      strict = Verdict::broken;
    }
    verdict(OnTimeDefinition::commit) = strict;
    if (!outcome.weather) {
      const Day grace = service.mode == Mode::road ? 1 : 0;
      verdict(OnTimeDefinition::commit_lenient) = by_date(delivered_day, commit + grace, ended, horizon_day);
    }
  }
  return verdicts;
}

}  // namespace peakstorm
