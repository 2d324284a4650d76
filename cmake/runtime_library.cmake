# librecurra: runs saved models from C++ alone. A shared library, so that the cells, which register themselves, are all
# in it. It is of one SIMD level: the best one of this machine, or the one that RECURRA_SIMD_LEVELS names.
list(LENGTH levels count)
if(NOT count EQUAL 1)
  message(FATAL_ERROR "RECURRA_BUILD_RUNTIME makes a library of one SIMD level; RECURRA_SIMD_LEVELS names ${count}: "
                      "${levels}")
endif()

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

add_library(recurra_runtime SHARED $<TARGET_OBJECTS:recurra_${levels}>)
add_library(recurra::recurra ALIAS recurra_runtime)
set_target_properties(recurra_runtime PROPERTIES OUTPUT_NAME recurra EXPORT_NAME recurra VERSION ${PROJECT_VERSION}
                      SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
target_compile_features(recurra_runtime INTERFACE cxx_std_20)
target_include_directories(recurra_runtime INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/cpp>
                           $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(recurra_runtime PRIVATE OpenMP::OpenMP_CXX)
# Templates of the C++ library are visible whatever we say; made for our SIMD level, they must serve nobody else.
if(NOT APPLE)
  set(exports "${CMAKE_CURRENT_BINARY_DIR}/recurra_runtime.map")
  file(WRITE "${exports}" "{ global: extern \"C++\" { recurra::Model*; recurra::Stream*; recurra::is_float64*; };\n"
                          "  local: *; };\n")
  target_link_options(recurra_runtime PRIVATE "LINKER:--version-script=${exports}")
endif()

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/recurra)
install(TARGETS recurra_runtime EXPORT recurra_runtime LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES cpp/recurra/runtime/model.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/recurra/runtime)
install(EXPORT recurra_runtime FILE recurraConfig.cmake NAMESPACE recurra:: DESTINATION ${package})
write_basic_package_version_file(recurraConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/recurraConfigVersion.cmake" DESTINATION ${package})
