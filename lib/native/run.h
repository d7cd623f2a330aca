// What an operation sees of TensorFlow.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "loops.h"
#define IS_SLIM_BUILD  // the C interface alone
#include "tensorflow/c/kernels.h"

// One run of an operation: its tensors, and what went wrong
class Run {
 public:
  explicit Run(TF_OpKernelContext* context) : context_(context), status_(TF_NewStatus()) {}
  Run(const Run&) = delete;
  ~Run() {
    for (TF_Tensor* tensor : held_) TF_DeleteTensor(tensor);
    TF_DeleteStatus(status_);
  }
  bool ok() const { return ok_; }
  int inputs() const { return TF_NumInputs(context_); }

  TF_Tensor* input(int i) {
    TF_Tensor* tensor = nullptr;
    TF_GetInput(context_, i, &tensor, status_);
    return hold(tensor);
  }
  const float* floats(int i) { return data<const float>(input(i)); }
  // refused unless there are as many as the operation will read
  const float* floats(int i, long expected) {
    TF_Tensor* tensor = input(i);
    if (ok() && size(tensor) != expected) {
      const std::string sizes = std::to_string(size(tensor)) + " entries, expected " + std::to_string(expected);
      TF_SetStatus(status_, TF_INVALID_ARGUMENT, ("input " + std::to_string(i) + " has " + sizes).c_str());
      note();
    }
    return data<const float>(tensor);
  }
  Sparse sparse() {
    TF_Tensor* start = input(0);
    return {size(start) - 1, data<const int>(start), data<const int>(input(1)), floats(2)};
  }
  float* output(int i, std::vector<int64_t> shape) {
    size_t bytes = sizeof(float);
    for (int64_t length : shape) bytes *= length;
    return data<float>(hold(TF_AllocateOutput(context_, i, TF_FLOAT, shape.data(), shape.size(), bytes, status_)));
  }
  float* zeros(int i, std::vector<int64_t> shape) {
    float* out = output(i, shape);
    if (out != nullptr) memset(out, 0, TF_TensorByteSize(held_.back()));
    return out;
  }

  static long size(const TF_Tensor* tensor) { return tensor == nullptr ? 0 : TF_TensorElementCount(tensor); }
  static std::vector<int64_t> shape(const TF_Tensor* tensor) {
    std::vector<int64_t> lengths;
    for (int d = 0; tensor != nullptr && d < TF_NumDims(tensor); d++) lengths.push_back(TF_Dim(tensor, d));
    return lengths;
  }

  template <typename T>
  static T* data(TF_Tensor* tensor) {
    return tensor == nullptr ? nullptr : static_cast<T*>(TF_TensorData(tensor));
  }

 private:
  TF_Tensor* hold(TF_Tensor* tensor) {
    note();
    if (tensor != nullptr) held_.push_back(tensor);
    return tensor;
  }
  // the next call to TensorFlow writes over the status
  void note() {
    if (TF_GetCode(status_) == TF_OK) return;
    TF_OpKernelContext_Failure(context_, status_);
    ok_ = false;
  }
  TF_OpKernelContext* context_;
  TF_Status* status_;
  bool ok_ = true;
  std::vector<TF_Tensor*> held_;
};
