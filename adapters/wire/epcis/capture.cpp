#include <simdjson.h>

#include <algorithm>

#include "adapters/wire/epcis/epcis.hpp"

namespace peakstorm::wire {
namespace {

namespace dom = simdjson::dom;

dom::parser& parser() {
  thread_local dom::parser kept;  // Keeps its buffers.
  return kept;
}

/// What an RFC 7807 problem says to people.
std::string problem_text(const dom::object& problem) {
  for (const char* name : {"detail", "title", "type"}) {
    std::string_view text;
    if (problem[name].get(text) == simdjson::SUCCESS && !text.empty()) return std::string(text);
  }
  return "a problem without a title";
}

/// The path of an absolute or relative Location; empty where there is none that a request line can carry.
std::string path_of(std::string_view location) {
  if (std::any_of(location.begin(), location.end(), [](char c) { return c <= 0x20 || c >= 0x7f; })) return {};
  if (const std::size_t scheme = location.find("://"); scheme != std::string_view::npos) {
    const std::size_t slash = location.find('/', scheme + 3);
    if (slash == std::string_view::npos) return {};
    location.remove_prefix(slash);
  }
  return location.starts_with("/") ? std::string(location) : std::string();
}

tl::unexpected<Error> malformed(const std::string& what) {
  return fail(ErrorKind::malformed_reply, "capture job: " + what);
}

}  // namespace

CaptureReply read_capture_reply(unsigned status, std::string_view location, std::string_view body) {
  CaptureReply reply;
  dom::object problem;
  if (status >= 400 && parser().parse(body.data(), body.size()).get(problem) == simdjson::SUCCESS) {
    reply.problem = problem_text(problem);
  }
  if (status == 202) {
    reply.job = path_of(location);
    reply.step = reply.job.empty() ? CaptureStep::again : CaptureStep::poll;
  } else if (status == 201) {
    reply.step = CaptureStep::stored;
  } else if (status == 413) {
    reply.step = CaptureStep::split;
  } else if (status >= 400 && status < 500 && status != 408 && status != 429) {
    reply.step = CaptureStep::refuse;
  }
  return reply;
}

Result<CaptureJob> read_capture_job(std::string_view body) {
  dom::object object;
  if (const auto error = parser().parse(body.data(), body.size()).get(object); error != simdjson::SUCCESS) {
    return malformed(std::string("no JSON object: ") + simdjson::error_message(error));
  }
  CaptureJob job;
  if (object["running"].get(job.running) != simdjson::SUCCESS) return malformed("'running' is not true or false");
  dom::element success;
  if (object["success"].get(success) != simdjson::SUCCESS || success.get(job.success) != simdjson::SUCCESS) {
    if (!job.running) return malformed("'success' is not true or false");
  }
  dom::element behaviour;
  if (object["captureErrorBehaviour"].get(behaviour) == simdjson::SUCCESS && !behaviour.is_null()) {
    std::string_view text;
    if (behaviour.get(text) != simdjson::SUCCESS || (text != "rollback" && text != "proceed")) {
      return malformed("'captureErrorBehaviour' is neither rollback nor proceed");
    }
    if (text == "proceed") job.on_error = CaptureErrors::proceed;
  }
  dom::element errors;
  if (object["errors"].get(errors) == simdjson::SUCCESS && !errors.is_null()) {
    dom::array list;
    if (errors.get(list) != simdjson::SUCCESS) return malformed("'errors' is not an array");
    for (const dom::element entry : list) {
      dom::object problem;
      if (entry.get(problem) != simdjson::SUCCESS) return malformed("'errors' has an entry that is not an object");
      job.errors.push_back(problem_text(problem));
      job.whole.push_back(simdjson::minify(problem));
    }
  }
  return job;
}

bool name_refused(const CaptureJob& job, std::span<const std::string> ids, std::vector<bool>& refused) {
  refused.assign(job.whole.empty() ? 0 : ids.size(), false);
  for (const std::string& error : job.whole) {
    bool named = false;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (ids[i].empty() || error.find(ids[i]) == std::string::npos) continue;
      refused[i] = true;
      named = true;
    }
    if (named) continue;
    refused.clear();
    return false;
  }
  return !refused.empty();
}

}  // namespace peakstorm::wire
