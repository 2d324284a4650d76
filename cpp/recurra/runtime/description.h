// The layers of a described model as one chain: what a model file's configuration says, flattened, checked to be a
// chain, and with the path of each layer's weights.
#pragma once

#include <initializer_list>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "recurra/base/shape.h"

namespace recurra::runtime {

using Json = nlohmann::json;

/// A described object: "module", "class_name" and "config". Asking for what it has not throws std::invalid_argument
/// that names the layer.
class Description {
 public:
  /// `title` is what errors call it, `path` the beginning of its weights' names, such as "gru/".
  Description(const Json* described, std::string title, std::string path);

  const std::string& class_name() const { return class_name_; }
  const std::string& title() const { return title_; }
  const std::string& path() const { return path_; }
  /// Whether it is a class of the package itself.
  bool from(const char* module) const { return module_ == module; }

  /// Whether it has this setting, and that is not None.
  bool has(const char* key) const;
  bool flag(const char* key) const;
  Index integer(const char* key) const;
  double number(const char* key) const;
  std::string word(const char* key) const;
  /// One integer, or a list or tuple of them.
  std::vector<Index> integers(const char* key) const;
  /// One number, or a list or tuple of them.
  std::vector<double> numbers(const char* key) const;
  /// A shape, with -1 where an extent is open.
  std::vector<Index> extents(const char* key) const;
  /// Refuses a layer with a setting that is not among `known` or its `own` and is neither None, False nor 0: it may be
  /// of a later version and change what is computed.
  void know_settings(std::initializer_list<std::string_view> known, std::span<const std::string_view> own = {}) const;
  const Json& value(const char* key) const;
  std::vector<const Json*> list(const char* key) const;
  /// The one layer that a setting holds; its weights are below this one's.
  Description inside(const char* key) const;

  /// The name of an activation. Throws for a function that is not the package's own.
  std::string activation(const char* key) const;

  /// Throws std::invalid_argument that says which layer cannot be run and why.
  [[noreturn]] void refuse(const std::string& reason) const;

 private:
  const Json* config_;
  std::string module_, class_name_, title_, path_;
};

/// A layer of the chain, in the order of running.
struct ChainLink {
  std::string name;  // unique in the chain: the layer's name, behind those of the models around it
  Description layer;
};

struct Chain {
  std::vector<ChainLink> links;
  std::vector<Index> input;  // shape with the batch, -1 where open
};

/// A configuration from its words. Throws std::invalid_argument, naming `source`, if they are no JSON.
Json parsed(const std::string& words, const std::string& source);

/// The chain of a Sequential model, or of a functional one without branches. `model` must outlive it.
Chain chain_of(const Json& model);

/// The layers of a model that stands in the place of a layer, in the order of running.
std::vector<ChainLink> links_of(const Description& model);

/// `SimpleRNN` -> `simple_rnn`, as the package names layers.
std::string snake_case(const std::string& class_name);

/// Names that are given out once each.
class Names {
 public:
  /// `name`, or `name_1`, `name_2`, … if it is taken.
  std::string take(const std::string& name);

 private:
  std::set<std::string> taken_;
  std::map<std::string, std::size_t> numbers_;  // the last one tried for a name, so that equal names take no square
};

/// The next part of a weight's path: the name without the number that it got by itself, made unique among `taken`.
std::string path_step(const std::string& name, const std::string& class_name, Names& taken);

}  // namespace recurra::runtime
