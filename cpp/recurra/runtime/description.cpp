#include "recurra/runtime/description.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

namespace recurra::runtime {
namespace {

constexpr int deepest = 32;                // models inside models
constexpr std::size_t most_calls = 10000;  // of layers and models: models that call one another k times have k^depth

std::string without_number(const std::string& name, const std::string& class_name) {
  const std::string prefix = snake_case(class_name);
  // One number, or two of a copy in a Stack: "gru_1", "gru_1_0".
  if (!name.starts_with(prefix)) return name;
  std::size_t at = prefix.size();
  for (int number = 0; number < 2 && at < name.size() && name[at] == '_'; ++number) {
    const std::size_t end = std::min(name.find_first_not_of("0123456789", at + 1), name.size());
    if (end == at + 1) break;
    at = end;
  }
  return at == name.size() ? prefix : name;
}

// The one element of a list or tuple of one, else the value itself.
const Json* only(const Json* value) {
  const Json* list = value->is_object() && value->size() == 1 && value->contains("tuple") ? &(*value)["tuple"] : value;
  return list->is_array() && list->size() == 1 ? &(*list)[0] : value;
}

// A string of an object, empty where there is none.
std::string word_in(const Json& object, const char* key) {
  return object.is_object() && object.contains(key) && object[key].is_string() ? object[key].get<std::string>() : "";
}

const Json* config_in(const Json& described, const std::string& title) {
  check(!word_in(described, "class_name").empty() && described.contains("config") && described["config"].is_object(),
        title, ": its description has no class_name and config");
  return &described["config"];
}

bool is_address(const Json& value) {
  return value.is_object() && value.size() == 2 && value.contains("node") && value.contains("output") &&
         value["node"].is_number_unsigned() && value["output"].is_number_unsigned();
}

int addresses_in(const Json& value) {
  if (is_address(value)) return 1;
  int count = 0;
  if (value.is_structured())
    for (const Json& item : value) count += addresses_in(item);
  return count;
}

class Walker {
 public:
  Chain walk(const Json& model) {
    const Description described(&model, title_of(model, "model", ""), "");
    add_model(described, "", 0);
    check(!chain_.links.empty(), described.title(), " has no layers");
    check(!chain_.input.empty(), described.title(),
          " does not say the shape of its input: give it an Input, or call it on data, before it is saved");
    return std::move(chain_);
  }

  std::vector<ChainLink> links(const Description& model) {
    add_model(model, "", 0);
    return std::move(chain_.links);
  }

 private:
  static std::string name_of(const Json& described) {
    return described.is_object() && described.contains("config") ? word_in(described["config"], "name") : "";
  }
  static std::string title_of(const Json& described, const char* kind, const std::string& prefix) {
    return text(kind, " '", prefix, name_of(described), "' (", word_in(described, "class_name"), ")");
  }

  void add_model(const Description& model, const std::string& prefix, int depth) {
    check(depth < deepest, model.title(), ": models are nested too deeply");
    count_call(model);
    if (!model.from("recurra.models") || (model.class_name() != "Sequential" && model.class_name() != "Model"))
      model.refuse("it is a class of its own; Sequential models and functional ones can be");
    if (model.class_name() == "Sequential") add_sequential(model, prefix, depth);
    else add_functional(model, prefix, depth);
  }

  void add_sequential(const Description& model, const std::string& prefix, int depth) {
    Names taken;
    for (const Json* described : model.list("layers")) {
      if (is_input(*described)) {
        take_input(*described, model);
        continue;
      }
      const Description layer(described, title_of(*described, "layer", prefix), "");
      if (layer.flag("return_state"))
        layer.refuse("its outputs are several (return_state=True); a stream has its states");
      add_layer(*described, path_in(model, *described, taken), prefix, depth);
    }
  }

  void add_functional(const Description& model, const std::string& prefix, int depth) {
    if (!model.has("nodes")) model.refuse("its configuration has no nodes");
    Names taken;
    std::map<std::string, std::pair<const Json*, std::string>> layers;  // by name: described, path
    for (const Json* described : model.list("layers"))
      layers[name_of(*described)] = {described, path_in(model, *described, taken)};
    const auto layer_named = [&](const std::string& name) -> const std::pair<const Json*, std::string>& {
      const auto found = layers.find(name);
      if (found == layers.end()) model.refuse(text("its configuration has no layer '", name, "'"));
      return found->second;
    };
    const std::vector<const Json*> inputs = model.list("input_layers");
    if (inputs.size() != 1 || !inputs[0]->is_string())
      model.refuse(text("it has ", inputs.size(), " inputs; a chain of layers has one"));
    take_input(*layer_named(inputs[0]->get<std::string>()).first, model);
    const Json* output = only(&model.value("outputs"));
    if (!is_address(*output)) model.refuse("it has several outputs; a chain of layers has one");

    const std::vector<const Json*> nodes = model.list("nodes");
    std::vector<const Json*> backwards;
    for (Json at = *output; at["node"] != 0;) {
      const auto number = at["node"].get<std::size_t>();
      if (number > nodes.size() || backwards.size() >= nodes.size()) model.refuse("its nodes do not form a graph");
      const Json& node = *nodes[number - 1];
      const auto& layer = layer_named(word_in(node, "layer"));
      const Description described(layer.first, title_of(*layer.first, "layer", prefix), layer.second);
      if (at["output"] != 0) described.refuse("the model goes on with another output than its first");
      const Json& arguments = node.contains("args") ? node["args"] : Json();
      const int operands = addresses_in(arguments) + (node.contains("kwargs") ? addresses_in(node["kwargs"]) : 0);
      const Json* argument = only(only(&arguments));
      if (operands != 1) described.refuse(text("it takes ", operands, " tensors; a chain of layers has no branches"));
      if (!is_address(*argument) || !node.contains("kwargs") || !node["kwargs"].empty())
        described.refuse("it is called with further arguments");
      backwards.push_back(&node);
      at = Json(*argument);
    }
    if (backwards.size() != nodes.size()) model.refuse("it has branches; a chain of layers has none");
    for (auto node = backwards.rbegin(); node != backwards.rend(); ++node) {
      const auto& [described, path] = layer_named(word_in(**node, "layer"));
      if (is_input(*described)) continue;
      add_layer(*described, path, prefix, depth);
    }
  }

  void add_layer(const Json& described, const std::string& path, const std::string& prefix, int depth) {
    const Description layer(&described, title_of(described, "layer", prefix), path);
    const bool is_model = layer.from("recurra.models") ||
                          (described["config"].contains("layers") && described["config"]["layers"].is_array());
    if (is_model) return add_model(layer, prefix + name_of(described) + "/", depth + 1);
    count_call(layer);
    chain_.links.push_back({names_.take(prefix + name_of(described)), layer});
  }

  void count_call(const Description& layer) {
    check(++calls_ <= most_calls, layer.title(), ": the model has more than ", most_calls, " layers");
  }

  static std::string path_in(const Description& model, const Json& described, Names& taken) {
    return model.path() + path_step(name_of(described), word_in(described, "class_name"), taken) + "/";
  }

  static bool is_input(const Json& described) { return word_in(described, "class_name") == "InputLayer"; }

  // Only the outermost model's input counts.
  void take_input(const Json& described, const Description& model) {
    if (!chain_.input.empty() || !chain_.links.empty()) return;
    chain_.input = Description(&described, title_of(described, "layer", ""), "").extents("batch_shape");
    check(chain_.input.size() >= 2, model.title(), ": its input has no axis behind the batch");
  }

  Chain chain_;
  Names names_;
  std::size_t calls_ = 0;
};

}  // namespace

Description::Description(const Json* described, std::string title, std::string path)
    : config_(config_in(*described, title)),
      module_(word_in(*described, "module")),
      class_name_(word_in(*described, "class_name")),
      title_(std::move(title)),
      path_(std::move(path)) {}

bool Description::has(const char* key) const { return config_->contains(key) && !(*config_)[key].is_null(); }

std::vector<const Json*> Description::list(const char* key) const {
  check(value(key).is_array(), title_, ": its configuration has no list '", key, "'");
  std::vector<const Json*> out;
  for (const Json& item : value(key)) out.push_back(&item);
  return out;
}

const Json& Description::value(const char* key) const {
  check(config_->contains(key), title_, ": its configuration has no '", key, "'");
  return (*config_)[key];
}

Description Description::inside(const char* key) const {
  const Json& described = value(key);
  const Description unnamed(&described, title_ + ": the layer inside", "");
  const std::string name = unnamed.has("name") ? unnamed.word("name") : "";
  Names taken;
  return {&described, text("layer '", name, "' (", unnamed.class_name(), ") inside ", title_),
          path_ + path_step(name, unnamed.class_name(), taken) + "/"};
}

bool Description::flag(const char* key) const {
  if (!has(key)) return false;
  check(value(key).is_boolean(), title_, ": '", key, "' must be true or false");
  return value(key).get<bool>();
}

Index Description::integer(const char* key) const {
  check(value(key).is_number_integer(), title_, ": '", key, "' must be an integer");
  return value(key).get<Index>();
}

double Description::number(const char* key) const {
  check(value(key).is_number(), title_, ": '", key, "' must be a number");
  return value(key).get<double>();
}

std::string Description::word(const char* key) const {
  check(value(key).is_string(), title_, ": '", key, "' must be a string");
  return value(key).get<std::string>();
}

std::vector<Index> Description::extents(const char* key) const {
  const Json& given = value(key);
  const Json& list = given.is_object() && given.contains("tuple") ? given["tuple"] : given;
  std::vector<Index> out;
  const auto take = [&](const Json& item) {
    check(item.is_null() || item.is_number_integer(), title_, ": '", key, "' must hold integers");
    out.push_back(item.is_null() ? -1 : item.get<Index>());
  };
  if (list.is_array()) {
    for (const Json& item : list) take(item);
  } else {
    take(list);
  }
  return out;
}

std::vector<double> Description::numbers(const char* key) const {
  const Json& given = value(key);
  const Json& list = given.is_object() && given.contains("tuple") ? given["tuple"] : given;
  std::vector<double> out;
  const auto take = [&](const Json& item) {
    check(item.is_number(), title_, ": '", key, "' must hold numbers");
    out.push_back(item.get<double>());
  };
  if (list.is_array()) {
    for (const Json& item : list) take(item);
  } else {
    take(list);
  }
  return out;
}

void Description::know_settings(std::initializer_list<std::string_view> known,
                                std::span<const std::string_view> own) const {
  for (const auto& [key, value] : config_->items()) {
    const bool off = value.is_null() || value == false || value == 0 || (value.is_structured() && value.empty());
    if (!off && std::ranges::find(known, key) == known.end() && std::ranges::find(own, key) == own.end())
      refuse(text("its setting '", key, "' is not known to the engine"));
  }
}

std::vector<Index> Description::integers(const char* key) const {
  check(!value(key).is_null(), title_, ": '", key, "' must hold integers");
  return extents(key);
}

std::string Description::activation(const char* key) const {
  if (!has(key)) return "linear";
  if (!value(key).is_string()) refuse(text("its ", key, " is a function of your own"));
  return word(key);
}

void Description::refuse(const std::string& reason) const {
  throw std::invalid_argument(text(title_, " cannot be run step by step: ", reason));
}

Json parsed(const std::string& words, const std::string& source) {
  // Configurations are walked recursively: a bound on their depth keeps the stack from overflowing.
  constexpr int deepest_value = 256;
  int depth = 0, reached = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (quoted && words[i] == '\\') ++i;
    else if (words[i] == '"') quoted = !quoted;
    else if (!quoted && (words[i] == '[' || words[i] == '{')) reached = std::max(reached, ++depth);
    else if (!quoted && (words[i] == ']' || words[i] == '}')) --depth;
  }
  check(reached <= deepest_value, source, ": the stored model is nested too deeply");
  Json json = Json::parse(words, nullptr, false);
  check(!json.is_discarded(), source, ": the stored model is no JSON");
  return json;
}

Chain chain_of(const Json& model) { return Walker().walk(model); }

std::vector<ChainLink> links_of(const Description& model) { return Walker().links(model); }

std::string snake_case(const std::string& name) {
  const auto upper = [&](std::size_t i) {
    return i < name.size() && std::isupper(static_cast<unsigned char>(name[i]));
  };
  const auto lower = [&](std::size_t i) {
    return i < name.size() && std::islower(static_cast<unsigned char>(name[i]));
  };
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (i > 0 && upper(i) && (lower(i - 1) || lower(i + 1))) out += '_';
    out += static_cast<char>(std::tolower(static_cast<unsigned char>(name[i])));
  }
  return out;
}

std::string Names::take(const std::string& name) {
  std::size_t& number = numbers_[name];
  std::string candidate = number ? text(name, "_", number) : name;
  while (!taken_.insert(candidate).second) candidate = text(name, "_", ++number);
  return candidate;
}

std::string path_step(const std::string& name, const std::string& class_name, Names& taken) {
  return taken.take(without_number(name, class_name));
}

}  // namespace recurra::runtime
