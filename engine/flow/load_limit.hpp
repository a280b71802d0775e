/// What one departure (or round, or pickup) can take, in pieces, weight and volume.
///
/// At scale 1 a limit is hard: a parcel boards when it fits. At other scales capacities are fractions of
/// parcels, so the limit is kept on average instead: loading stops once the credit is used up, and what was taken
/// beyond it is owed by the next departure. Unused room is lost, as in life.
#pragma once

#include <cstdint>

namespace peakstorm::flow {

class LoadLimit {
 public:
  struct Room {
    std::int64_t milli_pieces = 0;
    std::int64_t grams = 0;  ///< 0: not limiting.
    std::int64_t cm3 = 0;    ///< 0: not limiting.
  };

  /// Begins a departure with `room`, less what the last one took too much.
  void open(const Room& room, bool hard) {
    hard_ = hard;
    weighs_ = room.grams > 0;
    fills_ = room.cm3 > 0;
    const auto renew = [hard](std::int64_t left, std::int64_t fresh) { return fresh + (!hard && left < 0 ? left : 0); };
    left_ = {renew(left_.milli_pieces, room.milli_pieces), renew(left_.grams, room.grams), renew(left_.cm3, room.cm3)};
    empty_ = true;
  }

  /// Whether there is room for a parcel.
  [[nodiscard]] bool has_room(std::int64_t grams, std::int64_t cm3) const {
    const bool open = left_.milli_pieces > 0 && (!weighs_ || left_.grams > 0) && (!fills_ || left_.cm3 > 0);
    if (!open) return false;
    if (hard_ && !empty_) {
      // A parcel too large for any departure boards one alone rather than blocking the dock for ever.
      if (left_.milli_pieces < 1000 || (weighs_ && left_.grams < grams) || (fills_ && left_.cm3 < cm3)) return false;
    }
    return true;
  }
  /// Takes a parcel if there is room for it.
  bool take(std::int64_t grams, std::int64_t cm3) {
    if (!has_room(grams, cm3)) return false;
    left_.milli_pieces -= 1000;
    if (weighs_) left_.grams -= grams;
    if (fills_) left_.cm3 -= cm3;
    empty_ = false;
    return true;
  }
  template <class Archive>
  void transfer(Archive& archive) {
    archive(left_, hard_, weighs_, fills_, empty_);
  }

 private:
  Room left_;
  bool hard_ = true;
  bool weighs_ = false;
  bool fills_ = false;
  bool empty_ = true;
};

}  // namespace peakstorm::flow
