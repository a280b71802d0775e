/// One replay over any format, transport and clock: what `replay` does once its parts are made. Tests give it a
/// faulty transport and a simulated clock.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>

#include "adapters/broker.hpp"
#include "adapters/clock.hpp"
#include "adapters/replay.hpp"
#include "adapters/replay_party.hpp"
#include "adapters/transport.hpp"
#include "adapters/wire_format.hpp"

namespace peakstorm {

struct ReplayPorts {
  wire::WireFormat& format;
  Transport& transport;
  const Clock& clock;                ///< The one that `transport.poll` goes by.
  bool broker = false;               ///< The transport leads to a broker: no checks, no pages, no platform's schedule.
  StoredMessages* stored = nullptr;  ///< Of the broker, when it is to be read back.
  bool named = false;                ///< Messages go with their id and key: brokers and gRPC.
  ReplayParty* party = nullptr;      ///< Null: alone.
};

/// As `replay`. Requires: options checked by `plan_replay`.
Result<ReplaySummary> run_session(const World& world, ReplaySource& source, const ReplayOptions& options,
                                  const ReplayPorts& ports, ReplayRecorder& recorder, const std::stop_token& stop,
                                  const std::function<void(const ReplayProgress&)>& progress);

/// One source sent in goes at a rate each, over one transport: what is known of parcels and what the source still has
/// stays from one go to the next.
class Trials {
 public:
  virtual ~Trials() = default;
  /// As ReplayOptions::register_promises has it; before the first trial.
  virtual Result<void> register_promises() = 0;
  /// Sends at most `items` further ones and waits for their answers, or until `drain_max`. The recorder is begun and
  /// ended. Errors: the source's.
  virtual Result<ReplaySummary> trial(double rate, std::uint64_t items) = 0;
  /// Nothing is left to send. Of several processes none says so.
  [[nodiscard]] virtual bool exhausted() = 0;
  /// Stopped, or called off by another process.
  [[nodiscard]] virtual bool stopping() = 0;
};
/// The arguments must outlive it.
std::unique_ptr<Trials> make_trials(const World& world, ReplaySource& source, const ReplayOptions& options,
                                    const ReplayPorts& ports, ReplayRecorder& recorder, const std::stop_token& stop,
                                    const std::function<void(const ReplayProgress&)>& progress);

/// The pace that options and totals come to.
struct ReplayPlan {
  double speed = 0;   ///< 0 where rates are given.
  RateProfile rates;  ///< Empty where a speed is.
  double rate = 0;    ///< Their mean over the replay; 0 where a speed is given.
};
/// Errors: bad_input for numbers out of range, and for a pace beyond `rate_max` or `seconds_max`.
Result<ReplayPlan> plan_replay(const ReplayOptions& options, const ReplaySource::Totals& totals);

}  // namespace peakstorm
