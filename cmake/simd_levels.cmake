# The table of SIMD levels. Every level is the whole engine compiled anew as a module of its own (_engine_<level>), so
# no inline function compiled for one level can be linked into another.
set(RECURRA_SIMD_LEVELS native CACHE STRING "SIMD levels to build: native, or a list of x86_64_v2 x86_64_v3 x86_64_v4 aarch64")

set(RECURRA_FLAGS_native -march=native)
set(RECURRA_FLAGS_x86_64_v2 -march=x86-64-v2)
set(RECURRA_FLAGS_x86_64_v3 -march=x86-64-v3)
set(RECURRA_FLAGS_x86_64_v4 -march=x86-64-v4 -mprefer-vector-width=512)
set(RECURRA_FLAGS_aarch64 -march=armv8-a)

function(recurra_engine_module level)
  if(NOT DEFINED RECURRA_FLAGS_${level})
    message(FATAL_ERROR "RECURRA_SIMD_LEVELS: '${level}' is not a level; see cmake/simd_levels.cmake")
  endif()
  set(target _engine_${level})
  pybind11_add_module(${target} MODULE NO_EXTRAS ${engine_sources} ${binding_sources})
  target_include_directories(${target} PRIVATE cpp)
  target_link_libraries(${target} PRIVATE Eigen3::Eigen OpenMP::OpenMP_CXX)
  target_compile_definitions(${target} PRIVATE RECURRA_MODULE_NAME=${target} RECURRA_SIMD_LEVEL="${level}"
                             EIGEN_MPL2_ONLY EIGEN_DONT_PARALLELIZE)
  target_compile_options(${target} PRIVATE ${RECURRA_FLAGS_${level}} -Wall -Wextra -fno-math-errno -fno-trapping-math)
  install(TARGETS ${target} LIBRARY DESTINATION recurra)
endfunction()
