#include "adapters/limit.hpp"

#include <algorithm>
#include <cmath>

#include "adapters/replay/connect.hpp"
#include "adapters/replay/limit_trials.hpp"

namespace peakstorm {
namespace {

/// Passes everything on to the recorder of the trial under way.
class Relay final : public ReplayRecorder {
 public:
  void turn_to(ReplayRecorder& to) { to_ = &to; }
  void begin(const ReplayEnvironment& environment) override { to_->begin(environment); }
  void request(const RequestRecord& record) override { to_->request(record); }
  void injected(const InjectedFault& fault) override {
    if (to_ != nullptr) to_->injected(fault);
  }
  void shown(const ShownStatus& status) override { to_->shown(status); }
  void read_back(const ShownParcel& parcel) override { to_->read_back(parcel); }
  void stored(const StoredMessage& message) override { to_->stored(message); }
  void stored_all() override { to_->stored_all(); }
  void end(std::chrono::nanoseconds wall, std::chrono::nanoseconds cpu, bool complete) override {
    to_->end(wall, cpu, complete);
  }

 private:
  ReplayRecorder* to_ = nullptr;
};

std::string rate_text(double rate) {
  return std::to_string(std::llround(rate)) + "/s";
}

}  // namespace

Result<LimitResult> run_limit_search(const World& world, ReplaySource& source, const ReplayOptions& options,
                                     const LimitOptions& limit, const ReplayPorts& ports, LimitJudge& judge,
                                     const std::stop_token& stop,
                                     const std::function<void(const ReplayProgress&)>& progress) {
  ReplayOptions trying = options;
  trying.drain_max = std::chrono::milliseconds{std::max<std::int64_t>(1, std::llround(limit.trial.count() * 1000))};
  trying.drop_after = std::min(trying.drop_after, trying.drain_max);
  Relay relay;
  const auto trials = make_trials(world, source, trying, ports, relay, stop, progress);
  if (auto done = trials->register_promises(); !done) return tl::unexpected(done.error());

  const ReplaySource::Totals totals = source.totals();
  std::uint64_t left = totals.scans + (options.track_pages ? totals.checks : 0);
  LimitSearch search(limit.bounds);
  LimitResult result;
  double held = 0;
  double failed = 0;
  const auto bracket_text = [&] {
    return std::string("; so far ") + (held > 0 ? "a trial held at " + rate_text(held) : "no trial held") +
           (failed > 0 ? " and one failed at " + rate_text(failed) : " and none failed");
  };
  while (const auto rate = search.next()) {
    const auto items = static_cast<std::uint64_t>(std::max(1LL, std::llround(*rate * limit.trial.count())));
    if (items > left || trials->exhausted()) {
      result.incomplete = "the run has no more messages: a trial at " + rate_text(*rate) + " needs " +
                          std::to_string(items) + " and " + std::to_string(left) +
                          " are left; simulate at a larger scale, begin nearer to the limit, or make trials shorter" +
                          bracket_text();
      return result;
    }
    relay.turn_to(judge.begin(*rate));
    auto summary = trials->trial(*rate, items);
    if (!summary) return tl::unexpected(summary.error());
    left -= items;
    if (stop.stop_requested()) {
      result.incomplete = "stopped" + bracket_text();
      return result;
    }
    LimitTrial trial{*rate, search.stage(), judge.fault(*summary), *summary};
    if (!summary->complete && !trial.fault) trial.fault = "the answers did not come within another trial's length";
    (trial.fault ? failed : held) = *rate;
    search.tell(!trial.fault);
    result.trials.push_back(std::move(trial));
  }
  std::uint64_t answered = 0;
  for (const LimitTrial& trial : result.trials) answered += trial.summary.accepted + trial.summary.refused;
  if (answered == 0) {
    return fail(ErrorKind::unreachable, options.target + ": no request of any trial was answered; see its log");
  }
  result.low = search.low();
  result.high = search.high();
  result.confidence = search.confidence();
  result.low_trials = search.low_trials();
  result.high_trials = search.high_trials();
  result.complete = true;
  return result;
}

Result<LimitResult> find_limit(const World& world, ReplaySource& source, const ReplayOptions& given,
                               const LimitOptions& limit, LimitJudge& judge, const std::stop_token& stop,
                               const std::function<void(const ReplayProgress&)>& progress) {
  const ReplayOptions options = suited(given);
  auto line = connect(world, options, false);
  if (!line) return tl::unexpected(line.error());
  return run_limit_search(world, source, options, limit, (*line)->ports(), judge, stop, progress);
}

}  // namespace peakstorm
