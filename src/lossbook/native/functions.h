/* exp, log, log1p and power without branches, calls or tables, so that compilers vectorise them.
 * The polynomials in coefficients.h are fitted to the functions themselves by
 * lossbook/codegen/cpp/coefficients.py; tests/native/test_functions.py compares each function with
 * values of 50 digits. */
#include "coefficients.h"

/* exp(x): 2^n exp(r), |r| <= log(2)/2, for |x| <= 700. */
FOR(double) INSIDE(T) exp_in_range(T x) {
  const double magic = 0x1.8p52; /* its last bits hold n */
  const T shifted = mul_add(x, 0x1.71547652b82fep0, magic);
  const T r = mul_add(magic - shifted, 0x1.62e42fefa39efp-1, x);
  const T e = mul_add(r * r, exp_polynomial(r), 1 + r);
  return of_bits(bits_of(e) + (bits_of(shifted) << 52));
}

/* x - n log(2); without fused multiply-add, log(2) is split so that no digits are lost. */
#if !defined(__FMA__) && !defined(__aarch64__)
FOR(float) INSIDE(T) without_powers(T x, T n) { return (x - n * LOG2_HIGH_float) - n * LOG2_LOW_float; }
#else
FOR(float) INSIDE(T) without_powers(T x, T n) { return mul_add(n, -0x1.62e430p-1f, x); }
#endif

/* The same for |x| <= 40, to 2 units in the last place. */
FOR(float) INSIDE(T) exp_in_range(T x) {
  const float magic = 0x1.8p23f;
  const T shifted = mul_add(x, 0x1.715476p0f, magic);
  const T r = without_powers(x, shifted - magic);
  const T e = mul_add(r * r, exp_polynomial(r), 1 + r);
  return of_bits(bits_of(e) + (bits_of(shifted) << 23));
}

/* exp(x) for x <= 709; 0 below the smallest normal number. */
FOR(double) INSIDE(T) exp_(T x) {
  const T y = exp_in_range(x);
  return either(x < -708, 0.0, y);
}

/* log(x + lost) = n log(2) + log(m), m from sqrt(1/2) to sqrt(2), for normal x > 0 and its rounding error `lost`. */
FOR(double) INSIDE(T) log_of(T x, T lost) { /* log(m) is an odd function of s = (m-1)/(m+1) */
  const uint64_t half = 0x3fe6a09e667f3bcd; /* sqrt(1/2) */
  const auto shifted = bits_of(x) + (0x3ff0000000000000u - half), exponent = shifted & 0xfff0000000000000u;
  const T n = of_bits((shifted >> 52) | 0x4330000000000000u) - (0x1p52 + 1023);
  const T f = (of_bits((shifted & 0x000fffffffffffffu) + half) - 1) + lost * of_bits(0x7fe0000000000000u - exponent);
  const T s = f / (2 + f);
  const T z = s * s;
  const T half_square = 0.5 * f * f;
  const T tail = s * mul_add(z, log_polynomial(z), half_square);
  return mul_add(n, LOG2_HIGH_double, f - (half_square - mul_add(n, LOG2_LOW_double, tail)));
}

FOR(float) INSIDE(T) log_of(T x, T lost) { /* log(1 + f) = f + f f P(f): no division */
  const uint32_t half = 0x3f3504f3;
  const auto shifted = bits_of(x) + (0x3f800000u - half), exponent = shifted & 0xff800000u;
  const T n = as_float(shifted >> 23) - 127;
  const T f = (of_bits((shifted & 0x007fffffu) + half) - 1) + lost * of_bits(0x7f000000u - exponent);
  return mul_add(n, LOG2_HIGH_float, mul_add(n, LOG2_LOW_float, mul_add(f * f, log_polynomial(f), f)));
}

FOR(double) INSIDE(T) log_(T x) { return log_of(x, T{}); }
FOR(float) INSIDE(T) log_(T x) { return log_of(x, T{}); }

/* log(1 + x) for x >= 0, corrected for the rounding of 1 + x. */
FOR(double) INSIDE(T) log1p_(T x) {
  const T y = 1 + x;
  return log_of(y, x - (y - 1));
}

FOR(float) INSIDE(T) log1p_(T x) {
  const T y = 1 + x;
  return log_of(y, x - (y - 1));
}

/* log(1 + x) for x from 0 to 1, as x P(x). */
FOR(double) INSIDE(T) log1p_to_one(T x) { return x * log1p_polynomial(x); }
FOR(float) INSIDE(T) log1p_to_one(T x) { return x * log1p_polynomial(x); }

/* x**r for x >= 0, r >= 0; square: r is 2. */
FOR(double) INSIDE(T) power(T x, double r, int square) {
  if (square) return x * x;
  const T y = exp_(larger(r * log_(x), -709.0));
  return either(x > 0, y, either(x == 0, r == 0 ? 1.0 : 0.0, x));
}

/* Through double, because the error of the logarithm is multiplied by r log(x). */
INSIDE(float) power(float x, double r, int square) {
  if (square) return x * x;
  return (float)power((double)x, r, 0);
}

INSIDE(Floats) power(Floats x, double r, int square) {
  if (square) return x * x;
  typedef float Half SO_WIDE(VECTOR_BYTES / 2);
  Half part[2];
  memcpy(part, &x, sizeof x);
  for (int n = 0; n < 2; n++) part[n] = __builtin_convertvector(power(__builtin_convertvector(part[n], Doubles), r, 0), Half);
  memcpy(&x, part, sizeof x);
  return x;
}
