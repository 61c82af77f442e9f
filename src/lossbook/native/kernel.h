/* What generated kernels are written in: numbers as they lie in memory, and exp, log, log1p, power that a compiler can
 * vectorise: no branches, no calls, no tables. Their polynomials are in coefficients.h, made from the functions
 * themselves by lossbook/native/polynomials.py; tests/native/test_functions.py measures each against 50 digits.
 *
 * One file is compiled once for each dtype of the logits (FLOAT16, BFLOAT16, FLOAT64 or none, for float32), for each
 * precision (FAST or not), and for targets that are shares of classes or, ONE_HOT, class numbers. */
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

/* Vectors of numbers, as wide as this processor's: what is written for one number holds for each of theirs. */
#if defined(__AVX512F__)
#define VECTOR 64
#elif defined(__AVX__)
#define VECTOR 32
#else
#define VECTOR 16
#endif
#define SO_WIDE(size) __attribute__((vector_size(size)))
typedef float Floats SO_WIDE(VECTOR);
typedef double Doubles SO_WIDE(VECTOR);
typedef uint32_t FloatBits SO_WIDE(VECTOR);
typedef uint64_t DoubleBits SO_WIDE(VECTOR);

/* FOR(float) starts what is written for float and Floats: T is one of them. */
template <typename T> struct Kind {};
template <> struct Kind<float> { typedef int float_; };
template <> struct Kind<Floats> { typedef int float_; };
template <> struct Kind<double> { typedef int double_; };
template <> struct Kind<Doubles> { typedef int double_; };
#define FOR(number) template <typename T, typename Kind<T>::number##_ = 0>

INSIDE(uint64_t) bits_of(double x) { uint64_t n; memcpy(&n, &x, 8); return n; }
INSIDE(uint32_t) bits_of(float x) { uint32_t n; memcpy(&n, &x, 4); return n; }
INSIDE(double) of_bits(uint64_t n) { double x; memcpy(&x, &n, 8); return x; }
INSIDE(float) of_bits(uint32_t n) { float x; memcpy(&x, &n, 4); return x; }
INSIDE(DoubleBits) bits_of(Doubles x) { return (DoubleBits)x; }
INSIDE(FloatBits) bits_of(Floats x) { return (FloatBits)x; }
INSIDE(Doubles) of_bits(DoubleBits n) { return (Doubles)n; }
INSIDE(Floats) of_bits(FloatBits n) { return (Floats)n; }
INSIDE(float) as_float(uint32_t n) { return (float)(int32_t)n; }
INSIDE(Floats) as_float(FloatBits n) { typedef int32_t Ints SO_WIDE(VECTOR); return __builtin_convertvector((Ints)n, Floats); }

/* A vector of one number. */
INSIDE(Floats) all(Floats x) { return x; }
INSIDE(Doubles) all(Doubles x) { return x; }
INSIDE(Floats) all(float x) { Floats y; for (unsigned n = 0; n < VECTOR / sizeof x; n++) y[n] = x; return y; }
INSIDE(Doubles) all(double x) { Doubles y; for (unsigned n = 0; n < VECTOR / sizeof x; n++) y[n] = x; return y; }

#if defined(__FMA__) || defined(__aarch64__)
INSIDE(double) mul_add(double a, double b, double c) { return __builtin_fma(a, b, c); }
INSIDE(float) mul_add(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
#else
INSIDE(double) mul_add(double a, double b, double c) { return a * b + c; }
INSIDE(float) mul_add(float a, float b, float c) { return a * b + c; }
#endif
template <typename V> INSIDE(V) each_mul_add(V a, V b, V c) {
  V y;
  for (unsigned n = 0; n < VECTOR / sizeof a[0]; n++) y[n] = mul_add(a[n], b[n], c[n]);
  return y;
}
template <typename A, typename B, typename C> INSIDE(auto) mul_add(A a, B b, C c) -> decltype(all(a + b + c)) {
  return each_mul_add(all(a), all(b), all(c));
}

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

/* A share of a class, or 1 for the target's class and 0 for all others. */
#if ONE_HOT
#define TARGET(targets, at, k, index) ((number)((k) == (index)))
#else
#define TARGET(targets, at, k, index) read(targets[at])
#endif

#define LINE 64 /* bytes of the caches that are read and written together */
/* How many numbers after the start of a line an address is. */
INSIDE(int64_t) in_line(const real *at) { return (int64_t)((uintptr_t)at % LINE / sizeof(real)); }

/* -- functions -------------------------------------------------------------------------------------------------------- */

INSIDE(double) either(bool first, double a, double b) { return first ? a : b; }
INSIDE(float) either(bool first, float a, float b) { return first ? a : b; }
template <typename M, typename A, typename B> INSIDE(auto) either(M first, A a, B b) -> decltype(first[0], all(a + b)) {
  return first ? all(a) : all(b);
}

/* NaN wins, as in numpy.maximum. */
INSIDE(double) larger(double a, double b) { return (a > b) | (a != a) ? a : b; }
INSIDE(double) smaller(double a, double b) { return (a < b) | (a != a) ? a : b; }
INSIDE(double) abs_(double x) { return of_bits(bits_of(x) & 0x7fffffffffffffff); }
INSIDE(float) larger(float a, float b) { return (a > b) | (a != a) ? a : b; }
INSIDE(float) smaller(float a, float b) { return (a < b) | (a != a) ? a : b; }
INSIDE(float) abs_(float x) { return of_bits(bits_of(x) & 0x7fffffff); }
INSIDE(Doubles) abs_(Doubles x) { return of_bits(bits_of(x) & 0x7fffffffffffffff); }
INSIDE(Floats) abs_(Floats x) { return of_bits(bits_of(x) & 0x7fffffff); }
template <typename V, typename B> INSIDE(auto) larger(V a, B b) -> decltype(a[0], all(a)) { return either((a > b) | (a != a), a, b); }

/* exp(x): 2^n exp(r), |r| <= log(2)/2, for |x| <= 700. */
FOR(double) INSIDE(T) exp_in_range(T x) {
  const double magic = 0x1.8p52; /* its last bits hold n */
  const T shifted = mul_add(x, 0x1.71547652b82fep0, magic);
  const T r = mul_add(magic - shifted, 0x1.62e42fefa39efp-1, x);
  const T e = mul_add(r * r, exp_polynomial(r), 1 + r);
  return of_bits(bits_of(e) + (bits_of(shifted) << 52));
}

/* x - n log(2), in as many steps as it takes to have the digits. */
#if !defined(__FMA__) && !defined(__aarch64__)
FOR(float) INSIDE(T) without_powers(T x, T n) { return (x - n * LOG2_HIGH_float) - n * LOG2_LOW_float; }
#else
FOR(float) INSIDE(T) without_powers(T x, T n) { return mul_add(n, -0x1.62e430p-1f, x); }
#endif

/* The same for |x| <= 40, to 2 units in the last place: n log(2) is rounded. */
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

/* log(x + lost) for normal x > 0 and what was rounded away from it: n log(2) + log(m), m from sqrt(1/2) to sqrt(2). */
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

/* log(1 + x) for x >= 0: what 1 + x rounds away is put back. */
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

/* x**r for x >= 0, r >= 0. */
FOR(double) INSIDE(T) power(T x, double r, int square) {
  if (square) return x * x;
  const T y = exp_(larger(r * log_(x), -709.0));
  return either(x > 0, y, either(x == 0, r == 0 ? 1.0 : 0.0, x));
}

/* In double: an error of the logarithm grows with r log(x). */
INSIDE(float) power(float x, double r, int square) {
  if (square) return x * x;
  return (float)power((double)x, r, 0);
}

INSIDE(Floats) power(Floats x, double r, int square) {
  if (square) return x * x;
  typedef float Half SO_WIDE(VECTOR / 2);
  Half part[2];
  memcpy(part, &x, sizeof x);
  for (int n = 0; n < 2; n++) part[n] = __builtin_convertvector(power(__builtin_convertvector(part[n], Doubles), r, 0), Half);
  memcpy(&x, part, sizeof x);
  return x;
}

#if defined(FLOAT64)
#include "pair.h"
INSIDE(real) write(Pair x) { return x.hi; }
#endif

/* -- two ways to compute -------------------------------------------------------------------------------------------- */

/* near: for logits within reach, so that nothing overflows and the largest is not asked for. Each is what is computed for
 * every class, Row what is computed once for a row of many classes; Side is a vector for rows side by side. */
namespace near {
#if FAST
typedef float Each;
typedef Floats Side;
#else
typedef double Each;
typedef Doubles Side;
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
  int *refused;                   /* set where a logit is out of reach */
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
/* A kernel in near says so, and has written nothing, where a logit is out of reach. */
namespace near {
INSIDE(double) refused(const Inputs *in) {
  *in->refused = 1;
  return 0;
}

template <typename T> INSIDE(T) exp_(T x) { return exp_in_range(x); }
template <typename T> INSIDE(T) larger(T a, T b) { return either(a > b, a, b); }

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

/* How many classes are added up before their sum is added to the others: sums of float stay short. */
INSIDE(Class) group_of(int64_t classes) { return FAST ? 32 : (Class)classes; }

/* Copies past the caches, single numbers too: a store that waits for its line holds up all that come after it. */
INSIDE(void) stream_(real *to, const real *from, int64_t count) {
  int64_t n = 0;
#if defined(__AVX__)
  const int64_t few = 4 / sizeof(real), many = 32 / sizeof(real);
  const auto four_bytes = [&]() ALWAYS {
    int bits;
    memcpy(&bits, from + n, 4);
    _mm_stream_si32((int *)(to + n), bits);
  };
  for (; n < count && (uintptr_t)(to + n) % 4; n++) to[n] = from[n];
  for (; n + few <= count && (uintptr_t)(to + n) % 32; n += few) four_bytes();
  for (; n + many <= count; n += many)
    _mm256_stream_si256((__m256i *)(to + n), _mm256_loadu_si256((const __m256i *)(from + n)));
  for (; n + few <= count; n += few) four_bytes();
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
  for (int64_t from = 0, to = CLASSES_AT_A_TIME - in_line(gradient); from < count; from = to, to += CLASSES_AT_A_TIME) {
    to = to < count ? to : count; /* all but the last end with a line */
    loop(from, to, block - from);
    stream_(gradient + from, block, to - from);
  }
}
/* -- rows side by side: LANES in each vector -- */

#define LANES ((int)(VECTOR / sizeof(near::Each)))
typedef number Numbers SO_WIDE(LANES * sizeof(number)); /* of logits, before they are made Each */
typedef int32_t Sizes SO_WIDE(LANES * 4);
typedef Class Classes SO_WIDE(VECTOR);
typedef Classes Mask; /* what comparisons give */

/* Asks for memory that is read soon, a line of the cache at a time. */
INSIDE(void) fetch(const real *from, int64_t b) {
  if (b % (64 / LANES / sizeof(real) > 0 ? 64 / LANES / sizeof(real) : 1) == 0) __builtin_prefetch(from + b * LANES);
}

/* The b-th vector from an address on. */
INSIDE(Numbers) numbers(const real *from, int64_t b) {
  Numbers x;
#if defined(FLOAT16) || defined(BFLOAT16)
  for (int n = 0; n < LANES; n++) x[n] = read(from[b * LANES + n]);
#else
  memcpy(&x, from + b * LANES, sizeof x);
#endif
  return x;
}
INSIDE(Side) widened(Numbers x) {
#if defined(__AVX__) && !defined(__AVX512F__) && !FAST /* GCC 12 does it in two halves */
  return (Side)_mm256_cvtps_pd((__m128)x);
#else
  return __builtin_convertvector(x, Side);
#endif
}
INSIDE(Numbers) narrowed(Side x) {
#if defined(__AVX__) && !defined(__AVX512F__) && !FAST
  return (Numbers)_mm256_cvtpd_ps((__m256d)x);
#else
  return __builtin_convertvector(x, Numbers);
#endif
}
INSIDE(Side) side(const real *from, int64_t b) { return widened(numbers(from, b)); }

/* Writes it; stream: past the caches, to an address that is a multiple of its size. */
INSIDE(void) put(real *to, int64_t b, Side x, int stream) {
#if defined(__AVX__) && !defined(FLOAT16) && !defined(BFLOAT16)
  const Numbers y = narrowed(x);
  if (!stream) memcpy(to + b * LANES, &y, sizeof y);
  else if (sizeof y % 32 == 0)
    for (unsigned n = 0; n < sizeof y; n += 32) _mm256_stream_ps(to + b * LANES + n / 4, *(const __m256 *)((const char *)&y + n));
  else _mm_stream_ps(to + b * LANES, *(const __m128 *)&y);
#else
  real y[LANES];
  for (int n = 0; n < LANES; n++) y[n] = write(x[n]);
  memcpy(to + b * LANES, y, sizeof y);
#endif
}

/* The larger of these and how far from 0 logits are. */
INSIDE(Sizes) farther(Sizes most, const real *from, int64_t b) {
  const Sizes size = (Sizes)numbers(from, b) & 0x7fffffff;
  return size > most ? size : most;
}
INSIDE(int32_t) largest(Sizes most) {
  int32_t found = 0;
  for (int n = 0; n < LANES; n++) found = most[n] > found ? most[n] : found;
  return found;
}

INSIDE(Mask) lost(Side x, Side factor) {
#if FAST
  return (abs_(x) < 0x1p-126f) & (factor != 0);
#else
  return Mask{};
#endif
}
/* sum + part; what is rounded away is kept in `lost` (Knuth's two-sum). */
INSIDE(void) add_up(Side &sum, Side &lost, Side part) {
  const Side s = sum + part, t = s - sum;
  lost += (sum - (s - t)) + (part - t);
  sum = s;
}

INSIDE(int) any(Mask x) {
  Class found = 0;
  for (int n = 0; n < LANES; n++) found |= x[n];
  return found != 0;
}
INSIDE(double) sum_of(Side x) {
  double sum = 0;
  for (int n = 0; n < LANES; n++) sum += x[n];
  return sum;
}
} // namespace near
#endif

#define ROWS 128                       /* neighbouring rows that a tall kernel takes at a time */
#define BLOCK (BY_CLASS ? ROWS : 256)  /* the same, for rows of one output too */
#define SIDES (BLOCK / LANES)    /* vectors of them */
