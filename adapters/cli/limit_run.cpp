#include "adapters/cli/limit_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <iterator>
#include <memory>

#include "adapters/cli/progress.hpp"
#include "adapters/cli/text.hpp"
#include "results/reconcile.hpp"

namespace peakstorm::cli {
namespace {

constexpr std::array<const char*, 5> stage_names{"bracket", "narrow", "low", "high", "over"};

/// Judges by the gates, over measures of the trial alone. Scans are strangers to its reconciliation: nothing is read
/// back, so that what is kept does not grow with the trials.
class GateJudge final : public LimitJudge {
 public:
  GateJudge(const World& world, std::span<const Gate> gates) : world_(world), gates_(gates) {}

  ReplayRecorder& begin(double /*rate*/) override {
    recorder_ = std::make_unique<Reconciliation>(world_, std::vector<TruthParcel>(), plain_rules(world_));
    return *recorder_;
  }

  std::optional<std::string> fault(const ReplaySummary& /*summary*/) override {
    MeasureMap measures;
    recorder_->results().add_to(measures);
    std::string faults;
    for (const Gate& gate : gates_) {
      const GateResult result = evaluate(gate, measures, false);
      if (result.verdict == GateVerdict::passed) continue;
      faults += (faults.empty() ? "" : "; ") + result.message;
    }
    return faults.empty() ? std::nullopt : std::optional(faults);
  }

  [[nodiscard]] const ReplayResults& results() const { return recorder_->results(); }

 private:
  const World& world_;
  std::span<const Gate> gates_;
  std::unique_ptr<Reconciliation> recorder_;
};

std::string rate_text(double rate) {
  return fmt::format("{:.0f}/s", rate);
}

std::string statement(const LimitResult& result) {
  if (!result.complete) return "not found: " + result.incomplete;
  const std::string confidence = fmt::format("with {:.1f} % confidence", 100 * result.confidence);
  if (result.low && result.high) {
    return fmt::format("between {} and {}, {}: all {} trials held at the one, all {} failed at the other",
                       rate_text(*result.low), rate_text(*result.high), confidence, result.low_trials,
                       result.high_trials);
  }
  if (result.low) {
    return fmt::format("above {}, {}: all {} trials held, and no higher rate was to be tried", rate_text(*result.low),
                       confidence, result.low_trials);
  }
  if (result.high) {
    return fmt::format("below {}, {}: all {} trials failed, and no rate below held", rate_text(*result.high),
                       confidence, result.high_trials);
  }
  return "not found: trials held and failed at every rate that was tried; make them longer";
}

boost::json::value rate_json(const std::optional<double>& rate) {
  return rate ? boost::json::value(*rate) : boost::json::value(nullptr);
}

}  // namespace

bool is_of_trials(const Gate& gate) {
  return gate.measure == "sent" || gate.measure.starts_with("sent.") || gate.measure.starts_with("endpoint.");
}

std::vector<Gate> limit_gates(std::span<const Gate> gates, const MeasureCatalogue& known) {
  std::vector<Gate> chosen;
  std::copy_if(gates.begin(), gates.end(), std::back_inserter(chosen), is_of_trials);
  if (!chosen.empty()) return chosen;
  for (const char* const text : {"endpoint.error_share <= 1%", "sent.late_share <= 1%", "endpoint.p99 <= 500ms"}) {
    if (auto gate = parse_gate({text, "", 0}, known)) chosen.push_back(std::move(*gate));
  }
  return chosen;
}

Result<LimitOptions> limit_options(const ReplayFlags& flags, const ReplayOptions& options) {
  LimitOptions limit;
  limit.trial = std::chrono::duration<double>(flags.trial_seconds);
  limit.bounds.highest = options.rate_max;
  if (!options.rates.empty()) {
    if (options.rates != RateProfile::constant(options.rates.highest())) {
      return fail(ErrorKind::bad_input, "--find-limit: --rate gives the first rate tried; let it be one number");
    }
    limit.bounds.start = options.rates.highest();
    limit.bounds.highest = std::max(limit.bounds.highest, limit.bounds.start);
    limit.bounds.lowest = std::min(limit.bounds.lowest, limit.bounds.start);
  }
  return limit;
}

Result<LimitResult> run_limit(const World& world, ReplaySource& source, const ReplayOptions& options,
                              const LimitOptions& limit, std::span<const Gate> gates, const std::stop_token& stop,
                              bool quiet) {
  GateJudge judge(world, gates);
  Progress progress("find limit", "requests", progress_style(quiet));
  std::uint64_t before = 0;
  std::uint64_t latest = 0;
  const std::uint64_t total = source.totals().scans + (options.track_pages ? source.totals().checks : 0);
  auto result = find_limit(world, source, options, limit, judge, stop, [&](const ReplayProgress& now) {
    if (now.phase != ReplayPhase::sending) return;
    if (now.sent < latest) before += latest;  // Another trial has begun.
    latest = now.sent;
    progress.update(total > 0 ? static_cast<double>(before + latest) / static_cast<double>(total) : 0, before + latest);
  });
  if (result) progress.finish(before + latest);
  return result;
}

boost::json::object limit_json(const LimitResult& result, const LimitOptions& limit, std::span<const Gate> gates) {
  boost::json::array trials;
  for (const LimitTrial& trial : result.trials) {
    const double seconds = std::chrono::duration<double>(trial.summary.sending).count();
    trials.push_back({{"rate", trial.rate},
                      {"stage", stage_names[static_cast<std::size_t>(trial.stage)]},
                      {"held", !trial.fault.has_value()},
                      {"fault", trial.fault ? boost::json::value(*trial.fault) : boost::json::value(nullptr)},
                      {"sent", trial.summary.attempts},
                      {"accepted", trial.summary.accepted},
                      {"late", trial.summary.late},
                      {"dropped", trial.summary.dropped},
                      {"sending_s", seconds}});
  }
  boost::json::array expressions;
  for (const Gate& gate : gates) expressions.push_back(boost::json::value(gate.expression));
  return {{"low_rate", rate_json(result.low)},
          {"high_rate", rate_json(result.high)},
          {"confidence", result.complete ? boost::json::value(result.confidence) : boost::json::value(nullptr)},
          {"low_trials", result.low_trials},
          {"high_trials", result.high_trials},
          {"complete", result.complete},
          {"statement", statement(result)},
          {"precision", limit.bounds.precision},
          {"trial_s", limit.trial.count()},
          {"gates", std::move(expressions)},
          {"trials", std::move(trials)}};
}

std::string limit_text(const LimitResult& result, const LimitOptions& limit, std::span<const Gate> gates) {
  std::string text = "Limit\n";
  for (const Gate& gate : gates) text += fmt::format("  gate  {}\n", gate.expression);
  for (const LimitTrial& trial : result.trials) {
    text += fmt::format("  {:<8} {:>9}  {}\n", stage_names[static_cast<std::size_t>(trial.stage)],
                        rate_text(trial.rate), trial.fault ? "failed: " + *trial.fault : "held");
  }
  text += fmt::format("  The rate at which half of the trials of {:g} s hold is {}\n", limit.trial.count(),
                      statement(result));
  return text;
}

ExitCode limit_verdict(const LimitResult& result) {
  return result.complete && result.low ? ExitCode::passed : ExitCode::gate_failed;
}

}  // namespace peakstorm::cli
