// The Tensor class: construction from arrays, views for arrays, differentiation. Its operators are with the ops.
#include <Python.h>

#include <cstring>
#include <limits>

#include "arguments.h"
#include "recurra/tensor/parameters.h"
#include "recurra/tensor/tape.h"

namespace recurra::bindings {
namespace {

py::dtype numpy_dtype(DType dtype) {
  return dispatch_any(dtype, []<class T>() { return py::dtype::of<T>(); });
}

// Keeps a Python object alive for as long as the engine holds its memory.
std::shared_ptr<void> keeper_of(const py::object& owner) {
  return {owner.inc_ref().ptr(), [](void* object) {
            if (!Py_IsInitialized()) return;
            const InterpreterLocked locked;
            Py_DECREF(static_cast<PyObject*>(object));
          }};
}

// The engine's type of an array whose elements it can borrow as they are; nothing for any other array.
std::optional<DType> borrowed_type(const py::array& array) {
  using Numpy = py::detail::npy_api;
  constexpr int wanted = int{py::array::c_style} | int{Numpy::NPY_ARRAY_ALIGNED_};
  const py::dtype dtype = array.dtype();
  const char order = dtype.byteorder();
  if ((array.flags() & wanted) != wanted || order == '>' || order == '<') return std::nullopt;
  const char kind = dtype.kind();
  const auto size = dtype.itemsize();
  if (kind == 'f' && size == 4) return DType::float32;
  if (kind == 'f' && size == 8) return DType::float64;
  if (kind == 'i' && size == 4) return DType::int32;
  if (kind == 'i' && size == 8) return DType::int64;
  if (kind == 'b') return DType::boolean;
  return std::nullopt;
}

Tensor borrowed(const py::array& array, DType type) {
  Shape shape;
  for (py::ssize_t axis = 0; axis < array.ndim(); ++axis) shape.push_back(array.shape(axis));
  const auto bytes = as_size(array.nbytes());
  // The storage remembers whether the array may be written to.
  return {shape, type,
          std::make_shared<Storage>(const_cast<void*>(array.data()), bytes, keeper_of(array), array.writeable()), 0};
}

// Whether all elements of an array of integers lie in the range of a type.
bool fits_into(const py::array& array, DType type) {
  if (array.size() == 0) return true;
  const py::int_ least(array.attr("min")()), most(array.attr("max")());
  const bool narrow = type == DType::int32;
  const py::int_ low(narrow ? std::int64_t{std::numeric_limits<std::int32_t>::min()}
                            : std::numeric_limits<std::int64_t>::min());
  const py::int_ high(narrow ? std::int64_t{std::numeric_limits<std::int32_t>::max()}
                             : std::numeric_limits<std::int64_t>::max());
  return low <= least && most <= high;
}

// The nearest type the engine has.
DType nearest_dtype(const py::array& array, bool from_python_numbers) {
  const py::dtype dtype = array.dtype();
  switch (dtype.kind()) {
    case 'f': return from_python_numbers || dtype.itemsize() < 8 ? DType::float32 : DType::float64;
    case 'b': return DType::boolean;
    case 'i':
    case 'u':
      if (from_python_numbers) return fits_into(array, DType::int32) ? DType::int32 : DType::int64;
      return dtype.itemsize() < 4 || (dtype.itemsize() == 4 && dtype.kind() == 'i') ? DType::int32 : DType::int64;
    default:
      throw py::type_error(text("expected numbers, got an array of dtype ", std::string(py::str(dtype)),
                                "; convert it to float32 first"));
  }
}

// Refuses integers that would become other numbers in `type`. Arrays that somebody asks to convert wrap as in NumPy.
void check_range(const py::array& array, DType type, bool from_python_numbers) {
  if (is_floating(type) || type == DType::boolean) return;
  const char kind = array.dtype().kind();
  const bool whole = kind == 'i' || kind == 'u';
  if (kind == 'f' && from_python_numbers && array.size() > 0) {
    const double bound = type == DType::int32 ? 0x1p31 : 0x1p63;
    const auto least = array.attr("min")().cast<double>(), most = array.attr("max")().cast<double>();
    if (!(least >= -bound && most < bound))
      throw py::value_error(
          text("expected numbers that fit into ", name_of(type), ", got some from ", least, " to ", most));
  }
  const bool may_not_fit = from_python_numbers || (kind == 'u' && array.dtype().itemsize() == 8);
  if (whole && may_not_fit && !fits_into(array, type))
    throw py::value_error(text("expected integers that fit into ", name_of(type), ", got some from ",
                               std::string(py::str(array.attr("min")())), " to ",
                               std::string(py::str(array.attr("max")()))));
}

}  // namespace

DType dtype_from_python(const py::object& dtype) {
  constexpr DType all[] = {DType::float32, DType::float64, DType::int32, DType::int64, DType::boolean};
  if (PyUnicode_Check(dtype.ptr())) {  // the usual way to say it, for which NumPy need not be asked
    for (DType known : all)
      if (PyUnicode_CompareWithASCIIString(dtype.ptr(), name_of(known)) == 0) return known;
  }
  const py::dtype wanted = py::dtype::from_args(dtype);
  const std::string name = py::str(wanted.attr("name"));
  for (DType known : all)
    if (name == name_of(known)) return known;
  throw py::value_error(text("dtype '", name, "' is not one of float32, float64, int32, int64, bool"));
}

Tensor tensor_from_python(const py::object& value, const py::object& dtype) {
  if (py::isinstance<Tensor>(value)) {
    const auto tensor = value.cast<Tensor>();
    check(dtype.is_none() || dtype_from_python(dtype) == tensor.dtype(), "Tensor: use cast() to change a dtype");
    return tensor;
  }
  if (dtype.is_none() && py::isinstance<py::array>(value)) {
    const auto array = py::reinterpret_borrow<py::array>(value);
    if (const auto type = borrowed_type(array)) return borrowed(array, *type);
  }
  const py::module_ np = py::module_::import("numpy");
  py::array array;
  const bool is_array = py::isinstance<py::array>(value);
  const bool has_own_type = is_array || py::hasattr(value, "__array__") || py::hasattr(value, "dtype");
  try {
    array = is_array ? py::reinterpret_borrow<py::array>(value) : py::array(np.attr("asarray")(value));
  } catch (py::error_already_set& error) {
    if (!error.matches(PyExc_ValueError)) throw;
    throw py::value_error(
        "expected a regular array of numbers; the given sequence has rows of different lengths; pad them "
        "first (recurra.preprocessing.sequence.pad_sequences)");
  }
  if (array.dtype().kind() == 'O' && PyLong_Check(value.ptr()))
    throw py::value_error(text("the integer ", std::string(py::str(value)), " does not fit into int64"));
  if (array.dtype().kind() == 'O' || array.dtype().kind() == 'U' || array.dtype().kind() == 'S')
    throw py::type_error(text("expected numbers, got an array of dtype ", std::string(py::str(array.dtype()))));
  const DType type = dtype.is_none() ? nearest_dtype(array, !has_own_type) : dtype_from_python(dtype);
  check_range(array, type, !has_own_type);
  const py::dtype wanted = numpy_dtype(type);
  const bool native = array.dtype().byteorder() != '>' && array.dtype().byteorder() != '<';
  const bool fits = native && array.dtype().is(wanted) && (array.flags() & py::array::c_style) &&
                    (array.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_);
  if (!fits) array = py::array(np.attr("require")(array, wanted, "CA"));
  return borrowed(array, type);
}

py::array array_from_tensor(const Tensor& tensor, bool writeable) {
  std::vector<py::ssize_t> extents(tensor.shape().begin(), tensor.shape().end());
  writeable = writeable && tensor.storage()->writable();
  auto keeper = std::make_unique<std::shared_ptr<Storage>>(tensor.storage());
  if (tensor.storage()->writable()) tensor.storage()->begin_view();
  const py::capsule owner(keeper.release(), [](void* p) {
    auto* const storage = static_cast<std::shared_ptr<Storage>*>(p);
    if ((*storage)->writable()) (*storage)->end_view();
    delete storage;
  });
  py::array array(numpy_dtype(tensor.dtype()), extents, tensor.bytes(), owner);
  if (!writeable) py::detail::array_proxy(array.ptr())->flags &= ~py::detail::npy_api::NPY_ARRAY_WRITEABLE_;
  return array;
}

Shape shape_from_python(const py::object& shape, const char* who) { return Shape(integers(shape, who, "shape")); }

py::tuple shape_to_python(const Shape& shape) {
  py::tuple out(as_size(shape.rank()));
  for (int axis = 0; axis < shape.rank(); ++axis) out[as_size(axis)] = shape[axis];
  return out;
}

void register_tensor(py::module_& m) {
  py::class_<Tensor> tensor(m, "Tensor",
                            R"(A dense array of the engine: float32, float64, int32, int64 or bool, row-major.

It has Python's operators and NumPy's indexing. Where something it was computed from requires a gradient it remembers
how it was computed, and `backward` adds the gradient to `grad`. NumPy arrays and objects that speak DLPack are borrowed
without a copy where type and layout fit; `numpy()` is a view of the elements.

Args:
    value: Array, tensor, number or nested list.
    dtype: Element type; default None, the type of `value`, float32 for Python's floats.

Raises:
    TypeError: The value is no array of numbers.
    ValueError: The engine does not have the dtype, or rows of nested lists differ in length.

Example:
    >>> x = recurra.Tensor([1.0, 2.0])
    >>> x.requires_grad = True
    >>> (x * x).sum().backward()
    >>> x.grad
    Tensor([2., 4.], shape=(2,), dtype=float32)
)");
  tensor
      .def(py::init([](const py::object& value, const py::object& dtype) { return tensor_from_python(value, dtype); }),
           py::arg("value"), py::arg("dtype") = py::none())
      .def_property_readonly("shape", [](const Tensor& t) { return shape_to_python(t.shape()); })
      .def_property_readonly("dtype", [](const Tensor& t) { return name_of(t.dtype()); })
      .def_property_readonly("ndim", &Tensor::rank)
      .def_property_readonly("size", &Tensor::size)
      .def_property_readonly(
          "is_pending", [](const Tensor& t) { return t.recipe() != nullptr; },
          "Whether the elements are made only when somebody reads them.")
      .def_property(
          "requires_grad", &Tensor::requires_gradient, [](const Tensor& t, bool on) { t.require_gradient(on); },
          "Whether backward() computes a gradient for this tensor; settable on a leaf.")
      .def_property(
          "grad",
          [](const Tensor& t) -> py::object {
            const Tensor g = t.gradient();
            return g.defined() ? py::cast(g) : py::none();
          },
          [](const Tensor& t, const py::object& g) { t.set_gradient(g.is_none() ? Tensor() : g.cast<Tensor>()); },
          "Sum of the gradients that backward() computed for this tensor, or None.")
      .def("retain_grad", &Tensor::retain_gradient, "Keep the gradient of this intermediate result too.")
      .def_property_readonly("is_leaf", &Tensor::is_leaf)
      .def("detach", &Tensor::detach, "The same elements, outside the graph.")
      .def("clone", &Tensor::clone, "A copy of the elements, outside the graph.")
      .def(
          "assign", [](const Tensor& t, const Tensor& source) { t.assign(source); }, py::arg("value"),
          "Overwrites the elements; every holder of this tensor sees them.")
      .def(
          "numpy", [](const Tensor& t) { return array_from_tensor(t); }, "A NumPy array that shares the elements.")
      .def(
          "__array__",
          [](const Tensor& t, const py::object& dtype, const py::object& copy) -> py::object {
            py::object array = array_from_tensor(t);
            if (!dtype.is_none()) array = array.attr("astype")(dtype, py::arg("copy") = false);
            return !copy.is_none() && copy.cast<bool>() ? array.attr("copy")() : array;
          },
          py::arg("dtype") = py::none(), py::arg("copy") = py::none())
      .def("item",
           [](const Tensor& t) -> py::object {
             const double value = t.item();
             if (t.dtype() == DType::boolean) return py::bool_(value != 0);
             if (t.dtype() == DType::int64) return py::int_(*t.data<std::int64_t>());
             return is_floating(t.dtype()) ? py::object(py::float_(value)) : py::int_(static_cast<Index>(value));
           })
      .def(
          "backward", [](const Tensor& t, const OptionalTensor& gradient) { backward(t, gradient); },
          py::arg("gradient") = py::none(), Unlocked(),
          "Adds the derivative of this tensor with respect to every leaf to the leaf's grad.\n\n"
          "gradient: weight of each element (same shape); may be left out for a scalar.\n"
          "Raises ValueError if nothing here requires a gradient, or the graph was used up already.");
  tensor.attr("__array_priority__") = 1000;
  py::implicitly_convertible<py::array, Tensor>();

  m.def("is_recording", &recording, "Whether operations on this thread are put on the tape.");
  py::class_<NoGradient>(m, "NoGradient", "While alive, this thread puts nothing on the tape.").def(py::init<>());

  py::class_<ParameterBlock>(m, "ParameterBlock", "Parameters of a model as views of one flat run of numbers.")
      .def(py::init<std::vector<Tensor>>(), py::arg("parameters"))
      .def_property_readonly("parameters", &ParameterBlock::parameters)
      .def_property_readonly("offsets", &ParameterBlock::offsets)
      .def_property_readonly("values", &ParameterBlock::values)
      .def_property_readonly("gradients", &ParameterBlock::gradients)
      .def("zero_gradients", &ParameterBlock::zero_gradients)
      .def("intact", &ParameterBlock::intact);
}

}  // namespace recurra::bindings
