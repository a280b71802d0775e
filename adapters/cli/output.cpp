#include "adapters/cli/output.hpp"

#include <boost/json.hpp>
#include <cstdio>
#include <string>

namespace peakstorm::cli {
namespace {

void write(std::FILE* stream, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stream);
  std::fflush(stream);
}

std::string* held_notes = nullptr;

}  // namespace

void print_json(const boost::json::object& object) {
  write(stdout, boost::json::serialize(object) + "\n");
}

void print_text(std::string_view text) {
  write(stdout, text);
}

ExitCode report(const Error& error) {
  note("peakstorm: " + error.message);
  return exit_code(error.kind);
}

void hold_notes(std::string* into) {
  held_notes = into;
}

void note(std::string_view text) {
  if (held_notes != nullptr) {
    held_notes->append(text).append("\n");
    return;
  }
  write(stderr, std::string(text) + "\n");
}

}  // namespace peakstorm::cli
