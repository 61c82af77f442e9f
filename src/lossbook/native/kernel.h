/* What generated kernels are written in: numbers as they lie in memory, and exp, log, log1p, power that a compiler can
 * vectorise: no branches, no calls, no tables. Their polynomials are in coefficients.h, made from the functions
 * themselves by lossbook/native/polynomials.py; tests/native/test_functions.py measures each against 50 digits. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "coefficients.h"

#define ALWAYS __attribute__((always_inline))
#define TEXT(x) #x
#define INSIDE static inline ALWAYS double
/* A kernel by its name, and one in which the only exponent is 2. */
#define TWICE(name, arguments, ...)                                                             \
  static __attribute__((noinline)) double name arguments { return name##_of(__VA_ARGS__, 0); }   \
  static __attribute__((noinline)) double name##_square arguments { return name##_of(__VA_ARGS__, 1); }

#define SIMD _Pragma("omp simd")
#define SIMD_OF(clauses) _Pragma(TEXT(omp simd clauses))

typedef float real;   /* in memory */
typedef float number; /* holds every real exactly */

static inline ALWAYS number read(real x) { return x; }
static inline ALWAYS real write(double x) { return (real)x; }

#ifndef ROWS
#define ROWS 128 /* neighbouring rows that a tall kernel takes at a time */
#endif

/* One call: where each input of a loss starts, in the order in which the generated file names them. */
typedef struct {
  const real *logits, *arrays[4];
  const int64_t *index;
  const double *weights[4];
  double numbers[8];
} Inputs;

static inline ALWAYS uint64_t bits_of(double x) { uint64_t n; memcpy(&n, &x, 8); return n; }
static inline ALWAYS double of_bits(uint64_t n) { double x; memcpy(&x, &n, 8); return x; }

#if defined(__FMA__) || defined(__aarch64__)
#define MUL_ADD(a, b, c) __builtin_fma(a, b, c)
#else
#define MUL_ADD(a, b, c) ((a) * (b) + (c))
#endif

/* NaN wins, as in numpy.maximum. */
static inline ALWAYS double larger(double a, double b) { return (a > b) | (a != a) ? a : b; }
static inline ALWAYS double smaller(double a, double b) { return (a < b) | (a != a) ? a : b; }
static inline ALWAYS double abs_(double x) { return of_bits(bits_of(x) & 0x7fffffffffffffff); }

/* exp(x) for x <= 709: 2^n exp(r), |r| <= log(2)/2; 0 below the smallest normal number. */
static inline ALWAYS double exp_(double x) {
  const double magic = 0x1.8p52; /* its last bits hold n */
  const double shifted = MUL_ADD(x, 0x1.71547652b82fep0, magic);
  const double n = shifted - magic;
  const double r = MUL_ADD(-n, LOG2_LOW, MUL_ADD(-n, LOG2_HIGH, x));
  const double e = MUL_ADD(r * r, EXP_POLYNOMIAL(r), r) + 1;
  const double y = of_bits(bits_of(e) + (bits_of(shifted) << 52));
  return x < -708 ? 0 : y;
}

/* log(x) for normal x > 0: n log(2) + log(m), m from sqrt(1/2) to sqrt(2), log(m) an odd function of s = (m-1)/(m+1). */
static inline ALWAYS double log_(double x) {
  const uint64_t half = 0x3fe6a09e667f3bcd; /* sqrt(1/2) */
  const uint64_t shifted = bits_of(x) + (0x3ff0000000000000 - half);
  const double n = of_bits((shifted >> 52) | 0x4330000000000000) - (0x1p52 + 1023);
  const double f = of_bits((shifted & 0x000fffffffffffff) + half) - 1;
  const double s = f / (2 + f);
  const double z = s * s;
  const double half_square = 0.5 * f * f;
  const double tail = s * MUL_ADD(z, LOG_POLYNOMIAL(z), half_square);
  return MUL_ADD(n, LOG2_HIGH, f - (half_square - MUL_ADD(n, LOG2_LOW, tail)));
}

/* log(1 + x) for x >= 0: what 1 + x rounds away is put back; a quotient of float is enough for it. */
static inline ALWAYS double log1p_(double x) {
  const double y = 1 + x;
  const double lost = x - (y - 1);
  return log_(y) + lost * (double)(1 / (float)y);
}

/* x**r for x >= 0, r >= 0. */
static inline ALWAYS double power(double x, double r, int square) {
  if (square) return x * x;
  const double y = exp_(larger(r * log_(x), -709));
  return x > 0 ? y : x == 0 ? (r == 0 ? 1 : 0) : x;
}
