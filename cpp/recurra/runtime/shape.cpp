// Layers that change how a step's numbers are seen, not the numbers: TimeDistributed, Flatten, Reshape.
#include <algorithm>
#include <utility>

#include "recurra/runtime/stage.h"

namespace recurra::runtime {
namespace {

// The layer inside sees one step's row, as a stream does.
template <class T>
void build_time_distributed(const Build<T>& build) {
  const Description& layer = build.layer;
  if (!build.flow.sequence) layer.refuse("it needs a sequence of (batch, time, …)");
  const Description inner = layer.inside("layer");
  const bool masked = build.flow.masked;
  build.flow.sequence = false;
  build_layer(Build<T>{build.weights, inner, build.flow, build.stages});
  build.flow.sequence = true;
  build.flow.masked = masked;
}

template <class T>
void build_reshape(const Build<T>& build) {
  const Description& layer = build.layer;
  if (build.flow.sequence)
    layer.refuse("it mixes time steps; within TimeDistributed it would change the shape of each step");
  std::vector<Index> shape = layer.integers("target_shape");
  const Index size = build.flow.size();
  Index known = 1;
  for (const Index extent : shape) known = std::min(known, size) * std::clamp<Index>(extent, 1, size + 1);
  for (Index& extent : shape)
    if (extent < 0) extent = known > 0 ? size / known : 0;
  Index filled = 1;
  for (const Index extent : shape) filled = std::min(filled, size + 1) * std::min(extent, size + 1);
  check(!shape.empty() && filled == size, layer.title(), ": the ", size,
        " numbers of a step do not fill its target_shape");
  build.flow.shape = std::move(shape);
}

template <class T>
void build_flatten(const Build<T>& build) {
  const Description& layer = build.layer;
  if (build.flow.sequence)
    layer.refuse("it joins time steps; within TimeDistributed it would join the axes of each step");
  if (build.flow.shape.size() > 1 && layer.has("data_format") && layer.word("data_format") == "channels_first")
    layer.refuse("its data_format must be 'channels_last'");
  build.flow.shape = {build.flow.size()};
}

}  // namespace

template <class T>
bool build_shape(const Build<T>& build) {
  if (!build.layer.from("recurra.layers")) return false;
  const std::string& kind = build.layer.class_name();
  if (kind == "TimeDistributed") {
    build_time_distributed(build);
  } else if (kind == "Reshape" || kind == "Flatten") {
    if (kind == "Reshape") build_reshape(build);
    else build_flatten(build);
    build.flow.masked = false;
  } else {
    return false;
  }
  return true;
}

template bool build_shape(const Build<float>&);
template bool build_shape(const Build<double>&);

}  // namespace recurra::runtime
