#include "results/store/file_calls.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <new>
#include <sstream>
#include <system_error>
#include <vector>

namespace peakstorm::store {
namespace {

std::string digits_of(XXH128_hash_t hash) {
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace

int FileCalls::make_directory(const char* path) {
  return ::mkdir(path, 0777);
}
int FileCalls::create(const char* path) {
  return ::open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
}
int FileCalls::reopen(const char* path) {
  return ::open(path, O_RDWR | O_CLOEXEC);
}
int FileCalls::truncate(int file, std::uint64_t size) {
  return ::ftruncate(file, static_cast<off_t>(size));
}
int FileCalls::remove(const char* path) {
  return ::unlink(path);
}
ssize_t FileCalls::write(int file, const void* bytes, std::size_t size) {
  return ::write(file, bytes, size);
}
int FileCalls::sync(int file) {
  return ::fsync(file);
}
int FileCalls::close(int file) {
  return ::close(file);
}
int FileCalls::rename(const char* from, const char* to) {
  return std::rename(from, to);
}
int FileCalls::sync_directory(const char* path) {
  const int directory = ::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return -1;
  const int result = ::fsync(directory);
  const int reason = errno;
  ::close(directory);
  errno = reason;
  return result;
}

FileCalls& system_calls() {
  static FileCalls calls;
  return calls;
}

tl::unexpected<Error> io_error(const std::filesystem::path& path, std::string_view action) {
  const int reason = errno;
  const char* cure =
      reason == ENOSPC || reason == EDQUOT || reason == EFBIG  ? "; free some space or write the run to another disk"
      : reason == EACCES || reason == EPERM || reason == EROFS ? "; write the run to a folder that you may write to"
                                                               : "";
  return fail(ErrorKind::io,
              fmt::format("{}: cannot {}: {}{}", path.string(), action, std::generic_category().message(reason), cure));
}

OutputFile::OutputFile(std::filesystem::path path, FileCalls& calls, int file)
    : path_(std::move(path)), calls_(calls), file_(file), state_(XXH3_createState()) {
  if (state_ == nullptr) throw std::bad_alloc();
  XXH3_128bits_reset(state_);
}

OutputFile::~OutputFile() {
  if (file_ >= 0) calls_.close(file_);
  XXH3_freeState(state_);
}

Result<std::unique_ptr<OutputFile>> OutputFile::create(const std::filesystem::path& path, FileCalls& calls) {
  const int file = calls.create(path.c_str());
  if (file < 0) return io_error(path, "create");
  return std::unique_ptr<OutputFile>(new OutputFile(path, calls, file));
}

Result<std::unique_ptr<OutputFile>> OutputFile::reopen(const std::filesystem::path& path, FileCalls& calls) {
  const int file = calls.reopen(path.c_str());
  if (file < 0) return io_error(path, "open");
  return std::unique_ptr<OutputFile>(new OutputFile(path, calls, file));
}

Result<void> OutputFile::rewind(std::uint64_t size, const std::string& hash) {
  XXH3_128bits_reset(state_);
  size_ = 0;
  if (::lseek(file_, 0, SEEK_SET) < 0) return io_error(path_, "read");
  std::vector<std::byte> buffer(std::size_t{1} << 20U);
  while (size_ < size) {
    const ssize_t got = ::read(file_, buffer.data(), std::min<std::uint64_t>(buffer.size(), size - size_));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error(path_, "read");
    if (got == 0) {
      return fail(ErrorKind::bad_input,
                  fmt::format("{}: has {} bytes, the checkpoint goes on from {}; restore the file or run the scenario "
                              "again",
                              path_.string(), size_, size));
    }
    XXH3_128bits_update(state_, buffer.data(), static_cast<std::size_t>(got));
    size_ += static_cast<std::uint64_t>(got);
  }
  if (this->hash() != hash) {
    return fail(ErrorKind::bad_input,
                fmt::format("{}: its first {} bytes are not those that the checkpoint knows: the file was changed or "
                            "damaged; restore it or run the scenario again",
                            path_.string(), size));
  }
  if (calls_.truncate(file_, size) != 0) return io_error(path_, "cut");
  return {};
}

Result<void> OutputFile::append(std::span<const std::byte> bytes) {
  XXH3_128bits_update(state_, bytes.data(), bytes.size());
  while (!bytes.empty()) {
    const ssize_t written = calls_.write(file_, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return io_error(path_, "write");
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    size_ += static_cast<std::uint64_t>(written);
  }
  return {};
}

Result<void> OutputFile::append(std::string_view text) {
  return append(std::as_bytes(std::span(text.data(), text.size())));
}

Result<void> OutputFile::sync() {
  if (calls_.sync(file_) != 0) return io_error(path_, "flush");
  return {};
}

Result<void> OutputFile::finish() {
  if (auto synced = sync(); !synced) return synced;
  // Closing can report a late write error (network file systems, quotas).
  const int result = calls_.close(file_);
  file_ = -1;
  if (result != 0) return io_error(path_, "close");
  return {};
}

std::string OutputFile::hash() const {
  return digits_of(XXH3_128bits_digest(state_));
}

Result<FileFacts> hash_file(const std::filesystem::path& path, FileCalls* sync_with) {
  const int file = ::open(path.c_str(), (sync_with != nullptr ? O_RDWR : O_RDONLY) | O_CLOEXEC);
  if (file < 0) return io_error(path, "open");
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(XXH3_createState(), XXH3_freeState);
  if (!state) throw std::bad_alloc();
  XXH3_128bits_reset(state.get());
  FileFacts facts;
  std::vector<std::byte> buffer(1U << 20U);
  ssize_t got = 0;
  while ((got = ::read(file, buffer.data(), buffer.size())) != 0) {
    if (got < 0) {
      if (errno == EINTR) continue;
      break;
    }
    XXH3_128bits_update(state.get(), buffer.data(), static_cast<std::size_t>(got));
    facts.size += static_cast<std::uint64_t>(got);
  }
  if (got < 0) {
    auto error = io_error(path, "read");
    ::close(file);
    return error;
  }
  if (sync_with != nullptr && sync_with->sync(file) != 0) {
    auto error = io_error(path, "flush");
    ::close(file);
    return error;
  }
  ::close(file);
  facts.hash = digits_of(XXH3_128bits_digest(state.get()));
  return facts;
}

Result<std::string> read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return io_error(path, "open");
  std::ostringstream text;
  text << in.rdbuf();
  if (in.bad()) return io_error(path, "read");
  return text.str();
}

}  // namespace peakstorm::store
