/// Replays a run's scans and tracking checks against an endpoint, open loop, and reads tracking back.
///
/// Every item has an intended wall instant, from its simulated instant and the speed (or from a fixed rate), that
/// does not depend on how the endpoint does: latency counts from it, so a stall is felt by everything that was due
/// during it. An item for which no sender is free waits; it is *late* when it leaves `late_after` or more behind
/// its instant, and *dropped* when it found no sender for `drop_after`. Scans of one parcel keep their order: the
/// next is not sent before the one before was answered or given up. Failed scans (5xx, 429, 408, broken, timed out)
/// are sent again with the same body, signed anew, after the endpoint's own Retry-After, else on the schedule that the
/// format's platform documents, else after a growing pause; each attempt is recorded with the first intended instant.
/// Checks are not repeated: a shopper looked and saw what there was.
///
/// A receiver that takes a message in before it keeps it (EPCIS: 202) is asked what became of it, after `ask_first`
/// and then at doubling pauses of up to `ask_longest`. Only then is the scan acknowledged, at the instant of that
/// answer; or refused, which is final; or timed out, when `ask_patience` or `asks_max` is over.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "adapters/rate_profile.hpp"
#include "adapters/replay_party.hpp"
#include "adapters/running_instant.hpp"
#include "adapters/transport.hpp"
#include "engine/faults.hpp"
#include "engine/replay.hpp"
#include "engine/result.hpp"
#include "engine/world.hpp"

namespace peakstorm {

namespace wire {
struct TrackPage;
}

struct ReplayOptions {
  std::string target;  ///< http://HOST[:PORT][/PREFIX], https, grpc://HOST:PORT, grpcs, or a broker's URL (broker.hpp).
  HttpVersion http = HttpVersion::settled;
  GrpcCall call = GrpcCall::unary;       ///< Of gRPC.
  std::size_t streams = 0;               ///< As HttpOptions has it.
  std::string ca_file;                   ///< As HttpOptions has it.
  std::string broker_user;               ///< As BrokerOptions has them.
  std::string broker_password;           ///< Never recorded.
  std::vector<std::string> allow_hosts;  ///< Hosts that may be loaded though they are not this machine.
  std::string format = "easypost";       ///< As wire::make_format takes it.
  std::string secret;                    ///< Of the signatures. Never recorded.
  std::string webhook_path;              ///< Where scans are posted; empty: the embedded endpoint's path.
  // Pace: the first that is given counts.
  RateProfile rates;    ///< Requests per second, changing.
  double rate = 0;      ///< Requests per second.
  double speed = 0;     ///< Simulated seconds per wall second.
  double seconds = 30;  ///< Compress the whole span to this long.

  /// Scans in one message; those of one parcel never share one. [1, wire::batch_max(format)], HTTP only. A receiver
  /// that says 413, or what it takes (GS1-EPCIS-Capture-Limit, -File-Size-Limit), gets smaller ones from then on.
  unsigned batch = 1;
  /// A message leaves when it is full or when its oldest scan has waited so long: on the replay's own clock, however
  /// compressed simulated time is.
  std::chrono::milliseconds batch_wait{100};

  bool register_promises = false;  ///< PUT /parcels before the replay: for the embedded endpoint.
  /// The target shows parcels: send checks and read back. With a broker: read back what it has stored.
  bool track_pages = true;
  std::shared_ptr<const wire::TrackPage> page;  ///< How it shows them (track_page.hpp); none: GET /track/NUMBER.

  std::size_t connections = 64;                ///< [1, 4096]; each with one request in flight.
  std::chrono::milliseconds patience{10'000};  ///< For one reply; then the attempt has timed out.
  std::chrono::milliseconds late_after{10};
  std::chrono::milliseconds drop_after{30'000};
  /// What is done to scans and messages on purpose. The truth is to be amended alike (`amend_truth`). Re-used numbers
  /// need `register_promises`; without it they are left out, as are ghosts' pages without `track_pages`. So are
  /// faults that rewrite a message whose body is no text (Protobuf templates).
  FaultRates faults;
  /// Of one scan or read-back, the first included; >= 1. Scans of a format with documented retries follow those; a
  /// broker gets at least 20, since one that starts again refuses for a while.
  unsigned attempts_max = 5;
  /// Documented pauses, which are minutes and hours, are divided by this; 0: by the replay's own speed, so that they
  /// keep their proportion to the scans. They do not get shorter than `back_off`.
  double retry_speed = 0;
  std::chrono::milliseconds back_off{100};            ///< Before the second attempt; doubles from there ...
  std::chrono::milliseconds back_off_max{5'000};      ///< ... to this.
  std::chrono::milliseconds retry_after_max{30'000};  ///< A longer Retry-After is shortened to this.
  std::chrono::milliseconds ask_first{20};            ///< After "taken in", what became of it is asked.
  std::chrono::milliseconds ask_longest{2'000};       ///< Between two questions.
  std::chrono::milliseconds ask_patience{60'000};
  unsigned asks_max = 64;                       ///< Of one message.
  std::chrono::milliseconds drain_max{60'000};  ///< After the last intended instant; then the rest is dropped.
  double rate_max =
      50'000;  ///< Requests per second that are accepted without a word: the mean, of `rates` the highest.
  /// Moved along while scans are sent; null: nobody looks on. Starts at the source's first instant.
  std::shared_ptr<RunningInstant> running = nullptr;
  double seconds_max = 3'600;  ///< Planned length that is accepted; also bounds the read-back.
};

enum class ReplayPhase : std::uint8_t { registering, sending, reading_back };

struct ReplayProgress {
  ReplayPhase phase = ReplayPhase::registering;
  std::uint64_t sent = 0;  ///< Of this phase: requests, repeated attempts not counted.
  std::uint64_t total = 0;
  double rate = 0;  ///< Requests per second since the last call.
  std::uint64_t late = 0;
  std::uint64_t dropped = 0;
  std::uint64_t failed = 0;  ///< Attempts that were refused, timed out or broken.
  std::size_t in_flight = 0;
  std::size_t waiting = 0;             ///< To be sent again, but without a free sender.
  std::chrono::nanoseconds elapsed{};  ///< Since the replay began.
};

struct ReplaySummary {
  bool complete = false;    ///< False: stopped, or the drain took too long.
  std::uint64_t scans = 0;  ///< Published scans that were due.
  std::uint64_t checks = 0;
  std::uint64_t attempts = 0;  ///< At them; scans that share a request count one by one.
  std::uint64_t requests = 0;  ///< Written for them.
  std::uint64_t split = 0;     ///< Of which too long for the receiver, and so sent again in halves; no attempt.
  std::uint64_t accepted = 0;  ///< Scans taken and checks answered.
  std::uint64_t refused = 0;   ///< Attempts by fate.
  std::uint64_t timed_out = 0;
  std::uint64_t broken = 0;
  std::uint64_t dropped = 0;           ///< Items never sent.
  std::uint64_t late = 0;              ///< Items sent late, not counting the wait for a batch.
  std::uint64_t asked = 0;             ///< Requests that asked what became of a message; in no other count.
  std::uint64_t injected = 0;          ///< Messages that exist only by a fault; in no other count but `attempts`.
  std::uint64_t given_up = 0;          ///< Scans not accepted by any attempt; dropped ones not counted.
  std::uint64_t registered = 0;        ///< Promises the endpoint took.
  std::uint64_t read = 0;              ///< Parcels read back.
  std::uint64_t unread = 0;            ///< Parcels whose page could not be read.
  std::string unreadable;              ///< What was wrong with the first page that made no sense; empty: all did.
  double speed = 0;                    ///< As planned; 0 where rates are.
  std::string rates;                   ///< As planned (RateProfile::text); empty where a speed is.
  std::chrono::nanoseconds sending{};  ///< Wall time from the start to the last answer.
  std::chrono::nanoseconds wall{};     ///< With the read-back.
  std::chrono::nanoseconds cpu{};      ///< Processor time of this process meanwhile.
};

/// Where a target's messages go, as far as it can be told before anybody is asked.
struct TargetFacts {
  std::string host;
  std::string text;  ///< The URL again, in full and without credentials.
  bool is_broker = false;
  bool is_grpc = false;
  bool off_machine = false;  ///< Not this machine, but allowed.
};
/// Checks target, allow_hosts, ca_file and what goes with them. Errors: bad_input, with the cure.
Result<TargetFacts> check_target(const ReplayOptions& options);

/// Checks batch and batch_wait. Errors: bad_input, with the cure.
Result<void> check_batch(const ReplayOptions& options);

/// The faults that such a replay really injects.
FaultRates faults_of(const ReplayOptions& options);
/// What a replay with these faults publishes besides, or later than, the scans of the run: for the truth that its
/// recorder compares with. Empty when there are none. `world` must outlive it.
std::function<void(std::vector<Scan>&)> amend_truth(const World& world, const FaultRates& faults);

/// With a party, this process sends and reads back the parcels of its share, and `recorder` and the summary are of
/// those; the pace is that of all together. What a broker has stored is read back by the first alone, which then hears
/// of everybody's messages. Where another one gives up, this one returns a summary that is not complete.
///
/// Runs to the end, a stop, or a bound. Blocks; everything incl. `recorder` and `progress` (about every 100 ms; may
/// be empty) happens on the calling thread. On a stop, requests in flight are awaited, nothing is read back, and the
/// recorder is ended as incomplete. Errors: bad_input (target not loopback and not allowed, unknown format, pace out
/// of bounds), unreachable (nobody answers at the start, the promises are not taken, or not one request is answered),
/// and the source's own.
Result<ReplaySummary> replay(const World& world, ReplaySource& source, const ReplayOptions& options,
                             ReplayRecorder& recorder, const std::stop_token& stop,
                             const std::function<void(const ReplayProgress&)>& progress, ReplayParty* party = nullptr);

}  // namespace peakstorm
