// The tape, with operations of its own so that it is tested apart from any kernel.
#include <stdexcept>
#include <thread>

#include "catch.h"
#include "recurra/tensor/tape.h"

using recurra::BackwardPass;
using recurra::DType;
using recurra::Index;
using recurra::Tensor;

namespace {

Tensor value(double x, bool gradient = true) {
  const Tensor out = Tensor::full({1}, DType::float64, x);
  if (gradient) out.require_gradient();
  return out;
}

Tensor constant_like(const Tensor& like, double x) { return Tensor::full(like.shape(), like.dtype(), x); }

Tensor scaled(const Tensor& x, double factor) {
  const Tensor y = constant_like(x, x.item() * factor);
  recurra::record("scaled", {x}, {y}, [factor](const BackwardPass& pass) {
    pass.add(0, constant_like(pass.output_gradient(), pass.output_gradient().item() * factor));
  });
  return y;
}

// Gives the very gradient it got to both inputs, as a sum may.
Tensor sum(const Tensor& a, const Tensor& b) {
  const Tensor y = constant_like(a, a.item() + b.item());
  recurra::record("sum", {a, b}, {y}, [](const BackwardPass& pass) {
    pass.add(0, pass.output_gradient());
    pass.add(1, pass.output_gradient());
  });
  return y;
}

Tensor product(const Tensor& a, const Tensor& b) {
  const Tensor y = constant_like(a, a.item() * b.item());
  recurra::record("product", {a, b}, {y}, [a = a.detach(), b = b.detach()](const BackwardPass& pass) {
    const double dy = pass.output_gradient().item();
    if (pass.wants(0)) pass.add(0, constant_like(a, dy * b.item()));
    if (pass.wants(1)) pass.accumulator(1).data<double>()[0] += dy * a.item();
  });
  return y;
}

}  // namespace

TEST_CASE("Gradients of a diamond add up", "[tape]") {
  // y = 2x + 3x, z = y·x: dz/dx = 10x
  const Tensor x = value(7);
  const Tensor y = sum(scaled(x, 2), scaled(x, 3));
  recurra::backward(product(y, x));
  CHECK(x.gradient().item() == 70);
}

TEST_CASE("A shared gradient is copied before anything is added to it", "[tape]") {
  // s hands the same tensor to a and b; b gets more. a's must stay as it was.
  const Tensor x = value(1);
  const Tensor a = scaled(x, 10);
  const Tensor b = scaled(x, 100);
  a.retain_gradient();
  b.retain_gradient();
  recurra::backward(sum(sum(a, b), b));
  CHECK(a.gradient().item() == 1);
  CHECK(b.gradient().item() == 2);
  CHECK(x.gradient().item() == 210);
}

TEST_CASE("A tensor used twice by one operation gets both parts", "[tape]") {
  const Tensor x = value(3);
  recurra::backward(product(x, x));
  CHECK(x.gradient().item() == 6);
}

TEST_CASE("Gradients add up over backward passes", "[tape]") {
  const Tensor x = value(2);
  recurra::backward(scaled(x, 5));
  recurra::backward(scaled(x, 6));
  CHECK(x.gradient().item() == 11);
}

TEST_CASE("Leaves that are given the same gradient keep their own", "[tape]") {
  const Tensor x = value(1);
  const Tensor w = value(2);
  recurra::backward(sum(x, w));
  recurra::backward(scaled(x, 5));
  CHECK(x.gradient().item() == 6);
  CHECK(w.gradient().item() == 1);
}

TEST_CASE("The gradient given weighs the result", "[tape]") {
  const Tensor x = value(2);
  recurra::backward(scaled(x, 5), Tensor::full({1}, DType::float64, 3));
  CHECK(x.gradient().item() == 15);
  CHECK_THROWS_AS(recurra::backward(scaled(x, 5), Tensor::full({2}, DType::float64, 3)), std::invalid_argument);
  CHECK_THROWS_AS(recurra::backward(scaled(x, 5), Tensor::full({1}, DType::float32, 3)), std::invalid_argument);
}

TEST_CASE("A leaf is its own gradient's place", "[tape]") {
  const Tensor x = value(2);
  recurra::backward(x);
  recurra::backward(x);
  CHECK(x.gradient().item() == 2);
}

TEST_CASE("A graph can be used once", "[tape]") {
  const Tensor x = value(2);
  const Tensor y = scaled(x, 5);
  recurra::backward(y);
  CHECK_THROWS_AS(recurra::backward(y), std::invalid_argument);
  CHECK(x.gradient().item() == 5);
}

TEST_CASE("A graph built on a used one is refused before anything changes", "[tape]") {
  const Tensor x = value(2);
  const Tensor w = value(3);
  const Tensor y = scaled(x, 5);
  const Tensor first = scaled(y, 2);
  const Tensor second = product(y, w);
  recurra::backward(first);
  CHECK_THROWS_AS(recurra::backward(second), std::invalid_argument);
  CHECK(x.gradient().item() == 10);
  CHECK_FALSE(w.gradient().defined());
}

TEST_CASE("Without a gradient to find, backward says so", "[tape]") {
  CHECK_THROWS_AS(recurra::backward(value(2, false)), std::invalid_argument);
  CHECK_THROWS_AS(recurra::backward(Tensor()), std::invalid_argument);
  const Tensor pair = Tensor::zeros({2}, DType::float64);
  pair.require_gradient();
  CHECK_THROWS_AS(recurra::backward(pair), std::invalid_argument);  // no scalar, no gradient given
}

TEST_CASE("Constants are not on the tape", "[tape]") {
  const Tensor x = value(2);
  const Tensor c = value(3, false);
  CHECK_FALSE(scaled(c, 2).requires_gradient());
  recurra::backward(product(x, c));
  CHECK(x.gradient().item() == 3);
  CHECK_FALSE(c.gradient().defined());
}

TEST_CASE("Nothing is recorded under NoGradient, on this thread", "[tape]") {
  const Tensor x = value(2);
  {
    const recurra::NoGradient off;
    CHECK_FALSE(recurra::recording());
    CHECK_FALSE(scaled(x, 2).requires_gradient());
    {
      const recurra::NoGradient inner;
    }
    CHECK_FALSE(recurra::recording());
    bool other = false;
    std::thread([&] { other = recurra::recording(); }).join();
    CHECK(other);
  }
  CHECK(recurra::recording());
  CHECK(scaled(x, 2).requires_gradient());
}

TEST_CASE("What a node saved is freed by backward", "[tape]") {
  auto saved = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = saved;
  const Tensor x = value(2);
  const Tensor y = value(4, false);
  recurra::record("keeper", {x}, {y}, [saved](const BackwardPass& pass) { pass.add(0, pass.output_gradient()); });
  saved.reset();
  REQUIRE_FALSE(watch.expired());
  recurra::backward(y);
  CHECK(watch.expired());
}

TEST_CASE("A chain of 100,000 operations is run and torn down without recursion", "[tape]") {
  const Tensor x = value(1);
  {
    Tensor never_run = x;
    for (int i = 0; i < 100000; ++i) never_run = scaled(never_run, 1);
  }
  Tensor y = x;
  for (int i = 0; i < 100000; ++i) y = scaled(y, 1);
  recurra::backward(y);
  CHECK(x.gradient().item() == 1);
}

TEST_CASE("Only the output that was used has a gradient", "[tape]") {
  const Tensor x = value(2);
  const Tensor first = value(4, false);
  const Tensor second = value(6, false);
  bool second_had_none = false;
  recurra::record("two outputs", {x}, {first, second}, [&](const BackwardPass& pass) {
    second_had_none = !pass.output_gradient(1).defined();
    pass.add(0, constant_like(pass.output_gradient(0), 2 * pass.output_gradient(0).item()));
  });
  recurra::backward(scaled(first, 3));
  CHECK(second_had_none);
  CHECK(x.gradient().item() == 6);
}

TEST_CASE("An operation that no gradient reaches is passed over", "[tape]") {
  const Tensor x = value(2);
  const Tensor y = value(4, false);
  recurra::record("stop", {scaled(x, 3)}, {y}, [](const BackwardPass&) {});
  recurra::backward(y);
  CHECK_FALSE(x.gradient().defined());
}

TEST_CASE("A backward function that makes a wrong shape is caught", "[tape]") {
  const Tensor x = value(2);
  const Tensor y = value(4, false);
  recurra::record("wrong", {x}, {y}, [](const BackwardPass& pass) { pass.add(0, Tensor::zeros({2}, DType::float64)); });
  CHECK_THROWS_AS(recurra::backward(y), std::invalid_argument);
}
