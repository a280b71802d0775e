#include "adapters/rate_profile.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "engine/check.hpp"

namespace peakstorm {
namespace {

/// Where a double still knows each request and each nanosecond.
constexpr double rate_most = 1e6;
constexpr double seconds_most = 864'000;

bool number(std::string_view text, double most, double& value) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && read.ec == std::errc{} && read.ptr == text.data() + text.size() && value > 0 && value <= most;
}

std::string number_text(double value) {
  std::string text(32, '\0');
  text.resize(static_cast<std::size_t>(std::to_chars(text.data(), text.data() + text.size(), value).ptr - text.data()));
  return text;
}

tl::unexpected<Error> bad(std::string_view piece, const std::string& what) {
  return fail(ErrorKind::bad_input, "rate '" + std::string(piece) + "': " + what +
                                        "; write RATE, RATE:SECONDSs or FROM-TO:SECONDSs, joined by commas, for "
                                        "instance 100-2000:60s,2000");
}

}  // namespace

RateProfile::RateProfile(std::vector<Piece> pieces) : pieces_(std::move(pieces)) {
  Begin begin;
  for (const Piece& piece : pieces_) {
    begins_.push_back(begin);
    begin.at += piece.seconds;
    begin.items += (piece.from + piece.to) / 2 * piece.seconds;
  }
}

Result<RateProfile> RateProfile::parse(std::string_view text) {
  std::vector<Piece> pieces;
  while (true) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view part = text.substr(0, comma);
    const bool last = comma == text.size();
    Piece piece;
    const std::size_t colon = part.find(':');
    const std::string_view rates = part.substr(0, colon);
    const std::size_t dash = rates.find('-');
    if (!number(rates.substr(0, dash), rate_most, piece.from)) {
      return bad(part, "a rate is a number above 0 and at most " + number_text(rate_most) + " requests per second");
    }
    piece.to = piece.from;
    if (dash != std::string_view::npos && !number(rates.substr(dash + 1), rate_most, piece.to)) {
      return bad(part, "the rate after '-' is a number above 0 and at most " + number_text(rate_most));
    }
    if (colon != std::string_view::npos) {
      std::string_view length = part.substr(colon + 1);
      if (length.ends_with('s')) length.remove_suffix(1);
      if (!number(length, seconds_most, piece.seconds)) {
        return bad(part, "a length is a number of seconds, above 0 and at most " + number_text(seconds_most));
      }
    } else if (!last) {
      return bad(part, "only the last piece may go without a length");
    } else if (dash != std::string_view::npos) {
      return bad(part, "a ramp needs a length");
    }
    pieces.push_back(piece);
    if (last) return RateProfile(std::move(pieces));
    text.remove_prefix(comma + 1);
  }
}

double RateProfile::seconds_until(double n) const {
  PEAKSTORM_CHECK(!pieces_.empty(), n);
  std::size_t i = 0;
  while (i + 1 < pieces_.size() && begins_[i + 1].items <= n) ++i;
  const Piece& piece = pieces_[i];
  const double items = n - begins_[i].items;
  if (piece.from == piece.to) return begins_[i].at + items / piece.from;
  const double whole = (piece.from + piece.to) / 2 * piece.seconds;
  if (items > whole) return begins_[i].at + piece.seconds + (items - whole) / piece.to;
  // from t + slope t^2 / 2 = items, solved without a difference of near numbers.
  const double slope = (piece.to - piece.from) / piece.seconds;
  const double root = std::sqrt(std::max(0.0, piece.from * piece.from + 2 * slope * items));
  return begins_[i].at + 2 * items / (piece.from + root);
}

double RateProfile::highest() const {
  double most = 0;
  for (const Piece& piece : pieces_) most = std::max({most, piece.from, piece.to});
  return most;
}

std::string RateProfile::text() const {
  std::string text;
  for (const Piece& piece : pieces_) {
    if (!text.empty()) text += ',';
    text += number_text(piece.from);
    if (piece.to != piece.from) text += "-" + number_text(piece.to);
    if (std::isfinite(piece.seconds)) text += ":" + number_text(piece.seconds) + "s";
  }
  return text;
}

}  // namespace peakstorm
