// Reading delimited text and gathering windows: see cpp/recurra/data.
#include "bindings.h"
#include "recurra/data/csv.h"
#include "recurra/data/windows.h"

namespace recurra::bindings {
namespace {

// ("T (degC)", "number"), ("cbwd", "skip") or ("Date Time", "%d.%m.%Y %H:%M:%S").
CsvColumn csv_column_from_python(const std::pair<std::string, std::string>& column) {
  const auto& [name, kind] = column;
  if (kind == "number") return {name, CsvColumn::Kind::number, ""};
  if (kind == "skip") return {name, CsvColumn::Kind::skip, ""};
  check(kind.find('%') != std::string::npos, "CsvParser: a column is 'number', 'skip' or a date format, got '", kind,
        "'");
  return {name, CsvColumn::Kind::date, kind};
}

char one_character(const std::string& s, const char* what) {
  check(s.size() == 1, "CsvParser: ", what, " must be one character, got '", s, "'");
  return s[0];
}

// The table as an array that owns it.
py::array_t<double> array_from_table(CsvParser& parser) {
  const Index rows = parser.rows();
  const Index width = parser.width();
  auto* values = new std::vector<double>(parser.take());
  const py::capsule owner(values, [](void* p) { delete static_cast<std::vector<double>*>(p); });
  return py::array_t<double>({rows, width}, values->data(), owner);
}

void register_csv(py::module_& m) {
  py::class_<CsvParser>(m, "CsvParser", "Reads numbers and dates from delimited text fed in pieces.")
      .def(py::init([](std::string source, const std::vector<std::pair<std::string, std::string>>& columns,
                       const std::string& delimiter, const std::string& decimal, Index first_line) {
             CsvFormat format{std::move(source),
                              {},
                              one_character(delimiter, "delimiter"),
                              one_character(decimal, "decimal"),
                              first_line};
             for (const auto& column : columns) format.columns.push_back(csv_column_from_python(column));
             return std::make_unique<CsvParser>(std::move(format));
           }),
           py::kw_only(), py::arg("source"), py::arg("columns"), py::arg("delimiter") = ",", py::arg("decimal") = ".",
           py::arg("first_line") = 1)
      .def(
          "feed",
          [](CsvParser& parser, const py::bytes& bytes) {
            const std::string_view view(bytes);
            const InterpreterUnlocked unlocked;
            parser.feed(view);
          },
          py::arg("bytes"), "Parses the complete lines of the next piece of the file.")
      .def(
          "finish",
          [](CsvParser& parser) {
            parser.finish();
            return array_from_table(parser);
          },
          "Parses the rest and returns the table: float64 (rows, columns that are not skipped), NaN where missing.");
  m.def(
      "parse_date",
      [](const std::string& written, const std::string& format) -> py::object {
        double seconds = 0;
        return parse_date(written, format, seconds) ? py::object(py::float_(seconds)) : py::none();
      },
      py::arg("text"), py::arg("format"), "Seconds since 1970-01-01, or None if the text does not follow the format.");
}

using RowNumbers = py::array_t<Index, py::array::c_style | py::array::forcecast>;

std::vector<Index> rows_from_array(const RowNumbers& rows) {
  check(rows.ndim() == 1, "windows: rows must be one list of numbers, got ", rows.ndim(), " axes");
  return {rows.data(), rows.data() + rows.size()};
}

py::tuple arrays_from_batch(const WindowBatch& batch) {
  return py::make_tuple(array_from_tensor(batch.inputs),
                        batch.targets.defined() ? py::object(array_from_tensor(batch.targets)) : py::none());
}

void register_windows(py::module_& m) {
  py::class_<WindowLoader>(m, "WindowLoader", "Gathers windows of a series, the next batch in the background.")
      .def(py::init([](const Tensor& data, const std::optional<Tensor>& targets, Index first, Index stride,
                       Index length, Index delay, std::optional<Index> base, bool change, bool relative) {
             return std::make_unique<WindowLoader>(data.detach(), targets ? targets->detach() : Tensor(),
                                                   WindowPlan{first, stride, length, delay, base, change, relative});
           }),
           py::arg("data"), py::arg("targets"), py::kw_only(), py::arg("first"), py::arg("stride"), py::arg("length"),
           py::arg("delay") = 0, py::arg("base") = py::none(), py::arg("change") = false, py::arg("relative") = false)
      .def(
          "request", [](WindowLoader& loader, const RowNumbers& rows) { loader.request(rows_from_array(rows)); },
          py::arg("rows"), "Starts gathering the windows of `rows`.")
      .def(
          "take",
          [](WindowLoader& loader) {
            const WindowBatch batch = [&] {
              const InterpreterUnlocked unlocked;
              return loader.take();
            }();
            return arrays_from_batch(batch);
          },
          "The batch of the oldest request as (inputs, targets or None).")
      .def(
          "gather",
          [](const WindowLoader& loader, const RowNumbers& rows) {
            const WindowBatch batch = [&, numbers = rows_from_array(rows)] {
              const InterpreterUnlocked unlocked;
              return loader.gather(numbers);
            }();
            return arrays_from_batch(batch);
          },
          py::arg("rows"), "The windows of `rows` at once.")
      .def_property_readonly("pending", &WindowLoader::pending);
}

}  // namespace

void register_data(py::module_& m) {
  register_csv(m);
  register_windows(m);
}

}  // namespace recurra::bindings
