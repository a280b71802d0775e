// gRPC over our own HTTP/2: the same connections, certificates, patience and accounting as HTTP has, at its cost. Here
// are the framing of messages, the codes that calls end with, and what a client stream's one answer says of each of its
// messages.
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "adapters/transport/channel.hpp"
#include "adapters/transport/percent.hpp"
#include "tracking.pb.h"

namespace peakstorm {
namespace {

using std::chrono::nanoseconds;
namespace service = ::peakstorm::tracking::v1;

constexpr std::string_view service_path = "/peakstorm.tracking.v1.Tracking/";

/// gRPC's codes: what HTTP says instead (as google.rpc.Code has it), and whether another attempt may help.
struct Code {
  std::string_view name;
  unsigned http;
  bool again;
};
constexpr std::array<Code, 17> codes{{
    {"OK", 200, false},
    {"CANCELLED", 499, true},
    {"UNKNOWN", 500, true},
    {"INVALID_ARGUMENT", 400, false},
    {"DEADLINE_EXCEEDED", 504, true},
    {"NOT_FOUND", 404, false},
    {"ALREADY_EXISTS", 409, false},
    {"PERMISSION_DENIED", 403, false},
    {"RESOURCE_EXHAUSTED", 429, true},
    {"FAILED_PRECONDITION", 400, false},
    {"ABORTED", 409, true},
    {"OUT_OF_RANGE", 400, false},
    {"UNIMPLEMENTED", 501, false},
    {"INTERNAL", 500, true},
    {"UNAVAILABLE", 503, true},
    {"DATA_LOSS", 500, true},
    {"UNAUTHENTICATED", 401, false},
}};
constexpr unsigned deadline_exceeded = 4;

/// A number beyond the list is UNKNOWN's.
const Code& code_of(unsigned number) {
  return codes[number < codes.size() ? number : 2];
}

/// Each message has a flag and its length before it.
void append_frame(std::string& out, std::string_view message) {
  const auto size = static_cast<std::uint32_t>(message.size());
  out += '\0';
  for (const unsigned shift : {24U, 16U, 8U, 0U}) out += static_cast<char>((size >> shift) & 0xffU);
  out += message;
}

/// The only message of an answer; none when there is not exactly one, or it is compressed, which nobody asked for.
std::optional<std::string_view> only_frame(std::string_view body) {
  if (body.size() < 5 || body[0] != '\0') return std::nullopt;
  std::size_t size = 0;
  for (std::size_t i = 1; i < 5; ++i) size = size << 8U | static_cast<unsigned char>(body[i]);
  if (body.size() != 5 + size) return std::nullopt;
  return body.substr(5);
}

/// The value of a header line, whatever the case of its name; and `told` each of them.
template <class Told>
void for_each_header(std::string_view lines, Told told) {
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find("\r\n"), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 2, lines.size()));
    const std::size_t colon = std::min(line.find(':'), line.size());
    std::string_view value = line.substr(std::min(colon + 1, line.size()));
    while (value.starts_with(' ')) value.remove_prefix(1);
    told(line.substr(0, colon), value);
  }
}

bool same_name(std::string_view a, std::string_view lower) {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(),
                    [](char x, char y) { return (x >= 'A' && x <= 'Z' ? static_cast<char>(x + 32) : x) == y; });
}

template <class Message>
void copy_headers(std::string_view lines, Message& message) {
  for_each_header(lines, [&message](std::string_view name, std::string_view value) {
    service::Header& header = *message.add_headers();
    header.set_name(std::string(name));
    header.set_value(std::string(value));
  });
}

class GrpcTransport final : public Transport {
 public:
  GrpcTransport(std::unique_ptr<Http2Calls> http, const TargetUrl& target, const HttpOptions& options,
                const SteadyClock& clock)
      : url_(target.text()),
        method_(target.prefix),
        streams_(options.call == GrpcCall::stream),
        http_(std::move(http)),
        clock_(clock) {}

  /// The last free call is for whatever comes: a page cannot join a stream.
  [[nodiscard]] std::size_t idle() const override { return http_->idle(); }
  [[nodiscard]] std::size_t in_flight() const override { return in_flight_; }

  void submit(const Request& request, nanoseconds patience, Completion done) override {
    ++in_flight_;
    const bool is_page = method_.empty() && request.method == "GET";
    const bool is_promise = method_.empty() && request.method == "PUT";
    if (is_page) return ask_page(request, patience, std::move(done));
    if (is_promise) {
      parcels_.Clear();
      copy_headers(request.headers, parcels_);
      parcels_.set_body(std::string(request.body));
      parcels_.SerializeToString(&message_);
      return call("PutParcels", patience, std::move(done));
    }
    std::string_view message = request.body;
    if (method_.empty()) {
      scan_.Clear();
      scan_.set_id(std::string(request.id));
      scan_.set_tracking_number(std::string(request.key));
      scan_.set_path(std::string(request.path));
      copy_headers(request.headers, scan_);
      scan_.set_body(std::string(request.body));
      scan_.SerializeToString(&message_);
      message = message_;
    }
    frame_.clear();
    append_frame(frame_, message);
    if (streams_) return join_stream(request, patience, std::move(done));
    http_->submit({"POST", path_of("Publish"), metadata(patience, own_headers(request)), frame_}, patience,
                  [this, done = std::move(done)](Result<Reply> raw) { finish(done, answer(std::move(raw))); });
  }

  void poll(nanoseconds until) override {
    completed_ = 0;
    do {
      if (open_ && clock_.now() >= open_->ends) end_stream();
      http_->poll(open_ ? std::min(until, open_->ends) : until);
    } while (completed_ == 0 && clock_.now() < until);
  }

 private:
  /// A client stream: the messages on it, in their order.
  struct Stream {
    std::size_t call = 0;
    nanoseconds ends{};
    std::vector<Completion> messages;
  };

  void finish(const Completion& done, Result<Reply> result) {
    ++completed_;
    --in_flight_;
    done(std::move(result));
  }

  [[nodiscard]] tl::unexpected<Error> malformed(const std::string& what) const {
    return fail(ErrorKind::malformed_reply, url_ + ": " + what);
  }

  // ---- what goes out ----

  [[nodiscard]] std::string_view path_of(std::string_view ours) {
    path_ = method_;
    if (method_.empty()) path_.append(service_path).append(ours);
    return path_;
  }

  /// Of the user's own method the format's headers are metadata; in ours they are part of the message.
  [[nodiscard]] std::string_view own_headers(const Request& request) const {
    return method_.empty() ? std::string_view() : request.headers;
  }

  [[nodiscard]] std::string_view metadata(nanoseconds patience, std::string_view further) {
    const auto ms = std::max<std::int64_t>(1, patience / std::chrono::milliseconds{1});
    metadata_ = "te: trailers\r\ncontent-type: application/grpc\r\nuser-agent: peakstorm\r\ngrpc-timeout: ";
    metadata_ +=
        ms < 100'000'000 ? std::to_string(ms) + "m" : std::to_string(ms / 1000) + "S";  // Eight digits at most.
    metadata_ += "\r\n";
    for_each_header(further, [this](std::string_view name, std::string_view value) {
      // The call has a content type of its own, and binary values would have to be in Base64.
      if (same_name(name, "content-type")) return;
      metadata_.append(name).append(": ").append(value).append("\r\n");
    });
    return metadata_;
  }

  /// A call with `message_` whose answer is nothing but its code.
  void call(std::string_view method, nanoseconds patience, Completion done) {
    frame_.clear();
    append_frame(frame_, message_);
    http_->submit({"POST", path_of(method), metadata(patience, {}), frame_}, patience,
                  [this, done = std::move(done)](Result<Reply> raw) { finish(done, answer(std::move(raw))); });
  }

  void ask_page(const Request& request, nanoseconds patience, Completion done) {
    constexpr std::string_view track = "/track/";
    const auto number = request.path.starts_with(track) ? percent_decoded(request.path.substr(track.size()))
                                                        : std::optional<std::string>();
    service::TrackingRequest asked;
    asked.set_tracking_number(number.value_or(std::string()));
    asked.SerializeToString(&message_);
    frame_.clear();
    append_frame(frame_, message_);
    http_->submit({"POST", path_of("GetTracking"), metadata(patience, {}), frame_}, patience,
                  [this, done = std::move(done)](Result<Reply> raw) { finish(done, page(answer(std::move(raw)))); });
  }

  void join_stream(const Request& request, nanoseconds patience, Completion done) {
    if (!open_) {
      open_ = std::make_shared<Stream>();
      open_->ends = clock_.now() + grpc_stream_age;
      open_->messages.push_back(std::move(done));
      const nanoseconds whole = grpc_stream_age + patience;
      open_->call =
          http_->begin({"POST", path_of("PublishStream"), metadata(whole, own_headers(request)), frame_}, whole,
                       [this, stream = open_](Result<Reply> raw) { stream_ended(stream, std::move(raw)); });
    } else {
      open_->messages.push_back(std::move(done));
      http_->more_body(open_->call, frame_);
    }
    if (open_->messages.size() == grpc_stream_messages) end_stream();
  }

  void end_stream() { http_->end_body(std::exchange(open_, nullptr)->call); }

  // ---- what comes back ----

  static Reply refusal(unsigned number, const std::string& message, std::optional<std::chrono::seconds> retry_after) {
    const Code& code = code_of(number);
    Reply reply;
    reply.status = code.http;
    reply.grpc_status = number;
    reply.grpc_message = message;
    reply.body = std::string(code.name) + (message.empty() ? "" : ": " + message);
    reply.retry_after = retry_after;
    reply.acknowledgement = code.again ? Acknowledgement::refused_now : Acknowledgement::refused;
    return reply;
  }

  /// An HTTP reply as the end of a call: on success its body is the message alone.
  Result<Reply> answer(Result<Reply> raw) const {
    if (!raw) return raw;
    if (!raw->grpc_status) {
      if (raw->status == 200) return malformed("an answer without grpc-status; check that a gRPC server listens there");
      // From something between, which does not know gRPC.
      raw->acknowledgement = raw->status >= 500 || raw->status == 429 || raw->status == 408
                                 ? Acknowledgement::refused_now
                                 : Acknowledgement::refused;
      return raw;
    }
    const unsigned number = *raw->grpc_status;
    if (number == deadline_exceeded) {
      return fail(ErrorKind::timed_out, url_ + ": DEADLINE_EXCEEDED: the server did not answer in time");
    }
    if (number != 0) return refusal(number, raw->grpc_message, raw->retry_after);
    const auto message = only_frame(raw->body);
    if (!message) return malformed("a call ended with OK, but with something else than one uncompressed message");
    raw->body = std::string(*message);
    raw->acknowledgement = Acknowledgement::confirmed;
    return raw;
  }

  /// The page in the words of HTTP's.
  [[nodiscard]] Result<Reply> page(Result<Reply> reply) const {
    if (!reply) return reply;
    reply->acknowledgement = Acknowledgement::by_status;
    if (reply->grpc_status != 0) return reply;
    service::TrackingPage shown;
    if (!shown.ParseFromString(reply->body))
      return malformed("GetTracking answered something else than a TrackingPage");
    google::protobuf::util::JsonPrintOptions names;
    names.preserve_proto_field_names = true;
    names.always_print_primitive_fields = true;  // No scans are an empty list.
    reply->body.clear();
    if (!google::protobuf::util::MessageToJsonString(shown, &reply->body, names).ok()) {
      return malformed("GetTracking answered a TrackingPage that is not UTF-8");
    }
    return reply;
  }

  void stream_ended(const std::shared_ptr<Stream>& stream, Result<Reply> raw) {
    if (open_ == stream) open_ = nullptr;
    const Result<Reply> result = answer(std::move(raw));
    const std::size_t sent = stream->messages.size();
    std::vector<Result<Reply>> fates(sent, result);
    // Of the user's own method the answer says nothing of single messages: OK is all of them.
    if (result && result->grpc_status == 0 && method_.empty()) read_summary(result->body, fates);
    for (std::size_t i = 0; i < sent; ++i) finish(stream->messages[i], std::move(fates[i]));
  }

  void read_summary(const std::string& body, std::vector<Result<Reply>>& fates) const {
    service::PublishSummary summary;
    const auto none = [&](const std::string& why) { fates.assign(fates.size(), malformed(why)); };
    if (!summary.ParseFromString(body)) return none("PublishStream answered something else than a PublishSummary");
    const std::size_t sent = fates.size();
    std::vector<bool> named(sent);
    for (const service::Refusal& refused : summary.refused()) {
      if (refused.position() >= sent || refused.code() == 0 || named[refused.position()]) {
        return none("the summary of a stream names a message that was not sent, twice, or as refused with OK");
      }
      named[refused.position()] = true;
      const auto ms = refused.retry_after_ms();
      fates[refused.position()] =
          refused.code() == deadline_exceeded
              ? Result<Reply>(fail(ErrorKind::timed_out, url_ + ": DEADLINE_EXCEEDED: " + refused.message()))
              : refusal(refused.code(), refused.message(),
                        ms == 0 ? std::nullopt : std::optional(std::chrono::seconds{(ms + 999) / 1000}));
    }
    if (summary.stored() + static_cast<std::uint64_t>(summary.refused_size()) != sent) {
      none("the summary of a stream accounts for " + std::to_string(summary.stored()) + " stored and " +
           std::to_string(summary.refused_size()) + " refused messages of " + std::to_string(sent));
    }
  }

  std::string url_;
  std::string method_;  // The user's own; empty: our service.
  bool streams_;
  std::unique_ptr<Http2Calls> http_;
  const SteadyClock& clock_;
  std::shared_ptr<Stream> open_;  // The one that takes messages.
  std::size_t in_flight_ = 0;     // Messages, pages and promises.
  std::size_t completed_ = 0;
  // Of the message at hand; their memory is used again.
  service::ScanMessage scan_;
  service::Parcels parcels_;
  std::string message_;
  std::string frame_;
  std::string path_;
  std::string metadata_;
};

}  // namespace

std::unique_ptr<Transport> make_grpc(std::unique_ptr<Http2Calls> http, const TargetUrl& target,
                                     const HttpOptions& options, const SteadyClock& clock) {
  return std::make_unique<GrpcTransport>(std::move(http), target, options, clock);
}

}  // namespace peakstorm
