/* What generated kernels are written in: numbers as they lie in memory, and exp, log, log1p, power that a compiler can
 * vectorise: no branches, no calls, no tables. Their polynomials are in coefficients.h, made from the functions
 * themselves by lossbook/native/polynomials.py; tests/native/test_functions.py measures each against 50 digits.
 *
 * One file is compiled once for each dtype of the logits (FLOAT16, BFLOAT16, FLOAT64 or none, for float32) and for each
 * precision (FAST or not). */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(__AVX__)
#include <immintrin.h>
#endif

#define ALWAYS __attribute__((always_inline))
#define TEXT(x) #x
#define INSIDE(type) static inline ALWAYS type
/* A kernel by its name, and one in which the only exponent is 2. */
#define TWICE(name, arguments, ...)                                                             \
  static __attribute__((noinline)) double name arguments { return name##_of(__VA_ARGS__, 0); }   \
  static __attribute__((noinline)) double name##_square arguments { return name##_of(__VA_ARGS__, 1); }

#if defined(FLOAT64) /* in sums of structs OpenMP needs to be told how; these are added in order */
#define SIMD _Pragma("GCC ivdep")
#define SIMD_OF(clauses) _Pragma("GCC ivdep")
#else
#define SIMD _Pragma("omp simd")
#define SIMD_OF(clauses) _Pragma(TEXT(omp simd clauses))
#endif

INSIDE(uint64_t) bits_of(double x) { uint64_t n; memcpy(&n, &x, 8); return n; }
INSIDE(uint32_t) bits_of(float x) { uint32_t n; memcpy(&n, &x, 4); return n; }
INSIDE(double) of_bits(uint64_t n) { double x; memcpy(&x, &n, 8); return x; }
INSIDE(float) of_bits(uint32_t n) { float x; memcpy(&x, &n, 4); return x; }

#if defined(__FMA__) || defined(__aarch64__)
INSIDE(double) mul_add(double a, double b, double c) { return __builtin_fma(a, b, c); }
INSIDE(float) mul_add(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
#else
INSIDE(double) mul_add(double a, double b, double c) { return a * b + c; }
INSIDE(float) mul_add(float a, float b, float c) { return a * b + c; }
#endif

#include "coefficients.h"

/* -- numbers in memory ------------------------------------------------------------------------------------------------ */

#if defined(FLOAT64)
typedef double number; /* holds every real exactly */
#undef NEAR
#define NEAR 0
#else
typedef float number;
#endif

/* x rounded once to so many binary digits, to even, and to a multiple of 2^(least - digits + 1). */
INSIDE(double) rounded(double x, int digits, int least) {
  const uint64_t lowest = (uint64_t)(1023 + least) << 52, exponent = bits_of(x) & 0x7ff0000000000000;
  const double large = of_bits((exponent > lowest ? exponent : lowest) + ((uint64_t)(53 - digits) << 52));
  const double size = of_bits(bits_of(x) & 0x7fffffffffffffff);
  const double y = (size + large) - large;
  return of_bits(bits_of(y) | (bits_of(x) & 0x8000000000000000));
}

#if defined(FLOAT16)
typedef uint16_t real;
INSIDE(number) read(real x) {
  const uint32_t size = (uint32_t)(x & 0x7fff) << 13, sign = (uint32_t)(x & 0x8000) << 16;
  const float finite = of_bits(size) * 0x1p112f;
  return of_bits((size >= 0x0f800000 ? size | 0x7f800000 : bits_of(finite)) | sign);
}
#define LARGE 65504.0
INSIDE(real) write(double x) {
  const float y = (float)rounded(x, 11, -14);
  const uint32_t bits = bits_of(y), size = bits & 0x7fffffff;
  const uint32_t normal = (size - 0x38000000) >> 13;
  const uint32_t subnormal = (uint32_t)(int32_t)(of_bits(size) * 0x1p24f);
  const uint32_t finite = size < 0x38800000 ? subnormal : normal;
  const uint32_t found = size > 0x7f800000 ? 0x7e00 : size >= 0x47800000 ? 0x7c00 : finite;
  return (real)(found | ((bits >> 16) & 0x8000));
}
#elif defined(BFLOAT16)
typedef uint16_t real;
INSIDE(number) read(real x) { return of_bits((uint32_t)x << 16); }
INSIDE(real) write(double x) {
  const float y = (float)rounded(x, 8, -126);
  return (real)(y != y ? 0x7fc0 : bits_of(y) >> 16);
}
#elif defined(FLOAT64)
typedef double real;
INSIDE(number) read(real x) { return x; }
#define LARGE 0x1p500
INSIDE(real) write(double x) { return x; }
#else
typedef float real;
INSIDE(number) read(real x) { return x; }
INSIDE(real) write(double x) { return (real)x; }
INSIDE(real) write(float x) { return x; }
#endif

#ifndef LARGE
#define LARGE 0x1p120
#endif

/* -- functions -------------------------------------------------------------------------------------------------------- */

INSIDE(double) either(bool first, double a, double b) { return first ? a : b; }
INSIDE(float) either(bool first, float a, float b) { return first ? a : b; }

/* NaN wins, as in numpy.maximum. */
INSIDE(double) larger(double a, double b) { return (a > b) | (a != a) ? a : b; }
INSIDE(double) smaller(double a, double b) { return (a < b) | (a != a) ? a : b; }
INSIDE(double) abs_(double x) { return of_bits(bits_of(x) & 0x7fffffffffffffff); }
INSIDE(float) larger(float a, float b) { return (a > b) | (a != a) ? a : b; }
INSIDE(float) smaller(float a, float b) { return (a < b) | (a != a) ? a : b; }
INSIDE(float) abs_(float x) { return of_bits(bits_of(x) & 0x7fffffff); }

/* exp(x): 2^n exp(r), |r| <= log(2)/2, for |x| <= 700. */
INSIDE(double) exp_in_range(double x) {
  const double magic = 0x1.8p52; /* its last bits hold n */
  const double shifted = mul_add(x, 0x1.71547652b82fep0, magic);
  const double r = mul_add(magic - shifted, 0x1.62e42fefa39efp-1, x);
  const double e = mul_add(r * r, exp_polynomial(r), 1 + r);
  return of_bits(bits_of(e) + (bits_of(shifted) << 52));
}

/* The same for |x| <= 40, to 2 units in the last place: n log(2) is rounded. */
INSIDE(float) exp_in_range(float x) {
  const float magic = 0x1.8p23f;
  const float shifted = mul_add(x, 0x1.715476p0f, magic);
  const float r = mul_add(magic - shifted, 0x1.62e430p-1f, x);
  const float e = mul_add(r * r, exp_polynomial(r), 1 + r);
  return of_bits(bits_of(e) + (bits_of(shifted) << 23));
}

/* exp(x) for x <= 709; 0 below the smallest normal number. */
INSIDE(double) exp_(double x) {
  const double y = exp_in_range(x);
  return x < -708 ? 0 : y;
}

/* log(x + lost) for normal x > 0 and what was rounded away from it: n log(2) + log(m), m from sqrt(1/2) to sqrt(2). */
INSIDE(double) log_of(double x, double lost) { /* log(m) is an odd function of s = (m-1)/(m+1) */
  const uint64_t half = 0x3fe6a09e667f3bcd; /* sqrt(1/2) */
  const uint64_t shifted = bits_of(x) + (0x3ff0000000000000 - half), exponent = shifted & 0xfff0000000000000;
  const double n = of_bits((shifted >> 52) | 0x4330000000000000) - (0x1p52 + 1023);
  const double f = (of_bits((shifted & 0x000fffffffffffff) + half) - 1) + lost * of_bits(0x7fe0000000000000 - exponent);
  const double s = f / (2 + f);
  const double z = s * s;
  const double half_square = 0.5 * f * f;
  const double tail = s * mul_add(z, log_polynomial(z), half_square);
  return mul_add(n, LOG2_HIGH_double, f - (half_square - mul_add(n, LOG2_LOW_double, tail)));
}

INSIDE(float) log_of(float x, float lost) { /* log(1 + f) = f + f f P(f): no division */
  const uint32_t half = 0x3f3504f3;
  const uint32_t shifted = bits_of(x) + (0x3f800000 - half), exponent = shifted & 0xff800000;
  const float n = (float)(int32_t)(shifted >> 23) - 127;
  const float f = (of_bits((shifted & 0x007fffff) + half) - 1) + lost * of_bits(0x7f000000 - exponent);
  return mul_add(n, LOG2_HIGH_float, mul_add(n, LOG2_LOW_float, mul_add(f * f, log_polynomial(f), f)));
}

INSIDE(double) log_(double x) { return log_of(x, 0.0); }
INSIDE(float) log_(float x) { return log_of(x, 0.0f); }

/* log(1 + x) for x >= 0: what 1 + x rounds away is put back. */
INSIDE(double) log1p_(double x) {
  const double y = 1 + x;
  return log_of(y, x - (y - 1));
}

INSIDE(float) log1p_(float x) {
  const float y = 1 + x;
  return log_of(y, x - (y - 1));
}

/* log(1 + x) for x from 0 to 1, as x P(x). */
INSIDE(double) log1p_to_one(double x) { return x * log1p_polynomial(x); }
INSIDE(float) log1p_to_one(float x) { return x * log1p_polynomial(x); }

/* x**r for x >= 0, r >= 0. */
INSIDE(double) power(double x, double r, int square) {
  if (square) return x * x;
  const double y = exp_(larger(r * log_(x), -709));
  return x > 0 ? y : x == 0 ? (r == 0 ? 1 : 0) : x;
}

/* In double: an error of the logarithm grows with r log(x). */
INSIDE(float) power(float x, double r, int square) {
  if (square) return x * x;
  return (float)power((double)x, r, 0);
}

#if defined(FLOAT64)
#include "pair.h"
INSIDE(real) write(Pair x) { return x.hi; }
#endif

/* -- two ways to compute -------------------------------------------------------------------------------------------- */

/* near: for logits within reach, so that nothing overflows and the largest is not asked for. Each is what is computed for
 * every class, and for rows side by side; Row what is computed once for a row of many classes. */
namespace near {
#if FAST
typedef float Each;
#else
typedef double Each;
#endif
typedef double Row;
}

/* One call: where each input of a loss starts, in the order in which the generated file names them. */
#if FAST
typedef int32_t Class; /* as wide as what is computed with it */
#else
typedef int64_t Class;
#endif
typedef struct {
  const real *logits, *arrays[4];
  const int64_t *index;
  const double *weights[4];
  double numbers[8];
  /* The rest is for the kernels in near: a number for each row of a block. */
  const Class *classes;           /* the target's */
  const near::Each *weights_of[4]; /* the weights of that class */
  const near::Each *factors;      /* of the gradient; 0 where a row does not count */
  const near::Each *counted;      /* 1, or 0 where a row does not count */
  int32_t reach;                  /* bits of the largest logit for which these kernels are right */
  int stream;                     /* whether the gradient goes past the caches */
} Inputs;

/* far: for all logits, in double; in pairs of doubles where logits are doubles. */
namespace far {
#if defined(FLOAT64)
typedef Pair Each;
#else
typedef double Each;
#endif
}

#if NEAR
/* A kernel in near returns NaN, and has written nothing, where a logit is out of reach. */
namespace near {
INSIDE(double) exp_(double x) { return exp_in_range(x); }
INSIDE(float) exp_(float x) { return exp_in_range(x); }
INSIDE(double) larger(double a, double b) { return a > b ? a : b; }
INSIDE(float) larger(float a, float b) { return a > b ? a : b; }

/* How far from 0 a logit is, as a whole number; more than that of any number for NaN. */
INSIDE(int32_t) size_of(number x) { return (int32_t)(bits_of(x) & 0x7fffffff); }

/* The largest of these and `most`. */
INSIDE(int32_t) farthest(const real *logits, int64_t count, int32_t most) {
  SIMD_OF(reduction(max : most))
  for (int64_t n = 0; n < count; n++) {
    const int32_t size = size_of(read(logits[n]));
    most = size > most ? size : most;
  }
  return most;
}

/* Whether a factor of the gradient has lost digits to the narrow range of float. */
INSIDE(int) lost(double x) { return FAST && abs_(x) < 0x1p-126 && x != 0; }
INSIDE(int) lost(float x) { return FAST && abs_(x) < 0x1p-126f && x != 0; }

#define CLASSES_AT_A_TIME 256
/* The classes in blocks: sums of float stay short, and only the block of the target asks for it. */
template <typename Loop> INSIDE(void) in_blocks(int64_t classes, Class index, Loop loop) {
  const Class all = (Class)classes;
  for (Class from = 0; from < all; from += CLASSES_AT_A_TIME) {
    const Class to = all - from > CLASSES_AT_A_TIME ? from + CLASSES_AT_A_TIME : all;
    if (from <= index && index < to) loop(from, to, index);
    else loop(from, to, (Class)-1);
  }
}

/* The same for rows side by side: about as many groups as there are classes in one. */
INSIDE(Class) group_of(int64_t classes) {
  Class step = FAST ? 16 : (Class)classes;
  while ((int64_t)step * step < classes) step *= 2;
  return step;
}

/* Asks for memory that is read soon. */
INSIDE(void) fetch(const real *from, int64_t count) {
  for (int64_t n = 0; n < count; n += 64 / sizeof(real)) __builtin_prefetch(from + n);
}

INSIDE(void) stream_(real *to, const real *from, int64_t count) {
  int64_t n = 0;
#if defined(__AVX__)
  const int64_t step = 32 / sizeof(real);
  for (; n + step <= count; n += step)
    _mm256_stream_si256((__m256i *)(to + n), _mm256_loadu_si256((const __m256i *)(from + n)));
#endif
  for (; n < count; n++) to[n] = from[n];
}

/* So many neighbouring numbers of the gradient: straight to their place, or in blocks past the caches. */
template <typename Loop> INSIDE(void) written(const Inputs *in, int64_t count, real *gradient, Loop loop) {
  if (!in->stream) {
    loop(0, count, gradient);
    return;
  }
  real block[CLASSES_AT_A_TIME] __attribute__((aligned(32)));
  for (int64_t from = 0; from < count; from += CLASSES_AT_A_TIME) {
    const int64_t to = from + CLASSES_AT_A_TIME < count ? from + CLASSES_AT_A_TIME : count;
    loop(from, to, block - from);
    stream_(gradient + from, block, to - from);
  }
}
} // namespace near
#endif

#define ROWS 128                       /* neighbouring rows that a tall kernel takes at a time */
#define BLOCK (BY_CLASS ? ROWS : 256)  /* the same, for rows of one output too */
