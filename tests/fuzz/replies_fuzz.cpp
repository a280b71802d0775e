// Goal: whatever comes back on a connection is one reply and what follows it, or a fault with its reason; and the cuts
// between the pieces in which it comes change nothing. The bytes are those of the system under test.
// Method: the first byte chooses the size of the pieces, the rest is read in them, and once in one piece.
#include <algorithm>
#include <cstdint>
#include <string_view>
#include <tuple>

#include "adapters/transport/http1_reply.hpp"
#include "engine/check.hpp"

namespace {

using namespace peakstorm;

constexpr std::size_t body_bytes_max = 500;

/// Returns the state and how many bytes belong to the reply.
std::tuple<ReplyReader::State, std::size_t> read(ReplyReader& reader, std::string_view bytes, std::size_t piece) {
  reader.start(body_bytes_max);
  ReplyReader::State state = ReplyReader::State::more;
  std::size_t taken = 0;
  while (taken < bytes.size() && state == ReplyReader::State::more) {
    std::string_view part = bytes.substr(taken, piece);
    const std::size_t before = part.size();
    state = reader.take(part);
    taken += before - part.size();
    PEAKSTORM_CHECK(state != ReplyReader::State::more || part.empty(), part.size());
  }
  if (state == ReplyReader::State::more) state = reader.end();
  return {state, taken};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  ReplyReader whole;
  ReplyReader cut;
  const auto [state, taken] = read(whole, bytes, bytes.size());
  const auto [cut_state, cut_taken] = read(cut, bytes, std::max<std::size_t>(1, data[0]));
  PEAKSTORM_CHECK(state != ReplyReader::State::more);
  PEAKSTORM_CHECK(state == cut_state, static_cast<int>(state), static_cast<int>(cut_state));
  if (state == ReplyReader::State::bad) {
    PEAKSTORM_CHECK(!std::string_view(whole.fault()).empty());
    return 0;
  }
  PEAKSTORM_CHECK(taken == cut_taken, taken, cut_taken);
  const Reply& reply = whole.reply();
  PEAKSTORM_CHECK(reply.status >= 200, reply.status);
  PEAKSTORM_CHECK(reply.status <= 999, reply.status);
  PEAKSTORM_CHECK(reply.body.size() <= body_bytes_max, reply.body.size());
  PEAKSTORM_CHECK(reply.body == cut.reply().body);
  PEAKSTORM_CHECK(reply.status == cut.reply().status, reply.status, cut.reply().status);
  PEAKSTORM_CHECK(reply.retry_after == cut.reply().retry_after);
  PEAKSTORM_CHECK(whole.keeps_alive() == cut.keeps_alive());
  return 0;
}
