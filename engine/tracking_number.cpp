#include "engine/tracking_number.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/check.hpp"

namespace peakstorm {
namespace {

constexpr std::string_view base36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

std::string digits(std::uint64_t value, std::size_t width, unsigned base) {
  std::string text(width, '0');
  for (std::size_t i = width; i > 0; --i) {
    text[i - 1] = base36[value % base];
    value /= base;
  }
  PEAKSTORM_CHECK(value == 0, value, width, base);
  return text;
}

constexpr unsigned digit_of(char c) {
  // UPS counts A as 2, B as 3, ... modulo 10; decimal digits as themselves.
  return c >= '0' && c <= '9' ? static_cast<unsigned>(c - '0') : static_cast<unsigned>(c - 'A' + 2) % 10;
}

constexpr char digit_char(unsigned digit) {
  return static_cast<char>('0' + digit);
}

/// Weights alternate, the first character having `first`; the digit that fills the sum up to a multiple of 10.
char mod10(std::string_view text, unsigned first, unsigned second) {
  unsigned sum = 0;
  for (std::size_t i = 0; i < text.size(); ++i) sum += digit_of(text[i]) * (i % 2 == 0 ? first : second);
  return digit_char((10 - sum % 10) % 10);
}

char fedex_express_check(std::string_view eleven) {
  constexpr std::array<unsigned, 3> weights{3, 1, 7};
  unsigned sum = 0;
  for (std::size_t i = 0; i < eleven.size(); ++i) sum += digit_of(eleven[i]) * weights[i % 3];
  return digit_char(sum % 11 % 10);
}

char s10_check(std::string_view eight) {
  constexpr std::array<unsigned, 8> weights{8, 6, 4, 2, 3, 5, 9, 7};
  unsigned sum = 0;
  for (std::size_t i = 0; i < eight.size(); ++i) sum += digit_of(eight[i]) * weights[i];
  const unsigned check = 11 - sum % 11;
  return digit_char(check == 10 ? 0 : check == 11 ? 5 : check);
}

std::string plain(ParcelId parcel) {
  const std::string body = digits(static_cast<std::uint64_t>(parcel), 13, 36);  // 36^13 > 2^64.
  unsigned sum = 0;
  for (std::size_t i = 0; i < body.size(); ++i) {
    // Weights 1, 5, 7, 11, ... are prime to 36, so that every single wrong character changes the check.
    constexpr std::array<unsigned, 4> weights{1, 5, 7, 11};
    sum += static_cast<unsigned>(base36.find(body[i])) * weights[i % 4];
  }
  return "PS" + body + base36[sum % 36];
}

std::string ups(ParcelId parcel) {
  const std::string body = digits(static_cast<std::uint64_t>(parcel), 13, 36);
  const std::string serial = body.substr(0, 6) + "03" + body.substr(6);
  return "1Z" + serial + mod10(serial, 1, 2);
}

/// The id as one number without the gaps of its bit fields; none where the World's counts do not cover it.
std::optional<std::uint64_t> compact(const World& world, ParcelId parcel) {
  constexpr std::uint64_t field = 65'536;  // An id has 16 bits for each of the two, so the product fits 64.
  const std::uint64_t nodes = std::min<std::uint64_t>(world.nodes.size(), field);
  const std::uint64_t hours = std::min((static_cast<std::uint64_t>(world.day_count) + 2) * 24, field);
  const std::uint64_t node = index(node_of(parcel));
  const std::uint64_t hour = hour_of(parcel);
  const std::uint64_t serial = static_cast<std::uint32_t>(static_cast<std::uint64_t>(parcel));
  if (node >= nodes || hour >= hours) return std::nullopt;
  return (serial * hours + hour) * nodes + node;
}

std::string fedex(std::uint64_t value) {
  if (value < 100'000'000'000) {
    std::string text = digits(value, 11, 10);
    text += fedex_express_check(text);
    return text;
  }
  // "96", customer code (2), service (3), serial (14); the check digit covers the serial alone.
  constexpr std::uint64_t serials = 100'000'000'000'000;
  const std::string serial = digits(value % serials, 14, 10);
  return "96" + digits(value / serials, 2, 10) + "019" + serial + mod10(serial, 1, 3);
}

std::string usps(std::uint64_t value) {
  std::string text = "94001" + digits(value, 16, 10);
  text += mod10(text, 3, 1);
  return text;
}

std::string s10(std::uint64_t value) {
  constexpr std::string_view services = "CELRV";  // Parcels, EMS, tracked, registered, insured.
  constexpr std::uint64_t serials = 100'000'000;
  constexpr std::uint64_t second_letters = 25;  // Z is left to national use.
  const std::string serial = digits(value % serials, 8, 10);
  const std::uint64_t block = value / serials;
  std::string text;
  text += services[block / second_letters];
  text += static_cast<char>('A' + block % second_letters);
  return text + serial + s10_check(serial) + "US";
}

}  // namespace

std::string tracking_number(const World& world, CarrierId carrier, ParcelId parcel) {
  PEAKSTORM_CHECK(index(carrier) < world.carriers.size(), carrier, world.carriers.size());
  const NumberFormat format = world.carriers[index(carrier)].number_format;
  if (format == NumberFormat::plain) return plain(parcel);
  if (format == NumberFormat::ups_1z) return ups(parcel);
  const std::optional<std::uint64_t> value = compact(world, parcel);
  if (value && format == NumberFormat::fedex_12 && *value < 10'000'000'000'000'000) return fedex(*value);
  if (value && format == NumberFormat::usps_22 && *value < 9'000'000'000'000'000) return usps(*value);
  if (value && format == NumberFormat::s10 && *value < 12'500'000'000) return s10(*value);
  return plain(parcel);
}

}  // namespace peakstorm
