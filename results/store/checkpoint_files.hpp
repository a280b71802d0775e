/// The files of a folder of checkpoints: "000007.json" is the manifest of the seventh, "000007.rank-0000.zst" its part
/// of rank 0, and each has ".tmp" behind its name until it is whole. "inputs" is a copy of the scenario. For
/// checkpoint_writer.cpp and checkpoint_reader.cpp; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/result.hpp"

namespace peakstorm::store {

inline constexpr int checkpoint_format = 1;  ///< Of the manifest.
inline constexpr const char* inputs_name = "inputs";
inline constexpr const char* temporary_end = ".tmp";

std::string checkpoint_manifest_name(std::uint32_t number);
std::string part_name(std::uint32_t number, std::size_t rank);

/// The number that the name of a manifest, a part or a temporary of either begins with; none for other files.
std::optional<std::uint32_t> checkpoint_number(const std::string& name);

/// Names of the checkpoint files of a folder, by number. Errors: io.
Result<std::map<std::uint32_t, std::vector<std::string>>> list_checkpoints(const std::filesystem::path& folder);

}  // namespace peakstorm::store
