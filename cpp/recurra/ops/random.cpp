#include "recurra/ops/random.h"

#include <cmath>
#include <limits>

#include "recurra/base/parallel.h"

namespace recurra::ops {
namespace {

// Element i is draw(i), of any thread.
template <class Draw>
Tensor filled(const Shape& shape, DType dtype, const char* who, const Draw& draw) {
  const Tensor out(shape, dtype);
  dispatch_float(dtype, who, [&]<class T>() {
    T* data = out.data<T>();
    parallel_blocks(out.size(), 1 << 14, 30.0 * static_cast<double>(out.size()), [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) data[i] = draw.template operator()<T>(static_cast<std::uint64_t>(i));
    });
  });
  return out;
}

// The largest T below `high`.
template <class T>
T below(double high) {
  const T nearest = static_cast<T>(high);
  return static_cast<double>(nearest) < high ? nearest : std::nextafter(nearest, -std::numeric_limits<T>::infinity());
}

}  // namespace

Tensor random_uniform(const Shape& shape, const Philox& numbers, double low, double high, DType dtype) {
  return filled(shape, dtype, "random.uniform", [&]<class T>(std::uint64_t i) {
    const T number = static_cast<T>(low + (high - low) * static_cast<double>(numbers.uniform<T>(i)));
    // Rounding may lift a number to the upper end, which is not part of the interval.
    return low < high && static_cast<double>(number) >= high ? below<T>(high) : number;
  });
}

Tensor random_normal(const Shape& shape, const Philox& numbers, double mean, double stddev, DType dtype) {
  return filled(shape, dtype, "random.normal", [&]<class T>(std::uint64_t i) {
    return static_cast<T>(mean + stddev * static_cast<double>(numbers.normal<T>(i)));
  });
}

Tensor random_truncated_normal(const Shape& shape, const Philox& numbers, double mean, double stddev, DType dtype) {
  const auto count = static_cast<std::uint64_t>(shape.size());
  return filled(shape, dtype, "random.truncated_normal", [&]<class T>(std::uint64_t i) {
    double number = numbers.normal<double>(i);
    for (std::uint64_t attempt = i + count; std::abs(number) > 2; attempt += count)
      number = numbers.normal<double>(attempt);
    return static_cast<T>(mean + stddev * number);
  });
}

}  // namespace recurra::ops
