// Long short-term memory with a forget gate of its own.
#include "recurra/rnn/cells/lstm.h"

#include "recurra/rnn/registration.h"

namespace recurra::rnn {
namespace {

struct Lstm : LstmStep<Forget::gate> {
  static constexpr const char* name = "lstm";
  static constexpr int input_block[] = {0, 1, 2, 3};
  static constexpr int recurrent_block[] = {0, 1, 2, 3};
  static constexpr Stage stages[] = {{0, 4}};
};

const Registration<Lstm> registration;

}  // namespace
}  // namespace recurra::rnn
