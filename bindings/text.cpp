// Padding of token sequences: lists of Python integers are read in place, arrays are borrowed.
#include <deque>
#include <vector>

#include "bindings.h"
#include "recurra/data/padding.h"

namespace recurra::bindings {
namespace {

// The kept end of a list of integers as elements of T; false where the list holds something else.
template <class T>
bool read_integers(PyObject* list, Index begin, Index end, std::vector<std::byte>& bytes) {
  bytes.resize(as_size(end - begin) * sizeof(T));
  auto* out = reinterpret_cast<T*>(bytes.data());
  for (Index i = begin; i < end; ++i) {
    PyObject* item = PyList_GetItem(list, i);  // borrowed
    if (item == nullptr) throw py::error_already_set();
    if (!PyLong_CheckExact(item)) return false;
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(item, &overflow);
    const T value = static_cast<T>(number);
    if (overflow != 0 || (std::is_integral_v<T> && static_cast<long long>(value) != number))
      throw py::value_error(text("pad_sequences: ", std::string(py::str(item)), " does not fit into the dtype ",
                                 name_of(dtype_of<T>()), "; choose a wider one, e.g. dtype='int64'"));
    *out++ = value;
  }
  return true;
}

bool read_list(const py::dtype& dtype, PyObject* list, Index begin, Index end, std::vector<std::byte>& bytes) {
  if (dtype.kind() == 'i' && dtype.itemsize() == 4) return read_integers<std::int32_t>(list, begin, end, bytes);
  if (dtype.kind() == 'i' && dtype.itemsize() == 8) return read_integers<std::int64_t>(list, begin, end, bytes);
  if (dtype.kind() == 'f' && dtype.itemsize() == 4) return read_integers<float>(list, begin, end, bytes);
  if (dtype.kind() == 'f' && dtype.itemsize() == 8) return read_integers<double>(list, begin, end, bytes);
  return false;
}

bool has_shape(const py::array& row, const py::array& out) {
  if (row.ndim() != out.ndim() - 1) return false;
  for (py::ssize_t axis = 1; axis < row.ndim(); ++axis)
    if (row.shape(axis) != out.shape(axis + 1)) return false;
  return true;
}

std::string sample_shape(const py::array& array, py::ssize_t from) {
  Shape shape;
  for (py::ssize_t axis = from; axis < array.ndim(); ++axis) shape.push_back(array.shape(axis));
  return shape.str();
}

// The row in out's element type and in one piece, borrowed where it is that already.
py::array as_rows_of(const py::array& out, const py::object& row) {
  if (py::isinstance<py::array>(row)) {
    const auto array = py::reinterpret_borrow<py::array>(row);
    if (array.dtype().is(out.dtype()) && (array.flags() & py::array::c_style) != 0) return array;
  }
  return py::module_::import("numpy").attr("ascontiguousarray")(row, out.dtype());
}

void pad_sequences_into(py::array& out, const py::sequence& sequences, const py::array& padding_step, bool pad_before,
                        bool truncate_before) {
  const Index length = out.shape(1);
  std::vector<SequenceView> views;
  std::vector<py::array> borrowed;
  std::deque<std::vector<std::byte>> converted;
  views.reserve(sequences.size());
  for (py::ssize_t i = 0; i < out.shape(0); ++i) {
    const py::object row = sequences[as_size(i)];
    if (PyList_CheckExact(row.ptr()) && out.ndim() == 2) {
      const Index steps = PyList_Size(row.ptr());
      const Index kept = std::min(steps, length);
      const Index begin = truncate_before ? steps - kept : 0;
      converted.emplace_back();
      if (read_list(out.dtype(), row.ptr(), begin, begin + kept, converted.back())) {
        views.push_back({converted.back().data(), kept});
        continue;
      }
      converted.pop_back();
    }
    const py::array array = as_rows_of(out, row);
    if (array.size() == 0) {
      views.push_back({});
      continue;
    }
    if (!has_shape(array, out))
      throw py::value_error(text("pad_sequences: a step of sequence ", i, " has shape ", sample_shape(array, 1),
                                 ", those before it ", sample_shape(out, 2)));
    views.push_back({static_cast<const std::byte*>(array.data()), array.shape(0)});
    borrowed.push_back(array);
  }
  const std::span<const std::byte> step(static_cast<const std::byte*>(padding_step.data()),
                                        as_size(padding_step.nbytes()));
  auto* target = static_cast<std::byte*>(out.mutable_data());
  const InterpreterUnlocked unlocked;
  pad_sequences(views, length, step, pad_before ? Side::before : Side::after,
                truncate_before ? Side::before : Side::after, target);
}

}  // namespace

void register_text(py::module_& m) {
  m.def("pad_sequences_into", &pad_sequences_into, py::arg("out"), py::arg("sequences"), py::arg("padding_step"),
        py::arg("pad_before"), py::arg("truncate_before"),
        "Lays each sequence into its row of `out` (count, length, ...), cut or padded to the length.");
}

}  // namespace recurra::bindings
