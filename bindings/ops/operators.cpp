// The operators of Tensor: arithmetic, comparisons, indexing.
#include <map>
#include <string>

#include "ops.h"
#include "recurra/ops/arithmetic.h"
#include "recurra/ops/cast.h"
#include "recurra/ops/comparison.h"
#include "recurra/ops/elementwise.h"
#include "recurra/ops/indexing.h"
#include "recurra/ops/layout.h"
#include "recurra/ops/matmul.h"
#include "recurra/ops/reduction.h"

namespace recurra::bindings {
namespace {

using Binary = Tensor (*)(const Tensor&, const Tensor&);

py::object not_implemented() { return py::reinterpret_borrow<py::object>(Py_NotImplemented); }

// An operand that is none of ours gets its own chance: NotImplemented.
void binary(py::class_<Tensor>& tensor, const char* name, const char* reflected, Binary f) {
  tensor.def(name, [f](Object self, Object other) -> py::object {
    if (!is_operand(other)) return not_implemented();
    const auto pair = operands(self, other);
    return py::cast(compute(pair.first.size() + pair.second.size(), [&] { return f(pair.first, pair.second); }));
  });
  if (!reflected) return;
  tensor.def(reflected, [f](Object self, Object other) -> py::object {
    if (!is_operand(other)) return not_implemented();
    const auto pair = operands(other, self);
    return py::cast(compute(pair.first.size() + pair.second.size(), [&] { return f(pair.first, pair.second); }));
  });
}

// A key of NumPy's indexing, taken apart: the basic part is a slice of every axis, then axes named by an integer drop
// and None makes new ones; arrays of integers are left for later.
struct Key {
  std::vector<ops::AxisSlice> slices;
  Shape shape;  // after the basic part
  bool reshapes = false;
  std::vector<Tensor> arrays;
  std::vector<int> array_axes;  // their places in `shape`
  bool apart = false;           // something else stands between the arrays
};

bool is_basic(py::handle item) {
  return PySlice_Check(item.ptr()) || item.is_none() || item.ptr() == Py_Ellipsis ||
         (PyIndex_Check(item.ptr()) && !PyBool_Check(item.ptr()) && !tensor_in(item) &&
          !py::isinstance<py::array>(item));
}

Key parse(const Tensor& x, const py::object& given) {
  std::vector<py::object> items;
  if (PyTuple_Check(given.ptr()))
    for (const py::handle item : given) items.push_back(py::reinterpret_borrow<py::object>(item));
  else items.push_back(given);

  // Masks become positions, so that every entry names one axis or none.
  std::vector<std::pair<py::object, Tensor>> entries;
  int named = 0;
  bool has_ellipsis = false;
  bool has_arrays = false;
  for (const py::object& item : items) {
    if (is_basic(item)) {
      if (item.ptr() == Py_Ellipsis) {
        if (has_ellipsis) throw py::index_error("an index can hold only one ellipsis ('...')");
        has_ellipsis = true;
      } else if (!item.is_none()) {
        ++named;
      }
      entries.emplace_back(item, Tensor());
      continue;
    }
    if (!is_operand(item) || PyBool_Check(item.ptr()))
      throw py::type_error(text("an index is made of integers, slices, None, ..., and arrays of integers or truth ",
                                "values, got ", Py_TYPE(item.ptr())->tp_name));
    has_arrays = true;
    Tensor array = operand(item);
    if (array.size() == 0 && is_floating(array.dtype()) && PyList_Check(item.ptr()))
      array = Tensor(array.shape(), DType::int64);  // [] names no element
    if (array.dtype() != DType::boolean) {
      entries.emplace_back(py::none(), array);
      ++named;
      continue;
    }
    if (array.rank() == 0) throw py::type_error("a single truth value is no index");
    for (int axis = 0; axis < array.rank() && !has_ellipsis; ++axis)
      if (named + axis >= x.rank() || array.shape(axis) != x.shape(named + axis))
        throw py::index_error(
            text("a mask of shape ", array.shape().str(), " does not fit a tensor of shape ", x.shape().str()));
    for (const Tensor& positions : ops::true_positions(array)) entries.emplace_back(py::none(), positions);
    named += array.rank();
  }
  if (named > x.rank())
    throw py::index_error(text("too many indices: ", named, " for a tensor of shape ", x.shape().str()));
  if (!has_ellipsis) entries.emplace_back(py::ellipsis(), Tensor());

  Key key;
  int axis = 0;
  int last_array = -2;
  for (std::size_t e = 0; e < entries.size(); ++e) {
    const auto& [item, array] = entries[e];
    const auto as_array = [&](const Tensor& indices) {
      key.slices.push_back({0, 1, x.shape(axis)});
      key.array_axes.push_back(key.shape.rank());
      key.shape.push_back(x.shape(axis++));
      key.arrays.push_back(indices);
      if (last_array >= 0 && last_array != static_cast<int>(e) - 1) key.apart = true;
      last_array = static_cast<int>(e);
    };
    if (array.defined()) {
      as_array(array);
    } else if (item.is_none()) {
      key.shape.push_back(1);
      key.reshapes = true;
    } else if (item.ptr() == Py_Ellipsis) {
      for (int rest = x.rank() - named; rest > 0; --rest, ++axis) {
        key.slices.push_back({0, 1, x.shape(axis)});
        key.shape.push_back(x.shape(axis));
      }
    } else if (PySlice_Check(item.ptr())) {
      py::ssize_t start = 0;
      py::ssize_t stop = 0;
      py::ssize_t step = 0;
      if (PySlice_Unpack(item.ptr(), &start, &stop, &step) < 0) throw py::error_already_set();
      const Index count = PySlice_AdjustIndices(x.shape(axis), &start, &stop, step);
      key.slices.push_back({start, step, count});
      key.shape.push_back(count);
      ++axis;
    } else {
      const py::ssize_t index = PyNumber_AsSsize_t(item.ptr(), PyExc_IndexError);
      if (index == -1 && PyErr_Occurred()) throw py::error_already_set();
      const Index extent = x.shape(axis);
      if (index < -extent || index >= extent)
        throw py::index_error(
            text("index ", index, " is outside axis ", axis, " of a tensor of shape ", x.shape().str()));
      if (has_arrays) {  // NumPy counts an integer beside arrays as one of them
        as_array(number_of_type(item, DType::int64, "index"));
        continue;
      }
      key.slices.push_back({index < 0 ? index + extent : index, 1, 1});
      key.reshapes = true;
      ++axis;
    }
  }
  return key;
}

Tensor get_item(const Tensor& x, const py::object& key) {
  const Key parts = parse(x, key);
  Tensor out = compute(parts.shape.size(), [&] { return ops::slice(x, parts.slices); });
  if (parts.reshapes) out = ops::reshape(out, parts.shape);
  if (parts.arrays.empty()) return out;
  return compute(out.size(), [&] { return ops::take_points(out, parts.arrays, parts.array_axes, parts.apart); });
}

// The module that these bindings make.
py::module_ engine() {
  const py::str name = py::type::of<Tensor>().attr("__module__");
  return py::module_::import(std::string(name).c_str());
}

// NumPy asks here before it computes with a tensor. Operators and comparisons are ours, so that array * tensor is a
// tensor with a gradient; any other function of NumPy sees the elements as an array.
py::object array_ufunc(const Tensor&, const py::object& ufunc, const std::string& method, const py::args& inputs,
                       const py::kwargs& options) {
  static const std::map<std::string, const char*> operators = {
      {"add", "add"},         {"subtract", "subtract"},     {"multiply", "multiply"},
      {"divide", "divide"},   {"true_divide", "divide"},    {"floor_divide", "floor_divide"},
      {"power", "power"},     {"remainder", "mod"},         {"matmul", "matmul"},
      {"equal", "equal"},     {"not_equal", "not_equal"},   {"less", "less"},
      {"greater", "greater"}, {"less_equal", "less_equal"}, {"greater_equal", "greater_equal"},
  };
  const auto found = operators.find(py::str(ufunc.attr("__name__")));
  if (method == "__call__" && options.empty() && found != operators.end() && is_operand(inputs[0]) &&
      is_operand(inputs[1])) {
    return engine().attr(found->second)(*inputs);
  }
  py::list arrays;
  for (const py::handle input : inputs) {
    const Tensor* tensor = tensor_in(input);
    arrays.append(tensor ? py::object(array_from_tensor(*tensor)) : py::reinterpret_borrow<py::object>(input));
  }
  return ufunc.attr(method.c_str())(*arrays, **options);
}

std::string representation(const Tensor& t) {
  const py::object np = py::module_::import("numpy");
  const py::object values = np.attr("array2string")(array_from_tensor(t), py::arg("separator") = ", ",
                                                    py::arg("prefix") = "Tensor(", py::arg("threshold") = 100);
  return text("Tensor(", std::string(py::str(values)), ", shape=", t.shape().str(), ", dtype=", name_of(t.dtype()),
              t.requires_gradient() ? ", requires_grad=True)" : ")");
}

}  // namespace

void register_operators(py::class_<Tensor>& tensor) {
  binary(tensor, "__add__", "__radd__", ops::add);
  binary(tensor, "__sub__", "__rsub__", ops::subtract);
  binary(tensor, "__mul__", "__rmul__", ops::multiply);
  binary(tensor, "__truediv__", "__rtruediv__", ops::divide);
  binary(tensor, "__floordiv__", "__rfloordiv__", ops::floor_divide);
  binary(tensor, "__mod__", "__rmod__", ops::mod);
  binary(tensor, "__matmul__", "__rmatmul__", ops::matmul);
  binary(tensor, "__eq__", nullptr, ops::equal);
  binary(tensor, "__ne__", nullptr, ops::not_equal);
  binary(tensor, "__lt__", nullptr, ops::less);
  binary(tensor, "__le__", nullptr, ops::less_equal);
  binary(tensor, "__gt__", nullptr, ops::greater);
  binary(tensor, "__ge__", nullptr, ops::greater_equal);
  binary(tensor, "__and__", "__rand__", ops::logical_and);
  binary(tensor, "__or__", "__ror__", ops::logical_or);
  binary(tensor, "__xor__", "__rxor__", ops::logical_xor);
  // The third argument of pow() is Python's; it has no meaning for tensors.
  tensor.def("__pow__", [](Object self, Object other) -> py::object {
    if (!is_operand(other)) return not_implemented();
    const auto pair = operands(self, other);
    if (PyLong_CheckExact(other.ptr()) && other.equal(py::int_(2))) return py::cast(ops::square(pair.first));
    return py::cast(compute(pair.first.size(), [&] { return ops::power(pair.first, pair.second); }));
  });
  tensor.def("__rpow__", [](Object self, Object other) -> py::object {
    if (!is_operand(other)) return not_implemented();
    const auto pair = operands(other, self);
    return py::cast(compute(pair.second.size(), [&] { return ops::power(pair.first, pair.second); }));
  });
  tensor.def("__neg__", [](const Tensor& t) { return ops::negative(t); });
  tensor.def("__pos__", [](const Tensor& t) { return t; });
  tensor.def("__abs__", [](const Tensor& t) { return ops::abs(t); });
  tensor.def("__invert__", [](const Tensor& t) { return ops::logical_not(t); });
  tensor.attr("__hash__") = py::module_::import("builtins").attr("object").attr("__hash__");

  tensor.def("__array_ufunc__", &array_ufunc);
  tensor.def("__dlpack__", [](const Tensor& t, const py::kwargs& options) {
    return array_from_tensor(t).attr("__dlpack__")(**options);
  });
  tensor.def("__dlpack_device__", [](const Tensor& t) { return array_from_tensor(t).attr("__dlpack_device__")(); });
  tensor.def("__repr__", &representation);

  tensor.def("__getitem__", &get_item, py::arg("key"));
  tensor.def("__len__", [](const Tensor& t) {
    if (t.rank() == 0) throw py::type_error("a tensor without axes has no length");
    return t.shape(0);
  });
  tensor.def("__iter__", [](const py::object& self) {
    const Tensor& t = self.cast<const Tensor&>();
    if (t.rank() == 0) throw py::type_error("a tensor without axes cannot be iterated over");
    py::list rows;
    for (Index row = 0; row < t.shape(0); ++row) rows.append(py::cast(get_item(t, py::int_(row))));
    return py::iter(rows);
  });
  tensor.def("__float__", &Tensor::item);
  tensor.def("__int__", [](const Tensor& t) { return py::int_(py::cast(t).attr("item")()); });
  tensor.def("__index__", [](const Tensor& t) {
    if (is_floating(t.dtype()) || t.size() != 1)
      throw py::type_error(text("only one whole number can be an index, got ", name_of(t.dtype()), t.shape().str()));
    return py::int_(py::cast(t).attr("item")());
  });
  tensor.def("__bool__", [](const Tensor& t) {
    check(t.size() == 1, "the truth value of a tensor of shape ", t.shape().str(),
          " is ambiguous; use recurra.ops.any or recurra.ops.all");
    return t.item() != 0;
  });
  tensor.def_property_readonly("T", [](const Tensor& t) { return ops::transpose(t); }, "The axes in reverse order.");
  tensor.def(
      "astype", [](const Tensor& t, const py::object& dtype) { return ops::cast(t, dtype_from_python(dtype)); },
      py::arg("dtype"), "The elements in another type; differentiable between floating types.");
  tensor.def(
      "reshape",
      [](const Tensor& t, const py::args& shape) {
        if (shape.size() == 1 && !PyIndex_Check(shape[0].ptr()))
          return ops::reshape(t, integers(shape[0], "reshape", "shape"));
        return ops::reshape(t, integers(shape, "reshape", "shape"));
      },
      "The same elements in another shape, given as one sequence or as several integers; one may be -1.");
  tensor.def(
      "transpose",
      [](const Tensor& t, const py::args& axes) {
        if (axes.size() == 1 && !PyIndex_Check(axes[0].ptr()))
          return ops::transpose(t, axes_from_python(axes[0], "transpose"));
        return ops::transpose(t, axes_from_python(axes, "transpose"));
      },
      "The axes in the order given, or reversed.");
  const auto reduction = [&tensor](const char* name, Tensor (*f)(const Tensor&, const ops::Axes&, bool)) {
    tensor.def(
        name,
        [f, name](const Tensor& t, Object axis, Object keepdims) {
          const std::vector<Index> axes = axes_from_python(axis, name);
          const bool keep = truth(keepdims);
          return compute(t.size(), [&] { return f(t, axes, keep); });
        },
        py::arg("axis") = py::none(), py::arg("keepdims") = false);
  };
  reduction("sum", ops::sum);
  reduction("mean", ops::mean);
  reduction("max", ops::max);
  reduction("min", ops::min);
  reduction("any", ops::any);
  reduction("all", ops::all);
}

}  // namespace recurra::bindings
