/* What the generated kernels of a loss use. There are two sets of kernels: those in `general` accept
 * all logits, and compute in double, or in pairs of doubles where the logits are doubles; those in
 * `bounded` need logits within a bound: nothing overflows there, and no maximum has to be subtracted. */
#include "base.h"
#include "functions.h"
#if defined(FLOAT64)
#include "pair.h"
INSIDE(real) write(Pair x) { return x.hi; }
#undef BOUNDED
#define BOUNDED 0
#endif

/* The head of a kernel. square: the exponent of the loss is 2, which is known at compile time. */
#define KERNEL template <bool square> static __attribute__((noinline)) double

/* The probability of a class as given, or 1 for the target class and 0 for the others. */
#if ONE_HOT
#define TARGET(targets, at, k, index) ((number)((k) == (index)))
#else
#define TARGET(targets, at, k, index) read(targets[at])
#endif

/* Each: the type of what is computed for every class. */
namespace general {
#if defined(FLOAT64)
typedef Pair Each;
#else
typedef double Each;
#endif
}

/* Vector: a vector of Each, for rows side by side. Row: what is computed once for a row of many classes. */
namespace bounded {
#if FAST
typedef float Each;
typedef Floats Vector;
typedef int32_t Class; /* as wide as Each, so that comparisons with a class select Each */
#else
typedef double Each;
typedef Doubles Vector;
typedef int64_t Class;
#endif
typedef double Row;
}
using bounded::Class;

#define ROWS 128                      /* rows that a kernel for rows side by side takes at a time */
#define BLOCK (BY_CLASS ? ROWS : 256) /* the same, for losses of single outputs as well */

/* The inputs of a loss, in the order in which the generated file names them, starting at some row. */
typedef struct {
  const real *logits, *arrays[4];
  const int64_t *index;
  const double *weights[4];
  double numbers[8];
  /* For the kernels in `bounded`; the pointers have one entry for each row of a block. */
  const Class *classes;            /* the target class */
  const bounded::Each *weights_of[4]; /* the weights of that class */
  const bounded::Each *factors;       /* of the gradient; 0 where a row does not count */
  const bounded::Each *counted;       /* 1, or 0 where a row does not count */
  int32_t bound;                   /* the bits of the largest |logit| that is allowed */
  int stream;                      /* whether the gradient is written past the caches */
  int *refused;                    /* set where a logit exceeds the bound */
} Inputs;

#if BOUNDED
#include "bounded.h"
#endif
