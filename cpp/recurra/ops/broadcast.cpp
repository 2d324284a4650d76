#include "recurra/ops/broadcast.h"

#include <algorithm>

namespace recurra::ops {

Shape broadcast_shape(const Shape& a, const Shape& b, const char* who) {
  if (a == b) return a;
  Shape out = a.rank() >= b.rank() ? a : b;
  for (int back = 1; back <= std::min(a.rank(), b.rank()); ++back) {
    const Index x = a[-back];
    const Index y = b[-back];
    check(x == y || x == 1 || y == 1, who, ": shapes ", a, " and ", b, " do not broadcast: axis ", -back, " has ", x,
          " against ", y, " elements");
    out[-back] = x == 1 ? y : x;
  }
  return out;
}

}  // namespace recurra::ops
