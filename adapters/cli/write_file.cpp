#include "adapters/cli/write_file.hpp"

#include <fstream>

namespace peakstorm::cli {

Result<void> write_file(const std::filesystem::path& file, std::string_view text) {
  std::filesystem::path part = file;
  part += ".part";
  {
    std::ofstream out(part, std::ios::binary);
    out << text;
    out.close();
    if (!out) return fail(ErrorKind::io, file.string() + ": cannot be written; check the folder and its space");
  }
  std::error_code error;
  std::filesystem::rename(part, file, error);
  if (error) return fail(ErrorKind::io, file.string() + ": " + error.message());
  return {};
}

}  // namespace peakstorm::cli
