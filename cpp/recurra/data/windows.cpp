#include "recurra/data/windows.h"

#include <algorithm>
#include <cstring>

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif

#include "recurra/base/checked.h"

namespace recurra {
namespace {

long process_id() {
#if defined(__unix__) || defined(__APPLE__)
  return getpid();
#else
  return 0;
#endif
}

// Bytes of one row of the first axis.
std::size_t row_bytes(const Tensor& t) { return as_size(t.shape().count(1, t.rank())) * size_of(t.dtype()); }

// Takes `less` from each of `count` runs of `width` numbers.
void subtract_each(DType dtype, std::byte* runs, Index count, const std::byte* less, Index width) {
  dispatch_float(dtype, "windows", [&]<class T>() {
    T* out = reinterpret_cast<T*>(runs);
    const T* base = reinterpret_cast<const T*>(less);
    for (Index i = 0; i < count; ++i, out += width)
      for (Index k = 0; k < width; ++k) out[k] -= base[k];
  });
}

// (rows, inserted extents…, the extents of one row of `t`).
Shape batch_shape(Index rows, std::initializer_list<Index> inserted, const Tensor& t) {
  Shape shape{rows};
  for (const Index extent : inserted) shape.push_back(extent);
  for (int axis = 1; axis < t.rank(); ++axis) shape.push_back(t.shape(axis));
  return shape;
}

}  // namespace

WindowLoader::WindowLoader(Tensor data, Tensor targets, WindowPlan plan)
    : data_(std::move(data)), targets_(std::move(targets)), plan_(plan) {
  check(data_.rank() >= 1, "windows: data must have a time axis, got a scalar");
  check(plan_.length >= 1, "windows: expected at least one row a window, got ", plan_.length);
  check(plan_.base || !(plan_.change || plan_.relative), "windows: differences need the row they are taken from");
  check(!plan_.relative || is_floating(data_.dtype()), "windows: relative windows need float32 or float64 data, got ",
        name_of(data_.dtype()));
  constexpr Index far = Index{1} << 60;  // sums of three such offsets fit into 64 bits
  for (const Index offset : {plan_.first, plan_.delay, plan_.base.value_or(0)})
    check(offset >= -far && offset <= far, "windows: an offset of ", offset, " rows is outside every series");
  const Index reach = checked_multiply(plan_.length - 1, plan_.stride, "windows");
  check(reach >= -far && reach <= far, "windows: a window of ", plan_.length, " rows, every ", plan_.stride,
        ", is longer than every series");
  const Index last = plan_.first + reach;
  const Index base = plan_.base.value_or(last);
  first_row_ = -std::min({plan_.first, last, base});
  last_row_ = data_.shape(0) - std::max({plan_.first, last, base});
  if (targets_.defined()) {
    check(targets_.rank() >= 1, "windows: targets must have a time axis, got a scalar");
    check(!plan_.change || is_floating(targets_.dtype()), "windows: a change needs float32 or float64 targets, got ",
          name_of(targets_.dtype()));
    first_row_ = std::max(first_row_, -std::min(plan_.delay, plan_.base.value_or(plan_.delay)));
    last_row_ = std::min(last_row_, targets_.shape(0) - std::max(plan_.delay, plan_.base.value_or(plan_.delay)));
  }
}

WindowLoader::~WindowLoader() {
  if (!worker_) return;
  if (worker_->process != process_id()) {
    (void)worker_.release();  // its thread lives in the parent process only; destroying its locks would wait for ever
    return;
  }
  {
    const std::lock_guard lock(worker_->mutex);
    worker_->stop = true;
  }
  worker_->changed.notify_all();
  worker_->thread.join();
}

void WindowLoader::check_process() const {
  check(!worker_ || worker_->process == process_id(),
        "windows: this loader was made before the process forked; make a new one");
}

void WindowLoader::check_rows(const std::vector<Index>& rows) const {
  for (const Index row : rows)
    check(row >= first_row_ && row < last_row_, "windows: row ", row, " has no complete window and target; the rows ",
          first_row_, " to ", last_row_ - 1, " have");
}

WindowBatch WindowLoader::gather(const std::vector<Index>& rows) const {
  check_rows(rows);
  const auto count = static_cast<Index>(rows.size());
  WindowBatch batch;
  batch.inputs = Tensor(batch_shape(count, {plan_.length}, data_), data_.dtype());
  const std::size_t bytes = row_bytes(data_);
  const Index base = plan_.base.value_or(0);  // given wherever something is told from it
  std::byte* out = batch.inputs.bytes();
  for (const Index row : rows) {
    const std::byte* in = data_.bytes() + as_size(row + plan_.first) * bytes;
    std::byte* const window = out;
    if (plan_.stride == 1) {
      std::memcpy(out, in, as_size(plan_.length) * bytes);
      out += as_size(plan_.length) * bytes;
    } else {
      const std::ptrdiff_t jump = plan_.stride * static_cast<std::ptrdiff_t>(bytes);
      for (Index k = 0; k < plan_.length; ++k, out += bytes) std::memcpy(out, in + k * jump, bytes);
    }
    if (plan_.relative)
      subtract_each(data_.dtype(), window, plan_.length, data_.bytes() + as_size(row + base) * bytes,
                    data_.shape().count(1, data_.rank()));
  }
  if (!targets_.defined()) return batch;

  batch.targets = Tensor(batch_shape(count, {}, targets_), targets_.dtype());
  const std::size_t target_bytes = row_bytes(targets_);
  out = batch.targets.bytes();
  for (const Index row : rows) {
    std::memcpy(out, targets_.bytes() + as_size(row + plan_.delay) * target_bytes, target_bytes);
    if (plan_.change)
      subtract_each(targets_.dtype(), out, 1, targets_.bytes() + as_size(row + base) * target_bytes,
                    targets_.shape().count(1, targets_.rank()));
    out += target_bytes;
  }
  return batch;
}

void WindowLoader::request(std::vector<Index> rows) {
  check_rows(rows);
  check_process();
  if (!worker_) {
    auto worker = std::make_unique<Worker>();
    worker->process = process_id();
    worker->thread = std::thread([this, &fresh = *worker] { run(fresh); });
    worker_ = std::move(worker);
  }
  {
    const std::lock_guard lock(worker_->mutex);
    worker_->requests.push_back(std::move(rows));
  }
  ++pending_;
  worker_->changed.notify_all();
}

WindowBatch WindowLoader::take() {
  check_process();
  check(pending_ > 0, "windows: no batch was requested");
  std::unique_lock lock(worker_->mutex);
  worker_->changed.wait(lock, [this] { return !worker_->answers.empty(); });
  Answer answer = std::move(worker_->answers.front());
  worker_->answers.pop_front();
  --pending_;
  if (answer.failure) std::rethrow_exception(answer.failure);
  return std::move(answer.batch);
}

void WindowLoader::run(Worker& worker) const {
  std::unique_lock lock(worker.mutex);
  while (true) {
    worker.changed.wait(lock, [&] { return worker.stop || !worker.requests.empty(); });
    if (worker.stop) return;
    const std::vector<Index> rows = std::move(worker.requests.front());
    worker.requests.pop_front();
    lock.unlock();
    Answer answer;
    try {
      answer.batch = gather(rows);
    } catch (...) {
      answer.failure = std::current_exception();
    }
    lock.lock();
    worker.answers.push_back(std::move(answer));
    worker.changed.notify_all();
  }
}

}  // namespace recurra
