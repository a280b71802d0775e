/// The axes of a policies file: which key or split varies, and over what.
#pragma once

#include <toml++/toml.h>

#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/world.hpp"
#include "scenarios/build/faults.hpp"

namespace peakstorm::scenarios {

/// What a policy must not touch: the experiment itself, and what is judged rather than decided.
inline constexpr std::array<std::string_view, 5> fixed_keys{"scenario", "size", "replay", "faults", "gate"};

/// What varies in a grid or a space, with its values.
struct Axis {
  enum class Kind { values, range, split };
  Kind kind = Kind::values;
  std::string name;
  std::string key;  ///< values, range.
  int line = 0;     ///< Of the key or split, in the policies file.
  std::vector<std::string> labels;
  std::vector<std::string> numbers;  ///< range.
  // split
  std::string shipper;
  std::string tier;
  std::vector<std::string> services;
  std::vector<std::vector<Ppm>> shares;
};

/// Reads parts of a policies file; every fault names that file.
class PolicyReader {
 public:
  /// `control`: the scenario as it is, which must outlive the reader.
  PolicyReader(const std::filesystem::path& file, const World& control) : file_(file.string()), control_(control) {}

  void fault(Faults& faults, int line, std::string_view field, std::string message, std::string cure) const {
    faults.add(file_, line, field, std::move(message), std::move(cure));
  }
  /// The name of a policy, grid or axis (`what`).
  std::string read_name(const toml::table& table, const char* what, Faults& faults) const;
  /// None when the axis has a fault.
  std::optional<Axis> read_axis(const toml::table& table, Faults& faults) const;

 private:
  void read_split(const toml::table& table, Axis& axis, Faults& faults) const;
  void read_range(const toml::table& table, Axis& axis, Faults& faults) const;

  std::string file_;
  const World& control_;
};

}  // namespace peakstorm::scenarios
