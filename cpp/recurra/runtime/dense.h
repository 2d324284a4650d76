#pragma once

#include "recurra/runtime/function.h"
#include "recurra/runtime/stage.h"

namespace recurra::runtime {

/// y = f(x kernel + bias) for each of `inner` rows of features in a row; an empty bias is none. Each sum is one chain
/// over ascending features that starts from the bias, as in ops::dense.
template <class T>
std::unique_ptr<Stage<T>> dense_stage(const Buffer<T>& kernel, Buffer<T> bias, Index features, Index units, Index inner,
                                      Function<T> function);

}  // namespace recurra::runtime
