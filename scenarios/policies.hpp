/// Policies to compare: named sets of changes to one scenario, read from a TOML file beside which their tables lie.
/// scenarios/FORMAT.md describes the file. A change is written with the scenario's own keys, is read by the same code
/// and refused with the same messages, placed where the policies file has it.
///
/// A PolicyFile keeps the text it was read from; worlds are built from it and from the scenario's folder as it is then.
/// Copies are cheap enough to pass around; const functions may be called from any thread.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "engine/world.hpp"
#include "scenarios/loader.hpp"

namespace peakstorm {

/// Most policies of one file, grids expanded.
inline constexpr std::size_t policies_max = 10'000;
/// Most policies that leave a carrier out in one region.
inline constexpr std::size_t regional_cuts_max = 200;
/// Most points of a space that a search may walk on.
inline constexpr std::size_t space_points_max = 1'000'000'000;

struct Policy {
  std::string name;
  std::string note;                  ///< One line for people; may be empty.
  std::vector<std::string> changes;  ///< "shipper.northstar.buffer_days = 1", as written; empty: the scenario as it is.
};

/// One thing that varies in a grid or a space.
struct PolicyAxis {
  std::string name;
  std::vector<std::string> points;  ///< What each of its values is called.
};

class PolicyFile {
 public:
  /// Reads and checks the file by itself and against the keys of the scenario's own file; whether each policy is a
  /// scenario that can run, world() says. `name` as of load_scenario. Faults in the file carry its absolute path.
  static tl::expected<PolicyFile, std::vector<Fault>> read(const std::filesystem::path& scenario,
                                                           const std::filesystem::path& file,
                                                           const std::string& name = {});

  /// The control (the scenario as it is) first, then "cheapest-published" where it is another policy and the file does
  /// not decline it, then the file's in its order, grids expanded with their last axis fastest, then one policy without
  /// each carrier, and without each in one region alone, where the file asks for those.
  [[nodiscard]] const std::vector<Policy>& policies() const;
  /// The World of one of them. Requires policy < policies().size().
  [[nodiscard]] tl::expected<World, std::vector<Fault>> world(std::size_t policy) const;

  /// [space]: what a search may vary; empty when the file declares none.
  [[nodiscard]] const std::vector<PolicyAxis>& space() const;
  /// The policy at a point of the space, an index per axis, and its World. Requires a space and indices within it.
  [[nodiscard]] Policy at(const std::vector<std::size_t>& point) const;
  [[nodiscard]] tl::expected<World, std::vector<Fault>> world_at(const std::vector<std::size_t>& point) const;

  /// Files that the policies are made of: the file itself and the tables it names, all of one folder.
  [[nodiscard]] std::vector<std::filesystem::path> files() const;
  /// Carriers whose absence is compared (`without_carriers`, `without_carriers_in`), with the policy's number.
  struct Without {
    std::string carrier;
    std::optional<RegionId> region;  ///< Of the scenario as it is; none: it is left out everywhere.
    std::size_t policy = 0;
  };
  [[nodiscard]] const std::vector<Without>& without_carriers() const;

 private:
  struct Impl;
  explicit PolicyFile(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

}  // namespace peakstorm
