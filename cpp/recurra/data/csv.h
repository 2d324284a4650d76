// Reads numbers and dates from delimited text, fed in pieces of any size: only the table grows, never the text.
// A malformed field is an error that names line and column; nothing is guessed and nothing is skipped silently.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "recurra/base/shape.h"

namespace recurra {

/// A column of the file. A number or a date becomes one double of the table (a date: seconds since 1970-01-01).
struct CsvColumn {
  enum class Kind : std::uint8_t { skip, number, date };
  std::string name;
  Kind kind = Kind::number;
  std::string date_format;  ///< of a date, see parse_date
};

struct CsvFormat {
  std::string source;  ///< name of the file, for errors
  std::vector<CsvColumn> columns;
  char delimiter = ',';
  char decimal = '.';
  Index first_line = 1;  ///< line number of the first byte that will be fed
};

class CsvParser {
 public:
  explicit CsvParser(CsvFormat format);

  /// Parses the complete lines of `bytes`, after what was left over from the call before.
  void feed(std::string_view bytes);
  /// Parses a last line that no newline ends.
  void finish();

  Index rows() const { return width_ ? static_cast<Index>(values_.size()) / width_ : 0; }
  Index width() const { return width_; }
  /// rows() x width(), row-major; missing values (empty, NA, NaN, null, …) are NaN. Leaves the parser empty.
  std::vector<double> take() { return std::move(values_); }

 private:
  void parse_line(const char* p, const char* end);
  const char* parse_field(const char* p, const char* end, std::size_t column);
  [[noreturn]] void fail(std::size_t column, const std::string& what) const;

  CsvFormat format_;
  Index width_ = 0;
  Index line_;
  std::string carry_;
  std::vector<double> values_;
};

/// The number that starts at `p`, correctly rounded; returns its end, or nullptr if no finite number starts there.
const char* parse_number(const char* p, const char* end, char decimal, double& value);

/// Seconds since 1970-01-01 of `written` read by `format`: %Y %m %d %H %M %S, %f a fraction of a second, %z an offset
/// from UTC or Z, other characters themselves. False if the text does not follow the format or is no date of the
/// calendar.
bool parse_date(std::string_view written, std::string_view format, double& seconds);

}  // namespace recurra
