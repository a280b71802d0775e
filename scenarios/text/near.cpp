#include "scenarios/text/near.hpp"

#include <algorithm>
#include <array>
#include <tuple>

namespace peakstorm::scenarios {
namespace {

constexpr std::size_t longest = 48;  // Longer words are not compared: a fault list must not become slow.

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
  const std::size_t gap = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
  if (gap > limit || a.size() > longest || b.size() > longest) return limit + 1;
  std::array<std::array<std::size_t, longest + 1>, 3> rows{};
  for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& above = rows[(i + 2) % 3];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], rows[(i + 1) % 3][j - 2] + 1);
    }
  }
  return std::min(rows[a.size() % 3][b.size()], limit + 1);
}

std::vector<std::string> near_names(std::string_view wanted, const std::vector<std::string_view>& known,
                                    std::size_t count) {
  const std::size_t limit = std::max<std::size_t>(1, wanted.size() / 3);
  std::vector<std::tuple<std::size_t, std::string_view>> found;
  for (const std::string_view name : known) {
    const std::size_t distance = edit_distance(wanted, name, limit);
    if (distance <= limit) found.emplace_back(distance, name);
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> names;
  for (const auto& [distance, name] : found) {
    if (names.size() == count) break;
    names.emplace_back(name);
  }
  return names;
}

std::string did_you_mean(std::string_view wanted, const std::vector<std::string_view>& known,
                         const std::string& otherwise) {
  const auto names = near_names(wanted, known);
  if (names.empty()) return otherwise;
  std::string text = "did you mean ";
  for (std::size_t i = 0; i < names.size(); ++i) {
    text += (i == 0 ? "'" : i + 1 == names.size() ? " or '" : ", '") + names[i] + "'";
  }
  return text + "?";
}

}  // namespace peakstorm::scenarios
