#include "adapters/clock.hpp"

#include <ctime>

namespace peakstorm {

std::chrono::nanoseconds SteadyClock::processor() const {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec};
}

}  // namespace peakstorm
