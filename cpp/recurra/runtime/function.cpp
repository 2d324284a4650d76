#include "recurra/runtime/function.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "recurra/kernels/activation.h"
#include "recurra/kernels/softmax.h"

namespace recurra::runtime {
namespace {

// f for every number, one by one.
template <class T, class F>
void each(T* data, Index size, const F& f) {
  for (Index i = 0; i < size; ++i) data[i] = f(data[i]);
}

// The same for functions of vectors.
template <class T, class F>
void each_vector(T* data, Index size, const F& f) {
  for (Index i = 0; i < size; i += lanes<T>) {
    const Index count = std::min<Index>(lanes<T>, size - i);
    store_part(data + i, f(load_part(data + i, count)), count);
  }
}

template <class T, Activation kind>
void of_table(const Function<T>&, T* data, Index rows, Index count) {
  each_vector(data, rows * count, [](Vec<T> v) { return activate<T>(kind, v); });
}

template <class T>
struct Bodies {
  using F = Function<T>;

  static void limited_relu(const F& f, T* data, Index rows, Index count) {
    each(data, rows * count, [most = f.b](T v) {
      const T y = v > 0 || std::isnan(v) ? v : T(0);
      return y > most ? most : y;
    });
  }
  static void rectifier(const F& f, T* data, Index rows, Index count) {
    each(data, rows * count, [slope = f.a, most = f.b, threshold = f.c](T v) {
      if (v >= most) return most;
      return v > threshold ? v : slope * (v - threshold);
    });
  }
  static void elu(const F& f, T* data, Index rows, Index count) {
    each(data, rows * count, [alpha = f.a](T v) { return v > 0 ? v : alpha * std::expm1(v); });
  }
  static void celu(const F&, T* data, Index rows, Index count) {
    each(data, rows * count, [](T v) { return v > 0 ? v : std::expm1(v); });
  }
  static void log_sigmoid(const F&, T* data, Index rows, Index count) {
    each_vector(data, rows * count, [](Vec<T> v) { return -softplus<T>(-v); });
  }

  static void softmax(const F&, T* data, Index rows, Index count) {
    if (count == 0) return;
    for (T* row = data; row < data + rows * count; row += count) softmax_row(row, count, row);
  }
  static void log_softmax(const F&, T* data, Index rows, Index count) {
    if (count == 0) return;
    for (T* row = data; row < data + rows * count; row += count) log_softmax_row(row, count, row);
  }
};

template <class T>
struct Named {
  const char* name;
  typename Function<T>::Body body;
};

template <class T>
constexpr Named<T> bodies[] = {
    {"linear", nullptr},
    {"celu", &Bodies<T>::celu},
    {"gelu", &of_table<T, Activation::gelu>},
    {"log_sigmoid", &Bodies<T>::log_sigmoid},
    {"softmax", &Bodies<T>::softmax},
    {"log_softmax", &Bodies<T>::log_softmax},
    {"relu", &of_table<T, Activation::relu>},
    {"softplus", &of_table<T, Activation::softplus>},
    {"hard_sigmoid", &of_table<T, Activation::hard_sigmoid>},
    {"hard_silu", &of_table<T, Activation::hard_silu>},
    {"hard_swish", &of_table<T, Activation::hard_silu>},
    {"hard_tanh", &of_table<T, Activation::hard_tanh>},
    {"mish", &of_table<T, Activation::mish>},
    {"exponential", &of_table<T, Activation::exponential>},
    {"selu", &of_table<T, Activation::selu>},
    {"softsign", &of_table<T, Activation::softsign>},
    {"tanh", &of_table<T, Activation::tanh>},
    {"sigmoid", &of_table<T, Activation::sigmoid>},
    {"silu", &of_table<T, Activation::silu>},
    {"swish", &of_table<T, Activation::silu>},
};

}  // namespace

template <class T>
Function<T> Function<T>::named(const Description& layer, const char* key) {
  const std::string name = layer.activation(key);
  for (const Named<T>& row : bodies<T>)
    if (name == row.name) return Function(row.body);
  if (name == "leaky_relu") return rectifier(0.2, std::numeric_limits<double>::infinity(), 0);
  if (name == "relu6") return rectifier(0, 6, 0);
  if (name == "elu") return elu(1);
  layer.refuse(text("it has no activation '", name, "'"));
}

template <class T>
Function<T> Function<T>::rectifier(double slope, double most, double threshold) {
  if (slope == 0 && std::isinf(most) && threshold == 0) return Function(&of_table<T, Activation::relu>);
  Function f(&Bodies<T>::rectifier);
  f.a = static_cast<T>(slope);
  f.b = static_cast<T>(most);
  f.c = static_cast<T>(threshold);
  return f;
}

template <class T>
Function<T> Function<T>::limited_relu(double most) {
  Function f(&Bodies<T>::limited_relu);
  f.b = static_cast<T>(most);
  return f;
}

template <class T>
Function<T> Function<T>::elu(double alpha) {
  Function f(&Bodies<T>::elu);
  f.a = static_cast<T>(alpha);
  return f;
}

template <class T>
Function<T> Function<T>::softmax() {
  return Function(&Bodies<T>::softmax);
}

template <class T>
Function<T> Function<T>::sigmoid() {
  return Function(&of_table<T, Activation::sigmoid>);
}

template class Function<float>;
template class Function<double>;

}  // namespace recurra::runtime
