// What a cell is made of, as plain numbers: all that the driver, which is compiled once for all cells, knows of it.
//
// Letters: L lanes of a vector, U units.
#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>

namespace recurra::rnn {

inline constexpr int none = -1;
inline constexpr int projected = -2;  // in recurrent_block: fed by the projection
inline constexpr int itself = -3;     // in recurrent_block: the operand itself

/// The slots a stage computes: [first, first + count).
struct Stage {
  int first;
  int count;
};

/// A run of neighbouring slots.
struct SlotRange {
  int first = 0;
  int count = 0;
};

struct CellShape {
  static constexpr int most_slots = 8, most_stages = 3;
  using Blocks = std::array<int, most_slots>;

  /// Which slots a stage computes, and which of them the input and the recurrent product fill.
  struct StageShape {
    int first = 0, count = 0;
    SlotRange input, recurrent;
  };

  /// Sums that are normalised together: `count` of them from `place` on among the saved vectors, those of the slots
  /// from `slot` on. Sets are the recurrent sums of each stage, then the input sums.
  struct NormalSet {
    int place, count, slot;
  };

  const char* name = nullptr;
  int states = 0, slots = 0, stages = 0;
  int bias_rows = 1;
  int vectors = 0;  // weights of one number a unit
  bool needs_vectors = false, projects = false, normalised = false;
  Blocks input_block{}, recurrent_block{};
  std::array<StageShape, most_stages> stage{};
  SlotRange input, recurrent;
  int input_blocks = 0, recurrent_blocks = 0;

  /// Whether every product of a step fills all slots, in one stage.
  constexpr bool whole() const {
    return stages == 1 && !normalised && input.count == slots && (recurrent.count == slots || recurrent.count == 0);
  }
  /// Whether a step needs memory for what is saved, even where no backward pass follows.
  constexpr bool needs_saved() const { return stages > 1 || normalised; }
  /// Whether a stage's one slot is fed by the projection.
  constexpr bool projecting(int number) const { return projects && number == stages - 1; }
  /// Whether a stage takes the operand as it is.
  constexpr bool passing(int number) const { return recurrent_block[at(stage[at(number)].first)] == itself; }

  // A step saves vectors for each vector of units. Behind the slots stand the operands of later stages; then, in a
  // normalised cell (normal.h), the recurrent and the input sums without their gains, and one over the spread of each
  // set of them, a lane a set.
  constexpr int normal() const { return slots + stages - 1; }
  constexpr int normal_count() const { return normalised ? recurrent.count + input.count : 0; }
  constexpr int spread() const { return normal() + normal_count(); }
  constexpr int saved_vectors(int lanes) const { return spread() + (normalised ? 1 + stages / lanes : 0); }
  /// Where the operand that a stage makes is saved.
  constexpr int operand(int number) const { return slots + number; }

  /// Where the gradients that a stage's recurrent product, and the input product, take are saved.
  constexpr int product_slot(int number) const {
    return normalised ? normal_set(number).place : stage[at(number)].recurrent.first;
  }
  constexpr int input_slot() const { return normalised ? normal() + recurrent.count : input.first; }

  constexpr NormalSet normal_set(int set) const {
    if (set == stages) return {normal() + recurrent.count, input.count, input.first};
    const SlotRange range = stage[at(set)].recurrent;
    return {normal() + range.first - recurrent.first, range.count, range.first};
  }
  /// Which column block a number of a set belongs to: first come the recurrent ones, then what a stage takes as it is,
  /// last those of the input.
  constexpr int normal_block(int set, int number) const {
    const auto slot = at(normal_set(set).slot + number);
    if (set == stages) return recurrent.count + input_block[slot];
    return recurrent_block[slot] == itself ? recurrent_blocks : recurrent_block[slot];
  }
  /// Which weight vector is its gain: they come in the same order, those of the input last of all vectors.
  constexpr int normal_gain(int set, int number) const {
    return set == stages ? vectors - normal_count() + normal_block(set, number) : normal_block(set, number);
  }

  static constexpr std::size_t at(int number) { return static_cast<std::size_t>(number); }
};

constexpr SlotRange fed_slots(const CellShape::Blocks& block, int first, int count) {
  SlotRange range;
  for (int slot = first; slot < first + count; ++slot) {
    if (block[CellShape::at(slot)] == none) continue;
    if (range.count == 0) range.first = slot;
    ++range.count;
  }
  return range;
}

/// The shape of a cell written as cell.h describes.
template <class Cell>
constexpr CellShape make_shape() {
  CellShape shape;
  shape.name = Cell::name;
  shape.states = Cell::states;
  shape.slots = Cell::slots;
  shape.stages = static_cast<int>(std::size(Cell::stages));
  shape.bias_rows = Cell::bias_rows;
  if constexpr (requires { Cell::vectors; }) shape.vectors = Cell::vectors;
  if constexpr (requires { Cell::needs_vectors; }) shape.needs_vectors = Cell::needs_vectors;
  shape.projects = Cell::recurrent_block[Cell::slots - 1] == projected;
  shape.normalised = requires { Cell::normalised; };
  shape.input_block.fill(none);
  shape.recurrent_block.fill(none);
  std::copy_n(Cell::input_block, Cell::slots, shape.input_block.begin());
  std::copy_n(Cell::recurrent_block, Cell::slots, shape.recurrent_block.begin());
  shape.input_blocks = 1 + *std::ranges::max_element(shape.input_block);
  shape.recurrent_blocks = 1 + std::max(none, *std::ranges::max_element(shape.recurrent_block));
  shape.input = fed_slots(shape.input_block, 0, Cell::slots);
  shape.recurrent = fed_slots(shape.recurrent_block, 0, Cell::slots);
  for (int number = 0; number < shape.stages; ++number) {
    const auto [first, count] = Cell::stages[number];
    shape.stage[CellShape::at(number)] = {first, count, fed_slots(shape.input_block, first, count),
                                          fed_slots(shape.recurrent_block, first, count)};
  }
  return shape;
}

template <class Cell>
inline constexpr CellShape shape_of = make_shape<Cell>();

}  // namespace recurra::rnn
