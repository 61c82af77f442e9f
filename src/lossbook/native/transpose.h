/* Transposes rows of a few classes to columns, so that the rows of a block are side by side, and back. Vectors of eight
 * float32 are transposed in registers; other dtypes, and what is left over, are copied number by number. */
#if defined(__has_builtin) && !defined(FLOAT16) && !defined(BFLOAT16) && !defined(FLOAT64)
#if __has_builtin(__builtin_shufflevector)
#define SHUFFLES 1
#endif
#endif
#if SHUFFLES
#define UNROLLED _Pragma("GCC unroll 8")
typedef real Four __attribute__((vector_size(4 * sizeof(real)), aligned(sizeof(real)), may_alias));
typedef real Eight __attribute__((vector_size(8 * sizeof(real)), aligned(sizeof(real)), may_alias));

/* Transposes each half of four vectors: two blocks of 4 x 4. */
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
  UNROLLED for (int n = 0; n < 4; n++) *(Four *)(to + n * K) = __builtin_shufflevector(x[n], x[n], 0, 1, 2, 3);
  UNROLLED for (int n = 0; n < 4; n++) *(Four *)(to + (n + 4) * K) = __builtin_shufflevector(x[n], x[n], 4, 5, 6, 7);
}

INSIDE(void) rows_of_eight(const real *from, real *to, int64_t K) {
  Eight x[8];
  UNROLLED for (int n = 0; n < 8; n++) x[n] = *(const Eight *)(from + n * ROWS);
  transpose(x);
  transpose(x + 4);
  UNROLLED for (int n = 0; n < 4; n++) *(Eight *)(to + n * K) = __builtin_shufflevector(x[n], x[n + 4], 0, 1, 2, 3, 8, 9, 10, 11);
  UNROLLED for (int n = 0; n < 4; n++) *(Eight *)(to + (n + 4) * K) = __builtin_shufflevector(x[n], x[n + 4], 4, 5, 6, 7, 12, 13, 14, 15);
}
#else
#define SHUFFLES 0
#endif

/* Transposes rows of K numbers to columns that are ROWS apart; up to 3 columns behind them are overwritten. room: how many numbers may
 * be read from `from` on. */
static void to_columns(const real *from, int64_t rows, int64_t K, real *to, int64_t room) {
  int64_t b = 0;
#if SHUFFLES
  for (; b + 8 <= rows && (b + 7) * K + (K + 3) / 4 * 4 <= room; b += 8)
    for (int64_t k = 0; k < K; k += 4) four_columns(from + b * K + k, K, to + k * ROWS + b);
#endif
  for (int64_t k = 0; k < K; k++)
    SIMD for (int64_t n = b; n < rows; n++) to[k * ROWS + n] = from[n * K + k];
}

/* The reverse of to_columns. A row is written four or eight numbers at a time; what is written beyond its end is overwritten by the next
 * rows, so short rows are written in order and the last ones number by number. */
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
    for (; b + 16 <= rows; b += 8) {
      if (K <= 4) rows_of_four(from + b, to + b * K, K);
      else rows_of_eight(from + b, to + b * K, K);
    }
#endif
  for (int64_t k = 0; k < K; k++)
    SIMD for (int64_t n = b; n < rows; n++) to[n * K + k] = from[k * ROWS + n];
}
