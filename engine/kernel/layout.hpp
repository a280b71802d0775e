/// Which partition a process belongs to. A value; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/kernel/event.hpp"

namespace peakstorm::kernel {

/// Asked for every event. Equal contiguous parts are computed: in a model of a million processes a table look-up per
/// event misses the cache, which was a fifth of the time of PHOLD.
class Layout {
 public:
  Layout() = default;
  /// The given table, by LpId, which must outlive the layout.
  explicit Layout(const std::vector<std::uint32_t>& table) : table_(table.data()) {}
  /// `count` contiguous parts of equal size, to within one process. Requires: 0 < count <= lps < 2^32.
  Layout(std::size_t count, std::size_t lps) : scale_((std::uint64_t{count} << 32U) / lps) {}

  [[nodiscard]] std::uint32_t operator()(LpId lp) const {
    return table_ != nullptr ? table_[index(lp)] : static_cast<std::uint32_t>((index(lp) * scale_) >> 32U);
  }

 private:
  const std::uint32_t* table_ = nullptr;
  std::uint64_t scale_ = 0;  ///< Parts per process, in units of 2^-32, rounded down.
};

}  // namespace peakstorm::kernel
