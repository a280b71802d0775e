/// A file that a verb was asked to write.
#pragma once

#include <filesystem>
#include <string_view>

#include "engine/result.hpp"

namespace peakstorm::cli {

/// In one step: no reader ever sees half a file. Error: io.
Result<void> write_file(const std::filesystem::path& file, std::string_view text);

}  // namespace peakstorm::cli
