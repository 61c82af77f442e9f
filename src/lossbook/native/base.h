/* What every kernel uses: vectors of this processor's width, logits as they are stored in
 * memory, and the arithmetic that compilers vectorise.
 *
 * A file is compiled once for each dtype of the logits (FLOAT16, BFLOAT16, FLOAT64 or none, which
 * is float32), for each precision (FAST or not) and, where the targets are probabilities over the
 * classes, for class indices as well (ONE_HOT). */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(__AVX__)
#include <immintrin.h>
#endif

#define ALWAYS __attribute__((always_inline))
#define INSIDE(type) static inline ALWAYS type
#define TEXT(x) #x
#if defined(FLOAT64) /* OpenMP cannot reduce structs; they are added up in order */
#define SIMD _Pragma("GCC ivdep")
#define SIMD_OF(clauses) _Pragma("GCC ivdep")
#else
#define SIMD _Pragma("omp simd")
#define SIMD_OF(clauses) _Pragma(TEXT(omp simd clauses))
#endif

/* -- vectors ----------------------------------------------------------------------------------- */

#if defined(__AVX512F__)
#define VECTOR_BYTES 64 /* bytes */
#elif defined(__AVX__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif
#define SO_WIDE(size) __attribute__((vector_size(size)))
typedef float Floats SO_WIDE(VECTOR_BYTES);
typedef double Doubles SO_WIDE(VECTOR_BYTES);
typedef uint32_t FloatBits SO_WIDE(VECTOR_BYTES);
typedef uint64_t DoubleBits SO_WIDE(VECTOR_BYTES);

/* FOR(float) begins a function of T, which is float or Floats; FOR(double) likewise. */
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
INSIDE(Floats) as_float(FloatBits n) {
  typedef int32_t Ints SO_WIDE(VECTOR_BYTES);
  return __builtin_convertvector((Ints)n, Floats);
}

/* A vector that holds one number in every lane. */
INSIDE(Floats) all(Floats x) { return x; }
INSIDE(Doubles) all(Doubles x) { return x; }
INSIDE(Floats) all(float x) { Floats y; for (unsigned n = 0; n < VECTOR_BYTES / sizeof x; n++) y[n] = x; return y; }
INSIDE(Doubles) all(double x) { Doubles y; for (unsigned n = 0; n < VECTOR_BYTES / sizeof x; n++) y[n] = x; return y; }

/* a b + c, rounded once where the processor can do that. */
#if defined(__FMA__) || defined(__aarch64__)
INSIDE(double) mul_add(double a, double b, double c) { return __builtin_fma(a, b, c); }
INSIDE(float) mul_add(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
#else
INSIDE(double) mul_add(double a, double b, double c) { return a * b + c; }
INSIDE(float) mul_add(float a, float b, float c) { return a * b + c; }
#endif
template <typename V> INSIDE(V) each_mul_add(V a, V b, V c) {
  V y;
  for (unsigned n = 0; n < VECTOR_BYTES / sizeof a[0]; n++) y[n] = mul_add(a[n], b[n], c[n]);
  return y;
}
template <typename A, typename B, typename C> INSIDE(auto) mul_add(A a, B b, C c) -> decltype(all(a + b + c)) {
  return each_mul_add(all(a), all(b), all(c));
}

INSIDE(double) either(bool first, double a, double b) { return first ? a : b; }
INSIDE(float) either(bool first, float a, float b) { return first ? a : b; }
template <typename M, typename A, typename B> INSIDE(auto) either(M first, A a, B b) -> decltype(first[0], all(a + b)) {
  return first ? all(a) : all(b);
}

/* If either argument is NaN the result is NaN, as in numpy.maximum and numpy.minimum. */
INSIDE(double) larger(double a, double b) { return (a > b) | (a != a) ? a : b; }
INSIDE(double) smaller(double a, double b) { return (a < b) | (a != a) ? a : b; }
INSIDE(float) larger(float a, float b) { return (a > b) | (a != a) ? a : b; }
INSIDE(float) smaller(float a, float b) { return (a < b) | (a != a) ? a : b; }
template <typename V, typename B> INSIDE(auto) larger(V a, B b) -> decltype(a[0], all(a)) { return either((a > b) | (a != a), a, b); }
INSIDE(double) abs_(double x) { return of_bits(bits_of(x) & 0x7fffffffffffffff); }
INSIDE(float) abs_(float x) { return of_bits(bits_of(x) & 0x7fffffff); }
INSIDE(Doubles) abs_(Doubles x) { return of_bits(bits_of(x) & 0x7fffffffffffffff); }
INSIDE(Floats) abs_(Floats x) { return of_bits(bits_of(x) & 0x7fffffff); }

/* -- numbers in memory -------------------------------------------------------------------------- */

/* `real` is the dtype of the logits as stored, `number` a type that holds each of them exactly. */
#if defined(FLOAT64)
typedef double number;
#else
typedef float number;
#endif

/* x rounded once, to even, to that many significant bits, and to a multiple of 2^(least - digits + 1). */
INSIDE(double) rounded(double x, int digits, int least) {
  const uint64_t lowest = (uint64_t)(1023 + least) << 52, exponent = bits_of(x) & 0x7ff0000000000000;
  const double large = of_bits((exponent > lowest ? exponent : lowest) + ((uint64_t)(53 - digits) << 52));
  const double size = of_bits(bits_of(x) & 0x7fffffffffffffff);
  const double y = (size + large) - large;
  return of_bits(bits_of(y) | (bits_of(x) & 0x8000000000000000));
}

#if defined(FLOAT16)
typedef uint16_t real;
#define LARGE 65504.0
INSIDE(number) read(real x) {
  const uint32_t size = (uint32_t)(x & 0x7fff) << 13, sign = (uint32_t)(x & 0x8000) << 16;
  const float finite = of_bits(size) * 0x1p112f;
  return of_bits((size >= 0x0f800000 ? size | 0x7f800000 : bits_of(finite)) | sign);
}
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
#define LARGE 0x1p120
INSIDE(number) read(real x) { return of_bits((uint32_t)x << 16); }
INSIDE(real) write(double x) {
  const float y = (float)rounded(x, 8, -126);
  return (real)(y != y ? 0x7fc0 : bits_of(y) >> 16);
}
#elif defined(FLOAT64)
typedef double real;
#define LARGE 0x1p500
INSIDE(number) read(real x) { return x; }
INSIDE(real) write(double x) { return x; }
#else
typedef float real;
#define LARGE 0x1p120
INSIDE(number) read(real x) { return x; }
INSIDE(real) write(double x) { return (real)x; }
INSIDE(real) write(float x) { return x; }
#endif

#define LINE 64 /* bytes of a cache line */
/* The distance of an address from the start of its cache line, in numbers. */
INSIDE(int64_t) in_line(const real *at) { return (int64_t)((uintptr_t)at % LINE / sizeof(real)); }
