// The vectorised functions against the mathematics library in double precision, over float32 arguments: every 509th bit
// pattern, or all 2^32 of them with the tag [exhaustive]. The bounds are those measured over all.
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "catch.h"
#include "recurra/kernels/math.h"

using recurra::Vec;

namespace {

constexpr std::uint64_t patterns = std::uint64_t{1} << 32;
constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

// Distance from the exact value in units of the last place of a float of that size.
double ulps(float got, double exact) {
  const int exponent = std::max(std::ilogb(exact), std::numeric_limits<float>::min_exponent - 1);
  return std::abs(static_cast<double>(got) - exact) / std::ldexp(1.0, exponent - 23);
}

// The largest error of f over the arguments for which `counts` holds, many vectors at a time.
template <class F, class Exact, class Counts>
double largest_error(std::uint64_t stride, const F& f, const Exact& exact, const Counts& counts) {
  constexpr int L = recurra::lanes<float>;
  double largest = 0;
  float x[L];
  for (std::uint64_t first = 0; first < patterns; first += stride * L) {
    for (int lane = 0; lane < L; ++lane)
      x[lane] = std::bit_cast<float>(static_cast<std::uint32_t>(first + static_cast<std::uint64_t>(lane) * stride));
    const Vec<float> y = f(recurra::load(x));
    for (int lane = 0; lane < L; ++lane) {
      if (std::isnan(x[lane])) {
        REQUIRE(std::isnan(y[lane]));
      } else if (const double e = exact(static_cast<double>(x[lane])); counts(x[lane], e)) {
        largest = std::max(largest, ulps(y[lane], e));
      }
    }
  }
  return largest;
}

template <class F>
float at(const F& f, float x) {
  return f(recurra::broadcast(x))[0];
}

const auto vector_exp = [](Vec<float> x) { return recurra::math::exp<float>(x); };
const auto vector_tanh = [](Vec<float> x) { return recurra::math::tanh<float>(x); };
const auto vector_sigmoid = [](Vec<float> x) { return recurra::math::sigmoid<float>(x); };

void check_bounds(std::uint64_t stride) {
  constexpr double smallest = std::numeric_limits<float>::min();
  const auto is_normal = [](float, double e) { return e >= smallest && e <= std::numeric_limits<float>::max(); };
  const auto always = [](float, double e) { return std::abs(e) >= smallest; };
  const double exp_error = largest_error(stride, vector_exp, [](double x) { return std::exp(x); }, is_normal);
  const double tanh_error = largest_error(stride, vector_tanh, [](double x) { return std::tanh(x); }, always);
  const double sigmoid_error =
      largest_error(stride, vector_sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }, is_normal);
  INFO("largest errors in units of the last place: exp " << exp_error << ", tanh " << tanh_error << ", sigmoid "
                                                         << sigmoid_error);
  CHECK(exp_error < 1.5);
  CHECK(tanh_error < 7);
  CHECK(sigmoid_error < 3.5);
}

}  // namespace

TEST_CASE("exp, tanh and sigmoid keep their error bounds", "[math]") { check_bounds(509); }

TEST_CASE("exp, tanh and sigmoid keep their error bounds everywhere", "[.][exhaustive]") { check_bounds(1); }

TEST_CASE("Functions have their limits", "[math]") {
  CHECK(at(vector_exp, infinity) == infinity);
  CHECK(at(vector_exp, -infinity) == 0.0F);
  CHECK(at(vector_exp, 100.0F) == infinity);
  CHECK(at(vector_exp, -100.0F) == 0.0F);
  CHECK(at(vector_exp, 0.0F) == 1.0F);
  CHECK(std::isnan(at(vector_exp, not_a_number)));
  CHECK(at(vector_tanh, infinity) == 1.0F);
  CHECK(at(vector_tanh, -infinity) == -1.0F);
  CHECK(at(vector_tanh, 0.0F) == 0.0F);
  CHECK(std::isnan(at(vector_tanh, not_a_number)));
  CHECK(at(vector_sigmoid, infinity) == 1.0F);
  CHECK(at(vector_sigmoid, -infinity) == 0.0F);
  CHECK(at(vector_sigmoid, 0.0F) == 0.5F);
  CHECK(std::isnan(at(vector_sigmoid, not_a_number)));
}

TEST_CASE("tanh and sigmoid stay within their ranges and are odd, or add up to one", "[math]") {
  for (float x = -20.0F; x <= 20.0F; x += 0.003F) {
    REQUIRE(std::abs(at(vector_tanh, x)) <= 1.0F);
    REQUIRE(at(vector_tanh, -x) == -at(vector_tanh, x));
    REQUIRE(at(vector_sigmoid, x) >= 0.0F);
    REQUIRE(at(vector_sigmoid, x) <= 1.0F);
    REQUIRE(std::abs(at(vector_sigmoid, x) + at(vector_sigmoid, -x) - 1.0F) <= 1.2e-7F);
  }
}
