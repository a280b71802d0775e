/// Sorters: when they are open, how fast they are, and when a piece is through.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "tests/engine/reference/setting.hpp"

namespace peakstorm::test::plain {

struct Window {
  SimTime from;
  SimTime to;
};
struct Rate {
  SimTime from;
  SimTime to;
  std::int64_t per_ms;  ///< Of the 360,000,000 units of work that a piece is.
};

class Sorters {
 public:
  explicit Sorters(const Setting& setting) : setting_(setting), world_(setting.world) {
    for (std::size_t f = 0; f < world_.facilities.size(); ++f) lay_out_sorter(f);
  }

  [[nodiscard]] const Window* open_at_or_after(std::size_t f, SimTime at) const;
  /// When a piece that comes at `came` would be on its dock in ordinary times.
  [[nodiscard]] SimTime ordinarily_docked(std::size_t f, SimTime came) const;
  /// Takes in a piece that is ready at `ready`, after those before it; when it is sorted, or `never`.
  SimTime accept(std::size_t f, SimTime ready);

 private:
  void lay_out_sorter(std::size_t f);
  [[nodiscard]] std::vector<std::pair<Window, std::uint32_t>> windows_of(std::size_t f) const;
  /// Work that the sorter could have done by `at`.
  [[nodiscard]] std::int64_t work_by(std::size_t f, SimTime at) const;
  /// First instant by which it could have done `work`.
  [[nodiscard]] SimTime done_at(std::size_t f, std::int64_t work) const;

  const Setting& setting_;
  const World& world_;
  std::map<std::size_t, std::vector<Rate>> rates_;
  mutable std::map<std::size_t, std::vector<Window>> windows_;
  std::map<std::size_t, std::int64_t> accepted_;  ///< Work ahead of the next piece.
};

}  // namespace peakstorm::test::plain
