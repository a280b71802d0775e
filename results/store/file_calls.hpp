/// The few system calls with which a run folder is written, behind an interface so that tests can make each of them
/// fail or stop there. Every call returns 0 (or a byte count, or a descriptor), or -1 with errno set.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/result.hpp"

struct XXH3_state_s;

namespace peakstorm::store {

class FileCalls {
 public:
  virtual ~FileCalls() = default;
  virtual int make_directory(const char* path);
  /// A new file for writing; fails when there is one of that name.
  virtual int create(const char* path);
  /// A file that is there, for reading and for writing on from its front.
  virtual int reopen(const char* path);
  virtual int truncate(int file, std::uint64_t size);
  virtual int remove(const char* path);
  virtual ssize_t write(int file, const void* bytes, std::size_t size);
  virtual int sync(int file);
  virtual int close(int file);
  virtual int rename(const char* from, const char* to);
  /// Makes names created in a directory survive a power cut.
  virtual int sync_directory(const char* path);
};

/// The real calls; lives for ever.
FileCalls& system_calls();

/// Error io: "PATH: cannot ACTION: REASON; CURE", with errno's reason.
tl::unexpected<Error> io_error(const std::filesystem::path& path, std::string_view action);

/// A new file, written from the front, hashed (xxh128) on the way. Not copyable; closed by the destructor without sync.
class OutputFile {
 public:
  static Result<std::unique_ptr<OutputFile>> create(const std::filesystem::path& path, FileCalls& calls);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  /// A file that is there, to go on from its front; rewind() comes next.
  static Result<std::unique_ptr<OutputFile>> reopen(const std::filesystem::path& path, FileCalls& calls);
  /// Cuts the file to its first `size` bytes, which must have this hash, and goes on behind them. Reads them.
  /// Errors: bad_input when the file is shorter or holds something else; io.
  Result<void> rewind(std::uint64_t size, const std::string& hash);

  Result<void> append(std::span<const std::byte> bytes);
  Result<void> append(std::string_view text);
  /// Flushes to the disk.
  Result<void> sync();
  /// Flushes to the disk and closes.
  Result<void> finish();
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// 32 lower-case digits.
  [[nodiscard]] std::string hash() const;

 private:
  OutputFile(std::filesystem::path path, FileCalls& calls, int file);

  std::filesystem::path path_;
  FileCalls& calls_;
  int file_;
  std::uint64_t size_ = 0;
  XXH3_state_s* state_;
};

struct FileFacts {
  std::uint64_t size = 0;
  std::string hash;
};
/// Reads a file for its size and xxh128; also flushes it to the disk when `calls` are given.
Result<FileFacts> hash_file(const std::filesystem::path& path, FileCalls* sync_with);
Result<std::string> read_text(const std::filesystem::path& path);

}  // namespace peakstorm::store
