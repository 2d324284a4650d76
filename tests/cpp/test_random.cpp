// The counter-based generator against the known answers that its authors publish (Random123, kat_vectors).
#include <cmath>
#include <vector>

#include "catch.h"
#include "recurra/base/random.h"
#include "recurra/kernels/noise.h"

using recurra::DropoutMask;
using recurra::Philox;

namespace {
using Words = std::array<std::uint32_t, 4>;
}

TEST_CASE("Philox gives the published numbers", "[random]") {
  CHECK(Philox(0, 0).words(0) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  constexpr std::uint64_t ones = ~std::uint64_t{0};
  CHECK(Philox(ones, ones).words(ones) == Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  // Counter and key are digits of pi, least significant word first.
  CHECK(Philox(0x299f31d0a4093822, 0x0370734413198a2e).words(0x85a308d3243f6a88) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("A word is one of four at its position", "[random]") {
  const Philox numbers(7, 3);
  for (std::uint64_t i = 0; i < 12; ++i) CHECK(numbers.word(i) == numbers.words(i / 4)[i % 4]);
}

TEST_CASE("Uniform numbers are in [0, 1) and the same in float and double", "[random]") {
  CHECK(Philox::unit<float>(0) == 0.0F);
  CHECK(Philox::unit<float>(0xffffffff) < 1.0F);
  const Philox numbers(1, 2);
  double sum = 0;
  constexpr int count = 40000;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto u = numbers.uniform<double>(i);
    REQUIRE(static_cast<double>(numbers.uniform<float>(i)) == u);
    sum += u;
  }
  CHECK(std::abs(sum / count - 0.5) < 5 / std::sqrt(12.0 * count));  // five standard deviations
}

TEST_CASE("Normal numbers have mean 0, variance 1 and no correlation in a pair", "[random]") {
  const Philox numbers(5, 0);
  constexpr int count = 100000;
  double sum = 0;
  double squares = 0;
  double products = 0;
  for (std::uint64_t i = 0; i < count; i += 2) {
    const auto a = numbers.normal<double>(i);
    const auto b = numbers.normal<double>(i + 1);
    sum += a + b;
    squares += a * a + b * b;
    products += a * b;
  }
  CHECK(std::abs(sum / count) < 5 / std::sqrt(count));
  CHECK(std::abs(squares / count - 1) < 5 * std::sqrt(2.0 / count));
  CHECK(std::abs(products / (count / 2)) < 5 / std::sqrt(count / 2));
}

TEST_CASE("A dropout mask is the same by element and by run", "[random]") {
  const DropoutMask<float> mask(Philox(11, 4), 0.3);
  // Past 2^34 elements a block's number takes more than 32 bits.
  for (std::uint64_t first : {0ULL, 1ULL, 2ULL, 3ULL, 5ULL, (1ULL << 34) - 20, (1ULL << 40) + 7}) {
    std::vector<float> run(123);
    mask.fill(first, run.size(), run.data());
    for (std::size_t i = 0; i < run.size(); ++i) REQUIRE(run[i] == mask[first + i]);
  }
}

TEST_CASE("A dropout mask keeps the expected sum", "[random]") {
  const auto sum = [](double rate) {
    const DropoutMask<double> mask(Philox(3, 1), rate);
    double total = 0;
    for (std::uint64_t i = 0; i < 40000; ++i) total += mask[i];
    return total / 40000;
  };
  CHECK(sum(0.0) == 1.0);
  CHECK(std::abs(sum(0.5) - 1) < 5 / std::sqrt(40000.0));
}
