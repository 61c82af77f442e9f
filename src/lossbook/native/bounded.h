/* What the kernels for logits within a bound use. A kernel that meets a logit beyond the bound
 * returns refused(in) before it writes anything. */
namespace bounded {

INSIDE(double) refused(const Inputs *in) {
  *in->refused = 1;
  return 0;
}

template <typename T> INSIDE(T) exp_(T x) { return exp_in_range(x); }
template <typename T> INSIDE(T) larger(T a, T b) { return either(a > b, a, b); }

/* |x| as an integer of the same order; NaN is above all numbers. */
INSIDE(int32_t) size_of(number x) { return (int32_t)(bits_of(x) & 0x7fffffff); }

/* The largest |logit|, or `most` if that is larger. */
INSIDE(int32_t) farthest(const real *logits, int64_t count, int32_t most) {
  SIMD_OF(reduction(max : most))
  for (int64_t n = 0; n < count; n++) {
    const int32_t size = size_of(read(logits[n]));
    most = size > most ? size : most;
  }
  return most;
}

/* Whether a factor of the gradient is subnormal in float: it has lost digits. */
INSIDE(int) lost(double x) { return FAST && abs_(x) < 0x1p-126 && x != 0; }

/* -- rows of many classes, one after the other -------------------------------------------------- */

#define CLASSES_AT_A_TIME 256
/* Calls loop(from, to, index) for blocks of classes: sums in float stay short, and only the block
 * that holds the target compares with it; to the others index is -1. */
template <typename Loop> INSIDE(void) in_blocks(int64_t classes, Class index, Loop loop) {
  const Class all = (Class)classes;
  for (Class from = 0; from < all; from += CLASSES_AT_A_TIME) {
    const Class to = all - from > CLASSES_AT_A_TIME ? from + CLASSES_AT_A_TIME : all;
    if (from <= index && index < to) loop(from, to, index);
    else loop(from, to, (Class)-1);
  }
}

/* Copies past the caches, except for the partial vectors at either end. */
INSIDE(void) stream_(real *to, const real *from, int64_t count) {
  int64_t n = 0;
#if defined(__AVX__)
  const int64_t many = 32 / sizeof(real);
  for (; n < count && (uintptr_t)(to + n) % 32; n++) to[n] = from[n];
  for (; n + many <= count; n += many)
    _mm256_stream_si256((__m256i *)(to + n), _mm256_loadu_si256((const __m256i *)(from + n)));
#endif
  for (; n < count; n++) to[n] = from[n];
}

/* Calls loop(from, to, gradient) to write the gradient of a row: in place, or in blocks that are
 * then copied past the caches. Each block but the last ends where a cache line ends. */
template <typename Loop> INSIDE(void) written(const Inputs *in, int64_t count, real *gradient, Loop loop) {
  if (!in->stream) {
    loop(0, count, gradient);
    return;
  }
  real block[CLASSES_AT_A_TIME] __attribute__((aligned(32)));
  for (int64_t from = 0, to = CLASSES_AT_A_TIME - in_line(gradient); from < count; from = to, to += CLASSES_AT_A_TIME) {
    to = to < count ? to : count;
    loop(from, to, block - from);
    stream_(gradient + from, block, to - from);
  }
}

/* -- rows side by side, LANES in each vector ----------------------------------------------------- */

#define LANES ((int)(VECTOR_BYTES / sizeof(bounded::Each)))
#define VECTORS (BLOCK / LANES) /* vectors in a block */
typedef number Numbers SO_WIDE(LANES * sizeof(number)); /* logits before they are converted to Each */
typedef int32_t Sizes SO_WIDE(LANES * 4);
typedef Class Classes SO_WIDE(VECTOR_BYTES);
typedef Classes Mask; /* what comparisons give */

/* Prefetches a vector that is read soon, once for each cache line. */
INSIDE(void) fetch(const real *from, int64_t b) {
  if (b % (64 / LANES / sizeof(real) > 0 ? 64 / LANES / sizeof(real) : 1) == 0) __builtin_prefetch(from + b * LANES);
}

/* The b-th vector from an address on, as stored and as Each. */
INSIDE(Numbers) numbers(const real *from, int64_t b) {
  Numbers x;
#if defined(FLOAT16) || defined(BFLOAT16)
  for (int n = 0; n < LANES; n++) x[n] = read(from[b * LANES + n]);
#else
  memcpy(&x, from + b * LANES, sizeof x);
#endif
  return x;
}
#if defined(__AVX__) && !defined(__AVX512F__) && !FAST /* GCC 12 converts in two halves */
INSIDE(Vector) widened(Numbers x) { return (Vector)_mm256_cvtps_pd((__m128)x); }
INSIDE(Numbers) narrowed(Vector x) { return (Numbers)_mm256_cvtpd_ps((__m256d)x); }
#else
INSIDE(Vector) widened(Numbers x) { return __builtin_convertvector(x, Vector); }
INSIDE(Numbers) narrowed(Vector x) { return __builtin_convertvector(x, Numbers); }
#endif
INSIDE(Vector) load(const real *from, int64_t b) { return widened(numbers(from, b)); }

/* Writes the b-th vector. stream: past the caches, to an address that is a multiple of its size. */
INSIDE(void) store(real *to, int64_t b, Vector x, int stream) {
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

/* The larger |logit| in each lane, and of all lanes. */
INSIDE(Sizes) farther(Sizes most, const real *from, int64_t b) {
  const Sizes size = (Sizes)numbers(from, b) & 0x7fffffff;
  return size > most ? size : most;
}
INSIDE(int32_t) largest(Sizes most) {
  int32_t found = 0;
  for (int n = 0; n < LANES; n++) found = most[n] > found ? most[n] : found;
  return found;
}

/* In which rows that count the factor x of the gradient has lost digits. */
INSIDE(Mask) lost(Vector x, Vector factor) {
#if FAST
  return (abs_(x) < 0x1p-126f) & (factor != 0);
#else
  return Mask{};
#endif
}

/* How many classes are added up before their sum is added to the total: sums in float stay short. */
INSIDE(Class) group_of(int64_t classes) { return FAST ? 32 : (Class)classes; }

/* sum += part; the rounding errors add up in `lost` (Knuth's two-sum). */
INSIDE(void) add_up(Vector &sum, Vector &lost, Vector part) {
  const Vector s = sum + part, t = s - sum;
  lost += (sum - (s - t)) + (part - t);
  sum = s;
}

INSIDE(int) any(Mask x) {
  Class found = 0;
  for (int n = 0; n < LANES; n++) found |= x[n];
  return found != 0;
}
INSIDE(double) sum_of(Vector x) {
  double sum = 0;
  for (int n = 0; n < LANES; n++) sum += x[n];
  return sum;
}

} // namespace bounded
