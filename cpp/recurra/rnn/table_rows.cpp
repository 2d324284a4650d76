#include "recurra/rnn/table_rows.h"

#include <array>

#include "recurra/kernels/gemm.h"

namespace recurra::rnn {
namespace {

constexpr Index rows_of_task = 64;     // of the table
constexpr Index rows_of_sum = 1024;    // of the table, whose parts of the kernel's gradient are summed together
constexpr Index prefetched_ahead = 4;  // how many places before its turn one is asked for

}  // namespace

// body(begin, end) for parts of the rows in use, each of which meets a matrix of F times `width` numbers.
template <class T>
template <class Body>
void TableRows<T>::for_rows(Index width, const Body& body) const {
  parallel_blocks(found().used, rows_of_task, 2.0 * static_cast<double>(found().used * width * s_.F), body);
}

template <class T>
void TableRows<T>::make_sums() {
  const Index width = layout_.sums_size();
  sums_ = Buffer<T>(found().used * width);
  for_rows(width, [&](Index begin, Index end) {
    std::array<const T*, static_cast<std::size_t>(rows_of_task)> rows;
    for (Index i = begin; i < end; ++i) rows[static_cast<std::size_t>(i - begin)] = table_row(i);
    step_.input_sums(end - begin, rows.data(), sums_.data() + begin * width);
  });
}

template <class T>
void TableRows<T>::sum_gradients(const T* saved) {
  const Index width = gradient_width();
  gradients_ = Buffer<T>(found().used * width);
  const auto& place = found().place;
  const auto& first = found().first;
  parallel_blocks(found().used, rows_of_task, static_cast<double>(4 * s_.B * s_.steps * width),
                  [&](Index begin, Index end) {
                    for (Index u = begin; u < end; ++u) {
                      T* sum = gradients_.data() + u * width;
                      std::fill_n(sum, width, T(0));
                      for (Index i = first[u]; i < first[u + 1]; ++i) {
                        if (i + prefetched_ahead < place.size()) prefetch_place(saved, place[i + prefetched_ahead]);
                        add_place(saved, place[i], sum);
                      }
                    }
                  });
}

template <class T>
void TableRows<T>::add_kernel_gradient(T* packed) const {
  const Index used = found().used;
  const Index size = layout_.recurrent_gradient(0, 0);
  const Index parts = (used + rows_of_sum - 1) / rows_of_sum;
  const Buffer<T> partial(parts * size, T(0));
  parallel_for(parts, 2.0 * static_cast<double>(used * size), [&](Index number) {
    const Index begin = number * rows_of_sum, rows = std::min(used - begin, rows_of_sum);
    std::vector<const T*> x(static_cast<std::size_t>(rows)), gradients(x);
    for (Index i = 0; i < rows; ++i) x[static_cast<std::size_t>(i)] = table_row(begin + i);
    layout_.for_groups([&](Index j, int group) {
      for (Index i = 0; i < rows; ++i)
        gradients[static_cast<std::size_t>(i)] = gradients_.data() + (begin + i) * gradient_width() + j * fed() * L;
      weight_gradient(group * fed(), x.data(), s_.F, gradients.data(), Index{0}, rows,
                      partial.data() + number * size + layout_.input_gradient(j));
    });
  });
  for (Index number = 0; number < parts; ++number) add_row(packed, partial.data() + number * size, size);
}

template <class T>
void TableRows<T>::add_gradient(T* dtable) const {
  const Index width = gradient_width();
  for_rows(width, [&](Index begin, Index end) {
    const Buffer<T> block(rows_of_task * s_.F);
    gemm::multiply(gradients_.data() + begin * width, width, end - begin, width, layout_.input_adjoint(), s_.F,
                   block.data(), s_.F, gemm::Start::zero);
    for (Index i = begin; i < end; ++i)
      add_row(dtable + found().row[i] * s_.F, block.data() + (i - begin) * s_.F, s_.F);
  });
}

// What was saved of the chunk and step of a place.
template <class T>
const T* TableRows<T>::saved_at(const T* saved, Index place) const {
  const Index step = s_.source_time(place % s_.steps);
  return saved + (place / s_.steps / capacity_ * s_.steps + step) * step_.saved_size(capacity_);
}

template <class T>
void TableRows<T>::prefetch_place(const T* saved, Index place) const {
  const T* from = saved_at(saved, place);
  layout_.for_groups([&](Index j, int group) {
    prefetch(from + layout_.saved_place(capacity_, j, place / s_.steps % capacity_, group),
             group * layout_.saved_width);
  });
}

template <class T>
void TableRows<T>::add_place(const T* saved, Index place, T* sum) const {
  const Index row = place / s_.steps;
  if (s_.masked(row, s_.source_time(place % s_.steps))) return;
  const T* all = saved_at(saved, place);
  layout_.for_groups([&](Index j, int group) {
    const T* from = all + layout_.saved_place(capacity_, j, row % capacity_, group) + layout_.shape.input.first * L;
    for (int b = 0; b < group; ++b) add_row(sum + (j + b) * fed() * L, from + b * layout_.saved_width, fed() * L);
  });
}

template class TableRows<float>;
template class TableRows<double>;

}  // namespace recurra::rnn
