/// Exit codes of `peakstorm`: part of its API, never renumbered.
#pragma once

#include "engine/result.hpp"

namespace peakstorm::cli {

enum class ExitCode : int {
  passed = 0,
  gate_failed = 1,     ///< A gate failed, or the run was cut short and so cannot have passed.
  input_rejected = 2,  ///< A scenario, a flag, a file the user gave.
  unreachable = 3,     ///< The target of a replay did not answer.
  our_fault = 70,      ///< A broken invariant, or an operating system that refuses.
};

constexpr ExitCode exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::bad_input:
      return ExitCode::input_rejected;
    case ErrorKind::unreachable:
    case ErrorKind::timed_out:
    case ErrorKind::malformed_reply:
      return ExitCode::unreachable;
    case ErrorKind::interrupted:
      return ExitCode::gate_failed;
    case ErrorKind::io:
      break;
  }
  return ExitCode::our_fault;
}

}  // namespace peakstorm::cli
