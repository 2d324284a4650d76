#include "recurra/kernels/gemm.h"

namespace recurra::gemm {

RECURRA_GEMM_PRODUCTS(template, float)
RECURRA_GEMM_PRODUCTS(template, double)

}  // namespace recurra::gemm
