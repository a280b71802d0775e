/// The stream files of a run folder (peakstorm.proto): rows of scans or acts in zstd frames with an index at the end.
/// One writer or reader per file and thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "engine/archive.hpp"
#include "engine/result.hpp"
#include "engine/scan.hpp"
#include "results/store/file_calls.hpp"

namespace peakstorm::store {

/// Writes one stream file. After an error the file is useless; the caller reports the error and gives the run up.
/// T is Scan or ShopperAct.
template <class T>
class StreamWriter {
 public:
  /// `threads` may compress, the caller's included; the file is the same for any number.
  static Result<std::unique_ptr<StreamWriter>> create(const std::filesystem::path& path, FileCalls& calls,
                                                      unsigned threads = 1);
  virtual ~StreamWriter() = default;
  /// A file that is there and is to be written on from where save() stood; resume() comes next.
  static Result<std::unique_ptr<StreamWriter>> reopen(const std::filesystem::path& path, FileCalls& calls,
                                                      unsigned threads = 1);
  virtual Result<void> append(std::span<const T> items) = 0;
  /// Writes how far the stream has come, with what does not yet fill a frame: the finished file will be the same, byte
  /// for byte, as if nobody had saved.
  virtual void save(ArchiveWriter& archive) const = 0;
  /// What append() wrote to the file survives a power cut.
  virtual Result<void> sync() = 0;
  /// Back to where save() stood: what the file holds beyond is cut off. Errors: bad_input when the archive or the file
  /// is damaged; io.
  virtual Result<void> resume(ArchiveReader& archive) = 0;
  /// Writes what is left and the index, flushes and closes.
  virtual Result<void> finish() = 0;
  /// Valid after finish().
  [[nodiscard]] virtual FileFacts facts() const = 0;
};

/// Reads one stream file from the front. Errors: io; bad_input for a damaged file, naming the frame.
template <class T>
class StreamReader {
 public:
  static Result<std::unique_ptr<StreamReader>> open(const std::filesystem::path& path);
  virtual ~StreamReader() = default;
  /// Replaces `items` with those of the next frame; empty means the end.
  virtual Result<void> next_frame(std::vector<T>& items) = 0;
  /// That frame as it was stored, unpacked: length-delimited messages. Valid until the next call.
  [[nodiscard]] virtual std::span<const std::byte> plain() const = 0;
};

extern template class StreamWriter<Scan>;
extern template class StreamWriter<ShopperAct>;
extern template class StreamReader<Scan>;
extern template class StreamReader<ShopperAct>;

}  // namespace peakstorm::store
