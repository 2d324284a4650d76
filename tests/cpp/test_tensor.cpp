#include <stdexcept>
#include <vector>

#include "catch.h"
#include "recurra/base/memory.h"
#include "recurra/tensor/parameters.h"
#include "recurra/tensor/tape.h"
#include "recurra/tensor/tensor.h"

using recurra::DType;
using recurra::Index;
using recurra::ParameterBlock;
using recurra::Shape;
using recurra::Tensor;

namespace {

Tensor counting(Shape shape, DType dtype = DType::float64) {
  Tensor out(shape, dtype);
  recurra::dispatch_any(dtype, [&]<class T>() {
    for (Index i = 0; i < out.size(); ++i) out.data<T>()[i] = static_cast<T>(i);
  });
  return out;
}

}  // namespace

TEST_CASE("A view shares the elements", "[tensor]") {
  const Tensor whole = counting({4, 3});
  const Tensor rows = whole.rows(1, 3);
  CHECK(rows.shape() == Shape{2, 3});
  CHECK(rows.data<double>()[0] == 3);
  rows.data<double>()[0] = 50;
  CHECK(whole.reshaped({12}).data<double>()[3] == 50);
  CHECK(whole.rows(4, 4).size() == 0);
  CHECK_THROWS_AS(whole.rows(3, 5), std::invalid_argument);
  CHECK_THROWS_AS(whole.rows(-1, 2), std::invalid_argument);
  CHECK_THROWS_AS(whole.reshaped({5}), std::invalid_argument);
}

TEST_CASE("A clone has elements of its own", "[tensor]") {
  const Tensor a = counting({3}, DType::int32);
  const Tensor b = a.clone();
  b.data<std::int32_t>()[1] = 9;
  CHECK(a.data<std::int32_t>()[1] == 1);
  CHECK_FALSE(a.same_as(b));
  a.assign(b);
  CHECK(a.data<std::int32_t>()[1] == 9);
  CHECK_THROWS_AS(a.assign(counting({4}, DType::int32)), std::invalid_argument);
  CHECK_THROWS_AS(a.assign(counting({3}, DType::int64)), std::invalid_argument);
}

TEST_CASE("item() is for one element", "[tensor]") {
  CHECK(Tensor::scalar(2.5, DType::float64).item() == 2.5);
  CHECK(Tensor::full({1, 1}, DType::boolean, 1).item() == 1);
  CHECK_THROWS_AS(counting({2}).item(), std::invalid_argument);
}

TEST_CASE("Elements go back to the pool, borrowed ones to their keeper", "[tensor]") {
  const auto before = recurra::memory::statistics().in_use;
  {
    const Tensor a({1000}, DType::float32);
    CHECK(recurra::memory::statistics().in_use > before);
  }
  CHECK(recurra::memory::statistics().in_use == before);

  auto owner = std::make_shared<std::vector<float>>(5, 1.0F);
  const std::weak_ptr<std::vector<float>> watch = owner;
  {
    const Tensor borrowed({5}, DType::float32,
                          std::make_shared<recurra::Storage>(owner->data(), 5 * sizeof(float), owner, true), 0);
    owner.reset();
    CHECK_FALSE(watch.expired());
    CHECK(borrowed.data<float>()[4] == 1.0F);
  }
  CHECK(watch.expired());
}

TEST_CASE("A tensor too large to address is refused", "[tensor]") {
  constexpr Index huge = Index{1} << 40;
  CHECK_THROWS_AS(Tensor({huge, huge}, DType::float32), std::invalid_argument);
  CHECK_THROWS_AS(Tensor({Index{1} << 62}, DType::float64), std::invalid_argument);
}

TEST_CASE("Only floating-point leaves can require a gradient", "[tensor]") {
  CHECK_THROWS_AS(counting({2}, DType::int32).require_gradient(), std::invalid_argument);
  const Tensor x = counting({2});
  x.require_gradient();
  CHECK(x.requires_gradient());
  CHECK_FALSE(x.detach().requires_gradient());
  CHECK(x.detach().storage() == x.storage());
  x.require_gradient(false);
  CHECK_FALSE(x.requires_gradient());
}

TEST_CASE("A parameter block moves its parameters into one run", "[parameters]") {
  const Tensor a = counting({3, 5});
  const Tensor b = counting({7});
  const Tensor a_too = a;  // another handle follows
  const ParameterBlock block({a, b});

  REQUIRE(block.offsets() == std::vector<Index>{0, 16});  // each on a cache line of eight doubles
  CHECK(block.values().size() == 24);
  CHECK(a_too.storage() == block.values().storage());
  for (Index i = 0; i < a.size(); ++i) REQUIRE(a_too.data<double>()[i] == static_cast<double>(i));
  CHECK(b.data<double>() == block.values().data<double>() + 16);
  block.values().data<double>()[16] = 42;
  CHECK(b.data<double>()[0] == 42);

  CHECK(a.requires_gradient());
  CHECK(b.gradient().data<double>() == block.gradients().data<double>() + 16);
  b.gradient().data<double>()[2] = 3;
  CHECK(block.gradients().data<double>()[18] == 3);
  block.zero_gradients();
  CHECK(b.gradient().data<double>()[2] == 0);
  CHECK(block.intact());
}

TEST_CASE("A parameter block notices that another one took a parameter", "[parameters]") {
  const Tensor a = counting({3});
  const Tensor b = counting({4});
  const ParameterBlock first({a, b});
  const ParameterBlock second({b});
  CHECK_FALSE(first.intact());
  CHECK(second.intact());
  CHECK(b.data<double>()[3] == 3);
}

TEST_CASE("A parameter block refuses what cannot be a parameter, and then changes nothing", "[parameters]") {
  const Tensor a = counting({3});
  const auto* before = a.bytes();
  CHECK_THROWS_AS(ParameterBlock({a, a}), std::invalid_argument);
  CHECK_THROWS_AS(ParameterBlock({a, counting({3}, DType::float32)}), std::invalid_argument);
  CHECK_THROWS_AS(ParameterBlock({counting({3}, DType::int32)}), std::invalid_argument);
  CHECK(a.bytes() == before);
  CHECK_FALSE(a.requires_gradient());
  CHECK(ParameterBlock({}).values().size() == 0);
}
