/// What the verbs print, and how they say no. Text and JSON go to standard output, the rest to standard
/// error.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>

#include "adapters/cli/exit_code.hpp"

namespace peakstorm::cli {

/// One object on one line.
void print_json(const boost::json::object& object);
void print_text(std::string_view text);
/// "peakstorm: MESSAGE" on standard error; returns the error's exit code.
ExitCode report(const Error& error);
/// From now on keeps what note() and report() would print, in `into`; null: prints again. Ranks hold their tongue until
/// they know whether all of them say the same.
void hold_notes(std::string* into);
/// A note on standard error, for instance where the endpoint listens.
void note(std::string_view text);

}  // namespace peakstorm::cli
