/// Factor of a symmetric positive definite matrix, and what is solved with it. For the learnt models of this room,
/// whose matrices have some hundreds of rows. A value; used by one thread at a time while it is made, by any
/// afterwards.
#pragma once

#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "engine/check.hpp"

namespace peakstorm {

class Cholesky {
 public:
  /// `a`: n rows of n, of which the lower triangle is read. Requires positive definiteness: a penalty on every effect
  /// sees to it. Cost: n cubed / 6.
  explicit Cholesky(std::vector<double> a, std::size_t n) : a_(std::move(a)), n_(n) {
    for (std::size_t j = 0; j < n_; ++j) {
      double* const row = &a_[j * n_];
      for (std::size_t i = 0; i <= j; ++i) {
        const double* const other = &a_[i * n_];
        double sum = row[i];
        for (std::size_t k = 0; k < i; ++k) sum -= row[k] * other[k];
        if (i < j) {
          row[i] = sum / other[i];
        } else {
          PEAKSTORM_CHECK(sum > 0, sum, j);
          row[j] = std::sqrt(sum);
        }
      }
    }
  }
  /// The x of a x = b. Cost: n squared.
  [[nodiscard]] std::vector<double> solve(std::vector<double> b) const {
    for (std::size_t i = 0; i < n_; ++i) {
      double sum = b[i];
      for (std::size_t k = 0; k < i; ++k) sum -= a_[i * n_ + k] * b[k];
      b[i] = sum / a_[i * n_ + i];
    }
    for (std::size_t i = n_; i-- > 0;) {
      double sum = b[i];
      for (std::size_t k = i + 1; k < n_; ++k) sum -= a_[k * n_ + i] * b[k];
      b[i] = sum / a_[i * n_ + i];
    }
    return b;
  }

 private:
  std::vector<double> a_;
  std::size_t n_;
};

}  // namespace peakstorm
