/* Which rows each thread takes, and where they lie. Included last: it calls the functions above it. */

typedef struct {
  int64_t outer, classes, inner; /* logits lie as outer x classes x inner */
  Inputs in;
  real *gradient, *values; /* either may be NULL */
  const double *factors;   /* of the gradient of each row, or NULL */
  double factor;           /* of the gradient of all rows */
  int64_t ignored;         /* a row with this class counts for nothing */
  int64_t chunks, units;   /* units of work in a chunk */
  int64_t next;            /* the next chunk that nobody has taken */
  double *totals;          /* the sum of the values of each chunk */
  int look;                /* whether the targets are looked at on the way, and their SUMS: see `usual` */
  int stopped;             /* a target was not as it should be */
  double ones[BLOCK];
#if NEAR
  near::Each alike[1 + WEIGHTS][BLOCK] __attribute__((aligned(VECTOR))); /* ones, and the weights that all classes share */
  int shared[1 + WEIGHTS];
  int moderate; /* whether the weights and the numbers are */
#endif
} Call;

#if defined(FLOAT64)
#define TALL_BELOW 1024 /* classes: shorter rows are transposed in blocks */
#else
#define TALL_BELOW 96
#endif
#define NUMBERS_AT_A_TIME 4096 /* of long rows: they fit a near cache */
#define CHUNK 32768   /* logits that a thread takes at a time, at least */
#define SMALL 32768   /* logits for which a second thread is not worth its start */
#define STREAM 33554432 /* bytes of a gradient that is not wanted in the caches */

#if EXPONENT >= 0
#define CALL(kernel, ...) (call->in.numbers[EXPONENT] == 2 ? kernel##_square : kernel)(__VA_ARGS__)
#else
#define CALL(kernel, ...) kernel(__VA_ARGS__)
#endif

#if BY_INDEX
#define INDEX(in, r) ((in)->index + (r))
#else
#define INDEX(in, r) ((in)->index)
#endif

#define SUMS 2
/* Where the first logit of a row lies. */
static int64_t place(const Call *call, int64_t row) {
  const int64_t outer = row / call->inner;
  return outer * (call->classes - 1) * call->inner + row;
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static Inputs moved(const Inputs *in, int64_t logits, int64_t rows) {
  Inputs at = *in;
  at.logits += logits;
  for (int n = 0; n < ARRAYS; n++) at.arrays[n] += logits;
  at.index = INDEX(in, rows);
  return at;
}

/* How far from 0 logits may be for the kernels in `near`, so that what they compute for a row, its powers too, is a normal
 * number: rows of their own are computed in double, rows side by side in Each. A logit of a single output stands for the
 * difference of two. */
static int32_t reach_of(const Call *call, int side_by_side) {
  double reach = FAST ? 32 : 340;
  if (FAST && side_by_side) {
    const double exponent = EXPONENT >= 0 ? call->in.numbers[EXPONENT < 0 ? 0 : EXPONENT] : 0;
    const double narrow = (BY_CLASS ? 27 : 54) / (exponent + 0.3);
    reach = narrow < reach ? narrow : reach;
  }
  return (int32_t)bits_of((float)reach);
}

/* Factors that keep a product of float a normal number. */
INSIDE(int) moderate(double factor) {
  const double size = abs_(factor);
  return !FAST || (size <= 0x1p40 && size >= 0x1p-40);
}

#if !BY_CLASS
typedef struct {
  int any;
  unsigned char at[BLOCK];
  real finite[BLOCK];
} Infinite;

/* A large number stands for infinity: a part of a loss that counts for nothing is then 0, not 0 times infinity. */
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

#if NEAR
/* A block of rows by the kernels in near; 0, and nothing is written, where they cannot. tall: rows side by side. */
static int nearby(const Call *call, Inputs in, int64_t first, int64_t rows, int tall, int64_t stride, real *gradient, void *scratch, double *total) {
  near::Each factors[BLOCK] __attribute__((aligned(VECTOR))), values[BLOCK] __attribute__((aligned(VECTOR)));
  int within = call->moderate && (!gradient || moderate(call->factor)), refused = 0;
  in.refused = &refused;
  in.factors = in.counted = call->alike[0];
  if (call->factors) {
    for (int64_t b = 0; b < rows; b++) {
      const double factor = call->factors[first + b];
      factors[b] = (near::Each)factor;
      within &= !gradient || factor == 0 || (moderate(factor) && moderate(factor * call->factor));
    }
    in.factors = factors;
  }
#if BY_INDEX
  Class classes[BLOCK] __attribute__((aligned(VECTOR)));
  near::Each counted[BLOCK] __attribute__((aligned(VECTOR))), weights[1 + WEIGHTS][BLOCK] __attribute__((aligned(VECTOR)));
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
  for (int n = 1; n <= WEIGHTS; n++) { /* of a row that does not count: 1 */
    in.weights_of[n - 1] = call->shared[n] ? call->alike[n] : weights[n];
    if (call->shared[n]) continue;
    for (int64_t b = 0; b < rows; b++) {
      const double weight = in.counted[b] != 0 ? in.weights[n - 1][classes[b]] : 1;
      weights[n][b] = (near::Each)weight;
      factors[b] = weight == 0 ? 0 : in.factors[b]; /* so that a gradient of 0 is not taken for one that was lost */
    }
    in.factors = factors;
  }
#endif
#if !BY_CLASS
  within &= near::farthest(in.logits, rows, 0) <= in.reach;
#if HARD /* between two classes the parts of a gradient cancel: there float has too few digits */
  int soft = 0;
  SIMD_OF(reduction(| : soft))
  for (int64_t b = 0; b < rows; b++) soft |= (read(in.arrays[0][b]) != 0) & (read(in.arrays[0][b]) != 1);
  within &= !soft;
#endif
#endif
  if (!within) return 0;
  const int64_t K = call->classes;
  near::Each *room = (near::Each *)scratch;
#if BY_CLASS
  if (!tall)
    *total = gradient ? CALL(near::wide_both, &in, K, rows, gradient, call->factor, values, room)
                     : CALL(near::wide_value, &in, K, rows, values, room);
  else
#endif
    *total = gradient ? CALL(near::tall_both, &in, K, rows, stride, gradient, call->factor, values, room)
                     : CALL(near::tall_value, &in, K, rows, stride, values, room);
  if (call->values && !refused)
    SIMD for (int64_t b = 0; b < rows; b++) call->values[first + b] = write(values[b]);
  return !refused;
}
#endif

/* A block of rows side by side for all logits; class numbers that do not count are replaced by 0. */
static double far_block(const Call *call, Inputs in, int64_t first, int64_t rows, int64_t stride, real *gradient, void *scratch) {
  unsigned char counts[BLOCK];
#if BY_INDEX
  int64_t index[ROWS];
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
  double total = gradient ? CALL(far::tall_both, &in, call->classes, rows, stride, counts, gradient, call->factor, factors, values, (far::Each *)scratch)
                          : CALL(far::tall_value, &in, call->classes, rows, stride, counts, values, (far::Each *)scratch);
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

/* A block of rows side by side: those that fill no vector go the longer way. */
static double block(const Call *call, Inputs in, int64_t first, int64_t rows, int64_t stride, real *gradient, void *scratch) {
#if NEAR
  const int64_t whole = rows - rows % LANES;
  double total = 0;
  if (whole && nearby(call, in, first, whole, 1, stride, gradient, scratch, &total)) {
    if (whole < rows)
      total += far_block(call, moved(&in, whole, whole), first + whole, rows - whole, stride, gradient ? gradient + whole : NULL, scratch);
    return total;
  }
#endif
  return far_block(call, in, first, rows, stride, gradient, scratch);
}

/* How many long rows are computed at a time. */
static int64_t rows_at_a_time(const Call *call) {
  return least(16, 1 + NUMBERS_AT_A_TIME / (call->classes + 1));
}

#if BY_CLASS
/* A long row for all logits. */
static double far_row(const Call *call, int64_t r, void *scratch) {
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
  const double value = gradient ? CALL(far::wide_both, &in, K, gradient, factor, (far::Each *)scratch)
                                : CALL(far::wide_value, &in, K, (far::Each *)scratch);
  if (call->values) call->values[r] = write(value);
  return value;
}

/* Long rows. */
static double wide(const Call *call, int64_t first, int64_t rows, void *scratch) {
  const int64_t K = call->classes;
  double total = 0;
#if NEAR
  real *gradient = call->gradient ? call->gradient + first * K : NULL;
  if (nearby(call, moved(&call->in, first * K, first), first, rows, 0, 0, gradient, scratch, &total)) return total;
  total = 0;
#endif
  for (int64_t r = first; r < first + rows; r++) total += far_row(call, r, scratch);
  return total;
}

/* Eight rows of four numbers become four columns of eight, and back, in two halves of a vector. */
#if defined(__has_builtin) && !defined(FLOAT16) && !defined(BFLOAT16) && !defined(FLOAT64)
#if __has_builtin(__builtin_shufflevector)
#define SHUFFLES 1
#endif
#endif
#if SHUFFLES
#define UNROLLED _Pragma("GCC unroll 8")
typedef real Four __attribute__((vector_size(4 * sizeof(real)), aligned(sizeof(real)), may_alias));
typedef real Eight __attribute__((vector_size(8 * sizeof(real)), aligned(sizeof(real)), may_alias));

/* Each half, four vectors of four numbers, is transposed. */
INSIDE(void) transpose(Eight x[4]) {
  const Eight a = __builtin_shufflevector(x[0], x[1], 0, 8, 1, 9, 4, 12, 5, 13);
  const Eight b = __builtin_shufflevector(x[0], x[1], 2, 10, 3, 11, 6, 14, 7, 15);
  const Eight c = __builtin_shufflevector(x[2], x[3], 0, 8, 1, 9, 4, 12, 5, 13);
  const Eight d = __builtin_shufflevector(x[2], x[3], 2, 10, 3, 11, 6, 14, 7, 15);
  x[0] = __builtin_shufflevector(a, c, 0, 1, 8, 9, 4, 5, 12, 13);
  x[1] = __builtin_shufflevector(a, c, 2, 3, 10, 11, 6, 7, 14, 15);
  x[2] = __builtin_shufflevector(b, d, 0, 1, 8, 9, 4, 5, 12, 13);
  x[3] = __builtin_shufflevector(b, d, 2, 3, 10, 11, 6, 7, 14, 15);
}

INSIDE(void) four_columns(const real *from, int64_t K, real *to) {
  Eight x[4];
  UNROLLED for (int n = 0; n < 4; n++)
    x[n] = __builtin_shufflevector(*(const Four *)(from + n * K), *(const Four *)(from + (n + 4) * K), 0, 1, 2, 3, 4, 5, 6, 7);
  transpose(x);
  UNROLLED for (int n = 0; n < 4; n++) *(Eight *)(to + n * ROWS) = x[n];
}

INSIDE(void) rows_of_four(const real *from, real *to, int64_t K) {
  Eight x[4];
  UNROLLED for (int n = 0; n < 4; n++) x[n] = *(const Eight *)(from + n * ROWS);
  transpose(x);
  UNROLLED for (int n = 0; n < 4; n++) *(Four *)(to + n * K) = __builtin_shufflevector(x[n], x[n], 0, 1, 2, 3); /* in this order */
  UNROLLED for (int n = 0; n < 4; n++) *(Four *)(to + (n + 4) * K) = __builtin_shufflevector(x[n], x[n], 4, 5, 6, 7);
}

INSIDE(void) rows_of_eight(const real *from, real *to, int64_t K) {
  Eight x[8];
  UNROLLED for (int n = 0; n < 8; n++) x[n] = *(const Eight *)(from + n * ROWS);
  transpose(x);
  transpose(x + 4);
  UNROLLED for (int n = 0; n < 4; n++) *(Eight *)(to + n * K) = __builtin_shufflevector(x[n], x[n + 4], 0, 1, 2, 3, 8, 9, 10, 11); /* in this order */
  UNROLLED for (int n = 0; n < 4; n++) *(Eight *)(to + (n + 4) * K) = __builtin_shufflevector(x[n], x[n + 4], 4, 5, 6, 7, 12, 13, 14, 15);
}
#else
#define SHUFFLES 0
#endif

/* Rows of K numbers to columns, ROWS apart, and up to 3 columns of no meaning after them. `room`: numbers that may be read
 * from `from` on. */
static void to_columns(const real *from, int64_t rows, int64_t K, real *to, int64_t room) {
  int64_t b = 0;
#if SHUFFLES
  for (; b + 8 <= rows && (b + 7) * K + (K + 3) / 4 * 4 <= room; b += 8)
    for (int64_t k = 0; k < K; k += 4) four_columns(from + b * K + k, K, to + k * ROWS + b);
#endif
  for (int64_t k = 0; k < K; k++)
    SIMD for (int64_t n = b; n < rows; n++) to[k * ROWS + n] = from[n * K + k];
}

/* And back. A row is written four or eight numbers at a time: what is too much of one is mended by those that are written
 * later, so of rows shorter than that each comes on its own, in order. */
static void to_rows(const real *from, int64_t rows, int64_t K, real *to) {
  int64_t b = 0;
#if SHUFFLES
  if (K >= 8)
    for (; b + 8 <= rows; b += 8) {
      int64_t k = 0;
      for (; k + 8 <= K; k += 8) rows_of_eight(from + k * ROWS + b, to + b * K + k, K);
      if (k < K) rows_of_eight(from + (K - 8) * ROWS + b, to + b * K + K - 8, K);
    }
  else
    for (; b + 16 <= rows; b += 8) { /* the eighth row spills over at most the next ones, which come later */
      if (K <= 4) rows_of_four(from + b, to + b * K, K);
      else rows_of_eight(from + b, to + b * K, K);
    }
#endif
  for (int64_t k = 0; k < K; k++)
    SIMD for (int64_t n = b; n < rows; n++) to[n * K + k] = from[k * ROWS + n];
}

/* Short rows: a block is copied so that the rows of one class follow each other, and its gradient copied back. */
static double transposed(const Call *call, int64_t first, int64_t rows, void *scratch) {
  const int64_t K = call->classes;
  Inputs in = moved(&call->in, first * K, first);
  in.stream = 0; /* the gradient is copied from where it is written first */
  real *tile = (real *)((far::Each *)scratch + STORED * K * ROWS);
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
#if NEAR
  if (call->in.stream) {
    real *done = (real *)in.logits; /* that tile is free now */
    to_rows(tile, rows, K, done);
    near::stream_(gradient, done, rows * K);
    return total;
  }
#endif
  to_rows(tile, rows, K, gradient);
  return total;
}

static double planes(const Call *call, int64_t first, int64_t rows, void *scratch) {
  const int64_t at = place(call, first);
  real *gradient = call->gradient ? call->gradient + at : NULL;
  Inputs in = moved(&call->in, at, first);
  in.stream &= in_line(gradient) == 0;
  return block(call, in, first, rows, call->inner, gradient, scratch);
}
#else
static double elements(const Call *call, int64_t first, int64_t rows, void *scratch) {
  real *gradient = call->gradient ? call->gradient + first : NULL;
  Inputs in = moved(&call->in, first, 0);
  in.stream &= in_line(gradient) == 0;
  return block(call, in, first, rows, 0, gradient, scratch);
}
#endif

/* Whether rows lie side by side. */
static int so_in_memory(const Call *call) { return !BY_CLASS || call->inner != 1; }

/* Whether they are computed side by side. */
static int side_by_side(const Call *call) { return so_in_memory(call) || call->classes < TALL_BELOW; }

/* How many rows are a unit of work, at most, of `in_all` that follow each other; the first one has `fewer`, so that in a
 * gradient that goes past the caches the others start with a line. */
static int64_t rows_of_unit(const Call *call) { return side_by_side(call) ? BLOCK : rows_at_a_time(call); }
static int64_t in_all(const Call *call) { return so_in_memory(call) ? call->inner : call->outer; }
static int64_t fewer(const Call *call) { return call->in.stream && so_in_memory(call) ? in_line(call->gradient) : 0; }
static int64_t units_in_all(const Call *call) { return (in_all(call) + fewer(call) + rows_of_unit(call) - 1) / rows_of_unit(call); }
static int64_t units_of(const Call *call) { return units_in_all(call) * (call->outer * call->inner / in_all(call)); }

/* Whether every target of some rows is a class that counts, or a share from 0 to 1, and whether, where that is asked too, the
 * shares of each row sum to 1. */
static int usual(const Call *call, int64_t first, int64_t rows) {
  int others = 0;
#if BY_INDEX
  const int64_t *index = call->in.index + first;
  SIMD_OF(reduction(| : others))
  for (int64_t b = 0; b < rows; b++) others |= ((uint64_t)index[b] >= (uint64_t)call->classes) | (index[b] == call->ignored);
#else
  const int64_t K = call->classes, at = place(call, first);
  const int tall = so_in_memory(call);
  const real *targets = call->in.arrays[0] + at;
  double sums[BLOCK] = {};
  for (int64_t part = 0; part < (tall ? K : 1); part++, targets += call->inner) {
    SIMD_OF(reduction(| : others))
    for (int64_t b = 0; b < (tall ? rows : rows * K); b++) others |= !((read(targets[b]) >= 0) & (read(targets[b]) <= 1));
    if (call->look < SUMS) continue;
    if (tall)
      SIMD for (int64_t b = 0; b < rows; b++) sums[b] += read(targets[b]);
    else
      for (int64_t b = 0; b < rows; b++) {
        double sum = 0;
        SIMD_OF(reduction(+ : sum))
        for (int64_t k = 0; k < K; k++) sum += read(targets[b * K + k]);
        sums[b] = sum;
      }
  }
  for (int64_t b = 0; call->look == SUMS && b < rows; b++) others |= !(abs_(sums[b] - 1) < 1e-4);
#endif
  return !others;
}

/* Adds the values of a unit of work to *total; 0 where it is not done. */
static int done(Call *call, int64_t unit, void *scratch, double *total) {
  const int64_t part = unit / units_in_all(call), n = unit % units_in_all(call), size = rows_of_unit(call);
  const int64_t from = n ? n * size - fewer(call) : 0, to = least((n + 1) * size - fewer(call), in_all(call));
  const int64_t first = part * in_all(call) + from, rows = to - from;
  if (call->look && !usual(call, first, rows)) return 0;
#if !BY_CLASS
  *total += elements(call, first, rows, scratch);
#else
  *total += (call->inner != 1 ? planes : side_by_side(call) ? transposed : wide)(call, first, rows, scratch);
#endif
  return 1;
}

static void chunks(Call *call, void *scratch) {
  const int64_t units = units_of(call);
  for (;;) {
    const int64_t chunk = __atomic_fetch_add(&call->next, 1, __ATOMIC_RELAXED);
    if (chunk >= call->chunks) break;
    const int64_t end = least((chunk + 1) * call->units, units);
    double total = 0;
    int64_t unit = chunk * call->units;
    while (unit < end && done(call, unit, scratch, &total)) unit++;
    if (unit < end) { /* nor need anybody go on */
      __atomic_store_n(&call->stopped, 1, __ATOMIC_RELAXED);
      __atomic_store_n(&call->next, call->chunks, __ATOMIC_RELAXED);
    }
    call->totals[chunk] = total;
  }
#if defined(__AVX__)
  if (call->in.stream) _mm_sfence();
#endif
}

static void work(Call *call) {
  const size_t numbers = (size_t)(STORED * call->classes + (1 + ARRAYS) * (call->classes + 8) + 8) * rows_of_unit(call);
  void *scratch = NULL;
  if (BY_CLASS && posix_memalign(&scratch, 64, numbers * sizeof(far::Each))) return; /* left for another thread */
  chunks(call, scratch);
  free(scratch);
}

extern "C" {

const char *lossbook_inputs(void) { return INPUTS; }

/* The sum of the values of all rows in *total. Returns 0, or 1 where there was no memory, or, with `look`, 2 where the
 * targets are not all usual: then what is written means nothing. The same sum in every run: it depends on the chunks, and
 * on where in a line the gradient starts, not on the threads. */
int lossbook_run(int64_t outer, int64_t classes, int64_t inner, const real *logits, const real *const *arrays,
                 const int64_t *index, const double *const *weights, const double *numbers, real *gradient,
                 real *values, const double *factors, double factor, int64_t ignored, int look, int threads, double *total) {
  Call call = {};
  call.outer = outer;
  call.classes = classes;
  call.inner = inner;
  call.gradient = gradient;
  call.values = values;
  call.factors = factors;
  call.factor = factor;
  call.ignored = ignored;
  call.look = look;
  call.in.logits = logits;
  call.in.index = index;
  for (int n = 0; n < ARRAYS; n++) call.in.arrays[n] = arrays[n];
  for (int n = 0; n < WEIGHTS; n++) call.in.weights[n] = weights[n];
  for (int n = 0; n < NUMBERS; n++) call.in.numbers[n] = numbers[n];
  for (int b = 0; b < BLOCK; b++) call.ones[b] = 1;
  const int64_t size = outer * classes * inner;
  *total = 0;
  if (size == 0) return 0;
#if NEAR
  call.moderate = 1;
  for (int n = 0; n < NUMBERS; n++) call.moderate &= numbers[n] == 0 || moderate(numbers[n]);
  for (int n = 0; n <= WEIGHTS; n++) {
    const double one = n ? weights[n - 1][0] : 1;
    call.shared[n] = one != 0;
    for (int64_t k = 0; n && k < classes; k++) {
      const double weight = weights[n - 1][k];
      call.shared[n] &= weight == one;
      call.moderate &= weight == 0 || moderate(weight);
    }
    for (int b = 0; b < BLOCK; b++) call.alike[n][b] = (near::Each)one;
  }
#endif
  call.in.reach = reach_of(&call, side_by_side(&call));
  if (FAST && classes > INT32_MAX - 65536) call.in.reach = -1; /* more than a Class counts */
  call.in.stream = gradient && gradient != logits && size * (int64_t)sizeof(real) >= STREAM &&
                   (!so_in_memory(&call) || classes * outer == 1 || inner * sizeof(real) % LINE == 0);
  const int64_t units = units_of(&call);
  call.units = 1 + CHUNK * units / size;
  call.chunks = (units + call.units - 1) / call.units;
  double few[64];
  call.totals = call.chunks <= 64 ? few : (double *)malloc(call.chunks * sizeof(double));
  if (!call.totals) return 1;
  threads = size < SMALL ? 1 : (int)least(threads, call.chunks);
#if defined(_OPENMP) /* PyTorch's threads too: those that wait for work are the same ones */
#pragma omp parallel num_threads(threads) if (threads > 1)
#endif
  work(&call);
  const int failed = call.stopped ? 2 : call.next < call.chunks; /* 1: no thread had memory */
  if (!failed) {
    for (int64_t width = 1; width < call.chunks; width *= 2) /* in pairs: the error grows with the logarithm */
      for (int64_t n = 0; n + width < call.chunks; n += 2 * width) call.totals[n] += call.totals[n + width];
    *total = call.totals[0];
  }
  if (call.totals != few) free(call.totals);
  return failed;
}

/* Position of the first class number that is neither a class nor ignored, or -1; how many count, and their weight. */
int64_t lossbook_check(const int64_t *index, int64_t rows, int64_t classes, int64_t ignored, const double *weight,
                       int threads, int64_t *count, double *sum) {
  int64_t counted = 0, bad = 0;
  double total = 0;
  if (rows < SMALL) threads = 1;
#if defined(_OPENMP)
#pragma omp parallel for simd num_threads(threads) if (threads > 1) reduction(+ : counted, bad)
#endif
  for (int64_t n = 0; n < rows; n++) {
    const int counts = index[n] != ignored;
    counted += counts;
    bad += counts & (((uint64_t)index[n]) >= (uint64_t)classes);
  }
  *count = counted;
  *sum = counted;
  if (bad) {
    int64_t n = 0;
    while (index[n] == ignored || (uint64_t)index[n] < (uint64_t)classes) n++;
    return n;
  }
  if (weight) {
    for (int64_t n = 0; n < rows; n++) total += index[n] != ignored ? weight[index[n]] : 0;
    *sum = total;
  }
  return -1;
}

/* The least and the most of numbers; 0, and neither is known, where one is NaN. */
int lossbook_extremes(const real *x, int64_t size, int threads, double *least_, double *most_) {
  number low = INFINITY, high = -INFINITY;
  int unknown = 0;
  if (size < SMALL) threads = 1;
#if defined(_OPENMP)
#pragma omp parallel for simd num_threads(threads) if (threads > 1) reduction(min : low) reduction(max : high) reduction(| : unknown)
#endif
  for (int64_t n = 0; n < size; n++) {
    const number y = read(x[n]);
    low = y < low ? y : low;
    high = y > high ? y : high;
    unknown |= y != y;
  }
  *least_ = low;
  *most_ = high;
  return !unknown;
}

/* For the tests of the functions. */
void lossbook_map(int which, double r, const double *x, double *y, int64_t size) {
  SIMD for (int64_t n = 0; n < size; n++)
    y[n] = which == 0 ? exp_(x[n]) : which == 1 ? log_(x[n]) : which == 2 ? log1p_(x[n]) : which == 3 ? log1p_to_one(x[n]) : power(x[n], r, 0);
}

void lossbook_map_float(int which, double r, const float *x, float *y, int64_t size) {
  SIMD for (int64_t n = 0; n < size; n++)
    y[n] = which == 0 ? exp_in_range(x[n]) : which == 1 ? log_(x[n]) : which == 2 ? log1p_(x[n]) : which == 3 ? log1p_to_one(x[n]) : power(x[n], r, 0);
}

#if defined(FLOAT64)
void lossbook_map_pair(int which, double r, const Pair *x, Pair *y, int64_t size) {
  SIMD for (int64_t n = 0; n < size; n++)
    y[n] = which == 0 ? exp_(x[n]) : which == 1 ? log_(x[n]) : which == 2 ? log1p_(x[n]) : which == 3 ? log1p_to_one(x[n]) : power(x[n], r, 0);
}
#endif

} // extern "C"
