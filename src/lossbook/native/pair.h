/* Double-double arithmetic for float64 logits: a number is the sum hi + lo of two doubles, with |lo| at most half a unit in
 * the last place of hi (Knuth's two-sum; Dekker 1971). Sums and products are right to 2^-100, exp and log to 2^-64. Below
 * 2^-900 the precision is that of double; at infinities and NaN hi is what double arithmetic gives, and lo is 0. */
struct Pair {
  double hi, lo;
  Pair() = default;
  ALWAYS Pair(const Pair &x) : hi(x.hi), lo(x.lo) {} /* by members: compilers do not vectorise copies of structs */
  ALWAYS Pair &operator=(const Pair &x) { hi = x.hi; lo = x.lo; return *this; }
  ALWAYS Pair(double x) : hi(x), lo(0) {}
  ALWAYS Pair(double high, double low) : hi(high), lo(low) {}
  ALWAYS explicit operator double() const { return hi; }
};

INSIDE(Pair) either(bool first, Pair a, Pair b) { return Pair(either(first, a.hi, b.hi), either(first, a.lo, b.lo)); }

/* a + b, exactly. */
INSIDE(Pair) two_sum(double a, double b) {
  const double s = a + b, t = s - a;
  return Pair(s, (a - (s - t)) + (b - t));
}

/* The same where |a| >= |b|. */
INSIDE(Pair) quick_sum(double a, double b) {
  const double s = a + b;
  return Pair(s, b - (s - a));
}

/* a b, exactly where it neither overflows nor underflows. */
INSIDE(Pair) two_product(double a, double b) {
  const double p = a * b;
#if defined(__FMA__) || defined(__aarch64__)
  return Pair(p, __builtin_fma(a, b, -p));
#else
  const double c = 0x8000001p0 * a, d = 0x8000001p0 * b; /* halves of 26 digits */
  const double ah = c - (c - a), al = a - ah, bh = d - (d - b), bl = b - bh;
  return Pair(p, ((ah * bh - p) + ah * bl + al * bh) + al * bl);
#endif
}

/* plain + rest, or plain where that is infinite or NaN. */
INSIDE(Pair) settled(double plain, double rest) {
  const Pair sum = quick_sum(plain, rest);
  return either(abs_(sum.hi) < INFINITY, sum, Pair(plain));
}

INSIDE(Pair) operator-(Pair x) { return Pair(-x.hi, -x.lo); }

INSIDE(Pair) operator+(Pair x, Pair y) { /* also where they cancel */
  const Pair high = two_sum(x.hi, y.hi), low = two_sum(x.lo, y.lo);
  const Pair sum = quick_sum(high.hi, high.lo + low.hi);
  const Pair all = quick_sum(sum.hi, sum.lo + low.lo);
  return either(abs_(all.hi) < INFINITY, all, Pair(high.hi));
}

INSIDE(Pair) operator-(Pair x, Pair y) { return x + -y; }

INSIDE(Pair) operator*(Pair x, Pair y) {
  const Pair p = two_product(x.hi, y.hi);
  return settled(p.hi, p.lo + (x.hi * y.lo + x.lo * y.hi));
}

INSIDE(Pair) operator/(Pair x, Pair y) {
  const double q = x.hi / y.hi;
  const Pair p = two_product(q, y.hi);
  return settled(q, (((x.hi - p.hi) - p.lo + x.lo) - q * y.lo) / y.hi);
}

INSIDE(void) operator+=(Pair &x, Pair y) { x = x + y; }

INSIDE(bool) operator==(Pair x, Pair y) { return (x.hi == y.hi) & (x.lo == y.lo); }
INSIDE(bool) operator<(Pair x, Pair y) { return (x.hi < y.hi) | ((x.hi == y.hi) & (x.lo < y.lo)); }
INSIDE(bool) operator>(Pair x, Pair y) { return y < x; }
INSIDE(bool) operator!=(Pair x, Pair y) { return !(x == y); }
INSIDE(bool) operator<=(Pair x, Pair y) { return (x < y) | (x == y); }
INSIDE(bool) operator>=(Pair x, Pair y) { return y <= x; }

INSIDE(Pair) abs_(Pair x) { return either(x.hi < 0, -x, x); }
INSIDE(Pair) larger(Pair a, Pair b) { return either((a > b) | (a.hi != a.hi), a, b); }
INSIDE(Pair) smaller(Pair a, Pair b) { return either((a < b) | (a.hi != a.hi), a, b); }

/* constant + x y, where the constant is the larger part; |lo| may be a little too large. */
INSIDE(Pair) product_added(Pair constant, Pair x, Pair y) {
  const Pair p = two_product(x.hi, y.hi);
  const Pair sum = quick_sum(constant.hi, p.hi);
  return Pair(sum.hi, sum.lo + (p.lo + (x.hi * y.lo + x.lo * y.hi) + constant.lo));
}

/* 2^n for integers n from -1022 to 1023. */
INSIDE(double) two_to(double n) { return of_bits(bits_of(n + (0x1.8p52 + 1023)) << 52); }

/* exp(x) for x <= 709: 2^n exp(r), |r| <= log(2)/2. The terms up to r^4 are pairs. */
INSIDE(Pair) exp_(Pair x) {
  const double magic = 0x1.8p52;
  x = either(x.hi < -1000, Pair(-1000), x); /* 0 */
  const double n = mul_add(x.hi, 0x1.71547652b82fep0, magic) - magic;
  const Pair reduced = two_sum(x.hi - n * LOG2_FIRST_pair, -(n * LOG2_SECOND_pair));
  const Pair r = quick_sum(reduced.hi, reduced.lo + (x.lo - n * LOG2_THIRD_pair));
  const Pair fourth = quick_sum(EXP_4_HIGH_pair, r.hi * exp_tail_polynomial(r.hi));
  Pair e = Pair(fourth.hi, fourth.lo + EXP_4_LOW_pair);
  e = product_added(Pair(EXP_3_HIGH_pair, EXP_3_LOW_pair), r, e);
  e = product_added(Pair(0.5), r, e);
  e = product_added(Pair(1), r, e);
  e = product_added(Pair(1), r, e);
  e = quick_sum(e.hi, e.lo);
  const double half = (0.5 * n + magic) - magic; /* in two steps, so that a subnormal result is rounded once */
  const double first = two_to(half), second = two_to(n - half);
  return Pair(e.hi * first * second, e.lo * first * second);
}

/* log(1 + f) + n log(2), 1 + f from sqrt(1/2) to sqrt(2): an odd function of t = 2f/(2+f). */
INSIDE(Pair) log_of(Pair f, double n) {
  const Pair t = (f + f) / (Pair(2) + f), z = t * t;
  const Pair second = quick_sum(LOG_2_HIGH_pair, z.hi * log_tail_polynomial(z.hi));
  const Pair rest = product_added(Pair(LOG_1_HIGH_pair, LOG_1_LOW_pair), z, Pair(second.hi, second.lo + LOG_2_LOW_pair));
  const Pair log = t + t * (z * quick_sum(rest.hi, rest.lo));
  const Pair whole = quick_sum(n * LOG2_FIRST_pair, n * (LOG2_SECOND_pair + LOG2_THIRD_pair));
  return either(n == 0, log, whole + log);
}

/* n and x / 2^n from sqrt(1/2) to sqrt(2), for normal x > 0. */
INSIDE(double) exponent_of(double x) {
  const uint64_t shifted = bits_of(x) + (0x3ff0000000000000 - 0x3fe6a09e667f3bcd);
  return of_bits((shifted >> 52) | 0x4330000000000000) - (0x1p52 + 1023);
}

INSIDE(Pair) log_(Pair x) {
  const bool small = x.hi < 0x1p-900; /* a subnormal number is scaled first, to read its exponent */
  const double up = small ? 0x1p200 : 1;
  const double n = exponent_of(x.hi * up), by = two_to(-n);
  return log_of(Pair(x.hi * up * by, x.lo * up * by) + Pair(-1), small ? n - 200 : n);
}

/* log(1 + x) for x >= 0. */
INSIDE(Pair) log1p_(Pair x) {
  const Pair y = Pair(1) + x;
  const double n = exponent_of(y.hi), by = two_to(-n);
  return log_of(either(n == 0, x, Pair(y.hi * by, y.lo * by) + Pair(-1)), n);
}

INSIDE(Pair) log1p_to_one(Pair x) { return log1p_(x); }

/* x**r for x >= 0, r >= 0. */
INSIDE(Pair) power(Pair x, double r, int square) {
  if (square) return x * x;
  const Pair y = exp_(Pair(r) * log_(x));
  return either(x.hi > 0, y, either(x.hi == 0, Pair(r == 0), x));
}
