// Models from their configuration in words and their weights by path, wherever these come from.
#pragma once

#include <string>

#include "recurra/runtime/model.h"
#include "recurra/runtime/model_file.h"

namespace recurra::runtime {

/// The model that a configuration (JSON) describes; `source` stands for it in errors. Throws std::invalid_argument as
/// load does.
template <class T>
Model<T> model_of(const std::string& words, const Arrays& arrays, const std::string& source);

/// The element type of a described model: that of its first layer.
DType dtype_of_model(const std::string& words, const std::string& source);

}  // namespace recurra::runtime
