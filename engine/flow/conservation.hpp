/// The proof at the end of a run that no parcel was made or lost on the way.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/check.hpp"
#include "engine/flow/census.hpp"
#include "engine/flow/context.hpp"
#include "engine/flow/facility.hpp"
#include "engine/flow/ship_node.hpp"
#include "engine/recorder.hpp"

namespace peakstorm::flow {

/// Adds up the carriers' counts at every midnight and checks that no parcel was made or lost on the way.
class Conservation {
 public:
  Conservation(const Context& context, SimTime end)
      : context_(context), midnights_(static_cast<std::size_t>((end - day_zero) / days(1)) + 1) {
    series_.assign(context.world.carriers.size(), std::vector<Census>(midnights_));
    last_.resize(context.world.carriers.size());
  }

  void add(const FacilityProcess& process, CarrierId carrier, std::uint64_t present) {
    std::vector<Census>& series = series_[index(carrier)];
    Census& last = last_[index(carrier)];
    add(series, last, process.flows().delivered, &Census::delivered);
    add(series, last, process.flows().lost, &Census::lost);
    add(series, last, process.flows().returned, &Census::returned);
    add(series, last, process.flows().transit, &Census::inside);
    const std::vector<PlaceLoad> loads = process.loads();
    for (std::size_t d = 0; d < midnights_; ++d) {
      const PlaceLoad& load = loads[d * 24];
      series[d].inside += std::uint64_t{load.sorting} + load.docked + load.delivering;
    }
    last.inside += present;
  }
  void add(const NodeProcess& node) {
    for (std::size_t c = 0; c < series_.size(); ++c) {
      add(series_[c], last_[c], node.injected(CarrierId{static_cast<std::uint8_t>(c)}), &Census::injected);
    }
  }
  /// Reports and returns the counts at the end. `complete`: the run ended at its last midnight.
  std::vector<Census> finish(Recorder& recorder, bool complete) {
    for (std::size_t c = 0; c < series_.size(); ++c) {
      std::vector<Census>& series = series_[c];
      const std::string& carrier = context_.world.carriers[c].name;
      if (!complete) series.push_back(last_[c]);
      for (std::size_t d = 0; d < series.size(); ++d) {
        const Census& census = series[d];
        PEAKSTORM_CHECK(census.balanced(), carrier, d, census.injected, census.delivered, census.lost, census.returned,
                        census.inside);
      }
      PEAKSTORM_CHECK(last_[c].balanced(), carrier, last_[c].injected, last_[c].delivered, last_[c].lost,
                      last_[c].returned, last_[c].inside);
      recorder.census(CarrierId{static_cast<std::uint8_t>(c)}, series);
    }
    return last_;
  }
  [[nodiscard]] const std::vector<std::vector<Census>>& series() const { return series_; }

 private:
  void add(std::vector<Census>& series, Census& last, const MidnightCount& count, std::uint64_t Census::*member) const {
    const std::vector<std::int64_t> sums = count.series();
    for (std::size_t d = 0; d < midnights_; ++d) series[d].*member += static_cast<std::uint64_t>(sums[d]);
    last.*member += static_cast<std::uint64_t>(sums.back());
  }

  const Context& context_;
  std::size_t midnights_;
  std::vector<std::vector<Census>> series_;
  std::vector<Census> last_;
};

}  // namespace peakstorm::flow
