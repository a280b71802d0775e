#include "adapters/replay.hpp"

#include <algorithm>
#include <cmath>

#include "adapters/replay/connect.hpp"
#include "adapters/replay/faults.hpp"
#include "adapters/replay/session.hpp"
#include "adapters/replay/target.hpp"

namespace peakstorm {
namespace {

constexpr unsigned broker_attempts = 20;

std::string number(double value) {
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

tl::unexpected<Error> bad(std::string message) {
  return fail(ErrorKind::bad_input, std::move(message));
}

}  // namespace

Result<ReplayPlan> plan_replay(const ReplayOptions& options, const ReplaySource::Totals& totals) {
  for (const auto& [name, value] : {std::pair{"rate", options.rate}, {"speed", options.speed}}) {
    if (!std::isfinite(value) || value < 0) return bad(std::string(name) + " must be a positive number");
  }
  if (options.attempts_max < 1) return bad("attempts must be 1 or more");
  if (options.patience.count() <= 0) return bad("patience must be longer than nothing");
  const auto items = static_cast<double>(totals.scans + (options.track_pages ? totals.checks : 0));
  const double span = static_cast<double>((totals.last - totals.first).count()) / 1000;

  ReplayPlan plan;
  double seconds = 0;
  double mean = options.rate;
  if (!options.rates.empty() || options.rate > 0) {
    plan.rates = options.rates.empty() ? RateProfile::constant(options.rate) : options.rates;
    seconds = plan.rates.seconds_until(items);
    plan.rate = seconds > 0 ? items / seconds : plan.rates.highest();
    mean = plan.rates.highest();
  } else {
    if (options.speed <= 0 && !(options.seconds > 0 && std::isfinite(options.seconds))) {
      return bad("the replay needs a rate, a speed or a length in seconds");
    }
    plan.speed = options.speed > 0 ? options.speed : std::max(span / options.seconds, 1e-6);
    seconds = span / plan.speed;
    mean = seconds > 0 ? items / seconds : 0;
  }
  if (mean > options.rate_max) {
    return bad("the replay would send " + number(std::round(mean)) + " requests/s" +
               (plan.rates.empty() ? " on average" : "") + ", more than the bound of " + number(options.rate_max) +
               "; lower the speed or the rate, or raise the bound");
  }
  if (seconds > options.seconds_max) {
    return bad("the replay would take " + number(std::round(seconds)) + " s, longer than the bound of " +
               number(options.seconds_max) + " s; raise the speed or the rate, or the bound");
  }
  return plan;
}

FaultRates faults_of(const ReplayOptions& options) {
  FaultRates faults = options.faults;
  if (faults.any() && !wire::body_is_text(options.format)) {
    for (const FaultKind kind :
         {FaultKind::near_duplicate, FaultKind::naive_time, FaultKind::other_zone, FaultKind::schema_drift,
          FaultKind::forged, FaultKind::unsigned_message, FaultKind::stale_signature, FaultKind::ghost}) {
      faults.rate[static_cast<std::size_t>(kind)] = 0;
    }
  }
  // Without the shop's word nobody can know that a number is another parcel's now.
  if (!options.register_promises) faults.rate[static_cast<std::size_t>(FaultKind::number_reuse)] = 0;
  return faults;
}

std::function<void(std::vector<Scan>&)> amend_truth(const World& world, const FaultRates& faults) {
  if (!faults.any()) return {};
  return [plan = FaultPlan(world, faults)](std::vector<Scan>& scans) { plan.amend(scans, nullptr); };
}

Result<void> check_batch(const ReplayOptions& options) {
  const auto batch_max = wire::batch_max(options.format);
  if (!batch_max) return tl::unexpected(batch_max.error());
  if (options.batch < 1) return bad("--batch: a message tells 1 scan or more");
  if (options.batch > *batch_max) {
    return bad("--batch " + std::to_string(options.batch) + ": a message of format " + options.format + " tells " +
               (*batch_max == 1 ? "1 scan; use epcis, epcis-proceed or cloudevents-batch, or leave it out"
                                : "at most " + std::to_string(*batch_max) + " scans"));
  }
  if (options.batch > 1 && names_broker(options.target)) {
    return bad("--batch: a broker gets each scan as a message of its own; leave it out");
  }
  const auto target = parse_target(options.target);
  if (options.batch > 1 && target && target->grpc) {
    return bad("--batch: a gRPC call tells of one scan; leave it out");
  }
  if (options.batch_wait.count() < 0) return bad("--batch-wait must not be negative");
  return {};
}

Result<std::unique_ptr<TargetLine>> connect(const World& world, const ReplayOptions& options, bool read_back) {
  const auto target = check_target(options);
  if (!target) return tl::unexpected(target.error());
  if (const auto fits = check_batch(options); !fits) return tl::unexpected(fits.error());
  auto line = std::make_unique<TargetLine>();
  auto format = wire::make_format(options.format, world, {options.secret, options.webhook_path});
  if (!format) return tl::unexpected(format.error());
  line->format = std::move(*format);
  auto opened = open_target(options, *target, read_back, line->clock);
  if (!opened) return tl::unexpected(opened.error());
  line->target = std::move(*opened);
  line->is_broker = target->is_broker;
  line->is_grpc = target->is_grpc;
  return line;
}

ReplayOptions suited(const ReplayOptions& options) {
  ReplayOptions suiting = options;
  if (names_broker(options.target)) {
    suiting.track_pages = false;
    suiting.attempts_max = std::max(options.attempts_max, broker_attempts);
  }
  return suiting;
}

Result<ReplaySummary> replay(const World& world, ReplaySource& source, const ReplayOptions& given,
                             ReplayRecorder& recorder, const std::stop_token& stop,
                             const std::function<void(const ReplayProgress&)>& progress, ReplayParty* party) {
  const ReplayOptions options = suited(given);
  if (auto plan = plan_replay(options, source.totals()); !plan) return tl::unexpected(plan.error());
  const bool reads_stored = given.track_pages && (party == nullptr || party->share().index == 0);
  auto line = connect(world, options, reads_stored);
  // What is to be read back of a broker begins where the first of several has connected, so nobody sends before.
  const bool all_there = party == nullptr || party->meet(line.has_value());
  if (!line) return tl::unexpected(line.error());
  if (!all_there) return ReplaySummary();
  ReplayPorts ports = (*line)->ports();
  ports.party = party;
  return run_session(world, source, options, ports, recorder, stop, progress);
}

}  // namespace peakstorm
