# The table of SIMD levels. Every level is the whole engine compiled anew as a module of its own (_engine_<level>), so
# no inline function compiled for one level can be linked into another. python/recurra/_engine.py loads the best one.
set(RECURRA_FLAGS_x86_64_v2 -march=x86-64-v2)
set(RECURRA_FLAGS_x86_64_v3 -march=x86-64-v3)
set(RECURRA_FLAGS_x86_64_v4 -march=x86-64-v4 -mprefer-vector-width=512)
set(RECURRA_FLAGS_aarch64 -march=armv8-a)

set(RECURRA_SIMD_LEVELS native CACHE STRING
    "SIMD levels to build: native (the best of this machine), all (of this architecture), or a list of names")

# The levels of the architecture that is compiled for, lowest first.
function(recurra_levels_of_architecture result)
  set(processor "${CMAKE_SYSTEM_PROCESSOR}")
  if(CMAKE_OSX_ARCHITECTURES)
    set(processor "${CMAKE_OSX_ARCHITECTURES}")
  endif()
  if(processor MATCHES "^(x86_64|AMD64|amd64)$")
    set(${result} x86_64_v2 x86_64_v3 x86_64_v4 PARENT_SCOPE)
  elseif(processor MATCHES "^(aarch64|arm64)$")
    set(${result} aarch64 PARENT_SCOPE)
  else()
    message(FATAL_ERROR "recurra has no SIMD level for the processor '${processor}'; add a row to cmake/simd_levels.cmake")
  endif()
endfunction()

# The best level whose instructions the compiler finds on this machine.
function(recurra_native_level result)
  recurra_levels_of_architecture(levels)
  list(GET levels 0 best)
  if(best STREQUAL "x86_64_v2")
    include(CheckCXXSourceCompiles)
    set(CMAKE_REQUIRED_FLAGS -march=native)
    check_cxx_source_compiles("#if !defined(__AVX2__) || !defined(__FMA__) || !defined(__BMI2__) || !defined(__F16C__)
      #error
      #endif
      int main() {}" RECURRA_NATIVE_HAS_V3)
    check_cxx_source_compiles("#if !defined(__AVX512F__) || !defined(__AVX512BW__) || !defined(__AVX512CD__)
      #error
      #endif
      #if !defined(__AVX512DQ__) || !defined(__AVX512VL__)
      #error
      #endif
      int main() {}" RECURRA_NATIVE_HAS_V4)
    if(RECURRA_NATIVE_HAS_V4)
      set(best x86_64_v4)
    elseif(RECURRA_NATIVE_HAS_V3)
      set(best x86_64_v3)
    endif()
  endif()
  set(${result} ${best} PARENT_SCOPE)
endfunction()

# Sets `result` to the names of the levels to build.
function(recurra_chosen_levels result)
  if(RECURRA_SIMD_LEVELS STREQUAL "native")
    recurra_native_level(levels)
  elseif(RECURRA_SIMD_LEVELS STREQUAL "all")
    recurra_levels_of_architecture(levels)
  else()
    set(levels ${RECURRA_SIMD_LEVELS})
  endif()
  foreach(level IN LISTS levels)
    if(NOT DEFINED RECURRA_FLAGS_${level})
      message(FATAL_ERROR "RECURRA_SIMD_LEVELS: '${level}' is not a level; see cmake/simd_levels.cmake")
    endif()
  endforeach()
  set(${result} ${levels} PARENT_SCOPE)
endfunction()

# Loops that matter are unrolled and vectorised by hand: what compilers copy and split beyond -O2 makes a module a third
# larger, and no faster. GCC vectorises the other loops as at -O3 when told.
set(RECURRA_OPTIMIZATION $<$<CONFIG:Release>:-O2>
    $<$<AND:$<CONFIG:Release>,$<CXX_COMPILER_ID:GNU>>:-fvect-cost-model=dynamic>)

# The products of recurrent layers are some loops in many sizes, which GCC arranges better at -O3: a twentieth of a step.
set_source_files_properties(cpp/recurra/rnn/products.cpp PROPERTIES COMPILE_OPTIONS "$<$<CONFIG:Release>:-O3>")

# GCC 12 warns of its own headers of AVX-512, which Eigen uses.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  set_source_files_properties(cpp/recurra/ops/matmul.cpp PROPERTIES
                              COMPILE_OPTIONS "-Wno-uninitialized;-Wno-maybe-uninitialized")
endif()

# How sources of the engine are compiled for a level.
function(recurra_compile_for target level)
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/cpp>)
  target_link_libraries(${target} PRIVATE Eigen3::Eigen OpenMP::OpenMP_CXX nlohmann_json::nlohmann_json)
  target_compile_definitions(${target} PRIVATE RECURRA_SIMD_LEVEL="${level}" EIGEN_MPL2_ONLY EIGEN_DONT_PARALLELIZE)
  target_compile_options(${target} PRIVATE ${RECURRA_FLAGS_${level}} -fno-math-errno -fno-trapping-math
                         ${RECURRA_OPTIMIZATION} -Wall -Wextra)
endfunction()

# The engine of one level, recurra_<level>; built where something needs it.
function(recurra_engine level)
  set(engine recurra_${level})
  add_library(${engine} OBJECT EXCLUDE_FROM_ALL ${engine_sources})
  recurra_compile_for(${engine} ${level})
  # What is compiled against its headers must see the same vectors.
  target_link_libraries(${engine} INTERFACE Eigen3::Eigen OpenMP::OpenMP_CXX)
  target_compile_definitions(${engine} INTERFACE RECURRA_SIMD_LEVEL="${level}" EIGEN_MPL2_ONLY EIGEN_DONT_PARALLELIZE)
  target_compile_options(${engine} INTERFACE ${RECURRA_FLAGS_${level}} -fno-math-errno -fno-trapping-math)
endfunction()

# Its Python module, _engine_<level>.
function(recurra_python_module level)
  set(engine recurra_${level})
  set(module _engine_${level})
  pybind11_add_module(${module} MODULE NO_EXTRAS ${binding_sources})
  target_link_libraries(${module} PRIVATE ${engine})
  target_compile_definitions(${module} PRIVATE RECURRA_MODULE_NAME=${module})
  # Bindings translate arguments: -O1 would make the shortest calls 3 to 8 % slower, -O3 none faster.
  target_compile_options(${module} PRIVATE $<$<CONFIG:Release>:-O2> -Wall -Wextra)
  # The C++ library marks its templates visible whatever we say: let nothing out but the init function.
  if(APPLE)
    target_link_options(${module} PRIVATE "LINKER:-exported_symbol,_PyInit_${module}")
  else()
    set(exports "${CMAKE_CURRENT_BINARY_DIR}/${module}.map")
    file(WRITE "${exports}" "{ global: PyInit_${module}; local: *; };\n")
    target_link_options(${module} PRIVATE "LINKER:--version-script=${exports}")
  endif()
  install(TARGETS ${module} LIBRARY DESTINATION recurra)
endfunction()
