# Headers and CMake files that come as Python packages (pybind11, cmeel-eigen, nlohmann-json, comma-deps-catch2): where
# the Python that builds us has them, in a virtual environment as well as in the isolated environment that `pip install`
# makes.
function(recurra_python_prefix variable code)
  execute_process(COMMAND "${Python_EXECUTABLE}" -c "${code}" OUTPUT_VARIABLE path OUTPUT_STRIP_TRAILING_WHITESPACE
                  ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed)
    set(${variable} "${path}" PARENT_SCOPE)
  endif()
endfunction()

recurra_python_prefix(pybind11_ROOT "import pybind11; print(pybind11.get_cmake_dir())")
recurra_python_prefix(
  Eigen3_ROOT "import importlib.metadata as m; print(m.distribution('cmeel-eigen').locate_file('cmeel.prefix'))")
recurra_python_prefix(
  nlohmann_json_HEADERS "import importlib.metadata as m; print(m.distribution('nlohmann-json').locate_file('nlohmann_json/include'))")
recurra_python_prefix(
  Catch2_HEADERS "import importlib.metadata as m; print(m.distribution('comma-deps-catch2').locate_file('catch2/install/include'))")
