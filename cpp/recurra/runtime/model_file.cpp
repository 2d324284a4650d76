#include "recurra/runtime/model_file.h"

#include <array>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <vector>

namespace recurra::runtime {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t max_header = 100'000'000;  // as in the reference implementation
constexpr int format_version = 1;

struct Code {
  const char* code;   // in the file
  const char* dtype;  // NumPy's name of it, which the checksum is taken over
  std::size_t size;
};

constexpr Code codes[] = {
    {"F64", "float64", 8}, {"F32", "float32", 4}, {"F16", "float16", 2}, {"I64", "int64", 8},
    {"I32", "int32", 4},   {"I16", "int16", 2},   {"I8", "int8", 1},     {"U64", "uint64", 8},
    {"U32", "uint32", 4},  {"U16", "uint16", 2},  {"U8", "uint8", 1},    {"BOOL", "bool", 1},
};

std::optional<DType> engine_dtype(const std::string& name) {
  for (const DType known : {DType::float32, DType::float64, DType::int32, DType::int64, DType::boolean})
    if (name == name_of(known)) return known;
  return std::nullopt;
}

// What the header says about one array, in the order of the file.
struct Entry {
  std::string name;
  const Code* code;
  std::vector<std::uint64_t> shape;
  std::uint64_t begin, end;
};

class Parser {
 public:
  Parser(std::span<const std::byte> bytes, std::string name) : bytes_(bytes), name_(std::move(name)) {}

  ModelFile parse() {
    const Json header = parse_header();
    std::vector<Entry> entries;
    std::map<std::string, std::string> words;
    for (const std::string& key : order_) {
      if (key == "__metadata__") words = parse_words(header[key]);
      else entries.push_back(parse_entry(key, header[key]));
    }
    check_tiling(entries);
    check_format(words);
    check_sum(entries, words);
    ModelFile file{{}, std::move(words), Buffer<std::byte>(static_cast<Index>(elements_.size()))};
    if (!elements_.empty()) std::memcpy(file.bytes.data(), elements_.data(), elements_.size());
    for (const Entry& entry : entries)
      if (const auto dtype = engine_dtype(entry.code->dtype)) {
        Shape shape;
        if (entry.shape.size() > Shape::max_rank) continue;
        for (const std::uint64_t extent : entry.shape) shape.push_back(static_cast<Index>(extent));
        file.arrays.emplace(entry.name, Array{*dtype, shape, file.bytes.data() + entry.begin});
      }
    return file;
  }

 private:
  [[noreturn]] void damaged(const std::string& reason) const {
    throw std::invalid_argument(text(name_, " is damaged or not a safetensors file: ", reason));
  }

  Json parse_header() {
    if (bytes_.size() < 8)
      damaged(text("it has ", bytes_.size(), " bytes, a safetensors file begins with 8 bytes of length"));
    std::uint64_t length = 0;
    for (std::size_t i = 0; i < 8; ++i) length |= std::uint64_t{std::to_integer<std::uint8_t>(bytes_[i])} << (8 * i);
    if (length > max_header || length > bytes_.size() - 8)
      damaged(text("its header would have ", length, " bytes in a file of ", bytes_.size()));
    const char* begin = reinterpret_cast<const char*>(bytes_.data()) + 8;
    elements_ = bytes_.subspan(8 + length);
    // The names of all objects that are open, to find one that comes twice.
    std::vector<std::set<std::string>> open;
    bool twice = false;
    const auto watch = [&](int, Json::parse_event_t event, const Json& parsed) {
      if (event == Json::parse_event_t::object_start) open.emplace_back();
      if (event == Json::parse_event_t::object_end) open.pop_back();
      if (event == Json::parse_event_t::key) {
        twice |= !open.back().insert(parsed.get<std::string>()).second;
        if (open.size() == 1) order_.push_back(parsed.get<std::string>());
      }
      return true;
    };
    Json header = Json::parse(begin, begin + length, watch, false);
    if (header.is_discarded()) damaged("its header is no JSON");
    if (twice) damaged("a name comes twice in the header");
    if (!header.is_object()) damaged("its header is no JSON object");
    return header;
  }

  std::map<std::string, std::string> parse_words(const Json& metadata) const {
    std::map<std::string, std::string> words;
    if (!metadata.is_object()) damaged("__metadata__ must hold strings only");
    for (const auto& [key, word] : metadata.items()) {
      if (!word.is_string()) damaged("__metadata__ must hold strings only");
      words.emplace(key, word.get<std::string>());
    }
    return words;
  }

  Entry parse_entry(const std::string& name, const Json& described) const {
    const auto wrong = [&] { damaged(text("the entry of '", name, "' is not as the format says")); };
    const auto numbers = [&](const char* key) {
      std::vector<std::uint64_t> out;
      if (!described.is_object() || !described.contains(key) || !described[key].is_array()) wrong();
      for (const Json& number : described[key]) {
        if (!number.is_number_unsigned() || number.get<std::uint64_t>() >> 62U) wrong();
        out.push_back(number.get<std::uint64_t>());
      }
      return out;
    };
    Entry entry{name, nullptr, numbers("shape"), 0, 0};
    const std::vector<std::uint64_t> offsets = numbers("data_offsets");
    if (described.size() != 3 || offsets.size() != 2 || !described.contains("dtype") || !described["dtype"].is_string())
      wrong();
    const auto code = described["dtype"].get<std::string>();
    for (const Code& known : codes)
      if (code == known.code) entry.code = &known;
    if (!entry.code) damaged(text("'", name, "' has an unknown dtype"));
    entry.begin = offsets[0];
    entry.end = offsets[1];
    std::uint64_t size = entry.code->size;
    for (const std::uint64_t extent : entry.shape) {
      if (extent != 0 && size > elements_.size() / extent) damaged(text("'", name, "' is larger than the file"));
      size *= extent;
    }
    if (entry.end < entry.begin || entry.end - entry.begin != size)
      damaged(text("'", name, "' does not have the bytes that its shape needs"));
    return entry;
  }

  void check_tiling(const std::vector<Entry>& entries) const {
    std::map<std::pair<std::uint64_t, std::uint64_t>, const Entry*> ordered;
    std::uint64_t at = 0;
    for (const Entry& entry : entries)
      if (entry.begin == entry.end) {
        if (entry.end > elements_.size()) damaged(text("'", entry.name, "' lies outside the file"));
      } else if (!ordered.emplace(std::pair{entry.begin, entry.end}, &entry).second) {
        damaged(text("'", entry.name, "' overlaps another array"));
      }
    for (const auto& [range, entry] : ordered) {
      if (range.first != at) damaged(text("there is a gap or an overlap in front of '", entry->name, "'"));
      at = range.second;
    }
    if (at != elements_.size()) damaged(text("the arrays end at byte ", at, " of ", elements_.size()));
  }

  void check_format(const std::map<std::string, std::string>& words) const {
    const auto word = [&](const char* key) {
      const auto found = words.find(key);
      return found == words.end() ? std::string() : found->second;
    };
    check(word("format") == "recurra", name_, " was not written by recurra: its metadata has no format 'recurra'");
    const std::string version = word("format_version");
    check(version.size() == 1 && version[0] >= '0' && version[0] - '0' <= format_version, name_,
          " has format version '", version.substr(0, 20), "', this recurra reads up to ", format_version);
  }

  void check_sum(const std::vector<Entry>& entries, std::map<std::string, std::string>& words) const {
    const auto stated = words.find("checksum");
    const std::string expected = stated == words.end() ? "" : stated->second;
    if (stated != words.end()) words.erase(stated);
    check(expected == checksum(entries, words), name_, " is damaged: its checksum does not fit its contents");
  }

  // A word as Python's json.dumps writes it.
  static std::string quoted(const std::string& word) { return Json(word).dump(-1, ' ', true); }

  // CRC-32 of the words, of names, dtypes and shapes, and of all elements, as eight hexadecimal digits. The text is the
  // one that Python's json.dumps makes of [[[key, word], …], [[name, dtype, [extent, …]], …]].
  std::string checksum(const std::vector<Entry>& entries, const std::map<std::string, std::string>& words) const {
    std::string layout = "[[";
    const char* comma = "";
    for (const auto& [key, word] : words) {
      layout += text(comma, "[", quoted(key), ", ", quoted(word), "]");
      comma = ", ";
    }
    layout += "], [";
    comma = "";
    for (const Entry& entry : entries) {
      layout += text(comma, "[", quoted(entry.name), ", \"", entry.code->dtype, "\", [");
      const char* inner = "";
      for (const std::uint64_t extent : entry.shape) {
        layout += text(inner, extent);
        inner = ", ";
      }
      layout += "]]";
      comma = ", ";
    }
    layout += "]]";
    std::uint32_t sum = crc32(0, std::as_bytes(std::span(layout)));
    for (const Entry& entry : entries)
      if (entry.end > entry.begin) sum = crc32(sum, elements_.subspan(entry.begin, entry.end - entry.begin));
    constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (unsigned shift = 32; shift > 0; shift -= 4) out += digits[(sum >> (shift - 4)) & 15U];
    return out;
  }

  // The polynomial of zlib, PNG and Ethernet.
  static std::uint32_t crc32(std::uint32_t sum, std::span<const std::byte> bytes) {
    static const auto table = [] {
      std::array<std::uint32_t, 256> out{};
      for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t c = i;
        for (int k = 0; k < 8; ++k) c = (c & 1U) ? 0xEDB88320U ^ (c >> 1U) : c >> 1U;
        out[i] = c;
      }
      return out;
    }();
    sum = ~sum;
    for (const std::byte byte : bytes) sum = table[(sum ^ std::to_integer<std::uint32_t>(byte)) & 0xFFU] ^ (sum >> 8U);
    return ~sum;
  }

  std::span<const std::byte> bytes_, elements_;
  std::string name_;
  std::vector<std::string> order_;  // of the names in the header
};

}  // namespace

ModelFile parse_model_file(std::span<const std::byte> bytes, const std::string& name) {
  return Parser(bytes, name).parse();
}

ModelFile read_model_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) throw std::runtime_error(text("there is no model file ", path));
  const std::streamoff size = in.tellg();
  in.seekg(0);
  const Buffer<std::byte> bytes(std::max<std::streamoff>(size, 0));
  if (size < 0 || !in.read(reinterpret_cast<char*>(bytes.data()), size))
    throw std::runtime_error(text("cannot read the model file ", path));
  return parse_model_file({bytes.data(), static_cast<std::size_t>(size)}, path.substr(path.find_last_of("/\\") + 1));
}

}  // namespace recurra::runtime
