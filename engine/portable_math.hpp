/// exp, log and the normal quantile from additions, multiplications, divisions and square roots alone.
/// IEEE 754 fixes those to the last bit, while libm's exp and log differ between versions and machines;
/// a random count that hangs on the last bit of an exp would change a digest. Compile with
/// -ffp-contract=off.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace peakstorm {

/// Natural logarithm of x in (0, inf), relative error below 1e-14: x = m 2^e with m in [sqrt(1/2), sqrt(2)),
/// log m = 2 artanh((m - 1) / (m + 1)) by its series.
inline double portable_log(double x) {
  int exponent = 0;
  double m = std::frexp(x, &exponent);  // Exact.
  if (m < 0.70710678118654752) {
    m *= 2;
    --exponent;
  }
  const double z = (m - 1) / (m + 1);
  const double z2 = z * z;
  double sum = 0;
  for (int k = 21; k >= 1; k -= 2) sum = sum * z2 + 1.0 / k;
  return exponent * 0.69314718055994531 + 2 * z * sum;
}

/// exp(x) for |x| < 700, relative error below 1e-14: x = n ln 2 + r, |r| <= 0.35, exp r by its series.
inline double portable_exp(double x) {
  const double n = std::floor(x * 1.4426950408889634 + 0.5);
  const double r = (x - n * 0.693147180369123816490) - n * 1.90821492927058770002e-10;  // ln 2 in two parts
  double sum = 1;
  for (int k = 14; k >= 1; --k) sum = 1 + sum * r / k;
  return std::ldexp(sum, static_cast<int>(n));  // Exact.
}

/// Quantile of the standard normal distribution for p in (0, 1): Acklam's rational approximation (relative
/// error 1.2e-9), enough for random variates; statistics use Boost.Math.
inline double normal_quantile(double p) {
  constexpr double a[] = {-3.969683028665376e+01, 2.209460984245205e+02,  -2.759285104469687e+02,
                          1.383577518672690e+02,  -3.066479806614716e+01, 2.506628277459239e+00};
  constexpr double b[] = {-5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02, 6.680131188771972e+01,
                          -1.328068155288572e+01};
  constexpr double c[] = {-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
                          -2.549732539343734e+00, 4.374664141464968e+00,  2.938163982698783e+00};
  constexpr double d[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00, 3.754408661907416e+00};
  const auto tail = [&](double q) {
    return (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
           ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
  };
  constexpr double low = 0.02425;
  if (p < low) return tail(std::sqrt(-2 * portable_log(p)));
  if (p > 1 - low) return -tail(std::sqrt(-2 * portable_log(1 - p)));
  const double q = p - 0.5;
  const double r = q * q;
  return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
         (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
}

}  // namespace peakstorm
