/// What a server asks of whom it serves: requests in, replies out. Knows HTTP's words, but no socket. Everything is
/// called on the serving thread.
///
/// A group is what happens between two calls of `commit`. Answers that depend on what the group stores are not given
/// before it: `handle` marks them `pending`, and after `commit` the server asks for each with `answer`.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/endpoint/metrics.hpp"

namespace peakstorm::endpoint {

/// Headers that only some services read, looked up when they do.
class Headers {
 public:
  virtual ~Headers() = default;
  /// Value of a header by its name in any case; empty when absent.
  [[nodiscard]] virtual std::string_view value(std::string_view name) const = 0;
};

/// A request, read. Header values are empty when absent.
struct Request {
  std::string_view method;
  std::string_view target;
  std::string_view body;
  std::string_view accept;
  std::string_view content_type;
  std::string_view signature;
  std::string_view ce_specversion;
  std::string_view ce_id;
  std::string_view ce_source;
  std::string_view ce_type;
  std::string_view ce_time;
  const Headers* others = nullptr;  ///< Null: none.
  [[nodiscard]] std::string_view header(std::string_view name) const {
    return others == nullptr ? std::string_view() : others->value(name);
  }
};

/// A request with its own text, for one that did not come by HTTP.
struct OwnedRequest {
  std::string method;
  std::string target;
  std::string body;
  std::string accept;
  std::string content_type;
  std::string signature;
  std::string ce_specversion;
  std::string ce_id;
  std::string ce_source;
  std::string ce_type;
  std::string ce_time;
  [[nodiscard]] Request view() const {
    return {method, target, body, accept, content_type, signature, ce_specversion, ce_id, ce_source, ce_type, ce_time};
  }
};

struct Reply {
  unsigned status = 200;
  std::string_view content_type = "application/json";
  std::string headers;  ///< Further complete lines.
  std::string body;
  std::string why;                     ///< Of a refusal, in words.
  std::chrono::milliseconds delay{0};  ///< Sent so much later; other connections do not wait for it.
  Route route = Route::other;
  bool pending = false;      ///< Ask `answer` after the next commit.
  bool wrote = false;        ///< Its effects are part of the group.
  std::string track_number;  ///< Of a pending GET /track.
  bool track_json = false;
  std::string_view track_language;  ///< Of its page, a tag of page_words.hpp.
};

/// Fills in an error reply: {"error": "..."}.
void refuse(Reply& reply, unsigned status, std::string_view why);
/// 405; `methods` as in "GET, HEAD".
void refuse_method(Reply& reply, std::string_view methods);
/// Whether the request only reads; refused otherwise.
bool only_reads(const Request& request, Reply& reply);

/// The path of a request's target, and what stands behind its question mark.
struct Target {
  std::string_view path;
  std::string_view query;
};
Target split_target(std::string_view target);
/// None when a percent sign is not followed by two hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text);

class Service {
 public:
  virtual ~Service() = default;
  virtual void handle(const Request& request, Reply& reply) = 0;
  /// Ends the group. Called after any number of `handle`s, and before their `answer`s.
  virtual void commit() {}
  /// Completes a pending reply of the group that `commit` ended.
  virtual void answer(Reply& /*reply*/) {}
  /// A reply was handed to the system, `took` after the last byte of its request.
  virtual void answered(const Reply& /*reply*/, std::chrono::nanoseconds /*took*/) {}
  /// So many connections are open now.
  virtual void connections(std::size_t /*open*/) {}
};

}  // namespace peakstorm::endpoint
