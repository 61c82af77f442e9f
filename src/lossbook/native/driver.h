/* All rows, in chunks that threads share. Included after the kernels, which it calls. */
#include "blocks.h"
#include "targets.h"

#define CHUNK 32768     /* logits that a thread takes at a time, at least */
#define SMALL 32768     /* logits below which a second thread costs more than it saves */
#define STREAM 33554432 /* bytes from which a gradient is written past the caches */
enum { NO_MEMORY = 1, UNUSUAL_TARGET = 2 };

/* Whether rows are adjacent in memory, and whether they are computed side by side. */
static int so_in_memory(const Call *call) { return !BY_CLASS || call->inner != 1; }
static int side_by_side(const Call *call) { return so_in_memory(call) || call->classes < TRANSPOSED_BELOW; }

/* A unit of work is at most rows_of_unit rows of `in_all` that follow each other. The first unit has `fewer`, so that the
 * others start with a cache line of a gradient that is written past the caches. */
#if BY_CLASS
static int64_t rows_of_unit(const Call *call) { return side_by_side(call) ? BLOCK : rows_at_a_time(call); }
#else
static int64_t rows_of_unit(const Call *call) { return BLOCK; }
#endif
static int64_t in_all(const Call *call) { return so_in_memory(call) ? call->inner : call->outer; }
static int64_t fewer(const Call *call) { return call->in.stream && so_in_memory(call) ? in_line(call->gradient) : 0; }
static int64_t units_in_all(const Call *call) { return (in_all(call) + fewer(call) + rows_of_unit(call) - 1) / rows_of_unit(call); }

/* The sum of the values of a unit of work. */
static double computed(Call *call, int64_t unit, void *scratch) {
  const int64_t part = unit / units_in_all(call), n = unit % units_in_all(call), size = rows_of_unit(call);
  const int64_t from = n ? n * size - fewer(call) : 0, to = least((n + 1) * size - fewer(call), in_all(call));
  const int64_t first = part * in_all(call) + from, rows = to - from;
  if (call->target_check && !targets_are_usual(call, first, rows)) {
    __atomic_store_n(&call->failed, UNUSUAL_TARGET, __ATOMIC_RELAXED);
    return 0;
  }
#if BY_CLASS
  if (!so_in_memory(call)) return (side_by_side(call) ? transposed_rows : long_rows)(call, first, rows, scratch);
#endif
  return adjacent_rows(call, first, rows, scratch);
}

/* What one thread does: chunks until none is left, or something has failed. */
static void work(Call *call) {
  const int64_t units = units_in_all(call) * (call->outer * call->inner / in_all(call));
  const size_t numbers = (size_t)(STORED * call->classes + (1 + ARRAYS) * (call->classes + 8) + 8) * rows_of_unit(call);
  void *scratch = NULL;
  if (BY_CLASS && posix_memalign(&scratch, 64, numbers * sizeof(general::Each))) __atomic_store_n(&call->failed, NO_MEMORY, __ATOMIC_RELAXED);
#if defined(_OPENMP)
#pragma omp for schedule(dynamic) nowait
#endif
  for (int64_t chunk = 0; chunk < call->chunks; chunk++) {
    const int64_t end = least((chunk + 1) * call->units, units);
    double total = 0;
    for (int64_t unit = chunk * call->units; unit < end && !__atomic_load_n(&call->failed, __ATOMIC_RELAXED); unit++)
      total += computed(call, unit, scratch);
    call->totals[chunk] = total;
  }
#if defined(__AVX__)
  if (call->in.stream) _mm_sfence();
#endif
  free(scratch);
}

extern "C" {

const char *lossbook_inputs(void) { return INPUTS; }

/* The sum of the values of all rows in *total. Returns 0, NO_MEMORY, or, with `target_check`, UNUSUAL_TARGET: then what was written
 * means nothing. The sum does not depend on the threads, only on the chunks and on where in a cache line the gradient
 * starts. */
int lossbook_run(int64_t outer, int64_t classes, int64_t inner, const real *logits, const real *const *arrays,
                 const int64_t *index, const double *const *weights, const double *numbers, real *gradient,
                 real *values, const double *factors, double factor, int64_t ignored, int target_check, int threads, double *total) {
  Call call = {};
  call.outer = outer;
  call.classes = classes;
  call.inner = inner;
  call.gradient = gradient;
  call.values = values;
  call.factors = factors;
  call.factor = factor;
  call.ignored = ignored;
  call.target_check = target_check;
  call.in.logits = logits;
  call.in.index = index;
  for (int n = 0; n < ARRAYS; n++) call.in.arrays[n] = arrays[n];
  for (int n = 0; n < WEIGHTS; n++) call.in.weights[n] = weights[n];
  for (int n = 0; n < NUMBERS; n++) call.in.numbers[n] = numbers[n];
  for (int b = 0; b < BLOCK; b++) call.ones[b] = 1;
  const int64_t size = outer * classes * inner;
  *total = 0;
  if (size == 0) return 0;
#if BOUNDED
  call.moderate = 1;
  for (int n = 0; n < NUMBERS; n++) call.moderate &= numbers[n] == 0 || moderate(numbers[n]);
  for (int n = 0; n <= WEIGHTS; n++) {
    const double one = n < WEIGHTS ? weights[n][0] : 1;
    call.same[n] = one != 0;
    for (int64_t k = 0; n < WEIGHTS && k < classes; k++) {
      call.same[n] &= weights[n][k] == one;
      call.moderate &= weights[n][k] == 0 || moderate(weights[n][k]);
    }
    for (int b = 0; b < BLOCK; b++) call.alike[n][b] = (bounded::Each)one;
  }
#endif
  call.in.bound = bound_of(&call, side_by_side(&call));
  if (FAST && classes > INT32_MAX - 65536) call.in.bound = -1; /* more classes than a Class counts */
  call.in.stream = gradient && gradient != logits && size * (int64_t)sizeof(real) >= STREAM &&
                   (!so_in_memory(&call) || classes * outer == 1 || inner * sizeof(real) % LINE == 0);
  const int64_t units = units_in_all(&call) * (outer * inner / in_all(&call));
  call.units = 1 + CHUNK * units / size;
  call.chunks = (units + call.units - 1) / call.units;
  double few[64];
  call.totals = call.chunks <= 64 ? few : (double *)malloc(call.chunks * sizeof(double));
  if (!call.totals) return NO_MEMORY;
  threads = size < SMALL ? 1 : (int)least(threads, call.chunks);
#if defined(_OPENMP) /* PyTorch uses the same pool of waiting threads */
#pragma omp parallel num_threads(threads) if (threads > 1)
#endif
  work(&call);
  if (!call.failed) {
    for (int64_t width = 1; width < call.chunks; width *= 2) /* in pairs: the error grows with the logarithm */
      for (int64_t n = 0; n + width < call.chunks; n += 2 * width) call.totals[n] += call.totals[n + width];
    *total = call.totals[0];
  }
  if (call.totals != few) free(call.totals);
  return call.failed;
}

/* The position of the first index that is neither a class nor ignored, or -1; how many count, and their weight. */
int64_t lossbook_check(const int64_t *index, int64_t rows, int64_t classes, int64_t ignored, const double *weight,
                       int threads, int64_t *count, double *sum) {
  int64_t counted = 0, bad = 0;
  if (rows < SMALL) threads = 1;
#if defined(_OPENMP)
#pragma omp parallel for simd num_threads(threads) if (threads > 1) reduction(+ : counted, bad)
#endif
  for (int64_t n = 0; n < rows; n++) {
    const int counts = index[n] != ignored;
    counted += counts;
    bad += counts & ((uint64_t)index[n] >= (uint64_t)classes);
  }
  *count = counted;
  *sum = counted;
  if (bad) {
    int64_t n = 0;
    while (index[n] == ignored || (uint64_t)index[n] < (uint64_t)classes) n++;
    return n;
  }
  if (weight) {
    *sum = 0;
    for (int64_t n = 0; n < rows; n++) *sum += index[n] != ignored ? weight[index[n]] : 0;
  }
  return -1;
}

} // extern "C"
