#include "recurra/kernels/peak.h"

#include "recurra/base/parallel.h"

namespace recurra {

double fma_peak(double seconds) {
  const int threads = num_threads();
  double total = 0;
#pragma omp parallel num_threads(threads) reduction(+ : total)
  total += fma_rate<float>(seconds);
  return total;
}

}  // namespace recurra
