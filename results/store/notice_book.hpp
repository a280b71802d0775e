/// What a finished run knows about its notices: who sent them, to which order, with which dates. Read from run.sqlite
/// and the scan stream; 24 bytes a tracked parcel and 32 a new date are kept. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/result.hpp"
#include "engine/scan.hpp"

namespace peakstorm::store {

class NoticeBook {
 public:
  /// Errors: bad_input (a damaged file), io.
  static Result<NoticeBook> read(const std::filesystem::path& run_folder, std::chrono::sys_days first_day);

  struct Sender {
    std::string retailer;
    std::string carrier;
    CarrierId carrier_id{};
    std::optional<std::chrono::sys_days> promised;
    std::optional<std::chrono::sys_days> expected;  ///< Of notice_delay.
  };
  /// Nothing when run.sqlite does not have the parcel.
  [[nodiscard]] std::optional<Sender> sender(const ShopperAct& notice) const;

 private:
  struct Order {
    std::uint32_t retailer = 0;
    std::uint32_t carrier = 0;
    std::optional<std::int64_t> promise_day;
  };
  std::chrono::sys_days first_day_;
  std::map<std::int64_t, std::string> retailers_;
  std::map<std::int64_t, std::string> carriers_;
  std::unordered_map<std::uint64_t, Order> orders_;                            ///< By ParcelId.
  std::map<std::pair<std::uint64_t, SimTime::rep>, std::uint16_t> new_dates_;  ///< By ParcelId and publication.
};

}  // namespace peakstorm::store
