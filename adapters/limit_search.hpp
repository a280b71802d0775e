/// Which rates to try, to find the highest one that a target still bears: arithmetic only.
///
/// A trial at a rate either holds or fails, by chance where the rate is near the limit. The limit is the rate at which
/// half of the trials hold; the share is taken to fall, never to rise, with the rate, and trials to be independent. The
/// search doubles (or halves) the rate until a trial fails (holds), halves the ratio of that bracket by single trials
/// until it is within the precision, and then proves both ends: the lower one counts when k trials there hold without
/// exception, the upper one when k trials there fail without exception. An end that does not stand moves outwards.
///
/// If less than half of the trials held at the lower end, all k would hold with a chance below 2^-k; likewise at the
/// upper end. The chances of all proofs begun, whether they stood or not, are added up (Bonferroni), which makes the
/// rates' having been chosen by earlier trials harmless; those earlier trials count for nothing. k is 6 for the first
/// two proofs, then 7, 8 and so on: 2 * 2^-6 + 2^-7 + ... is below 4.7 %, so the interval holds the limit in more than
/// 95 of 100 searches, and in 96.9 when no end had to move.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace peakstorm {

class LimitSearch {
 public:
  struct Bounds {
    double start = 100;  ///< First rate tried; in [lowest, highest].
    double lowest = 1;   ///< Nothing below is tried.
    double highest = 50'000;
    double precision = 0.05;  ///< The bracket's ends differ by this share before they are proved.
  };
  enum class Stage : std::uint8_t { bracket, narrow, prove_low, prove_high, over };

  /// Requires: 0 < lowest <= start <= highest, precision > 0.
  explicit LimitSearch(const Bounds& bounds);

  /// Requests per second of the next trial; none when the search is over.
  [[nodiscard]] std::optional<double> next() const;
  /// How that trial went. Requires: next().
  void tell(bool held);

  [[nodiscard]] Stage stage() const { return stage_; }
  /// Highest rate proved to hold; none when not even the lowest did (then the limit is below it).
  [[nodiscard]] std::optional<double> low() const;
  /// Lowest rate proved to fail; none when the highest held.
  [[nodiscard]] std::optional<double> high() const;
  /// That the limit lies between, at least. Requires: over.
  [[nodiscard]] double confidence() const { return 1 - doubt_; }
  [[nodiscard]] unsigned low_trials() const { return low_trials_; }
  [[nodiscard]] unsigned high_trials() const { return high_trials_; }

 private:
  void begin_proof(Stage stage);
  void narrow();
  void tell_bracket(bool held);
  void tell_proof(bool as_claimed);

  Bounds bounds_;
  Stage stage_ = Stage::bracket;
  double rate_;
  double low_ = 0;   // 0: none known to hold.
  double high_ = 0;  // 0: none known to fail.
  bool low_proved_ = false;
  bool high_proved_ = false;
  unsigned proofs_ = 0;
  unsigned wanted_ = 0;  // Trials of the proof under way ...
  unsigned got_ = 0;     // ... and those that went as claimed.
  unsigned widened_ = 0;
  unsigned low_trials_ = 0;
  unsigned high_trials_ = 0;
  double doubt_ = 0;
};

}  // namespace peakstorm
