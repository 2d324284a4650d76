// A model file: safetensors (an unsigned 64-bit length N, N bytes of JSON, the elements) whose metadata describes a
// model. Nothing is believed before it is checked: the header ends where it says, no name comes twice, the arrays tile
// the rest of the file exactly, and the checksum fits.
//
// Source: the format's description at https://github.com/huggingface/safetensors.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>

#include "recurra/base/buffer.h"
#include "recurra/base/dtype.h"
#include "recurra/base/shape.h"

namespace recurra::runtime {

/// A view of the bytes of a named array, without alignment.
struct Array {
  DType dtype;
  Shape shape;
  const std::byte* data;
};

/// Arrays by name, for example "gru/gru_cell/kernel".
using Arrays = std::map<std::string, Array>;

struct ModelFile {
  Arrays arrays;                             // into `bytes`; only of dtypes that the engine has
  std::map<std::string, std::string> words;  // the metadata
  Buffer<std::byte> bytes;
};

/// Reads a file from the disk. Throws std::runtime_error if it cannot be read, std::invalid_argument if it is damaged
/// or no model file.
ModelFile read_model_file(const std::string& path);

/// The same from memory; `name` stands for it in errors.
ModelFile parse_model_file(std::span<const std::byte> bytes, const std::string& name);

}  // namespace recurra::runtime
