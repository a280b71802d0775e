/// The names of one kind of thing, and the ids they stand for.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peakstorm::scenarios {

/// Ids are dense from 0. Faults speak of "unknown KIND 'x'" and send the reader to HOME.
class Names {
 public:
  Names(std::string kind, std::string home) : kind_(std::move(kind)), home_(std::move(home)) {}

  /// Gives `name` the next id; nothing when it is known already.
  std::optional<std::size_t> add(const std::string& name) {
    const auto [place, is_new] = ids_.emplace(name, ids_.size());
    return is_new ? std::optional(place->second) : std::nullopt;
  }
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const {
    const auto place = ids_.find(name);
    return place == ids_.end() ? std::nullopt : std::optional(place->second);
  }
  [[nodiscard]] std::size_t size() const { return ids_.size(); }
  [[nodiscard]] std::vector<std::string_view> all() const {
    std::vector<std::string_view> names;
    for (const auto& [name, id] : ids_) names.push_back(name);
    return names;
  }
  /// Rows that could not be read may have held further names: that one is unknown is then no news.
  void mark_incomplete() { complete_ = false; }
  [[nodiscard]] bool complete() const { return complete_; }
  [[nodiscard]] const std::string& kind() const { return kind_; }
  [[nodiscard]] const std::string& home() const { return home_; }

 private:
  std::string kind_;
  std::string home_;
  bool complete_ = true;
  std::map<std::string, std::size_t, std::less<>> ids_;
};

}  // namespace peakstorm::scenarios
