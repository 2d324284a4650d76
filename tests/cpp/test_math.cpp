// The vectorised functions against the mathematics library in double precision, over float32 arguments: every 509th bit
// pattern, or all 2^32 of them with the tag [exhaustive]. The bounds are those measured over all.
#include <cmath>
#include <cstdint>
#include <limits>

#include "catch.h"
#include "recurra/kernels/accuracy.h"
#include "recurra/kernels/math.h"

using recurra::Vec;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

template <class F>
float at(const F& f, float x) {
  return f(recurra::broadcast(x))[0];
}

const auto vector_exp = [](Vec<float> x) { return recurra::math::exp<float>(x); };
const auto vector_tanh = [](Vec<float> x) { return recurra::math::tanh<float>(x); };
const auto vector_sigmoid = [](Vec<float> x) { return recurra::math::sigmoid<float>(x); };

void check_bounds(std::uint64_t stride) {
  const auto error = [&](const auto& f, const auto& exact) {
    return recurra::largest_error(0, recurra::float_patterns, stride, f, exact);
  };
  const double exp_error = error(vector_exp, [](double x) { return std::exp(x); });
  const double tanh_error = error(vector_tanh, [](double x) { return std::tanh(x); });
  const double sigmoid_error = error(vector_sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); });
  INFO("largest errors in units of the last place: exp " << exp_error << ", tanh " << tanh_error << ", sigmoid "
                                                         << sigmoid_error);
  CHECK(exp_error < 1.5);
  CHECK(tanh_error < 2.6);
  CHECK(sigmoid_error < 2.5);
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

TEST_CASE("Quotients by roots keep their error bounds and limits", "[math]") {
  using recurra::broadcast;
  using recurra::math::over_root;
  constexpr std::uint64_t smallest = 0x00800000;  // the positive normal numbers
  constexpr std::uint64_t beyond = 0x7F800000;
  constexpr float n = 0.7F;
  constexpr float epsilon = 1e-7F;
  const double plain = recurra::largest_error(
      smallest, beyond, 509, [](Vec<float> x) { return over_root<float>(broadcast(n), x); },
      [](double x) { return static_cast<double>(n) / std::sqrt(x); });
  // The sum of root and epsilon is rounded: half a unit more.
  const double shifted = recurra::largest_error(
      smallest, beyond, 509, [](Vec<float> x) { return over_root<float>(broadcast(n), x, epsilon); },
      [](double x) { return static_cast<double>(n) / (std::sqrt(x) + static_cast<double>(epsilon)); });
  INFO("largest errors in units of the last place: " << plain << ", with epsilon " << shifted);
  CHECK(plain < 2);
  CHECK(shifted < 2.5);
  // A square that overflowed stands still, as with a root and a division; what is no number stays none.
  CHECK(over_root<float>(broadcast(2.0F), broadcast(infinity))[0] == 0.0F);
  CHECK(over_root<float>(broadcast(2.0F), broadcast(infinity), epsilon)[0] == 0.0F);
  CHECK(over_root<float>(broadcast(2.0F), broadcast(0.0F), 0.5F)[0] == 4.0F);
  CHECK(std::isnan(over_root<float>(broadcast(2.0F), broadcast(not_a_number))[0]));
  CHECK(std::isnan(over_root<float>(broadcast(not_a_number), broadcast(1.0F), epsilon)[0]));
  CHECK(std::isnan(over_root<float>(broadcast(2.0F), broadcast(not_a_number), epsilon)[0]));
}
