#include "results/store/checkpoint_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <system_error>

namespace peakstorm::store {

std::string checkpoint_manifest_name(std::uint32_t number) {
  return fmt::format("{:06}.json", number);
}
std::string part_name(std::uint32_t number, std::size_t rank) {
  return fmt::format("{:06}.rank-{:04}.zst", number, rank);
}

std::optional<std::uint32_t> checkpoint_number(const std::string& name) {
  const std::size_t digits = std::min(name.find('.'), name.size());
  if (digits < 6 || digits > 9 || name.find_first_not_of("0123456789") != digits) return std::nullopt;
  std::string_view end(name);
  end.remove_prefix(digits);
  if (end.ends_with(temporary_end)) end.remove_suffix(4);
  if (end != ".json" && !(end.starts_with(".rank-") && end.ends_with(".zst"))) return std::nullopt;
  return static_cast<std::uint32_t>(std::stoul(name.substr(0, digits)));
}

Result<std::map<std::uint32_t, std::vector<std::string>>> list_checkpoints(const std::filesystem::path& folder) {
  std::map<std::uint32_t, std::vector<std::string>> files;
  std::error_code problem;
  for (std::filesystem::directory_iterator entry(folder, problem), end; !problem && entry != end;
       entry.increment(problem)) {
    const std::string name = entry->path().filename().string();
    if (const auto number = checkpoint_number(name)) files[*number].push_back(name);
  }
  if (problem) return fail(ErrorKind::io, fmt::format("{}: cannot list: {}", folder.string(), problem.message()));
  return files;
}

}  // namespace peakstorm::store
