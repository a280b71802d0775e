/// Carriers that platforms poll, played by this process: UPS Track, USPS Tracking v3, EasyPost's trackers and FedEx
/// Track on one port, each at its own paths. They answer with what the carrier knows of a run's parcels at the
/// simulated instant to which the run has come: the scans published by then. While a replay pushes the same run,
/// whoever is pushed a scan finds it here at once.
///
///   UPS       POST /security/v1/oauth/token, GET /api/track/v1/details/NUMBER (also without /api)
///   USPS      POST /oauth2/v3/token, GET /tracking/v3/tracking/NUMBER?expand=DETAIL, POST /tracking/v3r2/tracking
///   EasyPost  POST /v2/trackers, GET /v2/trackers, GET /v2/trackers/ID, POST /v2/trackers/batch
///   FedEx     POST /oauth/token, POST /track/v1/trackingnumbers
///   GET /healthz
///
/// Promises it keeps:
/// - The body of an answer depends on the run, the simulated instant, the troubles' seed and which poll of the number
/// it
///   is; on nothing else.
/// - Nobody is told anything without a credential that was declared, unless `any_credentials` says so.
/// - Whatever is not answered is refused in the API's own form, with its own codes.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/pull_format.hpp"
#include "adapters/running_instant.hpp"
#include "engine/replay.hpp"
#include "engine/result.hpp"
#include "engine/world.hpp"

namespace peakstorm {

struct CarrierCredential {
  wire::PullApi api = wire::PullApi::ups;
  std::string id;      ///< The client's id; of EasyPost the key.
  std::string secret;  ///< Of EasyPost empty.
};
/// One credential a line: "ups ID:SECRET", "easypost KEY". Empty lines and lines that begin with # are skipped. Errors:
/// bad_input, "FILE:LINE: ...", which never repeats a secret.
Result<std::vector<CarrierCredential>> parse_credentials(std::string_view text, std::string_view file);

/// Misbehaviour on request. Which poll meets which is drawn from (seed, API, number, which poll of it), so it is the
/// same for every order of arrival; shares in parts per million.
struct CarrierTroubles {
  std::uint64_t seed = 1;
  Ppm slow = 0;                              ///< Answered `slow_by` later.
  std::chrono::milliseconds slow_by{2'000};  ///< >= 0.
  Ppm error = 0;                             ///< 500 or 503.
  Ppm stale = 0;                             ///< From a cache that is `stale_by` old.
  SimDuration stale_by = hours(2);           ///< > 0; simulated.
  std::uint32_t limit = 0;                   ///< Requests of one credential per `limit_window`; 0: any number.
  std::chrono::seconds limit_window{1};      ///< > 0. Beyond the limit: 429, and Retry-After to its end.
  bool operator==(const CarrierTroubles&) const = default;
};

struct CarriersOptions {
  std::string address = "127.0.0.1";  ///< As EndpointOptions has it.
  bool allow_any_address = false;
  std::uint16_t port = 0;  ///< 0: a free one.
  std::array<bool, wire::pull_api_count> apis{true, true, true, true};
  std::vector<CarrierCredential> credentials;
  bool any_credentials = false;              ///< Everybody may ask, with whatever token or key.
  std::string token_key;                     ///< Signs the tokens; never empty, never told.
  std::optional<std::int64_t> token_life_s;  ///< > 0. None: as each API documents.
  CarrierTroubles troubles;
  std::function<std::chrono::milliseconds()> unix_time;  ///< For tokens and limits; empty: the machine's clock.
};

/// Serves from its own thread from `start` until `stop` or destruction. All members may be called from any thread,
/// `stop` by one at a time.
class Carriers {
 public:
  /// Reads the source to its end and keeps every published scan, 32 B each. `amend` is what else is done to the scans
  /// of the run before they are published (`amend_truth`); may be empty. `recorder` may be null; it is called on the
  /// serving thread until `stop` returns. `world` and `recorder` must outlive this. Errors: bad_input (address,
  /// credentials, options out of range, and the source's own), io (the port is taken).
  static Result<std::unique_ptr<Carriers>> start(const World& world, ReplaySource& source,
                                                 const std::function<void(std::vector<Scan>&)>& amend,
                                                 std::shared_ptr<const RunningInstant> instant, PollRecorder* recorder,
                                                 CarriersOptions options);
  Carriers(const Carriers&) = delete;
  Carriers& operator=(const Carriers&) = delete;
  Carriers(Carriers&&) = delete;
  Carriers& operator=(Carriers&&) = delete;
  ~Carriers();

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::string url() const;  ///< No slash at the end.
  /// Parcels that an API knows, once all is published.
  [[nodiscard]] std::uint64_t parcels(wire::PullApi api) const;
  /// Closes every connection and joins the thread. Idempotent.
  void stop();

 private:
  class Impl;
  explicit Carriers(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace peakstorm
