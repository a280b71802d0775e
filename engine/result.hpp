/// Errors that are expected: a bad scenario, a refused connection, a malformed reply. Broken invariants
/// are not errors but `PEAKSTORM_CHECK`s (check.hpp); late parcels and HTTP 503 under load are data.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace peakstorm {

enum class ErrorKind {
  bad_input,        ///< The user's file or flag; exit code 2.
  unreachable,      ///< The target did not answer at all; exit code 3.
  timed_out,        ///< It answered too late.
  malformed_reply,  ///< It answered something that is not its protocol.
  io,               ///< The local file system or operating system refused; exit code 70.
  interrupted,      ///< Stopped on request; what was measured is kept.
};

/// A message names the thing and the cure: `lanes.csv:14: to: unknown facility 'CDG'; add it to
/// facilities.csv or correct the name`.
struct Error {
  ErrorKind kind = ErrorKind::bad_input;
  std::string message;
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return tl::unexpected<Error>(Error{kind, std::move(message)});
}

}  // namespace peakstorm
