/// How the kernel stops a model that breaks its promises: at once, in every build, with the names involved.
/// A run that went on would give a number that looks right.
#pragma once

#include <cstdint>
#include <string>

#include "engine/time.hpp"

namespace peakstorm::kernel {

enum class Fault : std::uint8_t {
  past,               ///< An event for an instant that is over.
  lookahead,          ///< An event for another process, sooner than the sender's lookahead allows.
  time_overflow,      ///< An instant beyond the clock.
  sequence_overflow,  ///< One process sent 2^32 events.
  no_such_process,    ///< A target that the model does not have.
};

/// What was attempted: `source`, being at `now`, sends to `target` for `at`; `limit` is the earliest allowed.
struct Attempt {
  std::string source;
  std::string target;
  SimTime now;
  SimTime at;
  SimTime limit;
};

/// Prints the attempt and aborts.
[[noreturn]] void stop_model(Fault fault, const Attempt& attempt);

}  // namespace peakstorm::kernel
