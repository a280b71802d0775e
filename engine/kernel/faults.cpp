#include "engine/kernel/faults.hpp"

#include <cstdio>
#include <cstdlib>

namespace peakstorm::kernel {
namespace {

std::string ms(SimTime instant) {
  return std::to_string(instant.time_since_epoch().count()) + " ms";
}

std::string reason(Fault fault, const Attempt& attempt) {
  switch (fault) {
    case Fault::past:
      return "an event in the past; the earliest allowed is " + ms(attempt.limit);
    case Fault::lookahead:
      return "sooner than the sender's lookahead allows; the earliest is " + ms(attempt.limit);
    case Fault::time_overflow:
      return "an overflow of time";
    case Fault::sequence_overflow:
      return "the sender's event number 2^32, which has no number left";
    case Fault::no_such_process:
      return "to a process that the model does not have";
  }
  return "an unknown fault";
}

}  // namespace

void stop_model(Fault fault, const Attempt& attempt) {
  std::fprintf(stderr, "peakstorm: internal error: kernel: '%s' at %s sends '%s' an event for %s: %s\n",
               attempt.source.c_str(), ms(attempt.now).c_str(), attempt.target.c_str(), ms(attempt.at).c_str(),
               reason(fault, attempt).c_str());
  std::fflush(stderr);
  std::abort();
}

}  // namespace peakstorm::kernel
