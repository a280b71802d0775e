#include "scenarios/build/faults.hpp"

#include <algorithm>
#include <tuple>

namespace peakstorm::scenarios {

std::vector<Fault> Faults::take() {
  const auto key = [](const Fault& f) { return std::tie(f.file, f.line, f.field, f.message); };
  std::sort(faults_.begin(), faults_.end(), [&](const Fault& a, const Fault& b) { return key(a) < key(b); });
  faults_.erase(std::unique(faults_.begin(), faults_.end()), faults_.end());
  return std::move(faults_);
}

}  // namespace peakstorm::scenarios
