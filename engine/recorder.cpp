#include "engine/recorder.hpp"

#include "engine/check.hpp"

namespace peakstorm {

void Recorder::leg_work(std::span<const LegWork> /*work*/) {}

void Recorder::save(ArchiveWriter& /*archive*/) const {
  PEAKSTORM_CHECK(false, "this recorder keeps nothing that could be saved");
}

void Recorder::absorb(ArchiveReader& /*archive*/) {
  PEAKSTORM_CHECK(false, "this recorder keeps nothing that could be resumed");
}

}  // namespace peakstorm
