#include "scenarios/build/folder.hpp"

#include <algorithm>
#include <fstream>
#include <system_error>

#include "scenarios/text/near.hpp"

namespace peakstorm::scenarios {

Parsed<std::string> read_text(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) {
    return tl::unexpected<Complaint>(Complaint{"the file is missing", "add it; scenarios/FORMAT.md describes it"});
  }
  if (!std::filesystem::is_regular_file(status)) {
    return tl::unexpected<Complaint>(Complaint{"this is not a regular file", "put a plain text file in its place"});
  }
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error || size > file_size_max) {
    return tl::unexpected<Complaint>(
        Complaint{error ? "the file cannot be read: " + error.message() : "the file is larger than 512 MiB",
                  error ? "check its permissions" : "shorten it"});
  }
  std::string text(size, '\0');
  std::ifstream in(path, std::ios::binary);
  in.read(text.data(), static_cast<std::streamsize>(size));
  if (!in || in.gcount() != static_cast<std::streamsize>(size)) {
    return tl::unexpected<Complaint>(Complaint{"the file cannot be read", "check its permissions"});
  }
  return text;
}

void check_file_names(const std::filesystem::path& folder, Faults& faults) {
  std::vector<std::string_view> known(table_files.begin(), table_files.end());
  known.push_back(validation_file);
  std::error_code error;
  for (auto entry = std::filesystem::directory_iterator(folder, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const bool table = entry->path().extension() == ".csv";
    if (!table || std::find(known.begin(), known.end(), name) != known.end()) continue;
    faults.add(name, 0, "", "no table of the format has this name",
               did_you_mean(name, known, "rename or remove it; scenarios/FORMAT.md lists the tables"));
  }
}

}  // namespace peakstorm::scenarios
