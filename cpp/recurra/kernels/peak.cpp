#include "recurra/kernels/peak.h"

#include "recurra/base/parallel.h"

namespace recurra {

double fma_peak(double seconds) {
  double total = 0;
#pragma omp parallel num_threads(num_threads()) reduction(+ : total)
  total += fma_rate<float>(seconds);
  return total;
}

}  // namespace recurra
