/* Which rows each thread takes, and where they lie. Included last: it calls the four functions above it. */
#include <pthread.h>

const char *lossbook_inputs(void) { return INPUTS; }

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
} Call;

#define TALL_BELOW 64 /* classes: shorter rows are transposed in blocks */
#define CHUNK 32768   /* logits that a thread takes at a time, at least */
#define SMALL 65536   /* logits for which a second thread is not worth its start */

#if BY_CLASS
#define BLOCK ROWS
#else
#define BLOCK 2048
#endif

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

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static Inputs moved(const Inputs *in, int64_t logits, int64_t rows) {
  Inputs at = *in;
  at.logits += logits;
  for (int n = 0; n < ARRAYS; n++) at.arrays[n] += logits;
  at.index = INDEX(in, rows);
  return at;
}

/* A block of rows; class numbers that do not count are replaced by 0. */
static double block(const Call *call, Inputs in, int64_t first, int64_t rows, int64_t stride,
                                  real *gradient, double *scratch) {
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
  double values[BLOCK], factors[BLOCK], total;
  if (gradient) {
    if (call->factors) memcpy(factors, call->factors + first, rows * sizeof(double));
    else for (int64_t b = 0; b < rows; b++) factors[b] = 1;
    total = CALL(tall_both, &in, call->classes, rows, stride, counts, gradient, call->factor, factors, values, scratch);
  } else {
    total = CALL(tall_value, &in, call->classes, rows, stride, counts, values, scratch);
  }
  if (call->values)
    SIMD for (int64_t b = 0; b < rows; b++) call->values[first + b] = write(values[b]);
  return total;
}

#if BY_CLASS
static double wide(const Call *call, int64_t r, double *scratch) {
  const int64_t K = call->classes;
  real *gradient = call->gradient ? call->gradient + r * K : NULL;
#if BY_INDEX
  if (call->in.index[r] == call->ignored) {
    if (gradient) for (int64_t k = 0; k < K; k++) gradient[k] = write(0);
    if (call->values) call->values[r] = write(0);
    return 0;
  }
#endif
  const Inputs in = moved(&call->in, r * K, r);
  const double factor = call->factor * (call->factors ? call->factors[r] : 1);
  const double value = gradient ? CALL(wide_both, &in, K, gradient, factor, scratch) : CALL(wide_value, &in, K, scratch);
  if (call->values) call->values[r] = write(value);
  return value;
}

/* Short rows: a block is copied so that the rows of one class follow each other, and its gradient copied back. */
static double transposed(const Call *call, int64_t unit, double *scratch) {
  const int64_t K = call->classes, first = unit * ROWS, rows = least(ROWS, call->outer - first);
  Inputs in = moved(&call->in, first * K, first);
  real *tile = (real *)(scratch + STORED * K * ROWS);
  const real **sources[1 + ARRAYS];
  sources[0] = &in.logits;
  for (int n = 0; n < ARRAYS; n++) sources[1 + n] = &in.arrays[n];
  for (int n = 0; n < 1 + ARRAYS; n++, tile += K * ROWS) {
    const real *from = *sources[n];
    for (int64_t k = 0; k < K; k++)
      SIMD for (int64_t b = 0; b < rows; b++) tile[k * ROWS + b] = from[b * K + k];
    *sources[n] = tile;
  }
  if (!call->gradient) return block(call, in, first, rows, ROWS, NULL, scratch);
  const double total = block(call, in, first, rows, ROWS, tile, scratch);
  real *to = call->gradient + first * K;
  for (int64_t k = 0; k < K; k++)
    SIMD for (int64_t b = 0; b < rows; b++) to[b * K + k] = tile[k * ROWS + b];
  return total;
}

static double planes(const Call *call, int64_t unit, double *scratch) {
  const int64_t tiles = (call->inner + ROWS - 1) / ROWS, o = unit / tiles, b = unit % tiles * ROWS;
  const int64_t at = o * call->classes * call->inner + b, first = o * call->inner + b;
  real *gradient = call->gradient ? call->gradient + at : NULL;
  return block(call, moved(&call->in, at, first), first, least(ROWS, call->inner - b), call->inner, gradient, scratch);
}
#else
static double elements(const Call *call, int64_t unit, double *scratch) {
  const int64_t first = unit * BLOCK;
  real *gradient = call->gradient ? call->gradient + first : NULL;
  return block(call, moved(&call->in, first, 0), first, least(BLOCK, call->inner - first), 0, gradient, scratch);
}
#endif

static int64_t units_of(const Call *call) {
#if !BY_CLASS
  return (call->inner + BLOCK - 1) / BLOCK;
#else
  if (call->inner != 1) return call->outer * ((call->inner + ROWS - 1) / ROWS);
  return call->classes < TALL_BELOW ? (call->outer + ROWS - 1) / ROWS : call->outer;
#endif
}

static double unit_of(const Call *call, int64_t unit, double *scratch) {
#if !BY_CLASS
  return elements(call, unit, scratch);
#else
  if (call->inner != 1) return planes(call, unit, scratch);
  return call->classes < TALL_BELOW ? transposed(call, unit, scratch) : wide(call, unit, scratch);
#endif
}

static void chunks(Call *call, double *scratch) {
  const int64_t units = units_of(call);
  for (;;) {
    const int64_t chunk = __atomic_fetch_add(&call->next, 1, __ATOMIC_RELAXED);
    if (chunk >= call->chunks) return;
    const int64_t end = least((chunk + 1) * call->units, units);
    double total = 0;
    for (int64_t unit = chunk * call->units; unit < end; unit++) total += unit_of(call, unit, scratch);
    call->totals[chunk] = total;
  }
}

static void *work(void *given) {
  Call *call = given;
  const int64_t block = call->inner == 1 && call->classes >= TALL_BELOW ? 1 : ROWS;
  const size_t size = (size_t)(STORED + 1 + ARRAYS + 1) * call->classes * block + 64;
  double *scratch = malloc(BY_CLASS ? size * sizeof(double) : 8);
  if (!scratch) return given; /* the chunks are left for another thread */
  chunks(call, scratch);
  free(scratch);
  return NULL;
}

/* The sum of the values of all rows in *total. Returns 0, or 1 where there was no memory. The same sum in every run: it
 * depends on the chunks, not on the threads. */
int lossbook_run(int64_t outer, int64_t classes, int64_t inner, const real *logits, const real *const *arrays,
                 const int64_t *index, const double *const *weights, const double *numbers, real *gradient,
                 real *values, const double *factors, double factor, int64_t ignored, int threads, double *total) {
  Call call = {.outer = outer, .classes = classes, .inner = inner, .gradient = gradient, .values = values,
               .factors = factors, .factor = factor, .ignored = ignored};
  call.in.logits = logits;
  call.in.index = index;
  for (int n = 0; n < ARRAYS; n++) call.in.arrays[n] = arrays[n];
  for (int n = 0; n < WEIGHTS; n++) call.in.weights[n] = weights[n];
  for (int n = 0; n < NUMBERS; n++) call.in.numbers[n] = numbers[n];
  const int64_t units = units_of(&call), size = outer * classes * inner;
  *total = 0;
  if (size == 0) return 0;
  call.units = 1 + CHUNK * units / size;
  call.chunks = (units + call.units - 1) / call.units;
  double few[64];
  call.totals = call.chunks <= 64 ? few : malloc(call.chunks * sizeof(double));
  if (!call.totals) return 1;
  threads = size < SMALL ? 1 : (int)least(least(threads, 256), call.chunks);
  pthread_t started[256];
  int helpers = 0;
  while (helpers < threads - 1 && !pthread_create(&started[helpers], NULL, work, &call)) helpers++;
  int failed = work(&call) != NULL;
  for (int n = 0; n < helpers; n++) {
    void *result;
    pthread_join(started[n], &result);
    if (!result) failed = 0;
  }
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
                       int64_t *count, double *sum) {
  int64_t counted = 0, bad = 0;
  double total = 0;
  SIMD_OF(reduction(+ : counted, bad))
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

/* For the tests of the functions. */
void lossbook_map(int which, double r, const double *x, double *y, int64_t size) {
  SIMD for (int64_t n = 0; n < size; n++)
    y[n] = which == 0 ? exp_(x[n]) : which == 1 ? log_(x[n]) : which == 2 ? log1p_(x[n]) : power(x[n], r, 0);
}
