// Element types known to the engine, and the one place where a run-time type becomes a compile-time one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "recurra/base/check.h"

namespace recurra {

enum class DType : std::uint8_t { float32, float64, int32, int64, boolean };

inline const char* name_of(DType dtype) {
  switch (dtype) {
    case DType::float32: return "float32";
    case DType::float64: return "float64";
    case DType::int32: return "int32";
    case DType::int64: return "int64";
    case DType::boolean: return "bool";
  }
  return "?";
}

inline std::size_t size_of(DType dtype) {
  switch (dtype) {
    case DType::float32:
    case DType::int32: return 4;
    case DType::float64:
    case DType::int64: return 8;
    case DType::boolean: return 1;
  }
  return 0;
}

inline bool is_floating(DType dtype) { return dtype == DType::float32 || dtype == DType::float64; }

template <class T>
constexpr DType dtype_of() {
  if constexpr (std::is_same_v<T, float>) return DType::float32;
  else if constexpr (std::is_same_v<T, double>) return DType::float64;
  else if constexpr (std::is_same_v<T, std::int32_t>) return DType::int32;
  else if constexpr (std::is_same_v<T, std::int64_t>) return DType::int64;
  else {
    static_assert(std::is_same_v<T, bool>, "no DType for this C++ type");
    return DType::boolean;
  }
}

/// Calls `f.template operator()<T>()` with T = float or double; `who` names the caller in the error.
template <class F>
decltype(auto) dispatch_float(DType dtype, const char* who, F&& f) {
  if (dtype == DType::float32) return f.template operator()<float>();
  if (dtype == DType::float64) return f.template operator()<double>();
  throw std::invalid_argument(text(who, ": expected float32 or float64, got ", name_of(dtype)));
}

/// Calls `f.template operator()<T>()` for any element type.
template <class F>
decltype(auto) dispatch_any(DType dtype, F&& f) {
  switch (dtype) {
    case DType::float32: return f.template operator()<float>();
    case DType::float64: return f.template operator()<double>();
    case DType::int32: return f.template operator()<std::int32_t>();
    case DType::int64: return f.template operator()<std::int64_t>();
    case DType::boolean: break;
  }
  return f.template operator()<bool>();
}

}  // namespace recurra
