#include <stdexcept>
#include <vector>

#include "catch.h"
#include "recurra/base/dtype.h"
#include "recurra/base/shape.h"

using recurra::DType;
using recurra::Index;
using recurra::Shape;

TEST_CASE("A shape counts, compares and prints itself", "[shape]") {
  const Shape shape{2, 3, 5};
  CHECK(shape.rank() == 3);
  CHECK(shape.size() == 30);
  CHECK(shape[-1] == 5);
  CHECK(shape[0] == 2);
  CHECK(shape.back() == 5);
  CHECK(shape.count(1, 3) == 15);
  CHECK(shape.count(1, 1) == 1);
  CHECK(shape == Shape{2, 3, 5});
  CHECK_FALSE(shape == Shape{2, 3});
  CHECK_FALSE(shape == Shape{2, 3, 4});
  CHECK(shape.str() == "(2, 3, 5)");
  CHECK(Shape{4}.str() == "(4,)");
  CHECK(Shape{}.str() == "()");
  CHECK(Shape{}.size() == 1);
  CHECK(Shape{3, 0}.size() == 0);
}

TEST_CASE("A shape refuses negative extents and too many axes", "[shape]") {
  CHECK_THROWS_AS((Shape{2, -1}), std::invalid_argument);
  CHECK_NOTHROW(Shape{1, 1, 1, 1, 1, 1, 1, 1});
  CHECK_THROWS_AS((Shape{1, 1, 1, 1, 1, 1, 1, 1, 1}), std::invalid_argument);
}

TEST_CASE("An axis counts from either end", "[shape]") {
  CHECK(recurra::checked_axis(-1, 3, "test") == 2);
  CHECK(recurra::checked_axis(0, 3, "test") == 0);
  CHECK_THROWS_AS(recurra::checked_axis(3, 3, "test"), std::invalid_argument);
  CHECK_THROWS_AS(recurra::checked_axis(-4, 3, "test"), std::invalid_argument);
}

TEST_CASE("Element types have names, sizes and a dispatch", "[shape]") {
  CHECK(std::string(recurra::name_of(DType::boolean)) == "bool");
  CHECK(recurra::size_of(DType::boolean) == 1);
  CHECK(recurra::size_of(DType::float64) == 8);
  CHECK(recurra::dtype_of<std::int64_t>() == DType::int64);
  for (DType dtype : {DType::float32, DType::float64, DType::int32, DType::int64, DType::boolean}) {
    recurra::dispatch_any(dtype, [&]<class T>() {
      CHECK(recurra::dtype_of<T>() == dtype);
      CHECK(sizeof(T) == recurra::size_of(dtype));
    });
    const auto as_float = [&] { recurra::dispatch_float(dtype, "test", []<class T>() {}); };
    if (recurra::is_floating(dtype)) CHECK_NOTHROW(as_float());
    else CHECK_THROWS_AS(as_float(), std::invalid_argument);
  }
}
