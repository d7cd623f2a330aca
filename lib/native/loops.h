// Loops over float32 numbers, left to the compiler's vectoriser, once for each of several generations of processors; which
// one runs is decided where it runs.
#pragma once

#include <cmath>
#include <cstring>

#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__)
#define LOOP __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"))) static
#else
#define LOOP static
#endif
#define INLINE __attribute__((always_inline)) static inline

// A matrix in compressed rows: row r has the entries from start[r] to start[r + 1]
struct Sparse {
  long rows;
  const int* start;
  const int* column;
  const float* value;
};

// Columns of a dense matrix that are worked on together, in registers
constexpr long STRIP = 256;
typedef float Strip __attribute__((vector_size(STRIP * sizeof(float)), aligned(4), may_alias));

INLINE Strip& strip(float* x) { return *reinterpret_cast<Strip*>(x); }
INLINE const Strip& strip(const float* x) { return *reinterpret_cast<const Strip*>(x); }

// out += x·dense
LOOP void addProduct(float* out, const Sparse& x, const float* dense, long width) {
  long o = 0;
  for (; o + STRIP <= width; o += STRIP) {
    for (long r = 0; r < x.rows; r++) {
      Strip sum = strip(out + r * width + o);
      for (int e = x.start[r]; e < x.start[r + 1]; e++) sum += x.value[e] * strip(dense + x.column[e] * width + o);
      strip(out + r * width + o) = sum;
    }
  }
  for (long r = 0; r < x.rows; r++)
    for (int e = x.start[r]; e < x.start[r + 1]; e++)
      for (long i = o; i < width; i++) out[r * width + i] += x.value[e] * dense[x.column[e] * width + i];
}

// out += xᵀ·dense
LOOP void addTransposedProduct(float* out, const Sparse& x, const float* dense, long width) {
  long o = 0;
  for (; o + STRIP <= width; o += STRIP) {
    for (long r = 0; r < x.rows; r++) {
      const Strip from = strip(dense + r * width + o);
      for (int e = x.start[r]; e < x.start[r + 1]; e++) strip(out + x.column[e] * width + o) += x.value[e] * from;
    }
  }
  for (long r = 0; r < x.rows; r++)
    for (int e = x.start[r]; e < x.start[r + 1]; e++)
      for (long i = o; i < width; i++) out[x.column[e] * width + i] += x.value[e] * dense[r * width + i];
}

// exp, 0 below −87 and no larger than at 88: 2ᵏ times a Taylor polynomial on |r| ≤ ln 2 / 2
INLINE float expOf(float x) {
  const float inside = x < -87 ? -87 : x > 88 ? 88 : x;
  const float k = std::floor(inside * 1.44269504f + 0.5f);
  const float r = (inside - k * 0.693359375f) + k * 2.12194440e-4f;
  const float series =
      1 + r * (1 + r * (0.5f + r * (1 / 6.f + r * (1 / 24.f + r * (1 / 120.f + r * (1 / 720.f + r / 5040))))));
  const int bits = (static_cast<int>(k) + 127) << 23;
  float power;
  memcpy(&power, &bits, sizeof power);
  return x < -87 ? 0 : series * power;
}

INLINE float sigmoidOf(float x) { return 1 / (1 + expOf(-x)); }

// Lambert's continued fraction below 1, 1 − 2/(exp 2|x| + 1) above
INLINE float tanhOf(float x) {
  const float square = x * x;
  const float fraction = x * (135135 + square * (17325 + square * (378 + square))) /
                         (135135 + square * (62370 + square * (3150 + square * 28)));
  const float size = std::fabs(x);
  const float large = 1 - 2 / (expOf(2 * size) + 1);
  return size < 1 ? fraction : x < 0 ? -large : large;
}

LOOP void tanhInPlace(float* x, long n) {
  for (long i = 0; i < n; i++) x[i] = tanhOf(x[i]);
}

// NaN stays NaN
LOOP void reluInPlace(float* x, long n) {
  for (long i = 0; i < n; i++) x[i] = x[i] < 0 ? 0 : x[i];
}

LOOP float dot(const float* x, const float* y, long n) {
  float sum = 0;
  for (long i = 0; i < n; i++) sum += x[i] * y[i];
  return sum;
}

// y += a·x
LOOP void addScaled(float* __restrict y, float a, const float* __restrict x, long n) {
  for (long i = 0; i < n; i++) y[i] += a * x[i];
}

// out = y + a·x
LOOP void scaledSum(float* __restrict out, const float* y, float a, const float* x, long n) {
  for (long i = 0; i < n; i++) out[i] = y[i] + a * x[i];
}

// The slope of the activation as a function of its value y
INLINE float slope(float y, bool relu) { return relu ? (y > 0 ? 1.f : 0.f) : 1 - y * y; }

// out = factor · w · f′
LOOP void timesSlope(float* __restrict out, float factor, const float* w, const float* y, long n, bool relu) {
  for (long i = 0; i < n; i++) out[i] = factor * w[i] * slope(y[i], relu);
}

// Σ x · w · f′
LOOP float dotWithSlope(const float* x, const float* w, const float* y, long n, bool relu) {
  float sum = 0;
  for (long i = 0; i < n; i++) sum += x[i] * w[i] * slope(y[i], relu);
  return sum;
}

// out = w · x · inverse
LOOP void scaledRow(float* __restrict out, const float* x, float inverse, const float* w, long n) {
  for (long i = 0; i < n; i++) out[i] = w[i] * (x[i] * inverse);
}

// out = w · (x − mean) · inverse + b
LOOP void normedRow(float* __restrict out, const float* x, float mean, float inverse, const float* w, const float* b,
                    long n) {
  for (long i = 0; i < n; i++) out[i] = w[i] * ((x[i] - mean) * inverse) + b[i];
}

LOOP float sum(const float* x, long n) {
  float total = 0;
  for (long i = 0; i < n; i++) total += x[i];
  return total;
}

LOOP float squaredDistance(const float* x, float from, long n) {
  float total = 0;
  for (long i = 0; i < n; i++) total += (x[i] - from) * (x[i] - from);
  return total;
}

// One row's gradient of w · (x − mean) · inverse + b, with `centring` through the mean too: dx, and its share of dw and db
LOOP void normedRowGradient(float* __restrict dx, float* __restrict dw, float* __restrict db, const float* dy,
                            const float* x, float mean, float inverse, const float* w, long n, bool centring) {
  float along = 0, level = 0;
  for (long i = 0; i < n; i++) {
    const float normed = (x[i] - mean) * inverse, g = dy[i] * w[i];
    along += g * normed;
    level += g;
    dw[i] += dy[i] * normed;
    db[i] += dy[i];
  }
  along /= n;
  level = centring ? level / n : 0;
  for (long i = 0; i < n; i++) dx[i] = inverse * (dy[i] * w[i] - level - (x[i] - mean) * inverse * along);
}

// x σ(x) · y
LOOP void gate(float* __restrict out, const float* x, const float* y, long n) {
  for (long i = 0; i < n; i++) out[i] = x[i] * sigmoidOf(x[i]) * y[i];
}

LOOP void gateGradient(float* __restrict dx, float* __restrict dy, const float* g, const float* x, const float* y, long n) {
  for (long i = 0; i < n; i++) {
    const float s = sigmoidOf(x[i]);
    dx[i] = g[i] * s * y[i] * (1 + x[i] - x[i] * s);
    dy[i] = g[i] * s * x[i];
  }
}

// Entries j and j + half turned: x · cosine + (x with its halves exchanged) · sine
LOOP void turn(float* __restrict out, const float* x, const float* cosine, const float* sine, long half) {
  for (long j = 0; j < half; j++) out[j] = x[j] * cosine[j] + x[j + half] * sine[j];
  for (long j = half; j < 2 * half; j++) out[j] = x[j] * cosine[j] + x[j - half] * sine[j];
}

// softmax(x + mask)
LOOP void softmaxRow(float* __restrict out, const float* x, const float* mask, long n) {
  float largest = -INFINITY, total = 0;
  for (long i = 0; i < n; i++) {
    out[i] = x[i] + (mask == nullptr ? 0 : mask[i]);
    largest = out[i] > largest ? out[i] : largest;
  }
  for (long i = 0; i < n; i++) {
    out[i] = expOf(out[i] - largest);
    total += out[i];
  }
  const float factor = 1 / total;
  for (long i = 0; i < n; i++) out[i] *= factor;
}

// p · (dp − along)
LOOP void softmaxRowGradient(float* __restrict out, const float* dp, const float* p, float along, long n) {
  for (long i = 0; i < n; i++) out[i] = p[i] * (dp[i] - along);
}

struct AdamW {
  float beta1, rest1, beta2, rest2, stepSize, epsilon, decay;
};

LOOP void adamW(const AdamW& numbers, long n, const float* p, const float* g, const float* m, const float* v,
                float* __restrict newP, float* __restrict newM, float* __restrict newV) {
  const AdamW k = numbers;
  for (long i = 0; i < n; i++) {
    const float first = k.beta1 * m[i] + k.rest1 * g[i];
    const float second = k.beta2 * v[i] + k.rest2 * g[i] * g[i];
    newM[i] = first;
    newV[i] = second;
    newP[i] = k.decay * p[i] - k.stepSize * first / (std::sqrt(second) + k.epsilon);
  }
}
