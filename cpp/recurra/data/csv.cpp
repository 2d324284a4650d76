#include "recurra/data/csv.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <locale>
#include <sstream>

namespace recurra {
namespace {

constexpr std::size_t longest_line = std::size_t{1} << 20;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }

// The exact powers of ten of a double: a product or quotient with one of them rounds once.
constexpr std::array<double, 23> powers_of_ten = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

// The rare number that is too long for the exact short way.
bool parse_long_number(const char* begin, const char* end, char decimal, double& value) {
  std::string digits(begin, end);
  std::replace(digits.begin(), digits.end(), decimal, '.');
#if defined(__cpp_lib_to_chars)
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (result.ec == std::errc::result_out_of_range) {
    // Too small to be told from zero, or too large to be finite: the digits decide.
    std::istringstream in(digits);
    in.imbue(std::locale::classic());
    in >> value;
    return std::abs(value) < 1;
  }
  return result.ec == std::errc();
#else
  std::istringstream in(digits);
  in.imbue(std::locale::classic());
  in >> value;
  return std::isfinite(value) && std::abs(value) < std::numeric_limits<double>::max();
#endif
}

std::string_view trimmed(const char* begin, const char* end) {
  while (begin < end && is_blank(*begin)) ++begin;
  while (begin < end && is_blank(end[-1])) --end;
  if (end - begin >= 2 && *begin == '"' && end[-1] == '"') ++begin, --end;
  return {begin, as_size(end - begin)};
}

bool is_missing(std::string_view token) {
  constexpr std::array<std::string_view, 9> words = {"", "na", "n/a", "nan", "null", "none", "-", "?", "missing"};
  if (token.size() > 7) return false;
  std::string lower(token);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return std::find(words.begin(), words.end(), lower) != words.end();
}

// Printable whatever the bytes are.
std::string quoted(std::string_view token) {
  constexpr std::size_t longest = 40;
  std::ostringstream out;
  out << '\'';
  for (const char c : token.substr(0, longest)) {
    if (c >= ' ' && c <= '~') {
      out << c;
    } else {
      constexpr const char* hex = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(c);
      out << "\\x" << hex[byte >> 4] << hex[byte & 15];
    }
  }
  out << (token.size() > longest ? "…'" : "'");
  return out.str();
}

// An unsigned number of `least` to `most` digits; nullptr if there are fewer.
const char* parse_digits(const char* p, const char* end, int least, int most, int& value) {
  value = 0;
  int digits = 0;
  for (; p < end && digits < most && is_digit(*p); ++p, ++digits) value = 10 * value + (*p - '0');
  return digits >= least ? p : nullptr;
}

// "Z", "+02:00", "+0200" or "+02" into seconds.
const char* parse_offset(const char* p, const char* end, int& seconds) {
  seconds = 0;
  if (p < end && *p == 'Z') return p + 1;
  if (p == end || (*p != '+' && *p != '-')) return nullptr;
  const int sign = *p++ == '-' ? -1 : 1;
  int hours = 0;
  int minutes = 0;
  p = parse_digits(p, end, 2, 2, hours);
  if (!p) return nullptr;
  if (p < end && *p == ':') ++p;
  if (p < end) p = parse_digits(p, end, 2, 2, minutes);
  if (!p) return nullptr;
  if (hours > 14 || minutes > 59) return nullptr;
  seconds = sign * (3600 * hours + 60 * minutes);
  return p;
}

}  // namespace

const char* parse_number(const char* p, const char* end, char decimal, double& value) {
  const bool negative = p < end && *p == '-';
  if (p < end && (*p == '-' || *p == '+')) ++p;
  const char* const begin = p;
  std::uint64_t mantissa = 0;
  int digits = 0;  // significant ones
  int exponent = 0;
  bool any = false;
  for (; p < end && is_digit(*p); ++p, any = true) {
    digits += digits > 0 || *p != '0';
    if (digits <= 19) mantissa = 10 * mantissa + static_cast<std::uint64_t>(*p - '0');
  }
  if (p < end && *p == decimal) {
    for (++p; p < end && is_digit(*p); ++p, any = true) {
      digits += digits > 0 || *p != '0';
      if (digits <= 19) mantissa = 10 * mantissa + static_cast<std::uint64_t>(*p - '0');
      --exponent;
    }
  }
  if (!any) return nullptr;
  bool short_exponent = true;
  if (p < end && (*p == 'e' || *p == 'E')) {
    const char* q = p + 1;
    const bool minus = q < end && *q == '-';
    if (q < end && (*q == '-' || *q == '+')) ++q;
    int shift = 0;
    const char* const after = parse_digits(q, end, 1, 4, shift);
    if (!after || (after < end && is_digit(*after))) return nullptr;
    exponent += minus ? -shift : shift;
    short_exponent = shift < 1000;
    p = after;
  }
  if (digits <= 19 && mantissa <= (std::uint64_t{1} << 53) && short_exponent && std::abs(exponent) <= 22) {
    const auto whole = static_cast<double>(mantissa);
    const double power = powers_of_ten[as_size(std::abs(exponent))];
    value = exponent < 0 ? whole / power : whole * power;
  } else if (digits == 0) {
    value = 0;
  } else if (!parse_long_number(begin, p, decimal, value)) {
    return nullptr;
  }
  if (negative) value = -value;
  return p;
}

bool parse_date(std::string_view written, std::string_view format, double& seconds) {
  int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0, offset = 0;
  double fraction = 0;
  const char* p = written.data();
  const char* const end = p + written.size();
  for (std::size_t i = 0; p && i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      if (p == end || *p != format[i]) return false;
      ++p;
      continue;
    }
    switch (format[++i]) {
      case 'Y': p = parse_digits(p, end, 4, 4, year); break;
      case 'm': p = parse_digits(p, end, 1, 2, month); break;
      case 'd': p = parse_digits(p, end, 1, 2, day); break;
      case 'H': p = parse_digits(p, end, 1, 2, hour); break;
      case 'M': p = parse_digits(p, end, 1, 2, minute); break;
      case 'S': p = parse_digits(p, end, 1, 2, second); break;
      case 'z': p = parse_offset(p, end, offset); break;
      case 'f': {
        const char* const begin = p;
        int value = 0;
        p = parse_digits(p, end, 1, 9, value);
        if (p) fraction = value / powers_of_ten[as_size(p - begin)];
        break;
      }
      default: check(false, "date format '", format, "': %", format[i], " is none of %Y %m %d %H %M %S %f %z");
    }
  }
  if (!p || p != end || hour > 23 || minute > 59 || second > 59) return false;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return false;
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  seconds = 86400.0 * static_cast<double>(days) + 3600 * hour + 60 * minute + second - offset + fraction;
  return true;
}

CsvParser::CsvParser(CsvFormat format) : format_(std::move(format)), line_(format_.first_line) {
  for (const CsvColumn& column : format_.columns) width_ += column.kind != CsvColumn::Kind::skip;
  check(width_ > 0, format_.source, ": no column to read");
}

void CsvParser::feed(std::string_view bytes) {
  const char* p = bytes.data();
  const char* const end = p + bytes.size();
  while (p < end) {
    const auto* newline = static_cast<const char*>(std::memchr(p, '\n', as_size(end - p)));
    if (!newline) break;
    if (carry_.empty()) {
      parse_line(p, newline);
    } else {
      carry_.append(p, newline);
      parse_line(carry_.data(), carry_.data() + carry_.size());
      carry_.clear();
    }
    p = newline + 1;
    ++line_;
  }
  carry_.append(p, end);
  check(carry_.size() <= longest_line, format_.source, ": line ", line_, " is longer than ", longest_line,
        " bytes; is this a text file with one row a line?");
}

void CsvParser::finish() {
  if (!carry_.empty()) parse_line(carry_.data(), carry_.data() + carry_.size());
  carry_.clear();
}

void CsvParser::parse_line(const char* p, const char* end) {
  if (end > p && end[-1] == '\r') --end;
  if (trimmed(p, end).empty()) return;
  const std::size_t columns = format_.columns.size();
  for (std::size_t column = 0; column < columns; ++column) {
    p = parse_field(p, end, column);
    if (p < end) {
      if (column + 1 == columns)
        fail(columns, text("unexpected ", quoted({p, as_size(end - p)}), " after the last of ", columns, " columns"));
      ++p;  // the delimiter
    } else if (column + 1 < columns) {
      fail(column + 1, text("the row ends after ", column + 1, " of ", columns, " columns"));
    }
  }
}

// Parses one field into the table and returns where it ends: at a delimiter or at the line's end.
const char* CsvParser::parse_field(const char* p, const char* end, std::size_t column) {
  const char delimiter = format_.delimiter;
  const CsvColumn::Kind kind = format_.columns[column].kind;
  double value = 0;
  if (kind == CsvColumn::Kind::number) {
    const char* const after = parse_number(p, end, format_.decimal, value);
    if (after && (after == end || *after == delimiter)) {
      values_.push_back(value);
      return after;
    }
  }
  const char* close = p;
  while (close < end && is_blank(*close) && *close != delimiter) ++close;
  if (close < end && *close == '"') {
    close = static_cast<const char*>(std::memchr(close + 1, '"', as_size(end - close - 1)));
    while (close && close + 1 < end && close[1] == '"')  // a doubled quote stands for one
      close = static_cast<const char*>(std::memchr(close + 2, '"', as_size(end - close - 2)));
    if (!close) fail(column, "a quoted field does not end on its line");
  }
  while (close < end && *close != delimiter) ++close;
  if (kind == CsvColumn::Kind::skip) return close;

  const std::string_view token = trimmed(p, close);
  const char* const begin = token.data();
  if (kind == CsvColumn::Kind::date) {
    const std::string& form = format_.columns[column].date_format;
    if (!parse_date(token, form, value)) fail(column, text(quoted(token), " is not a date of the form ", form));
  } else if (parse_number(begin, begin + token.size(), format_.decimal, value) != begin + token.size()) {
    if (!is_missing(token)) fail(column, text(quoted(token), " is not a finite number"));
    value = std::numeric_limits<double>::quiet_NaN();
  }
  values_.push_back(value);
  return close;
}

void CsvParser::fail(std::size_t column, const std::string& what) const {
  std::string place = text(format_.source, ": line ", line_, ", column ", column + 1);
  if (column < format_.columns.size()) place += text(" ('", format_.columns[column].name, "')");
  throw std::invalid_argument(text(place, ": ", what));
}

}  // namespace recurra
