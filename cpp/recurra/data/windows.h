// Windows of a long series, gathered straight into a batch: the windows of all rows together are never stored.
//
// The window of row r holds the rows r + first, r + first + stride, … (length of them); its target is the target of row
// r + delay, less the target of row r + base where the change is asked for. A relative window holds the differences
// from row r + base instead of the values, so that a level that drifts does not leave what was seen in training.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "recurra/tensor/tensor.h"

namespace recurra {

struct WindowPlan {
  Index first = 0;
  Index stride = 1;  ///< negative: the window is read backwards in time
  Index length = 1;
  Index delay = 0;
  std::optional<Index> base;
  bool change = false;    ///< targets less those of the row base
  bool relative = false;  ///< inputs less those of the row base
};

struct WindowBatch {
  Tensor inputs;   ///< (rows, length, features…)
  Tensor targets;  ///< (rows, …), undefined without targets
};

/// Gathers batches on a thread of its own, so that the next one is ready when the training step of this one ends.
/// Every batch has memory of its own (from the pool, so a steady loop reuses it): who holds one keeps it unchanged.
class WindowLoader {
 public:
  /// data: (rows, features…) of any type; targets: (rows, …) or undefined.
  WindowLoader(Tensor data, Tensor targets, WindowPlan plan);
  ~WindowLoader();
  WindowLoader(const WindowLoader&) = delete;
  WindowLoader& operator=(const WindowLoader&) = delete;

  /// Starts gathering the windows of `rows`; several requests may wait, they are answered in order.
  void request(std::vector<Index> rows);
  /// The batch of the oldest request, as soon as it is ready.
  WindowBatch take();
  Index pending() const { return pending_; }

  /// The windows of `rows` at once, on this thread.
  WindowBatch gather(const std::vector<Index>& rows) const;

 private:
  struct Answer {
    WindowBatch batch;
    std::exception_ptr failure;
  };
  struct Worker {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::vector<Index>> requests;
    std::deque<Answer> answers;
    bool stop = false;
    long process = 0;
    std::thread thread;
  };
  void check_rows(const std::vector<Index>& rows) const;
  void check_process() const;
  void run(Worker& worker) const;

  Tensor data_;
  Tensor targets_;
  WindowPlan plan_;
  Index first_row_ = 0;  ///< rows [first_row_, last_row_) have a window and a target
  Index last_row_ = 0;
  Index pending_ = 0;
  std::unique_ptr<Worker> worker_;
};

}  // namespace recurra
