// Runs a saved model over lines of numbers as they come in:
//
//   stream model.safetensors < steps.csv
//
// A line is one time step, its numbers separated by commas or spaces; the outputs of the step are printed at once. With
// several files every line goes through all models, each with a stream of its own.
#include <cstdio>
#include <exception>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "recurra/runtime/model.h"

namespace {

std::vector<float> numbers_in(std::string line) {
  for (char& c : line)
    if (c == ',' || c == ';') c = ' ';
  std::istringstream in(line);
  std::vector<float> numbers;
  for (std::string word; in >> word;) numbers.push_back(std::stof(word));
  return numbers;
}

// One model and the state of the sequence that runs through it.
struct Worker {
  explicit Worker(const recurra::Model<float>& model)
      : stream(model.stream()), inputs(model.input_size()), outputs(static_cast<std::size_t>(model.output_size())) {}

  recurra::Stream<float> stream;
  std::int64_t inputs;
  std::vector<float> outputs;
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 2) {
    std::cerr << "usage: stream model.safetensors ... < steps.csv\n";
    return 2;
  }
  std::vector<Worker> workers;
  for (int i = 1; i < argc; ++i) workers.emplace_back(recurra::load(argv[i]));

  for (std::string line; std::getline(std::cin, line);) {
    const std::vector<float> x = numbers_in(line);
    for (Worker& worker : workers) {
      if (static_cast<std::int64_t>(x.size()) != worker.inputs) {
        std::cerr << "expected " << worker.inputs << " numbers a line, got " << x.size() << '\n';
        return 1;
      }
      worker.stream.step(x.data(), worker.outputs.data());
      // Nine digits tell every float apart.
      for (std::size_t i = 0; i < worker.outputs.size(); ++i) std::printf(i ? ",%.9g" : "%.9g", worker.outputs[i]);
      std::printf("\n");
    }
  }
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
