/// A copy of tests/scenarios/worlds/two-towns in a folder of its own, to be broken.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "tests/temporary_folder.hpp"

namespace peakstorm::test {

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

inline void write_file(const std::filesystem::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc).write(text.data(), static_cast<std::streamsize>(text.size()));
}

using testing::TemporaryFolder;

class WorldFolder {
 public:
  WorldFolder() : path_(home_.path() / "two-towns") {
    std::filesystem::copy(std::filesystem::path(PEAKSTORM_SOURCE_DIR) / "tests/scenarios/worlds/two-towns", path_);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// Replaces the one place where `from` stands; the test fails when there is none or more than one.
  void replace(std::string_view file, std::string_view from, std::string_view to) const {
    std::string text = read_file(path_ / file);
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << file << " has no '" << from << "'";
    ASSERT_EQ(text.find(from, at + 1), std::string::npos) << file << " has '" << from << "' twice";
    write_file(path_ / file, text.replace(at, from.size(), to));
  }

 private:
  TemporaryFolder home_;
  std::filesystem::path path_;
};

}  // namespace peakstorm::test
