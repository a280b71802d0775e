/// What carriers and platforms answer when they are polled: UPS Track, USPS Tracking v3, EasyPost's trackers, FedEx
/// Track, in the published form. Pure: no socket, no clock. Words for statuses are those of the same platform's push
/// profile (adapters/wire/profiles), so what is pushed and what is polled tell one story; adapters/wire/README.md says
/// where each fact comes from.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/wire_format.hpp"
#include "engine/world.hpp"

namespace peakstorm::wire {

enum class PullApi : std::uint8_t { ups, usps, easypost, fedex };
inline constexpr std::size_t pull_api_count = 4;
inline constexpr std::array<std::string_view, pull_api_count> pull_api_names{"ups", "usps", "easypost", "fedex"};
std::optional<PullApi> pull_api_named(std::string_view name);

/// True for parcels of which this API knows: a carrier knows its own, which their numbers' format tells; EasyPost knows
/// everybody's.
bool pull_api_knows(PullApi api, const World& world, const ParcelFacts& facts);

/// Why an API does not answer with what it was asked for.
enum class PullRefusal : std::uint8_t {
  bad_request,
  wrong_client,  ///< Unknown client or secret, where tokens are issued.
  unauthorized,  ///< No token or key, a wrong one, or one that is no longer good.
  not_found,     ///< A number that nobody knows (yet).
  no_such_path,  ///< Nothing is served there.
  wrong_method,
  too_many_numbers,  ///< In one request.
  too_many_requests,
  broken,  ///< A fault on the server's side.
  unavailable,
};
inline constexpr std::size_t pull_refusal_count = 10;
/// HTTP status of such an answer.
unsigned pull_status(PullApi api, PullRefusal why);
/// Appends its body. `detail` says what was wrong, for people, and stands where the API has a place for it.
void append_refusal(PullApi api, PullRefusal why, std::string_view detail, std::string& out);

/// An access token as the API hands it out (OAuth 2, client credentials).
struct IssuedToken {
  std::string_view client;
  std::string_view token;
  std::int64_t issued_unix_ms = 0;
  std::int64_t life_s = 0;
};
/// Appends the reply that carries it. Requires: not EasyPost, whose key is the credential itself.
void append_token(PullApi api, const IssuedToken& token, std::string& out);
/// Appends FedEx's reply around its completeTrackResults, which are separated by commas. `customer_id`: what the
/// request told to find in the reply; may be empty.
void append_fedex_reply(std::string_view results, std::string_view customer_id, std::string& out);
/// How long a token is good for, as the API documents it.
std::int64_t documented_token_life_s(PullApi api);
/// Numbers that one request may ask for; EasyPost: trackers on one page.
std::size_t pull_batch_max(PullApi api);

/// Writes records. Not thread-safe (buffers are reused); one instance per thread. `world` must outlive it.
class PullFormat {
 public:
  PullFormat(PullApi api, const World& world);
  ~PullFormat();
  PullFormat(const PullFormat&) = delete;
  PullFormat& operator=(const PullFormat&) = delete;

  /// Appends all that is known of a parcel: UPS's whole reply, USPS's TrackingDetails, EasyPost's Tracker, one of
  /// FedEx's completeTrackResults. `parcel.scan` is the scan published last. The same scans give the same bytes. USPS
  /// tells at most 99 events, the newest.
  void append_record(const ParcelView& parcel, std::string& out);
  /// Appends USPS's TrackingSummary, or FedEx's result without its scans. Requires: one of those.
  void append_summary(const ParcelView& parcel, std::string& out);
  /// Appends what stands in a reply's list for a number that is not known: EasyPost's Tracker without a status, with
  /// this key as its id; of USPS and FedEx the number with its error. Requires: not UPS, which has no lists.
  void append_unknown(std::string_view number, std::uint64_t key, std::string& out);
  /// Appends EasyPost's id of a parcel's tracker, "trk_" and 32 digits.
  static void append_tracker_id(std::uint64_t key, std::string& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace peakstorm::wire
