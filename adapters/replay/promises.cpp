#include "adapters/replay/promises.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "adapters/wire_format.hpp"

namespace peakstorm {
namespace {

using std::chrono::nanoseconds;
constexpr std::size_t promises_per_message = 500;
constexpr std::size_t in_flight_max = 8;

Error refusal(const std::string& target, const Result<Reply>& reply) {
  if (!reply) return Error{ErrorKind::unreachable, "PUT /parcels: " + reply.error().message};
  std::string message = target + ": PUT /parcels answered " + std::to_string(reply->status);
  if (reply->status == 401 || reply->status == 403) {
    return Error{ErrorKind::bad_input, message + "; give the endpoint and the replay the same secret"};
  }
  return Error{ErrorKind::unreachable,
               message + "; is it a Peakstorm endpoint? Others take no promises: do not register them there"};
}

}  // namespace

Result<void> put_promises(const PromisesToPut& put, const std::stop_token& stop) {
  struct Batch {
    std::size_t from = 0;
    unsigned attempts = 0;
    nanoseconds again{};
  };
  put.tally.enter(ReplayPhase::registering, put.parcels.size());
  std::vector<Batch> open;
  for (std::size_t from = 0; from < put.parcels.size(); from += promises_per_message) open.push_back({from});
  std::reverse(open.begin(), open.end());  // Taken from the back.
  std::size_t in_flight = 0;
  std::optional<Error> failure;
  std::string elements;

  while ((!open.empty() || in_flight > 0) && !failure && !stop.stop_requested()) {
    while (!open.empty() && open.back().again <= put.time.now() && put.transport.idle() > 0 &&
           in_flight < in_flight_max) {
      Batch batch = open.back();
      open.pop_back();
      const std::size_t to = std::min(batch.from + promises_per_message, put.parcels.size());
      elements.clear();
      for (std::size_t i = batch.from; i < to; ++i) {
        if (i > batch.from) elements += ',';
        wire::append_promise(put.world, put.parcels[i], put.numbers.number_of(put.parcels[i]), elements);
      }
      const wire::Message message = wire::promises_message(elements, put.options.secret);
      ++batch.attempts;
      ++in_flight;
      put.transport.submit({message.method, message.path, message.headers, message.body}, put.options.patience,
                           [&, batch, to](const Result<Reply>& reply) mutable {
                             --in_flight;
                             if (reply && reply->status / 100 == 2) {
                               put.tally.summary.registered += to - batch.from;
                               put.tally.phase_sent += to - batch.from;
                             } else if (Retries::may_help(reply) && batch.attempts < put.options.attempts_max) {
                               batch.again = put.time.now() + put.retries.back_off(batch.attempts, reply);
                               open.push_back(batch);
                             } else {
                               failure = refusal(put.options.target, reply);
                             }
                           });
    }
    nanoseconds wake = put.time.now() + Tally::every;
    if (!open.empty() && open.back().again > put.time.now()) wake = std::min(wake, open.back().again);
    put.transport.poll(put.time.on_clock(wake));
    put.tally.report(0, 0);
  }
  // Completions refer to this frame: none may outlive it.
  while (in_flight > 0) put.transport.poll(put.time.clock().now() + Tally::every);
  if (failure) return tl::unexpected(*failure);
  return {};
}

}  // namespace peakstorm
