// Streams: a model run step by step.
#include <atomic>
#include <map>
#include <string_view>

#include "bindings.h"
#include "recurra/runtime/described.h"

namespace recurra::bindings {
namespace {

using runtime::Array;
using runtime::Arrays;

// From so much work on other Python threads run meanwhile.
constexpr double unlocked_operations = 2e5;

// Says that a stream is at work, so that a second thread is told instead of mixing the state up.
class Busy {
 public:
  explicit Busy(std::atomic<bool>& flag) : flag_(flag) {
    if (flag_.exchange(true, std::memory_order_acquire))
      throw std::runtime_error("this stream is at work in another thread; give every thread a stream of its own");
  }
  ~Busy() { flag_.store(false, std::memory_order_release); }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;

 private:
  std::atomic<bool>& flag_;
};

class PyStream {
 public:
  virtual ~PyStream() = default;
  virtual py::object step(const py::object& x, const py::object& out) = 0;
  virtual py::object process(const py::object& block, const py::object& out) = 0;
  virtual void reset(const py::object& rows) = 0;
  virtual py::dict state() = 0;
  virtual void set_state(const py::dict& state) = 0;
  virtual std::unique_ptr<PyStream> copy() = 0;
  virtual Index batch() const = 0;
  virtual const char* dtype() const = 0;
  virtual py::tuple input_shape() const = 0;
  virtual py::tuple output_shape() const = 0;
  virtual Index vocabulary() const = 0;
};

std::string shape_text(const std::vector<Index>& shape) {
  Shape out;
  for (const Index extent : shape) out.push_back(extent);
  return out.str();
}

std::string shape_text(const py::array& array) {
  return shape_text(std::vector<Index>(array.shape(), array.shape() + array.ndim()));
}

bool has_shape(const py::array& array, const std::vector<Index>& shape, std::size_t from) {
  if (as_size(array.ndim()) != shape.size() - from) return false;
  for (std::size_t axis = from; axis < shape.size(); ++axis)
    if (array.shape(static_cast<py::ssize_t>(axis - from)) != shape[axis]) return false;
  return true;
}

// The array itself where it fits, else a converted copy.
template <class T>
py::array_t<T> as_array(const py::object& value, const char* what, const char* kinds = "fiub") {
  if (py::isinstance<py::array_t<T, py::array::c_style>>(value)) return py::reinterpret_borrow<py::array_t<T>>(value);
  const auto given = py::array::ensure(value);
  if (!given) PyErr_Clear();
  if (!given || std::string_view(kinds).find(given.dtype().kind()) == std::string_view::npos)
    throw py::type_error(text(
        what, ": expected ", std::string_view(kinds) == "iu" ? "whole " : "", "numbers, got ",
        given ? "an array of " + std::string(py::str(given.dtype())) : std::string(Py_TYPE(value.ptr())->tp_name)));
  auto array = py::array_t<T, py::array::c_style | py::array::forcecast>::ensure(given);
  if (!array) throw std::bad_alloc();
  return array;
}

template <class T>
class TypedStream final : public PyStream {
 public:
  TypedStream(Model<T> model, Stream<T> stream)
      : model_(std::move(model)),
        stream_(std::move(stream)),
        in_shape_{stream_.batch()},
        out_shape_{stream_.batch()},
        unlocks_(model_.operations() * static_cast<double>(stream_.batch()) >= unlocked_operations) {
    for (const Index extent : model_.input_shape()) in_shape_.push_back(extent);
    for (const Index extent : model_.output_shape()) out_shape_.push_back(extent);
  }

  py::object step(const py::object& x, const py::object& out) override {
    const Busy busy(busy_);
    if (model_.vocabulary()) {
      const py::array_t<std::int32_t> tokens = known(x, "x");
      const std::size_t from = batchless(tokens, "x");
      return into(out, from, no_time, [&](T* y) { run(tokens.data(), 1, y, unlocks_); });
    }
    const py::array_t<T> values = as_array<T>(x, "x");
    const std::size_t from = batchless(values, "x");
    return into(out, from, no_time, [&](T* y) { run(values.data(), 1, y, unlocks_); });
  }

  py::object process(const py::object& block, const py::object& out) override {
    const Busy busy(busy_);
    if (model_.vocabulary()) {
      const py::array_t<std::int32_t> tokens = known(block, "block");
      const Index steps = steps_of(tokens);
      return into(out, 0, steps, [&](T* y) { run(tokens.data(), steps, y, true); });
    }
    const py::array_t<T> values = as_array<T>(block, "block");
    const Index steps = steps_of(values);
    return into(out, 0, steps, [&](T* y) { run(values.data(), steps, y, true); });
  }

  void reset(const py::object& rows) override {
    const Busy busy(busy_);
    if (rows.is_none()) {
      stream_.reset();
      return;
    }
    const Index batch = stream_.batch();
    std::vector<Index> chosen;
    if (PyIndex_Check(rows.ptr()) && !py::isinstance<py::array>(rows)) chosen.push_back(rows.cast<Index>());
    else
      for (const py::handle row : rows) chosen.push_back(row.cast<Index>());
    for (Index& row : chosen) {
      check(row >= -batch && row < batch, "reset: rows must be below ", batch, ", got ", row);
      row = row < 0 ? row + batch : row;
    }
    for (const Index row : chosen) stream_.reset(row);
  }

  py::dict state() override {
    const Busy busy(busy_);
    py::dict out;
    const auto arrays = stream_.state_arrays();
    for (std::size_t i = 0; i < arrays.size(); ++i) {
      py::array_t<T> values(std::vector<py::ssize_t>(arrays[i].shape.begin(), arrays[i].shape.end()));
      stream_.read_state(i, values.mutable_data());
      const py::str name(arrays[i].layer);
      if (!out.contains(name)) out[name] = py::list();
      out[name].template cast<py::list>().append(values);
    }
    return out;
  }

  void set_state(const py::dict& state) override {
    const Busy busy(busy_);
    const auto arrays = stream_.state_arrays();
    std::vector<py::array_t<T>> values;
    std::map<std::string, std::size_t> taken;
    for (const auto& array : arrays) {
      const py::str name(array.layer);
      check(state.contains(name), "state: there is nothing for the layer '", array.layer, "'");
      const auto list = state[name].template cast<py::sequence>();
      const std::size_t at = taken[array.layer]++;
      check(at < list.size(), "state: the layer '", array.layer, "' needs more than ", list.size(), " arrays");
      values.push_back(as_array<T>(list[at], "state"));
      check(has_shape(values.back(), array.shape, 0), "state: array ", at, " of the layer '", array.layer,
            "' must have the shape ", shape_text(array.shape), ", got ", shape_text(values.back()));
    }
    for (const auto& [key, list] : state) {
      const auto found = taken.find(py::str(key).cast<std::string>());
      check(found != taken.end(), "state: the model has no layer '", std::string(py::str(key)), "' with a state");
      check(py::len(list) == found->second, "state: the layer '", found->first, "' has ", found->second,
            " arrays, got ", py::len(list));
    }
    for (std::size_t i = 0; i < values.size(); ++i) stream_.write_state(i, values[i].data());
  }

  std::unique_ptr<PyStream> copy() override {
    const Busy busy(busy_);
    return std::make_unique<TypedStream>(model_, stream_);
  }

  Index batch() const override { return stream_.batch(); }
  const char* dtype() const override { return name_of(dtype_of<T>()); }
  py::tuple input_shape() const override { return as_tuple(in_shape_); }
  py::tuple output_shape() const override { return as_tuple(out_shape_); }
  Index vocabulary() const override { return model_.vocabulary(); }

 private:
  static py::tuple as_tuple(const std::vector<Index>& shape) {
    py::tuple out(shape.size());
    for (std::size_t axis = 0; axis < shape.size(); ++axis) out[axis] = shape[axis];
    return out;
  }

  template <class Number>
  void run(const Number* x, Index steps, T* y, bool unlock) {
    if (!unlock) {
      stream_.run(x, steps, y);
      return;
    }
    const InterpreterUnlocked unlocked;
    stream_.run(x, steps, y);
  }

  // 1 if x stands for the only sequence without an axis for it, else 0.
  std::size_t batchless(const py::array& x, const char* what) const {
    if (has_shape(x, in_shape_, 0)) return 0;
    check(stream_.batch() == 1 && has_shape(x, in_shape_, 1), what, " must have the shape ", shape_text(in_shape_),
          ", got ", shape_text(x));
    return 1;
  }

  Index steps_of(const py::array& block) const {
    bool fits = as_size(block.ndim()) == in_shape_.size() + 1 && block.shape(0) == in_shape_[0];
    for (std::size_t axis = 1; fits && axis < in_shape_.size(); ++axis)
      fits = block.shape(static_cast<py::ssize_t>(axis) + 1) == in_shape_[axis];
    if (!fits) {
      std::vector<Index> expected = in_shape_;
      expected.insert(expected.begin() + 1, 0);
      std::string words = shape_text(expected);
      words.replace(words.find(", 0"), 3, ", time");
      throw py::value_error(text("block must have the shape ", words, ", got ", shape_text(block)));
    }
    return block.shape(1);
  }

  // Whole numbers of the vocabulary.
  py::array_t<std::int32_t> known(const py::object& x, const char* what) const {
    if (py::isinstance<py::array_t<std::int32_t, py::array::c_style>>(x)) {
      auto tokens = py::reinterpret_borrow<py::array_t<std::int32_t>>(x);
      check_known(tokens, what);
      return tokens;
    }
    const auto wide = as_array<std::int64_t>(x, what, "iu");
    check_known(wide, what);
    auto tokens = py::array_t<std::int32_t, py::array::c_style | py::array::forcecast>::ensure(wide);
    if (!tokens) throw std::bad_alloc();
    return tokens;
  }

  template <class Number>
  void check_known(const py::array_t<Number>& tokens, const char* what) const {
    const Number* numbers = tokens.data();
    for (py::ssize_t i = 0; i < tokens.size(); ++i)
      check(numbers[i] >= 0 && numbers[i] < model_.vocabulary(), what, " holds ", numbers[i],
            "; expected whole numbers in 0, …, ", model_.vocabulary() - 1);
  }

  // Runs body(where to write) and returns the array it wrote: `out`, or a new one; without the axis of the batch if
  // `from` is 1.
  template <class Body>
  py::object into(const py::object& out, std::size_t from, Index steps, const Body& body) {
    std::vector<Index> shape(out_shape_.begin() + static_cast<std::ptrdiff_t>(from), out_shape_.end());
    if (steps != no_time) shape.insert(shape.begin() + 1, steps);
    if (out.is_none()) {
      py::array_t<T> made(std::vector<py::ssize_t>(shape.begin(), shape.end()));
      body(made.mutable_data());
      return made;
    }
    if (!py::isinstance<py::array_t<T, py::array::c_style>>(out))
      throw py::type_error(text("out must be a contiguous array of ", dtype()));
    const auto given = py::reinterpret_borrow<py::array>(out);
    check(given.writeable(), "out must be writeable");
    check(has_shape(given, shape, 0), "out must have the shape ", shape_text(shape), ", got ", shape_text(given));
    body(static_cast<T*>(const_cast<void*>(given.data())));
    return out;
  }

  static constexpr Index no_time = -1;  // an output without an axis of time

  Model<T> model_;
  Stream<T> stream_;
  std::vector<Index> in_shape_, out_shape_;  // of a step of all sequences
  const bool unlocks_;
  std::atomic<bool> busy_{false};
};

template <class T>
std::unique_ptr<PyStream> stream_of(Model<T> model, Index batch) {
  Stream<T> stream = model.stream(batch);
  return std::make_unique<TypedStream<T>>(std::move(model), std::move(stream));
}

std::unique_ptr<PyStream> stream_of_words(const std::string& model, const std::map<std::string, Tensor>& weights,
                                          Index batch) {
  const std::string source = "the model";
  Arrays arrays;
  for (const auto& [name, tensor] : weights)
    arrays.emplace(name, Array{tensor.dtype(), tensor.shape(), tensor.bytes()});
  return dispatch_float(runtime::dtype_of_model(model, source), "streaming",
                        [&]<class T>() { return stream_of(runtime::model_of<T>(model, arrays, source), batch); });
}

std::unique_ptr<PyStream> stream_of_file(const std::string& path, Index batch) {
  if (is_float64(path)) return stream_of(load<double>(path), batch);
  return stream_of(load<float>(path), batch);
}

}  // namespace

void register_runtime(py::module_& m) {
  py::class_<PyStream>(m, "Stream", R"(The state of sequences that run through a model step by step.

Made by `model.streaming(batch_size)` or `recurra.streaming.load_stream`. It holds copies of the model's weights: later
training does not change it. Use it from one thread at a time; threads of their own take streams of their own.

Letters: B sequences, T steps, F the shape of one step's input, O of its output. A model that begins with an Embedding
takes integers, and no F. Arrays are of the model's dtype; others are converted.

Example:
    >>> model = recurra.Sequential([recurra.Input((None, 2)), recurra.layers.GRU(3)])
    >>> stream = model.streaming()
    >>> stream
    <Stream batch_size=1, input_shape=(1, 2), output_shape=(1, 3), dtype=float32>
    >>> stream.step(np.zeros(2, "float32")).shape
    (3,))")
      .def("step", &PyStream::step, py::arg("x"), py::arg("out") = py::none(),
           R"(Run one time step: x (B, F) -> (B, O).

With one sequence the axis of the batch may be left out; the output then has none either.

Args:
    x: The step's input.
    out: Contiguous array of the model's dtype to write to; default None, a new one. No memory is allocated where it is
        given.

Returns:
    The output of the step, `out` where it was given.

Raises:
    ValueError: The shape is wrong, or a number is not in the vocabulary.
    TypeError: The input is not numbers.
    RuntimeError: The stream is at work in another thread.)")
      .def("process", &PyStream::process, py::arg("block"), py::arg("out") = py::none(),
           R"(Run several time steps: block (B, T, F) -> (B, T, O), the same bits as T calls of step.

Other Python threads run meanwhile.

Args:
    block: The inputs of the steps.
    out: Array to write to, as in `step`.

Returns:
    The outputs of the steps.

Raises:
    ValueError: As in `step`.
    TypeError: As in `step`.
    RuntimeError: As in `step`.)")
      .def("reset", &PyStream::reset, py::arg("rows") = py::none(),
           R"(Reset sequences to the initial state.

Args:
    rows: Places in the batch; default None, all sequences.

Raises:
    ValueError: A row is not in the batch; nothing is changed then.)")
      .def("copy", &PyStream::copy, "A stream in the same state, which goes on independently.")
      .def("__copy__", &PyStream::copy)
      .def(
          "__deepcopy__", [](PyStream& stream, const py::dict&) { return stream.copy(); }, py::arg("memo"))
      .def(
          "__reduce_ex__",
          [](const PyStream&, int) -> py::object {
            throw py::type_error(
                "a stream cannot be pickled: hand over the model's file, make a stream from it in the other process by "
                "recurra.streaming.load_stream, and set its state to that of this one");
          },
          py::arg("protocol"))
      .def("__repr__",
           [](PyStream& stream) {
             return py::str("<Stream batch_size={}, input_shape={}, output_shape={}, dtype={}>")
                 .format(stream.batch(), stream.input_shape(), stream.output_shape(), stream.dtype());
           })
      .def_property("state", &PyStream::state, &PyStream::set_state,
                    R"(The state by layer: a dictionary of lists of arrays, copies.

Of a recurrent layer each state (B, units); behind them, where the layer sees a mask, (B,): 1 once a step of the
sequence has counted, else 0. Of a convolution its past inputs (B, steps, channels), oldest first. Setting it checks
all arrays before any is changed; it raises ValueError if layers or shapes differ.)")
      .def_property_readonly("batch_size", &PyStream::batch, "The number of sequences B.")
      .def_property_readonly("dtype", &PyStream::dtype)
      .def_property_readonly("input_shape", &PyStream::input_shape, "The shape (B, F) of a step's input.")
      .def_property_readonly("output_shape", &PyStream::output_shape, "The shape (B, O) of a step's output.")
      .def_property_readonly("vocabulary", &PyStream::vocabulary,
                             "The numbers 0, ..., vocabulary - 1 that the model takes; 0 if it takes features.");
  m.def("stream", &stream_of_words, py::arg("model"), py::arg("weights"), py::arg("batch_size"),
        "A stream of the model that a configuration (JSON) describes, with weights by path.");
  m.def("load_stream", &stream_of_file, py::arg("path"), py::arg("batch_size"), "A stream of a saved model.");
}

}  // namespace recurra::bindings
