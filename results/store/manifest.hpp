/// The files of a run folder and the manifest that names them.
#pragma once

#include <boost/json/object.hpp>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "engine/result.hpp"
#include "results/store/file_calls.hpp"

namespace peakstorm::store {

inline constexpr const char* manifest_name = "manifest.json";
inline constexpr const char* tables_name = "run.sqlite";

Result<void> make_directory(const std::filesystem::path& path, FileCalls& calls);
/// Makes the folder and those above it. Errors: bad_input when it is there and not an empty folder; io.
Result<void> make_empty_folder(const std::filesystem::path& folder, FileCalls& calls);
Result<void> write_file(const std::filesystem::path& path, std::string_view text, FileCalls& calls);

/// Adds "files" to `manifest`, with the size and hash of every file in the folder (`known`: hashed already), and writes
/// it as the folder's last step: its presence means that all it names is on the disk.
Result<void> write_manifest(const std::filesystem::path& folder, boost::json::object manifest,
                            const std::map<std::string, FileFacts>& known, FileCalls& calls);

}  // namespace peakstorm::store
