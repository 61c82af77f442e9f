/* Checks of the targets. */

#define SUMS 2 /* the TargetCheck that includes the sums of probabilities */
/* Whether every target of some rows is a class that counts, or a probability from 0 to 1, and, with SUMS, whether the
 * probabilities of each row sum to 1. */
static int targets_are_usual(const Call *call, int64_t first, int64_t rows) {
  int others = 0;
#if BY_INDEX
  const int64_t *index = call->in.index + first;
  SIMD_OF(reduction(| : others))
  for (int64_t b = 0; b < rows; b++) others |= ((uint64_t)index[b] >= (uint64_t)call->classes) | (index[b] == call->ignored);
#else
  const int64_t K = call->classes, at = place(call, first);
  const int adjacent = !BY_CLASS || call->inner != 1;
  const real *targets = call->in.arrays[0] + at;
  double sums[BLOCK] = {};
  for (int64_t part = 0; part < (adjacent ? K : 1); part++, targets += call->inner) {
    SIMD_OF(reduction(| : others))
    for (int64_t b = 0; b < (adjacent ? rows : rows * K); b++) others |= !((read(targets[b]) >= 0) & (read(targets[b]) <= 1));
    if (call->target_check < SUMS) continue;
    if (adjacent)
      SIMD for (int64_t b = 0; b < rows; b++) sums[b] += read(targets[b]);
    else
      for (int64_t b = 0; b < rows; b++) {
        double sum = 0;
        SIMD_OF(reduction(+ : sum))
        for (int64_t k = 0; k < K; k++) sum += read(targets[b * K + k]);
        sums[b] = sum;
      }
  }
  for (int64_t b = 0; call->target_check == SUMS && b < rows; b++) others |= !(abs_(sums[b] - 1) < 1e-4);
#endif
  return !others;
}
