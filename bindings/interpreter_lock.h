// Scopes without and with the lock of the Python interpreter.
//
// A thread that asks for the lock of an interpreter that is shutting down is ended by CPython before 3.14: pthread_exit
// unwinds through destructors, which ends the whole process by std::terminate. Such a thread is parked here instead, as
// CPython 3.14 does; the process ends without it.
#pragma once

#include <Python.h>

#if defined(__GLIBC__)
#include <cxxabi.h>
#include <unistd.h>
#endif

namespace recurra::bindings {

/// Runs a function that takes the lock.
template <class Take>
auto take_or_park(const Take& take) noexcept {
#if defined(__GLIBC__)
  try {
    return take();
  } catch (abi::__forced_unwind&) {
    while (true) pause();
  }
#else
  return take();
#endif
}

/// While alive, this thread holds no lock: other Python threads run meanwhile.
class InterpreterUnlocked {
 public:
  InterpreterUnlocked() : state_(PyEval_SaveThread()) {}
  ~InterpreterUnlocked() {
    take_or_park([this] { PyEval_RestoreThread(state_); });
  }
  InterpreterUnlocked(const InterpreterUnlocked&) = delete;
  InterpreterUnlocked& operator=(const InterpreterUnlocked&) = delete;

 private:
  PyThreadState* state_;
};

/// While alive, this thread holds the lock, whether it held it before or not.
class InterpreterLocked {
 public:
  InterpreterLocked() : state_(take_or_park([] { return PyGILState_Ensure(); })) {}
  ~InterpreterLocked() { PyGILState_Release(state_); }
  InterpreterLocked(const InterpreterLocked&) = delete;
  InterpreterLocked& operator=(const InterpreterLocked&) = delete;

 private:
  PyGILState_STATE state_;
};

}  // namespace recurra::bindings
