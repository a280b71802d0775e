/// Collects the faults of a scenario while it is read.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/loader.hpp"
#include "scenarios/text/fields.hpp"

namespace peakstorm::scenarios {

class Faults {
 public:
  void add(std::string_view file, int line, std::string_view field, std::string message, std::string cure) {
    files_.emplace(file);
    faults_.push_back({std::string(file), line, std::string(field), std::move(message), std::move(cure)});
  }
  void add(std::string_view file, int line, std::string_view field, Complaint complaint) {
    add(file, line, field, std::move(complaint.message), std::move(complaint.cure));
  }
  [[nodiscard]] bool any() const { return !faults_.empty(); }
  /// Whether a file has a fault so far: checks across tables stay silent then, since what they would find is
  /// mostly the echo of that fault.
  [[nodiscard]] bool any_in(std::string_view file) const { return files_.find(file) != files_.end(); }
  [[nodiscard]] std::size_t count() const { return faults_.size(); }
  /// All faults, sorted by file, line and field, each once.
  [[nodiscard]] std::vector<Fault> take();

 private:
  std::vector<Fault> faults_;
  std::set<std::string, std::less<>> files_;
};

}  // namespace peakstorm::scenarios
