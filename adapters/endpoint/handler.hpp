/// What each request to the tracking endpoint means: routes, authentication, formats, groups. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
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
#include "adapters/endpoint/service.hpp"
#include "adapters/endpoint/signature.hpp"
#include "adapters/endpoint/store.hpp"

namespace peakstorm::endpoint {

class Handler final : public Service {
 public:
  Handler(const EndpointOptions& options, std::unique_ptr<Store> store, std::shared_ptr<Metrics> metrics);

  void handle(const Request& request, Reply& reply) override;
  void commit() override;
  void answer(Reply& reply) override;
  void answered(const Reply& reply, std::chrono::nanoseconds took) override {
    metrics_.answered(reply.route, reply.status, took);
  }
  void connections(std::size_t open) override { metrics_.connections.set(open); }
  /// The promises file's content, at the start; errors: bad_input.
  Result<void> load_promises(std::string_view json);

 private:
  void webhook(Reply& reply, Result<std::span<const Delivery>> deliveries);
  /// A trouble on request answers instead.
  bool troubled(Reply& reply);
  void keep(Reply& reply, std::span<const Delivery> deliveries);
  void capture(const Request& request, std::string_view path, Reply& reply);
  /// The bad events, and among the others those that this endpoint will not have; `good_` is what is left.
  std::vector<CaptureProblem> judged(CaptureDocument document);
  void capture_job(std::string_view id, Reply& reply) const;
  Result<std::span<const Delivery>> spoiled(std::span<const Delivery> deliveries);
  [[nodiscard]] bool swallows() const;
  bool answer_from_cache(Reply& reply);
  [[nodiscard]] bool forgets(const Delivery& delivery) const;
  void cloudevents(const Request& request, Reply& reply);
  void parcels(const Request& request, Reply& reply);
  void track(const Request& request, std::string_view path, std::string_view query, Reply& reply);
  [[nodiscard]] bool authentic(const Request& request, Reply& reply);
  [[nodiscard]] bool has_token(const Request& request, Reply& reply);
  Result<void> check_zones(std::span<const Promise> promises);

  /// Counts of the group, which count only once it is committed.
  struct Group {
    std::uint64_t messages = 0, duplicates = 0, stored = 0, repeated = 0, unmapped = 0, promises = 0;
  };

  /// Of an EPCIS document; known as soon as the answer to it is given.
  struct CaptureJob {
    bool runs_for_ever = false;
    bool proceed = false;
    std::vector<CaptureProblem> problems;
  };

  bool allow_batches_;
  std::size_t capture_events_max_;
  std::string capture_limits_;  // Header lines.
  std::string token_proof_;     // Signature of the header that proves a sender without signatures.
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
  std::vector<Delivery> good_;                                // Of the present EPCIS document.
  std::deque<CaptureJob> jobs_;                               // The newest ones.
  std::uint64_t jobs_made_ = 0;
  std::uint64_t webhooks_ = 0;  // Counted for the faults.
  bool stall_ = false;          // Before this group's answers.
  std::unique_ptr<Store> store_;
  std::shared_ptr<Metrics> kept_metrics_;
  Metrics& metrics_;
  std::optional<Signature> signature_;
  MessageReader reader_;
  Group group_;
  bool failed_ = false;    // The group cannot be committed.
  bool committed_ = true;  // The last group was.
  std::string last_zone_;  // Checking a zone means looking for a file; parcels of a bulk share few.
};

}  // namespace peakstorm::endpoint
