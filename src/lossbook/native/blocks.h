/* Computes one block of rows: with a bounded kernel where the logits allow it, and side by side where rows are short. */

typedef struct {
  int64_t outer, classes, inner; /* the logits are laid out as outer x classes x inner */
  Inputs in;
  real *gradient, *values; /* either may be NULL */
  const double *factors;   /* what the gradient of each row is multiplied by, or NULL */
  double factor;           /* what the whole gradient is multiplied by */
  int64_t ignored;         /* the class of rows that do not count */
  int target_check;                /* what to check of the targets */
  int64_t chunks, units;   /* units of work in a chunk */
  double *totals;          /* the sum of the values of each chunk */
  int failed;
  double ones[BLOCK];
#if BOUNDED
  int moderate; /* whether the scalar parameters and the weights are */
  /* Weights that are the same for all classes are not looked up for each row; the last entry holds ones. */
  int same[WEIGHTS + 1];
  bounded::Each alike[WEIGHTS + 1][BLOCK] __attribute__((aligned(VECTOR_BYTES)));
#endif
} Call;

#if defined(FLOAT64)
#define TRANSPOSED_BELOW 1024 /* classes: shorter rows are transposed in blocks */
#else
#define TRANSPOSED_BELOW 96
#endif
#define NUMBERS_AT_A_TIME 4096 /* logits of long rows that stay in the L1 cache */

#if EXPONENT >= 0
#define CALL(kernel, ...) (call->in.numbers[EXPONENT] == 2 ? kernel<true> : kernel<false>)(__VA_ARGS__)
#else
#define CALL(kernel, ...) kernel<false>(__VA_ARGS__)
#endif

#if BY_INDEX
#define INDEX(in, r) ((in)->index + (r))
#else
#define INDEX(in, r) ((in)->index)
#endif

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static Inputs moved(const Inputs *in, int64_t logits, int64_t rows) {
  Inputs at = *in;
  at.logits += logits;
  for (int n = 0; n < ARRAYS; n++) at.arrays[n] += logits;
  at.index = INDEX(in, rows);
  return at;
}

/* -- logits within a bound --------------------------------------------------------------------- */

/* The bound on |logit| within which everything that the kernels in `bounded` compute for a row, powers included, is a
 * normal number: in double for rows one after the other, in Each for rows side by side. The logit of a single output stands for
 * the difference of two logits, so its bound is twice as large. */
static int32_t bound_of(const Call *call, int side_by_side) {
  double bound = FAST ? 32 : 340;
  if (FAST && side_by_side) {
    const double exponent = EXPONENT >= 0 ? call->in.numbers[EXPONENT < 0 ? 0 : EXPONENT] : 0;
    const double narrow = (BY_CLASS ? 27 : 54) / (exponent + 0.3);
    bound = narrow < bound ? narrow : bound;
  }
  return (int32_t)bits_of((float)bound);
}

/* Whether products with a factor stay in the range of float, where the kernels compute in float. */
INSIDE(int) moderate(double factor) {
  const double size = abs_(factor);
  return !FAST || (size <= 0x1p40 && size >= 0x1p-40);
}

#if BOUNDED
#define ALIGNED __attribute__((aligned(VECTOR_BYTES)))
/* A block of rows within the bound. Returns 0, with nothing written, where it must be left to the general kernels.
 * class_major: rows side by side. */
static int bounded_block(const Call *call, Inputs in, int64_t first, int64_t rows, int class_major, int64_t stride, real *gradient, void *scratch, double *total) {
  bounded::Each factors[BLOCK] ALIGNED, values[BLOCK] ALIGNED;
  int within = call->moderate && (!gradient || moderate(call->factor)), refused = 0;
  in.refused = &refused;
  in.factors = in.counted = call->alike[WEIGHTS];
  if (call->factors) {
    for (int64_t b = 0; b < rows; b++) {
      const double factor = call->factors[first + b];
      factors[b] = (bounded::Each)factor;
      within &= !gradient || factor == 0 || (moderate(factor) && moderate(factor * call->factor));
    }
    in.factors = factors;
  }
#if BY_INDEX
  Class classes[BLOCK] ALIGNED;
  bounded::Each counted[BLOCK] ALIGNED, weights[WEIGHTS + 1][BLOCK] ALIGNED;
  int ignored = 0;
  SIMD_OF(reduction(| : ignored))
  for (int64_t b = 0; b < rows; b++) {
    ignored |= in.index[b] == call->ignored;
    classes[b] = (Class)in.index[b];
  }
  in.classes = classes;
  if (ignored) {
    for (int64_t b = 0; b < rows; b++) {
      const int counts = in.index[b] != call->ignored;
      counted[b] = counts;
      factors[b] = counts ? in.factors[b] : 0;
      classes[b] = counts ? classes[b] : 0;
    }
    in.counted = counted;
    in.factors = factors;
  }
  for (int n = 0; n < WEIGHTS; n++) {
    in.weights_of[n] = call->same[n] ? call->alike[n] : weights[n];
    if (call->same[n]) continue;
    for (int64_t b = 0; b < rows; b++) {
      const double weight = in.counted[b] != 0 ? in.weights[n][classes[b]] : 1;
      weights[n][b] = (bounded::Each)weight;
      factors[b] = weight == 0 ? 0 : in.factors[b]; /* so that a gradient of 0 does not count as lost */
    }
    in.factors = factors;
  }
#endif
#if !BY_CLASS
  within &= bounded::farthest(in.logits, rows, 0) <= in.bound;
#if HARD /* at targets other than 0 and 1 the parts of a gradient cancel, and float has too few digits */
  int soft = 0;
  SIMD_OF(reduction(| : soft))
  for (int64_t b = 0; b < rows; b++) soft |= (read(in.arrays[0][b]) != 0) & (read(in.arrays[0][b]) != 1);
  within &= !soft;
#endif
#endif
  if (!within) return 0;
  const int64_t K = call->classes;
  bounded::Each *room = (bounded::Each *)scratch;
#if BY_CLASS
  if (!class_major)
    *total = gradient ? CALL(bounded::row_major_value_and_grad, &in, K, rows, gradient, call->factor, values, room)
                     : CALL(bounded::row_major_value, &in, K, rows, values, room);
  else
#endif
    *total = gradient ? CALL(bounded::class_major_value_and_grad, &in, K, rows, stride, gradient, call->factor, values, room)
                     : CALL(bounded::class_major_value, &in, K, rows, stride, values, room);
  if (call->values && !refused)
    SIMD for (int64_t b = 0; b < rows; b++) call->values[first + b] = write(values[b]);
  return !refused;
}
#endif

/* -- all logits -------------------------------------------------------------------------------- */

#if !BY_CLASS
typedef struct {
  int any;
  unsigned char at[BLOCK];
  real finite[BLOCK];
} Infinite;

/* Infinite logits replaced by large ones, so that a part of a loss whose factor is 0 is 0 and not 0 times infinity. */
static const real *without_infinity(const real *logits, int64_t rows, Infinite *infinite) {
  int any = 0;
  SIMD_OF(reduction(| : any))
  for (int64_t b = 0; b < rows; b++) any |= abs_(read(logits[b])) == INFINITY;
  infinite->any = any;
  if (!any) return logits;
  for (int64_t b = 0; b < rows; b++) {
    const double x = read(logits[b]);
    infinite->at[b] = abs_(x) == INFINITY;
    infinite->finite[b] = infinite->at[b] ? write(x > 0 ? LARGE : -LARGE) : logits[b];
  }
  return infinite->finite;
}
#endif

/* A block of rows side by side. */
static double general_block(const Call *call, Inputs in, int64_t first, int64_t rows, int64_t stride, real *gradient, void *scratch) {
  unsigned char counts[BLOCK];
#if BY_INDEX
  int64_t index[ROWS]; /* 0 where a row does not count */
  for (int64_t b = 0; b < rows; b++) {
    counts[b] = in.index[b] != call->ignored;
    index[b] = counts[b] ? in.index[b] : 0;
  }
  in.index = index;
#elif BY_CLASS
  memset(counts, 1, rows);
#endif
  const double *factors = call->factors ? call->factors + first : call->ones;
  double values[BLOCK];
#if !BY_CLASS
  Infinite infinite;
  in.logits = without_infinity(in.logits, rows, &infinite);
#endif
  double total = gradient ? CALL(general::class_major_value_and_grad, &in, call->classes, rows, stride, counts, gradient, call->factor, factors, values, (general::Each *)scratch)
                          : CALL(general::class_major_value, &in, call->classes, rows, stride, counts, values, (general::Each *)scratch);
#if !BY_CLASS
  if (infinite.any) {
    total = 0;
    for (int64_t b = 0; b < rows; b++) {
      if (infinite.at[b] && abs_(values[b]) > 256) values[b] *= INFINITY;
      if (infinite.at[b] && gradient && abs_(read(gradient[b])) > 256 * abs_(call->factor * factors[b]))
        gradient[b] = write(read(gradient[b]) * (double)INFINITY);
      total += values[b];
    }
  }
#endif
  if (call->values)
    SIMD for (int64_t b = 0; b < rows; b++) call->values[first + b] = write(values[b]);
  return total;
}

/* -- each layout ------------------------------------------------------------------------------- */

/* A block of rows side by side; the rows that do not fill a vector are computed by general_block. */
static double block(const Call *call, Inputs in, int64_t first, int64_t rows, int64_t stride, real *gradient, void *scratch) {
#if BOUNDED
  const int64_t whole = rows - rows % LANES;
  double total = 0;
  if (whole && bounded_block(call, in, first, whole, 1, stride, gradient, scratch, &total)) {
    if (whole < rows)
      total += general_block(call, moved(&in, whole, whole), first + whole, rows - whole, stride, gradient ? gradient + whole : NULL, scratch);
    return total;
  }
#endif
  return general_block(call, in, first, rows, stride, gradient, scratch);
}

#if BY_CLASS
/* How many long rows are computed at a time: fewer with a gradient, for which their exponentials are stored as well. */
static int64_t rows_at_a_time(const Call *call) {
  const int64_t numbers = BOUNDED && call->gradient ? NUMBERS_AT_A_TIME / 4 : NUMBERS_AT_A_TIME;
  return least(16, 1 + numbers / (call->classes + 1));
}

/* A long row for all logits. */
static double general_row(const Call *call, int64_t r, void *scratch) {
  const int64_t K = call->classes;
  real *gradient = call->gradient ? call->gradient + r * K : NULL;
#if BY_INDEX
  if (call->in.index[r] == call->ignored) {
    if (gradient) for (int64_t k = 0; k < K; k++) gradient[k] = write(0.0);
    if (call->values) call->values[r] = write(0.0);
    return 0;
  }
#endif
  const Inputs in = moved(&call->in, r * K, r);
  const double factor = call->factor * (call->factors ? call->factors[r] : 1);
  const double value = gradient ? CALL(general::row_major_value_and_grad, &in, K, gradient, factor, (general::Each *)scratch)
                                : CALL(general::row_major_value, &in, K, (general::Each *)scratch);
  if (call->values) call->values[r] = write(value);
  return value;
}

/* Long rows. */
static double long_rows(const Call *call, int64_t first, int64_t rows, void *scratch) {
  double total = 0;
#if BOUNDED
  const int64_t K = call->classes;
  real *gradient = call->gradient ? call->gradient + first * K : NULL;
  if (bounded_block(call, moved(&call->in, first * K, first), first, rows, 0, 0, gradient, scratch, &total)) return total;
  total = 0;
#endif
  for (int64_t r = first; r < first + rows; r++) total += general_row(call, r, scratch);
  return total;
}

#include "transpose.h"

/* Short rows: a block is copied so that its rows are side by side, and the gradient is copied back. */
static double transposed_rows(const Call *call, int64_t first, int64_t rows, void *scratch) {
  const int64_t K = call->classes;
  Inputs in = moved(&call->in, first * K, first);
  in.stream = 0; /* the gradient is read again */
  real *tile = (real *)((general::Each *)scratch + STORED * K * ROWS);
  const real **sources[1 + ARRAYS];
  sources[0] = &in.logits;
  for (int n = 0; n < ARRAYS; n++) sources[1 + n] = &in.arrays[n];
  for (int n = 0; n < 1 + ARRAYS; n++, tile += (K + 8) * ROWS) {
    to_columns(*sources[n], rows, K, tile, (call->outer - first) * K);
    *sources[n] = tile;
  }
  if (!call->gradient) return block(call, in, first, rows, ROWS, NULL, scratch);
  const double total = block(call, in, first, rows, ROWS, tile, scratch);
  real *gradient = call->gradient + first * K;
#if BOUNDED
  if (call->in.stream) {
    real *done = (real *)in.logits; /* no longer needed */
    to_rows(tile, rows, K, done);
    bounded::stream_(gradient, done, rows * K);
    return total;
  }
#endif
  to_rows(tile, rows, K, gradient);
  return total;
}
#endif

/* The position of the first logit of a row. */
static int64_t place(const Call *call, int64_t row) {
  return row / call->inner * (call->classes - 1) * call->inner + row;
}

/* Rows that are adjacent in memory, as in images with the class axis first, or single outputs. */
static double adjacent_rows(const Call *call, int64_t first, int64_t rows, void *scratch) {
  const int64_t at = place(call, first);
  real *gradient = call->gradient ? call->gradient + at : NULL;
  Inputs in = moved(&call->in, at, first);
  in.stream &= in_line(gradient) == 0;
  return block(call, in, first, rows, call->inner, gradient, scratch);
}
