/// What each request means: routes, authentication, formats, groups. Knows HTTP's words, but no socket.
/// One thread.
///
/// A group is what happens between two calls of `commit`. Answers that depend on the store are not given
/// before it: `handle` returns `pending`, and after `commit` the caller asks for each with `answer`.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "adapters/endpoint.hpp"
#include "adapters/endpoint/bugs.hpp"
#include "adapters/endpoint/message.hpp"
#include "adapters/endpoint/metrics.hpp"
#include "adapters/endpoint/signature.hpp"
#include "adapters/endpoint/store.hpp"

namespace peakstorm::endpoint {

/// A request, read. Header values are empty when absent.
struct Request {
  std::string_view method;
  std::string_view target;
  std::string_view body;
  std::string_view accept;
  std::string_view content_type;
  std::string_view signature;
  std::string_view ce_specversion;
  std::string_view ce_id;
  std::string_view ce_source;
  std::string_view ce_type;
  std::string_view ce_time;
};

struct Reply {
  unsigned status = 200;
  std::string_view content_type = "application/json";
  std::string headers;  ///< Further complete lines.
  std::string body;
  Route route = Route::other;
  bool pending = false;      ///< Ask `answer` after the next commit.
  bool wrote = false;        ///< Its effects are part of the group.
  std::string track_number;  ///< Of a pending GET /track.
  bool track_json = false;
};

class Handler {
 public:
  Handler(const EndpointOptions& options, std::unique_ptr<Store> store, Metrics& metrics);

  void handle(const Request& request, Reply& reply);
  /// Ends the group. Call after any number of `handle`s, and before their `answer`s.
  void commit();
  /// Completes a pending reply of the group that `commit` ended.
  void answer(Reply& reply);
  /// The promises file's content, at the start; errors: bad_input.
  Result<void> load_promises(std::string_view json);

 private:
  void webhook(Reply& reply, Result<std::span<const Delivery>> deliveries);
  Result<std::span<const Delivery>> spoiled(std::span<const Delivery> deliveries);
  [[nodiscard]] bool swallows() const;
  bool answer_from_cache(Reply& reply);
  [[nodiscard]] bool forgets(const Delivery& delivery) const;
  void cloudevents(const Request& request, Reply& reply);
  void parcels(const Request& request, Reply& reply);
  void track(const Request& request, std::string_view path, std::string_view query, Reply& reply);
  [[nodiscard]] bool authentic(const Request& request, Reply& reply);
  Result<void> check_zones(std::span<const Promise> promises);

  /// Counts of the group, which count only once it is committed.
  struct Group {
    std::uint64_t messages = 0, duplicates = 0, stored = 0, repeated = 0, unmapped = 0, promises = 0;
  };

  bool allow_batches_;
  bool registered_only_;
  EndpointFaults faults_;
  EndpointBugs bugs_;
  std::vector<Delivery> spoiled_;
  std::unordered_set<std::string> answered_503_;  // Event keys, for retry-counted-twice.
  struct CachedPage {
    unsigned status = 0;
    std::string body;
  };
  std::unordered_map<std::string, CachedPage> cached_pages_;  // For stale-cache.
  std::uint64_t webhooks_ = 0;                                // Counted for the faults.
  bool stall_ = false;                                        // Before this group's answers.
  std::unique_ptr<Store> store_;
  Metrics& metrics_;
  std::optional<Signature> signature_;
  MessageReader reader_;
  Group group_;
  bool failed_ = false;    // The group cannot be committed.
  bool committed_ = true;  // The last group was.
  std::string last_zone_;  // Checking a zone means looking for a file; parcels of a bulk share few.
};

/// Fills in an error reply: {"error": "..."}.
void refuse(Reply& reply, unsigned status, std::string_view why);

}  // namespace peakstorm::endpoint
