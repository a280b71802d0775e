#include "results/store/manifest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <system_error>
#include <vector>

namespace peakstorm::store {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr const char* checkpoints_name = "checkpoints";

/// Relative names of all regular files, ascending; the manifest, its temporary and the checkpoints left out.
Result<std::vector<std::string>> list_files(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (entry.depth() == 0 && entry->path().filename() == checkpoints_name) entry.disable_recursion_pending();
    if (!entry->is_regular_file(error)) continue;
    const std::string name = entry->path().lexically_relative(folder).generic_string();
    if (name != manifest_name && name != std::string(manifest_name) + ".tmp") names.push_back(name);
  }
  if (error) return fail(ErrorKind::io, fmt::format("{}: cannot list: {}", folder.string(), error.message()));
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

Result<void> make_directory(const fs::path& path, FileCalls& calls) {
  if (calls.make_directory(path.c_str()) != 0) return io_error(path, "create");
  return {};
}

Result<void> make_empty_folder(const fs::path& folder, FileCalls& calls) {
  std::error_code problem;
  if (fs::exists(folder, problem)) {
    if (fs::is_directory(folder, problem) && fs::is_empty(folder, problem)) return {};
    return fail(
        ErrorKind::bad_input,
        fmt::format("{}: is already there and not an empty folder; choose another or remove it", folder.string()));
  }
  if (!folder.parent_path().empty()) fs::create_directories(folder.parent_path(), problem);
  if (problem) {
    return fail(ErrorKind::io, fmt::format("{}: cannot create: {}", folder.parent_path().string(), problem.message()));
  }
  return make_directory(folder, calls);
}

Result<void> write_file(const fs::path& path, std::string_view text, FileCalls& calls) {
  auto file = OutputFile::create(path, calls);
  if (!file) return tl::unexpected(file.error());
  if (auto written = (*file)->append(text); !written) return written;
  return (*file)->finish();
}

Result<void> write_manifest(const fs::path& folder, json::object manifest,
                            const std::map<std::string, FileFacts>& known, FileCalls& calls) {
  auto names = list_files(folder);
  if (!names) return tl::unexpected(names.error());
  json::array files;
  for (const std::string& name : *names) {
    FileFacts facts;
    if (const auto found = known.find(name); found != known.end()) {
      facts = found->second;
    } else {
      auto hashed = hash_file(folder / name, &calls);
      if (!hashed) return tl::unexpected(hashed.error());
      facts = std::move(*hashed);
    }
    files.push_back({{"name", name}, {"bytes", facts.size}, {"xxh128", facts.hash}});
  }
  manifest["files"] = std::move(files);

  // The order makes the manifest's presence mean that all it names is on the disk: files, their names, then the
  // manifest under a temporary name, and last the one step that gives it its own.
  if (calls.sync_directory((folder / "inputs").c_str()) != 0) return io_error(folder / "inputs", "flush");
  if (calls.sync_directory(folder.c_str()) != 0) return io_error(folder, "flush");
  const fs::path temporary = folder / (std::string(manifest_name) + ".tmp");
  if (auto written = write_file(temporary, json::serialize(manifest) + "\n", calls); !written) return written;
  if (calls.rename(temporary.c_str(), (folder / manifest_name).c_str()) != 0) return io_error(temporary, "rename");
  if (calls.sync_directory(folder.c_str()) != 0) return io_error(folder, "flush");
  return {};
}

}  // namespace peakstorm::store
