/// What a recorder would be told, kept in a file without a name (in TMPDIR, else /tmp) until it can be told: to bring
/// together what several processes sent. About 50 bytes per request; memory does not grow.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "engine/replay.hpp"
#include "engine/result.hpp"

namespace peakstorm {

class ReplayLog final : public ReplayRecorder {
 public:
  /// Errors: io.
  static Result<std::unique_ptr<ReplayLog>> create();
  ~ReplayLog() override;
  ReplayLog(const ReplayLog&) = delete;
  ReplayLog& operator=(const ReplayLog&) = delete;

  void begin(const ReplayEnvironment& environment) override;
  void request(const RequestRecord& record) override;
  void injected(const InjectedFault& fault) override;
  void shown(const ShownStatus& status) override;
  void read_back(const ShownParcel& parcel) override;
  void stored(const StoredMessage& message) override;
  void stored_all() override;
  void end(std::chrono::nanoseconds wall, std::chrono::nanoseconds cpu, bool complete) override;

  /// What begin and end were told.
  struct Frame {
    ReplayEnvironment environment;
    std::chrono::nanoseconds wall{};
    std::chrono::nanoseconds cpu{};
    bool complete = false;
  };
  [[nodiscard]] const Frame& frame() const;

  /// Up to `limit` further bytes of everything between begin and end, for `append` elsewhere; none: that was all.
  /// Errors: io, also of what could not be written before.
  Result<std::vector<std::byte>> take(std::size_t limit);
  Result<void> append(std::span<const std::byte> bytes);

 private:
  friend Result<void> tell(std::span<const std::unique_ptr<ReplayLog>> logs, ReplayRecorder& to);
  struct File;
  explicit ReplayLog(std::unique_ptr<File> file);
  std::unique_ptr<File> file_;
};

/// Tells `to` what all logs hold, in the order of their instants, which are to be of one clock; what is read back comes
/// after all that was sent. Neither begin nor end is told. The logs are read up. Errors: io; malformed_reply for a log
/// that is none.
Result<void> tell(std::span<const std::unique_ptr<ReplayLog>> logs, ReplayRecorder& to);

}  // namespace peakstorm
