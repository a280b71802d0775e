/// What each request to the carriers (adapters/carriers.hpp) means. One thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "adapters/carriers.hpp"
#include "adapters/endpoint/carrier_access.hpp"
#include "adapters/endpoint/carrier_book.hpp"
#include "adapters/endpoint/service.hpp"

namespace peakstorm::endpoint {

class CarrierHandler final : public Service {
 public:
  /// `options` are checked, and their `unix_time` is there; `recorder` may be null. `world`, `options`, `book` and
  /// `recorder` must outlive this.
  CarrierHandler(const World& world, const CarriersOptions& options, const CarrierBook& book,
                 std::shared_ptr<const RunningInstant> instant, PollRecorder* recorder);

  void handle(const Request& request, Reply& reply) override;

 private:
  /// What an answer to a number turned out to be.
  enum class Told : std::uint8_t { record, unknown };
  /// The request that is being handled.
  struct Poll {
    wire::PullApi api{};
    const Request& request;
    Reply& reply;
    SimTime at;  ///< How far simulated time had come when it arrived.
  };

  void token(wire::PullApi api, const Request& request, Reply& reply);
  void ups(Poll& poll, std::string_view path);
  void usps_one(Poll& poll, std::string_view path, std::string_view query);
  void usps_many(Poll& poll);
  void fedex(Poll& poll);
  void easypost_list(Poll& poll, std::string_view query);
  void easypost_create(Poll& poll);
  void easypost_one(Poll& poll, std::string_view id);
  void easypost_batch(Poll& poll);

  void refuse(Poll& poll, wire::PullRefusal why, std::string_view detail = {});
  [[nodiscard]] bool admitted(Poll& poll);
  /// True when the poll fails on purpose; may also delay its answer. `number`: the first that is asked for.
  [[nodiscard]] bool troubled(Poll& poll, std::string_view number);
  [[nodiscard]] bool happens(Ppm share, wire::PullApi api, std::uint64_t number, std::uint32_t poll,
                             std::uint32_t what) const;
  /// Appends the record of a number. `summary`: the short form, where the API has one.
  Told tell(Poll& poll, std::string_view number, bool summary, std::string& out);
  Told tell(Poll& poll, const BookedParcel* parcel, std::string_view number, bool summary, std::string& out);
  [[nodiscard]] wire::PullFormat& format(wire::PullApi api) { return *formats_[static_cast<std::size_t>(api)]; }
  void record(const Poll& poll, PollFate fate);
  /// The numbers that a body asks for; none when the request was refused.
  std::optional<std::vector<std::string>> numbers_of(Poll& poll, std::string_view what);

  const CarriersOptions& options_;
  const CarrierBook& book_;
  std::shared_ptr<const RunningInstant> instant_;
  PollRecorder* recorder_;
  std::int64_t first_day_unix_ms_;
  CarrierAccess access_;
  std::array<std::unique_ptr<wire::PullFormat>, wire::pull_api_count> formats_;
  /// Of an API and a number.
  struct Asked {
    std::uint32_t requests = 0;  // That named it first.
    std::uint32_t polls = 0;
    std::uint32_t told = 0;  // Scans at most in one answer.
  };
  Asked& asked(wire::PullApi api, const BookedParcel* parcel, std::string_view number);
  std::array<std::vector<Asked>, wire::pull_api_count> asked_;  // By the parcel's place in the book.
  std::array<std::unordered_map<std::uint64_t, Asked>, wire::pull_api_count> asked_in_vain_;  // By the number's hash.
  std::unordered_map<std::uint64_t, std::string> strangers_;  // EasyPost's trackers of numbers that nobody has.
  CarrierBook::History history_;
};

}  // namespace peakstorm::endpoint
