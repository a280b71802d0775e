#include "adapters/endpoint/service.hpp"

#include "adapters/endpoint/page.hpp"

namespace peakstorm::endpoint {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

void refuse(Reply& reply, unsigned status, std::string_view why) {
  reply.status = status;
  reply.content_type = "application/json";
  reply.body = "{\"error\":";
  append_json(why, reply.body);
  reply.body += "}\n";
  reply.why = why;
  reply.pending = false;
}

void refuse_method(Reply& reply, std::string_view methods) {
  refuse(reply, 405, "this path takes " + std::string(methods));
  reply.headers = "Allow: " + std::string(methods) + "\r\n";
}

bool only_reads(const Request& request, Reply& reply) {
  if (request.method == "GET" || request.method == "HEAD") return true;
  refuse_method(reply, "GET, HEAD");
  return false;
}

Target split_target(std::string_view target) {
  const std::size_t question = target.find('?');
  return {target.substr(0, question), question == std::string_view::npos ? "" : target.substr(question + 1)};
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

}  // namespace peakstorm::endpoint
