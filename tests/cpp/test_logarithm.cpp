// The vectorised logarithm against the mathematics library in double precision, over positive normal float32 numbers:
// every 509th bit pattern, or all with the tag [exhaustive]. The bounds are those measured over all.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "catch.h"
#include "recurra/kernels/logarithm.h"

namespace {

// The largest error over that of a float near the result, or near 1 where the result is smaller.
double largest_error(std::uint32_t stride) {
  constexpr std::uint32_t smallest = 0x00800000, infinity = 0x7F800000;
  double worst = 0;
  for (std::uint64_t bits = smallest; bits < infinity; bits += stride) {
    const float x = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    const double exact = std::log(static_cast<double>(x));
    const double found = recurra::math::log<float>(recurra::broadcast(x))[0];
    worst = std::max(worst, std::abs(found - exact) / std::max(1.0, std::abs(exact)));
  }
  return worst * 0x1p23;
}

}  // namespace

TEST_CASE("The logarithm keeps its error bound", "[math]") { CHECK(largest_error(509) < 1); }

TEST_CASE("The logarithm keeps its error bound everywhere", "[.][exhaustive]") { CHECK(largest_error(1) < 1); }

TEST_CASE("The logarithm has exact values", "[math]") {
  CHECK(recurra::math::log<float>(recurra::broadcast(1.0F))[0] == 0.0F);
  CHECK(recurra::math::log<double>(recurra::broadcast(2.0))[0] == std::log(2.0));
}
