// Goal: a reply is read to its last byte and no further, in whatever pieces it comes, and what may be read in two ways
// is not read at all. Method: a table, and every cut of each of its replies.
#include "adapters/transport/http1_reply.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace peakstorm {
namespace {

using State = ReplyReader::State;

struct Outcome {
  State state = State::more;
  unsigned status = 0;
  std::string body;
  std::optional<std::chrono::seconds> retry_after;
  bool keeps_alive = false;
  std::string left;
  bool operator==(const Outcome&) const = default;
};

/// Reads `bytes` in pieces of at most `piece`, with the end of the connection behind them when `closes`.
Outcome read(std::string_view bytes, std::size_t piece, bool closes) {
  ReplyReader reader;
  reader.start(1000);
  Outcome outcome;
  std::string_view rest = bytes;
  while (!rest.empty() && outcome.state == State::more) {
    std::string part(rest.substr(0, piece));  // A copy of its own, so that a reader that keeps views is found out.
    std::string_view view = part;
    outcome.state = reader.take(view);
    rest.remove_prefix(part.size() - view.size());
  }
  if (outcome.state == State::more && closes) outcome.state = reader.end();
  outcome.left = rest;
  if (outcome.state != State::complete) return outcome;
  outcome.status = reader.reply().status;
  outcome.body = reader.reply().body;
  outcome.retry_after = reader.reply().retry_after;
  outcome.keeps_alive = reader.keeps_alive();
  return outcome;
}

struct Case {
  const char* what;
  std::string bytes;
  Outcome outcome;
  bool closes = false;
};

Outcome good(unsigned status, std::string body = "", bool keeps_alive = true, std::string left = "") {
  return {State::complete, status, std::move(body), std::nullopt, keeps_alive, std::move(left)};
}
Outcome bad() {
  return {State::bad, 0, "", std::nullopt, false, ""};
}

std::vector<Case> cases() {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  Outcome busy = good(429);
  busy.retry_after = std::chrono::seconds{7};
  return {
      {"a length", ok + "Content-Length: 3\r\n\r\nabc", good(200, "abc")},
      {"what follows stays", ok + "Content-Length: 3\r\n\r\nabcHTTP", good(200, "abc", true, "HTTP")},
      {"an empty body", ok + "Content-Length: 0\r\n\r\n", good(200)},
      {"no content", "HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n", good(204)},
      {"not modified tells a length without a body", "HTTP/1.1 304 -\r\nContent-Length: 9\r\n\r\n", good(304)},
      {"no reason", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", good(200)},
      {"names in any case, blanks around values", ok + "cOnTeNt-LeNgTh:\t 1 \r\n\r\nx", good(200, "x")},
      {"a later time", "HTTP/1.1 429 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", busy},
      {"close", ok + "Connection: Upgrade, CLOSE\r\nContent-Length: 0\r\n\r\n", good(200, "", false)},
      {"old version", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", good(200, "", false)},
      {"old version, kept", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", good(200)},
      {"continue first", "HTTP/1.1 100 Continue\r\n\r\n" + ok + "Content-Length: 1\r\n\r\nx", good(200, "x")},
      {"chunks", ok + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0A;x=y\r\n0123456789\r\n0\r\n\r\n",
       good(200, "abc0123456789")},
      {"chunks and a trailer", ok + "Transfer-Encoding: Chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\nZ",
       good(200, "a", true, "Z")},
      {"chunks beside a length are read, and the connection left",
       ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", good(200, "", false)},
      {"to the end", ok + "\r\nall of it", good(200, "all of it", false), true},
      {"nothing, to the end", ok + "\r\n", good(200, "", false), true},
      {"unfinished", ok + "Content-Length: 3\r\n\r\nab", {State::more, 0, "", std::nullopt, false, ""}},
      {"cut head", ok + "Content-Le", bad(), true},
      {"cut body", ok + "Content-Length: 3\r\n\r\nab", bad(), true},
      {"cut chunk", ok + "Transfer-Encoding: chunked\r\n\r\n3\r\nab", bad(), true},
      {"cut before the last chunk", ok + "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n", bad(), true},
  };
}

TEST(ReplyReader, ReadsToTheLastByteInWhateverPiecesTheyCome) {
  for (const Case& c : cases()) {
    for (std::size_t piece = 1; piece <= c.bytes.size(); ++piece) {
      SCOPED_TRACE(std::string(c.what) + ", pieces of " + std::to_string(piece));
      Outcome outcome = read(c.bytes, piece, c.closes);
      if (c.outcome.state == State::bad) outcome.left.clear();
      EXPECT_TRUE(outcome == c.outcome) << static_cast<int>(outcome.state) << " " << outcome.status << " '"
                                        << outcome.body << "' left '" << outcome.left << "'";
    }
  }
}

TEST(ReplyReader, WhatIsNoReplyIsBad) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::string chunked = ok + "Transfer-Encoding: chunked\r\n\r\n";
  for (const std::string& bytes : {
           std::string("\x16\x03\x01 nonsense\r\n"),
           std::string("HTTP/2 200 OK\r\n"),
           std::string("HTTP/1.2 200 OK\r\n"),
           std::string("HTTP/1.1  200 OK\r\n"),
           std::string("HTTP/1.1 20 OK\r\n"),
           std::string("HTTP/1.1 099 OK\r\n"),
           std::string("HTTP/1.1 2000 OK\r\n"),
           std::string("HTTP/1.1 200 OK\n"),
           std::string("\r\n"),
           std::string("HTTP/1.1 101 Switching\r\n\r\n"),
           ok + "no colon\r\n",
           ok + ": no name\r\n",
           ok + "Blank : before the colon\r\n",
           ok + " folded: line\r\n",
           ok + "Content-Length: banana\r\n",
           ok + "Content-Length: -1\r\n",
           ok + "Content-Length: +1\r\n",
           ok + "Content-Length: 1, 1\r\n",
           ok + "Content-Length:\r\n",
           ok + "Content-Length: 99999999999999999999\r\n",
           ok + "Content-Length: 1\r\nContent-Length: 2\r\n",
           ok + "Content-Length: 1001\r\n\r\n",
           ok + "Transfer-Encoding: gzip\r\n",
           ok + "Transfer-Encoding: gzip, chunked\r\n",
           ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
           ok + "\r\n" + std::string(1001, 'x'),
           chunked + "x\r\n",
           chunked + "\r\n",
           chunked + "-1\r\n",
           chunked + "3e9\r\n",
           chunked + "ffffffffffffffffffff\r\n",
           chunked + "1\r\nab\r\n",
           ok + "X: " + std::string(ReplyReader::head_bytes_max, 'y'),
           chunked + "0\r\n" + std::string(ReplyReader::head_bytes_max + 1, 'y'),
           chunked + "1;" + std::string(ReplyReader::head_bytes_max, 'y'),
       }) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, bytes.size()}) {
      EXPECT_EQ(read(bytes, piece, false).state, State::bad) << bytes.substr(0, 200);
    }
  }
}

TEST(ReplyReader, InterimRepliesDoNotGoOnForEver) {
  std::string bytes;
  for (std::size_t i = 0; i < ReplyReader::head_bytes_max / 20; ++i) bytes += "HTTP/1.1 103 Hint\r\n\r\n";
  EXPECT_EQ(read(bytes, 1000, false).state, State::bad);
}

TEST(ReplyReader, IsUsedAgain) {
  ReplyReader reader;
  for (int i = 0; i < 3; ++i) {
    reader.start(10);
    std::string_view bytes =
        i == 1 ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nRetry-After: 1\r\n\r\nab" : "HTTP/1.1 204 None\r\n\r\n";
    ASSERT_EQ(reader.take(bytes), State::complete);
    EXPECT_EQ(reader.reply().body, i == 1 ? "ab" : "");
    EXPECT_EQ(reader.reply().retry_after.has_value(), i == 1);
    EXPECT_TRUE(reader.keeps_alive());
  }
}

}  // namespace
}  // namespace peakstorm
