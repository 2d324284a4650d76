#include "recurra/tensor/tape.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <functional>
#include <unordered_set>

#include "recurra/base/parallel.h"

namespace recurra {
namespace {

thread_local int pauses = 0;  // NoGradient objects that are alive; Python destroys them in any order

// Below 0 where the garbage collector of this thread has destroyed an object of another one.
bool recording_on() { return pauses <= 0; }

std::atomic<std::uint64_t> next_number{0};

template <class T>
void add_elements(T* sum, const T* term, Index count) {
  parallel_blocks(count, 1 << 15, static_cast<double>(count), [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) sum[i] += term[i];
  });
}

void add_in_place(const Tensor& sum, const Tensor& term) {
  check(sum.shape() == term.shape() && sum.dtype() == term.dtype(), "gradient of shape ", term.shape(),
        " added to one of shape ", sum.shape());
  dispatch_float(sum.dtype(), "gradient", [&]<class T>() { add_elements(sum.data<T>(), term.data<T>(), sum.size()); });
}

}  // namespace

void SumOfGradients::make(std::byte* elements) const {
  std::memcpy(elements, a.bytes(), as_size(a.size()) * size_of(a.dtype()));
  dispatch_float(a.dtype(), "gradient",
                 [&]<class T>() { add_elements(reinterpret_cast<T*>(elements), b.data<T>(), b.size()); });
}

bool recording() { return recording_on(); }

NoGradient::NoGradient() : before_(recording_on()) { ++pauses; }
NoGradient::~NoGradient() { --pauses; }

bool needs_recording(std::initializer_list<const Tensor*> inputs) {
  return recording_on() && std::ranges::any_of(inputs, [](const Tensor* t) { return t->requires_gradient(); });
}

bool needs_recording(const std::vector<Tensor>& inputs) {
  return recording_on() && std::ranges::any_of(inputs, &Tensor::requires_gradient);
}

Node::Node(const char* name, std::vector<Tensor> inputs, std::size_t outputs, BackwardFunction backward)
    : name_(name),
      number_(next_number.fetch_add(1)),
      inputs_(std::move(inputs)),
      slots_(outputs),
      backward_(std::move(backward)) {}

// A chain of thousands of steps must not be torn down by recursion: nodes that die meanwhile queue up here.
Node::~Node() { release(); }

void Node::release() {
  thread_local std::vector<Tensor>* dying = nullptr;
  backward_ = nullptr;
  slots_.clear();
  if (dying) {
    std::ranges::move(inputs_, std::back_inserter(*dying));
    inputs_.clear();
    return;
  }
  std::vector<Tensor> queue = std::move(inputs_);
  inputs_.clear();
  dying = &queue;
  while (!queue.empty()) {
    const Tensor last = std::move(queue.back());
    queue.pop_back();
  }
  dying = nullptr;
}

const Tensor& Node::Slot::own() {
  if (!owned) gradient = gradient.clone();
  owned = true;
  return gradient;
}

void Tensor::retain_gradient() const {
  check(requires_gradient(), "retain_grad: this tensor requires no gradient");
  if (is_leaf() || impl_->gradient) return;
  set_gradient(zeros_like(*this));
  producer()->slots_[as_size(output_index())].retained = gradient();
}

void record(const char* name, std::vector<Tensor> inputs, const std::vector<Tensor>& outputs,
            BackwardFunction backward) {
  if (!needs_recording(inputs)) return;
  for (Tensor& input : inputs)
    if (!input.requires_gradient()) input = Tensor();
  const auto node = std::make_shared<Node>(name, std::move(inputs), outputs.size(), std::move(backward));
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (outputs[i].defined()) outputs[i].set_producer(node, static_cast<int>(i));
}

const Tensor& BackwardPass::output_gradient(int output) const {
  assert(as_size(output) < node_.slots_.size());
  return node_.slots_[as_size(output)].gradient;
}

bool BackwardPass::wants(int input) const { return node_.inputs_[as_size(input)].defined(); }

void BackwardPass::add(int input, const Tensor& gradient) const {
  assert(as_size(input) < node_.inputs_.size());
  const Tensor& tensor = node_.inputs_[as_size(input)];
  if (!tensor.defined()) return;
  check(gradient.shape() == tensor.shape() && gradient.dtype() == tensor.dtype(), node_.name_,
        ": backward made a gradient of shape ", gradient.shape(), " for an input of shape ", tensor.shape());
  if (!tensor.is_leaf()) {
    Node::Slot& slot = tensor.producer()->slots_[as_size(tensor.output_index())];
    if (!slot.gradient.defined()) {
      slot.gradient = gradient;
    } else if (slot.gradient.recipe() || gradient.recipe()) {
      slot.gradient = {tensor.shape(), tensor.dtype(), std::make_unique<SumOfGradients>(slot.gradient, gradient)};
      slot.owned = true;
    } else {
      add_in_place(slot.own(), gradient);
    }
    return;
  }
  if (const Tensor sum = tensor.gradient(); sum.defined()) add_in_place(sum, gradient);
  else tensor.set_gradient(gradient.clone());
}

Tensor BackwardPass::accumulator(int input) const {
  const Tensor& tensor = node_.inputs_[as_size(input)];
  if (!tensor.is_leaf()) {
    Node::Slot& slot = tensor.producer()->slots_[as_size(tensor.output_index())];
    if (!slot.gradient.defined()) {
      slot.gradient = Tensor::zeros_like(tensor);
      slot.owned = true;
    }
    return slot.own();
  }
  if (!tensor.gradient().defined()) tensor.set_gradient(Tensor::zeros_like(tensor));
  return tensor.gradient();
}

void backward(const Tensor& root, const Tensor& seed) {
  check(root.defined() && root.requires_gradient(),
        "backward: this tensor depends on nothing that requires a gradient");
  Tensor start = seed;
  if (!start.defined()) {
    check(root.size() == 1, "backward: give the gradient of a tensor that is not a scalar; its shape is ",
          root.shape());
    start = Tensor::full(root.shape(), root.dtype(), 1);
  }
  check(start.shape() == root.shape() && start.dtype() == root.dtype(), "backward: expected a gradient ",
        name_of(root.dtype()), root.shape(), ", got ", name_of(start.dtype()), start.shape());
  const NoGradient off;
  if (root.is_leaf()) {
    if (const Tensor sum = root.gradient(); sum.defined()) add_in_place(sum, start);
    else root.set_gradient(start.clone());
    return;
  }

  // The whole graph is looked at before anything in it changes.
  std::vector<std::shared_ptr<Node>> nodes{root.producer()};
  std::unordered_set<const Node*> seen{root.producer().get()};
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    check(nodes[i]->backward_ != nullptr, "backward: part of the graph (", nodes[i]->name_,
          ") was freed by an earlier backward; compute it again");
    const std::vector<Tensor>& inputs = nodes[i]->inputs_;
    for (const Tensor& input : inputs)
      if (input.defined() && !input.is_leaf() && seen.insert(input.producer().get()).second)
        nodes.push_back(input.producer());
  }
  std::ranges::sort(nodes, std::greater(), [](const std::shared_ptr<Node>& node) { return node->number_; });

  root.producer()->slots_[as_size(root.output_index())].gradient = start;
  for (std::shared_ptr<Node>& node : nodes) {
    for (const Node::Slot& slot : node->slots_)
      if (slot.retained.defined() && slot.gradient.defined()) add_in_place(slot.retained, slot.gradient);
    if (std::ranges::any_of(node->slots_, [](const Node::Slot& slot) { return slot.gradient.defined(); }))
      node->backward_(BackwardPass(*node));
    node->release();  // what the node saved is not needed again
    node.reset();
  }
}

}  // namespace recurra
