// The table of activation functions: values against their definitions, slopes against difference quotients.
#include <cmath>
#include <numbers>
#include <string_view>

#include "catch.h"
#include "recurra/kernels/activation.h"

using recurra::Activation;
using recurra::broadcast;

namespace {

double clipped(double x, double low, double high) { return std::fmin(std::fmax(x, low), high); }

double defined_value(Activation kind, double x) {
  using namespace recurra::selu_constants;
  switch (kind) {
    case Activation::linear: return x;
    case Activation::relu: return std::fmax(x, 0);
    case Activation::relu6: return clipped(x, 0, 6);
    case Activation::leaky_relu: return x > 0 ? x : x / 5;
    case Activation::elu: return x > 0 ? x : std::expm1(x);
    case Activation::selu: return scale * (x > 0 ? x : alpha * std::expm1(x));
    case Activation::softplus: return std::log(1 + std::exp(x));
    case Activation::softsign: return x / (1 + std::abs(x));
    case Activation::tanh: return std::tanh(x);
    case Activation::sigmoid: return 1 / (1 + std::exp(-x));
    case Activation::hard_sigmoid: return clipped(x + 3, 0, 6) / 6;
    case Activation::hard_tanh: return clipped(x, -1, 1);
    case Activation::exponential: return std::exp(x);
    case Activation::silu: return x / (1 + std::exp(-x));
    case Activation::hard_silu: return x * clipped(x + 3, 0, 6) / 6;
    case Activation::gelu: return x * std::erfc(-x / std::numbers::sqrt2) / 2;
    case Activation::mish: return x * std::tanh(std::log(1 + std::exp(x)));
  }
  return x;
}

template <class T>
T value(Activation kind, T x) {
  return recurra::activate<T>(kind, broadcast(x))[0];
}

// The slope as a backward pass finds it.
template <class T>
T slope(Activation kind, T x) {
  const auto argument = broadcast(x);
  const auto kept = recurra::to_save<T>(kind, argument, recurra::activate<T>(kind, argument));
  return recurra::slope_of<T>(kind, kept)[0];
}

bool near(double got, double exact, double error) { return std::abs(got - exact) <= error * (1 + std::abs(exact)); }

}  // namespace

TEST_CASE("Activations have the values and slopes of their definitions", "[activation]") {
  // Steps of 1/8 meet every kink; the arguments lie between, so that a difference never crosses one.
  constexpr double half_width = 1e-5;
  for (const recurra::ActivationName& row : recurra::activation_names)
    for (double x = -8 + 1.0 / 16; x < 8; x += 1.0 / 8) {
      CAPTURE(row.name, x);
      const double exact = defined_value(row.kind, x);
      const double difference =
          (defined_value(row.kind, x + half_width) - defined_value(row.kind, x - half_width)) / (2 * half_width);
      REQUIRE(near(value(row.kind, x), exact, 1e-14));
      REQUIRE(near(slope(row.kind, x), difference, 1e-9));
      const auto single = static_cast<float>(x);
      REQUIRE(near(static_cast<double>(value(row.kind, single)), exact, 1e-6));
      REQUIRE(near(static_cast<double>(slope(row.kind, single)), difference, 1e-6));
    }
}

TEST_CASE("What a backward pass keeps gives the value again", "[activation]") {
  for (const recurra::ActivationName& row : recurra::activation_names)
    for (const double x : {-4.0, -0.5, 0.0, 0.5, 7.0}) {
      CAPTURE(row.name, x);
      const auto argument = broadcast(x);
      const auto y = recurra::activate<double>(row.kind, argument);
      REQUIRE(recurra::value_of<double>(row.kind, recurra::to_save<double>(row.kind, argument, y))[0] == y[0]);
    }
}
