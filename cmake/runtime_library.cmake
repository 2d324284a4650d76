# librecurra: runs saved models from C++ alone. A shared library, so that the cells, which register themselves, are all
# in it. It is of one SIMD level: the best one of this machine, or the one that RECURRA_SIMD_LEVELS names.
list(LENGTH levels count)
if(NOT count EQUAL 1)
  message(FATAL_ERROR "RECURRA_BUILD_RUNTIME makes a library of one SIMD level; RECURRA_SIMD_LEVELS names ${count}: "
                      "${levels}")
endif()

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

# What a stream runs, and no more of the engine: the linker says what is missing.
file(GLOB runtime_sources CONFIGURE_DEPENDS cpp/recurra/base/*.cpp cpp/recurra/runtime/*.cpp cpp/recurra/rnn/cells/*.cpp)
list(APPEND runtime_sources cpp/recurra/kernels/gemm.cpp cpp/recurra/tensor/tape.cpp cpp/recurra/tensor/tensor.cpp)
foreach(name IN ITEMS cell_table layout normal products step stepper)
  list(APPEND runtime_sources cpp/recurra/rnn/${name}.cpp)
endforeach()
foreach(name IN ITEMS arithmetic broadcast cast comparison elementwise layer_normalization layout reduction)
  list(APPEND runtime_sources cpp/recurra/ops/${name}.cpp)
endforeach()

add_library(recurra_runtime SHARED ${runtime_sources})
recurra_compile_for(recurra_runtime ${levels})
add_library(recurra::recurra ALIAS recurra_runtime)
set_target_properties(recurra_runtime PROPERTIES OUTPUT_NAME recurra EXPORT_NAME recurra VERSION ${PROJECT_VERSION}
                      SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
target_compile_features(recurra_runtime INTERFACE cxx_std_20)
target_include_directories(recurra_runtime INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
# Templates of the C++ library are visible whatever we say; made for our SIMD level, they must serve nobody else.
if(NOT APPLE)
  set(exports "${CMAKE_CURRENT_BINARY_DIR}/recurra_runtime.map")
  file(WRITE "${exports}" "{ global: extern \"C++\" { recurra::Model*; recurra::Stream*; recurra::is_float64*; };\n"
                          "  local: *; };\n")
  target_link_options(recurra_runtime PRIVATE "LINKER:--version-script=${exports}" "LINKER:--no-undefined")
endif()

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/recurra)
install(TARGETS recurra_runtime EXPORT recurra_runtime LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES cpp/recurra/runtime/model.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/recurra/runtime)
install(EXPORT recurra_runtime FILE recurraConfig.cmake NAMESPACE recurra:: DESTINATION ${package})
write_basic_package_version_file(recurraConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/recurraConfigVersion.cmake" DESTINATION ${package})
