#include "adapters/transport/http1_reply.hpp"

#include <algorithm>
#include <charconv>

#include "adapters/transport/channel.hpp"

namespace peakstorm {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// `name` in lower case.
bool is(std::string_view text, std::string_view name) {
  return std::equal(text.begin(), text.end(), name.begin(), name.end(), [](char a, char b) { return lower(a) == b; });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

template <class Number>
bool whole_number(std::string_view text, int base, Number& value) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return !text.empty() && text.front() != '-' && read.ec == std::errc{} && read.ptr == text.data() + text.size();
}

/// Calls `use` with each part of a list separated by commas.
template <class Use>
void each_of(std::string_view list, Use use) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    use(trimmed(list.substr(0, comma)));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

}  // namespace

void ReplyReader::start(std::size_t body_bytes_max) {
  reply_.status = 0;
  reply_.body.clear();
  reply_.retry_after.reset();
  reply_.location.clear();
  reply_.events_max.reset();
  reply_.bytes_max.reset();
  part_ = Part::head;
  framing_ = {};
  has_status_ = false;
  old_version_ = false;
  keeps_alive_ = false;
  body_bytes_max_ = body_bytes_max;
  head_bytes_ = 0;
  partial_.clear();
}

ReplyReader::State ReplyReader::bad(const char* why) {
  fault_ = why;
  return State::bad;
}

bool ReplyReader::line(std::string_view& bytes, std::string_view& text) {
  const std::size_t newline = bytes.find('\n');
  const std::size_t size = newline == std::string_view::npos ? bytes.size() : newline + 1;
  head_bytes_ += size;
  if (head_bytes_ > head_bytes_max) {
    fault_ = "the head is too long";
    return false;
  }
  const std::string_view part = bytes.substr(0, size);
  bytes.remove_prefix(size);
  if (newline == std::string_view::npos) {
    partial_ += part;
    return false;
  }
  text = part;
  if (!partial_.empty()) {
    whole_line_.assign(partial_).append(part);
    partial_.clear();
    text = whole_line_;
  }
  if (!text.ends_with("\r\n")) {
    fault_ = "a line of the head does not end as HTTP has it";
    return false;
  }
  text.remove_suffix(2);
  return true;
}

ReplyReader::State ReplyReader::status_line(std::string_view text) {
  // "HTTP/1.1 200 OK"; the reason may be missing, and its blank too.
  if (!text.starts_with("HTTP/1.") || text.size() < 12 || text[8] != ' ' || (text[7] != '0' && text[7] != '1')) {
    return bad("the reply is not HTTP/1");
  }
  if (!whole_number(text.substr(9, 3), 10, reply_.status) || reply_.status < 100 ||
      (text.size() > 12 && text[12] != ' ')) {
    return bad("the reply has no status");
  }
  old_version_ = text[7] == '0';
  has_status_ = true;
  return State::more;
}

ReplyReader::State ReplyReader::field(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  if (colon == std::string_view::npos || name.empty() || name.find_first_of(" \t") != std::string_view::npos) {
    return bad("a header line has no name");
  }
  const std::string_view value = trimmed(text.substr(colon + 1));
  if (is(name, "content-length")) {
    std::uint64_t length = 0;
    if (!whole_number(value, 10, length)) return bad("Content-Length is no number");
    if (framing_.has_length && framing_.length != length) return bad("two lengths are stated");
    framing_.has_length = true;
    framing_.length = length;
  } else if (is(name, "transfer-encoding")) {
    if (framing_.chunked || !is(value, "chunked")) return bad("a transfer coding that nobody asked for");
    framing_.chunked = true;
  } else if (is(name, "connection")) {
    each_of(value, [this](std::string_view option) {
      framing_.said_close = framing_.said_close || is(option, "close");
      framing_.said_keep_alive = framing_.said_keep_alive || is(option, "keep-alive");
    });
  } else if (is(name, "retry-after")) {
    reply_.retry_after = retry_after_of(value);
  } else if (is(name, "location")) {
    reply_.location = value;
  } else if (is(name, "gs1-epcis-capture-limit")) {
    reply_.events_max = limit_of(value);
  } else if (is(name, "gs1-epcis-capture-file-size-limit")) {
    reply_.bytes_max = limit_of(value);
  }
  return State::more;
}

ReplyReader::State ReplyReader::head_ended() {
  if (reply_.status < 200) {  // "Continue" and the like: the reply itself follows.
    if (reply_.status == 101) return bad("the server changed the protocol");
    const std::size_t bytes = head_bytes_;
    start(body_bytes_max_);
    head_bytes_ = bytes;  // So that they cannot go on for ever.
    return State::more;
  }
  keeps_alive_ = !framing_.said_close && (!old_version_ || framing_.said_keep_alive);
  // Whoever states both may mean either: the chunks are read, and the connection is not used again (RFC 9112, 6.1).
  if (framing_.chunked && framing_.has_length) keeps_alive_ = false;
  if (reply_.status == 204 || reply_.status == 304) {
    part_ = Part::whole;
    return State::complete;
  }
  if (framing_.chunked) {
    part_ = Part::chunk_size;
    return State::more;
  }
  if (!framing_.has_length) {
    keeps_alive_ = false;
    part_ = Part::body_to_end;
    return State::more;
  }
  if (framing_.length > body_bytes_max_) return bad("the reply is too long");
  left_ = framing_.length;
  part_ = left_ == 0 ? Part::whole : Part::body;
  return left_ == 0 ? State::complete : State::more;
}

ReplyReader::State ReplyReader::chunk_line(std::string_view text) {
  text = trimmed(text.substr(0, text.find(';')));
  std::uint64_t size = 0;
  if (!whole_number(text, 16, size)) return bad("a chunk has no size");
  if (size > body_bytes_max_ - reply_.body.size()) return bad("the reply is too long");
  left_ = size;
  head_bytes_ = 0;  // Each chunk has its own line; what they bring together is bounded as the body.
  part_ = size == 0 ? Part::trailer : Part::chunk;
  return State::more;
}

ReplyReader::State ReplyReader::head(std::string_view text) {
  switch (part_) {
    case Part::head:
      if (!has_status_) return status_line(text);
      return text.empty() ? head_ended() : field(text);
    case Part::chunk_size:
      return chunk_line(text);
    case Part::chunk_end:
      if (!text.empty()) return bad("a chunk does not end where it should");
      part_ = Part::chunk_size;
      return State::more;
    default:  // The trailer, of which nothing is needed.
      if (!text.empty()) return State::more;
      part_ = Part::whole;
      return State::complete;
  }
}

ReplyReader::State ReplyReader::body(std::string_view& bytes) {
  if (part_ == Part::body_to_end) {
    if (bytes.size() > body_bytes_max_ - reply_.body.size()) return bad("the reply is too long");
    reply_.body += bytes;
    bytes = {};
    return State::more;
  }
  const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  reply_.body += bytes.substr(0, size);
  bytes.remove_prefix(size);
  left_ -= size;
  if (left_ > 0) return State::more;
  if (part_ == Part::chunk) {
    part_ = Part::chunk_end;
    return State::more;
  }
  part_ = Part::whole;
  return State::complete;
}

ReplyReader::State ReplyReader::take(std::string_view& bytes) {
  State state = State::more;
  while (state == State::more && !bytes.empty()) {
    if (part_ == Part::body || part_ == Part::body_to_end || part_ == Part::chunk) {
      state = body(bytes);
      continue;
    }
    fault_ = "";
    std::string_view text;
    if (line(bytes, text)) {
      state = head(text);
    } else if (*fault_ != '\0') {
      return State::bad;
    }
  }
  return state;
}

ReplyReader::State ReplyReader::end() {
  if (part_ != Part::body_to_end) return bad("the connection was closed before the reply was whole");
  part_ = Part::whole;
  return State::complete;
}

}  // namespace peakstorm
