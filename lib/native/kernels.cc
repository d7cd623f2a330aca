// TensorFlow operations of our own for the CPU, in float32, each one pass over memory. `setup-tensorflow` compiles this
// file, core/nativeKernels.ts runs them.
#include <node_api.h>

#include "run.h"
#include "tensorflow/c/ops.h"

// (x, dense [C, O]) → x·dense [R, O]
void sparseProduct(Run& run) {
  const Sparse x = run.sparse();
  TF_Tensor* dense = run.input(3);
  if (!run.ok()) return;
  const int64_t width = TF_Dim(dense, 1);
  float* out = run.zeros(0, {x.rows, width});
  if (run.ok()) addProduct(out, x, Run::data<const float>(dense), width);
}

// (x, dense [R, O], columns) → xᵀ·dense [columns, O]
void transposedSparseProduct(Run& run) {
  const Sparse x = run.sparse();
  TF_Tensor* dense = run.input(3);
  const float* columns = run.floats(4, 1);
  if (!run.ok()) return;
  const int64_t width = TF_Dim(dense, 1);
  float* out = run.zeros(0, {static_cast<int64_t>(*columns), width});
  if (run.ok()) addTransposedProduct(out, x, Run::data<const float>(dense), width);
}

// (x, W₁ [F, H], b₁ [H], W₂ [H, 1], b₂ [1]) → f(x·W₁ + b₁) [B, H], its product with W₂, plus b₂, [B]
template <bool relu>
void head(Run& run) {
  const Sparse x = run.sparse();
  TF_Tensor *w1 = run.input(3), *b1 = run.input(4);
  if (!run.ok()) return;
  const int64_t width = TF_Dim(w1, 1);
  const float *w2 = run.floats(5, width), *b2 = run.floats(6, 1);
  run.floats(4, width);
  float *hidden = run.output(0, {x.rows, width}), *logit = run.output(1, {x.rows});
  if (!run.ok()) return;
  for (long r = 0; r < x.rows; r++) memcpy(hidden + r * width, TF_TensorData(b1), width * sizeof(float));
  addProduct(hidden, x, Run::data<const float>(w1), width);
  (relu ? reluInPlace : tanhInPlace)(hidden, x.rows * width);
  for (long r = 0; r < x.rows; r++) logit[r] = *b2 + dot(hidden + r * width, w2, width);
}

// (x, hidden [B, H], W₁, W₂, cotangent [B]) → the gradients of Σ cotangent · logit in W₁, b₁, W₂ and b₂
template <bool relu>
void headGradient(Run& run) {
  const Sparse x = run.sparse();
  TF_Tensor* w1 = run.input(4);
  if (!run.ok()) return;
  const int64_t features = TF_Dim(w1, 0), width = TF_Dim(w1, 1);
  const float *hidden = run.floats(3, x.rows * width), *w2 = run.floats(5, width), *cotangent = run.floats(6, x.rows);
  float *dw1 = run.zeros(0, {features, width}), *db1 = run.zeros(1, {width});
  float *dw2 = run.zeros(2, {width, 1}), *db2 = run.zeros(3, {1});
  if (!run.ok()) return;
  std::vector<float> inner(x.rows * width);
  for (long r = 0; r < x.rows; r++) {
    const float* y = hidden + r * width;
    timesSlope(inner.data() + r * width, cotangent[r], w2, y, width, relu);
    addScaled(db1, 1, inner.data() + r * width, width);
    addScaled(dw2, cotangent[r], y, width);
    *db2 += cotangent[r];
  }
  addTransposedProduct(dw1, x, inner.data(), width);
}

// (x, hidden, W₂, direction in W₁, b₁, W₂, b₂) → the derivative of the logits along the direction, [B]
template <bool relu>
void headTangent(Run& run) {
  const Sparse x = run.sparse();
  TF_Tensor *dw1 = run.input(5), *db1 = run.input(6);
  if (!run.ok()) return;
  const long width = TF_Dim(dw1, 1);
  const float *hidden = run.floats(3, x.rows * width), *w2 = run.floats(4, width), *dw2 = run.floats(7, width);
  const float* db2 = run.floats(8, 1);
  run.floats(6, width);
  float* tangent = run.output(0, {x.rows});
  if (!run.ok()) return;
  std::vector<float> inner(x.rows * width);
  for (long r = 0; r < x.rows; r++) memcpy(&inner[r * width], TF_TensorData(db1), width * sizeof(float));
  addProduct(inner.data(), x, Run::data<const float>(dw1), width);
  for (long r = 0; r < x.rows; r++) {
    const float* y = hidden + r * width;
    tangent[r] = *db2 + dot(y, dw2, width) + dotWithSlope(inner.data() + r * width, w2, y, width, relu);
  }
}

// (numbers, p…, g…, m…, v…) → p…, m…, v…
void adamWUpdate(Run& run) {
  AdamW numbers;
  const float* all = run.floats(0, sizeof numbers / sizeof(float));
  if (!run.ok()) return;
  memcpy(&numbers, all, sizeof numbers);
  const int count = (run.inputs() - 1) / 4;
  for (int i = 0; i < count && run.ok(); i++) {
    TF_Tensor* p = run.input(1 + i);
    const auto alike = [&](int which) { return run.floats(1 + which * count + i, Run::size(p)); };
    const float *g = alike(1), *m = alike(2), *v = alike(3);
    const std::vector<int64_t> shape = Run::shape(p);
    float *newP = run.output(i, shape), *newM = run.output(count + i, shape), *newV = run.output(2 * count + i, shape);
    if (run.ok()) adamW(numbers, Run::size(p), Run::data<const float>(p), g, m, v, newP, newM, newV);
  }
}

// (x…) → Σ x², a few thousand entries at a time in float32
void sumOfSquares(Run& run) {
  constexpr long CHUNK = 4096;
  double sum = 0;
  for (int i = 0; i < run.inputs() && run.ok(); i++) {
    TF_Tensor* x = run.input(i);
    const float* values = Run::data<const float>(x);
    for (long from = 0, n = Run::size(x); from < n; from += CHUNK)
      sum += dot(values + from, values + from, n - from < CHUNK ? n - from : CHUNK);
  }
  float* out = run.output(0, {});
  if (run.ok()) *out = static_cast<float>(sum);
}

// (a, x…, y…) → y + a·x …
void scaledSums(Run& run) {
  const float* a = run.floats(0);
  const int count = (run.inputs() - 1) / 2;
  for (int i = 0; i < count && run.ok(); i++) {
    TF_Tensor* x = run.input(1 + i);
    const float* y = run.floats(1 + count + i, Run::size(x));
    float* out = run.output(i, Run::shape(x));
    if (run.ok()) scaledSum(out, y, *a, Run::data<const float>(x), Run::size(x));
  }
}

// (x [N, H], w [H], ε) → w · x / √(mean x² + ε), and 1 over the root, [N]
void rmsNorm(Run& run) {
  TF_Tensor* x = run.input(0);
  if (!run.ok()) return;
  const int64_t rows = TF_Dim(x, 0), width = TF_Dim(x, 1);
  const float *values = Run::data<const float>(x), *w = run.floats(1, width), *epsilon = run.floats(2, 1);
  float *out = run.output(0, {rows, width}), *inverse = run.output(1, {rows});
  if (!run.ok()) return;
  for (long r = 0; r < rows; r++) {
    inverse[r] = 1 / std::sqrt(dot(values + r * width, values + r * width, width) / width + *epsilon);
    scaledRow(out + r * width, values + r * width, inverse[r], w, width);
  }
}

// (dy [N, H], x, w, inverse [N]) → gradients in x and w
void rmsNormGradient(Run& run) {
  TF_Tensor* x = run.input(1);
  if (!run.ok()) return;
  const int64_t rows = TF_Dim(x, 0), width = TF_Dim(x, 1);
  const float *values = Run::data<const float>(x), *dy = run.floats(0, rows * width), *w = run.floats(2, width);
  const float* inverse = run.floats(3, rows);
  float *dx = run.output(0, {rows, width}), *dw = run.zeros(1, {width});
  if (!run.ok()) return;
  std::vector<float> unused(width);
  for (long r = 0, at = 0; r < rows; r++, at += width)
    normedRowGradient(dx + at, dw, unused.data(), dy + at, values + at, 0, inverse[r], w, width, false);
}

// (x [N, H], w [H], b [H], ε) → w · (x − mean) / √(var + ε) + b, the means and 1 over the roots, [N]
void layerNorm(Run& run) {
  TF_Tensor* x = run.input(0);
  if (!run.ok()) return;
  const int64_t rows = TF_Dim(x, 0), width = TF_Dim(x, 1);
  const float *values = Run::data<const float>(x), *w = run.floats(1, width), *b = run.floats(2, width);
  const float* epsilon = run.floats(3, 1);
  float *out = run.output(0, {rows, width}), *mean = run.output(1, {rows}), *inverse = run.output(2, {rows});
  if (!run.ok()) return;
  for (long r = 0, at = 0; r < rows; r++, at += width) {
    mean[r] = sum(values + at, width) / width;
    inverse[r] = 1 / std::sqrt(squaredDistance(values + at, mean[r], width) / width + *epsilon);
    normedRow(out + at, values + at, mean[r], inverse[r], w, b, width);
  }
}

// (dy [N, H], x, w, means, inverses) → gradients in x, w and b
void layerNormGradient(Run& run) {
  TF_Tensor* x = run.input(1);
  if (!run.ok()) return;
  const int64_t rows = TF_Dim(x, 0), width = TF_Dim(x, 1);
  const float *values = Run::data<const float>(x), *dy = run.floats(0, rows * width), *w = run.floats(2, width);
  const float *mean = run.floats(3, rows), *inverse = run.floats(4, rows);
  float *dx = run.output(0, {rows, width}), *dw = run.zeros(1, {width}), *db = run.zeros(2, {width});
  if (!run.ok()) return;
  for (long r = 0, at = 0; r < rows; r++, at += width)
    normedRowGradient(dx + at, dw, db, dy + at, values + at, mean[r], inverse[r], w, width, true);
}

// (x, y) → x σ(x) · y
void swiGlu(Run& run) {
  TF_Tensor* x = run.input(0);
  const float* y = run.floats(1, Run::size(x));
  float* out = run.output(0, Run::shape(x));
  if (run.ok()) gate(out, Run::data<const float>(x), y, Run::size(x));
}

// (dz, x, y) → gradients in x and y
void swiGluGradient(Run& run) {
  TF_Tensor* x = run.input(1);
  const float *g = run.floats(0, Run::size(x)), *y = run.floats(2, Run::size(x));
  float *dx = run.output(0, Run::shape(x)), *dy = run.output(1, Run::shape(x));
  if (run.ok()) gateGradient(dx, dy, g, Run::data<const float>(x), y, Run::size(x));
}

// (x [B, L, heads, D], cosine [B or 1, L, 1, D], sine) → every head turned by its position's angles
void rotary(Run& run) {
  TF_Tensor *x = run.input(0), *cosine = run.input(1);
  const float* sine = run.floats(2, Run::size(cosine));
  float* out = run.output(0, Run::shape(x));
  if (!run.ok()) return;
  const long heads = TF_Dim(x, 2), width = TF_Dim(x, 3), positions = TF_Dim(x, 0) * TF_Dim(x, 1);
  const long tables = Run::size(cosine) / width;
  const float *values = Run::data<const float>(x), *cosines = Run::data<const float>(cosine);
  for (long p = 0; p < positions; p++) {
    const long table = p % tables * width;
    for (long h = 0, at = p * heads * width; h < heads; h++, at += width)
      turn(out + at, values + at, cosines + table, sine + table, width / 2);
  }
}

// (score [B, K, G·L, L], mask [B or 1, 1, L, L] or nothing) → softmax(score + mask) over the last axis
void attentionWeights(Run& run) {
  TF_Tensor *score = run.input(0), *mask = run.input(1);
  float* out = run.output(0, Run::shape(score));
  if (!run.ok()) return;
  const long keys = TF_Dim(score, 3), rows = Run::size(score) / keys, ofBatch = rows / TF_Dim(score, 0);
  const float *values = Run::data<const float>(score), *masks = Run::data<const float>(mask);
  const long batches = Run::size(mask) / (keys * keys);
  for (long r = 0; r < rows; r++) {
    const long ofMask = batches > 1 ? r / ofBatch : 0;
    const float* row = batches == 0 ? nullptr : masks + (ofMask * keys + r % keys) * keys;
    softmaxRow(out + r * keys, values + r * keys, row, keys);
  }
}

// (dp, p) → gradient in the scores
void attentionWeightsGradient(Run& run) {
  TF_Tensor* p = run.input(1);
  const float* dp = run.floats(0, Run::size(p));
  float* out = run.output(0, Run::shape(p));
  if (!run.ok()) return;
  const long keys = TF_Dim(p, 3), rows = Run::size(p) / keys;
  const float* weights = Run::data<const float>(p);
  for (long r = 0, at = 0; r < rows; r++, at += keys)
    softmaxRowGradient(out + at, dp + at, weights + at, dot(dp + at, weights + at, keys), keys);
}

// ---- registration ----

template <void (*operation)(Run&)>
void compute(void*, TF_OpKernelContext* context) {
  Run run(context);
  operation(run);
}

struct Signature {
  const char* name;
  void (*compute)(void*, TF_OpKernelContext*);
  std::vector<const char*> inputs;
  std::vector<const char*> outputs;
};

#define SPARSE "start: int32", "column: int32", "value: float"
const std::vector<const char*> HEAD_INPUTS = {SPARSE, "w1: float", "b1: float", "w2: float", "b2: float"};
const std::vector<const char*> HEAD_OUTPUTS = {"hidden: float", "logit: float"};
const std::vector<const char*> GRADIENT_INPUTS = {SPARSE, "hidden: float", "w1: float", "w2: float", "cotangent: float"};
const std::vector<const char*> GRADIENT_OUTPUTS = {"dw1: float", "db1: float", "dw2: float", "db2: float"};
const std::vector<const char*> TANGENT_INPUTS = {SPARSE,       "hidden: float", "w2: float", "dw1: float",
                                                 "db1: float", "dw2: float",    "db2: float"};
const std::vector<const char*> TANGENT_OUTPUTS = {"tangent: float"};
const Signature SIGNATURES[] = {
    {"DreamprmSparseProduct", compute<sparseProduct>, {SPARSE, "dense: float"}, {"out: float"}},
    {"DreamprmTransposedSparseProduct",
     compute<transposedSparseProduct>,
     {SPARSE, "dense: float", "columns: float"},
     {"out: float"}},
    {"DreamprmTanhHead", compute<head<false>>, HEAD_INPUTS, HEAD_OUTPUTS},
    {"DreamprmReluHead", compute<head<true>>, HEAD_INPUTS, HEAD_OUTPUTS},
    {"DreamprmTanhHeadGradient", compute<headGradient<false>>, GRADIENT_INPUTS, GRADIENT_OUTPUTS},
    {"DreamprmReluHeadGradient", compute<headGradient<true>>, GRADIENT_INPUTS, GRADIENT_OUTPUTS},
    {"DreamprmTanhHeadTangent", compute<headTangent<false>>, TANGENT_INPUTS, TANGENT_OUTPUTS},
    {"DreamprmReluHeadTangent", compute<headTangent<true>>, TANGENT_INPUTS, TANGENT_OUTPUTS},
    {"DreamprmRmsNorm", compute<rmsNorm>, {"x: float", "w: float", "epsilon: float"}, {"out: float", "inverse: float"}},
    {"DreamprmRmsNormGradient",
     compute<rmsNormGradient>,
     {"dy: float", "x: float", "w: float", "inverse: float"},
     {"dx: float", "dw: float"}},
    {"DreamprmLayerNorm",
     compute<layerNorm>,
     {"x: float", "w: float", "b: float", "epsilon: float"},
     {"out: float", "mean: float", "inverse: float"}},
    {"DreamprmLayerNormGradient",
     compute<layerNormGradient>,
     {"dy: float", "x: float", "w: float", "mean: float", "inverse: float"},
     {"dx: float", "dw: float", "db: float"}},
    {"DreamprmSwiGlu", compute<swiGlu>, {"x: float", "y: float"}, {"out: float"}},
    {"DreamprmSwiGluGradient",
     compute<swiGluGradient>,
     {"dz: float", "x: float", "y: float"},
     {"dx: float", "dy: float"}},
    {"DreamprmRotary", compute<rotary>, {"x: float", "cosine: float", "sine: float"}, {"out: float"}},
    {"DreamprmAttentionWeights",
     compute<attentionWeights>,
     {"score: float", "mask: float"},
     {"out: float"}},
    {"DreamprmAttentionWeightsGradient",
     compute<attentionWeightsGradient>,
     {"dp: float", "p: float"},
     {"out: float"}},
    {"DreamprmAdamW",
     compute<adamWUpdate>,
     {"numbers: float", "p: N * float", "g: N * float", "m: N * float", "v: N * float"},
     {"new_p: N * float", "new_m: N * float", "new_v: N * float"}},
    {"DreamprmSumOfSquares", compute<sumOfSquares>, {"x: N * float"}, {"out: float"}},
    {"DreamprmScaledSums", compute<scaledSums>, {"a: float", "x: N * float", "y: N * float"}, {"out: N * float"}},
};

bool isList(const char* argument) { return strstr(argument, "N *") != nullptr; }

// Raised here and in core/nativeBinding.ts when operations change, so that a build of other sources is not called
constexpr int VERSION = 1;

NAPI_MODULE_INIT() {
  TF_Status* status = TF_NewStatus();
  for (const Signature& op : SIGNATURES) {
    TF_OpDefinitionBuilder* builder = TF_NewOpDefinitionBuilder(op.name);
    for (const char* input : op.inputs) TF_OpDefinitionBuilderAddInput(builder, input);
    for (const char* output : op.outputs) TF_OpDefinitionBuilderAddOutput(builder, output);
    if (isList(op.inputs.back())) TF_OpDefinitionBuilderAddAttr(builder, "N: int >= 1");
    TF_OpDefinitionBuilderSetShapeInferenceFunction(builder, &TF_ShapeInferenceContextSetUnknownShape);
    TF_RegisterOpDefinition(builder, status);
    if (TF_GetCode(status) != TF_OK) break;
    TF_RegisterKernelBuilder(op.name, TF_NewKernelBuilder(op.name, "CPU", nullptr, op.compute, nullptr), status);
    if (TF_GetCode(status) != TF_OK) break;
  }
  if (TF_GetCode(status) != TF_OK) napi_throw_error(env, nullptr, TF_Message(status));
  TF_DeleteStatus(status);
  napi_value version;
  napi_create_int32(env, VERSION, &version);
  napi_set_named_property(env, exports, "version", version);
  return exports;
}
