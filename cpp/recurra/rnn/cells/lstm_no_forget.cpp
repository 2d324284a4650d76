// Long short-term memory without forget gate; Hochreiter & Schmidhuber 1997.
#include "recurra/rnn/cells/lstm.h"
#include "recurra/rnn/registration.h"

namespace recurra::rnn {
namespace {

struct LstmNoForget : LstmStep<Forget::none> {
  static constexpr const char* name = "lstm_no_forget";
  static constexpr int input_block[] = {0, 1, 2};
  static constexpr int recurrent_block[] = {0, 1, 2};
  static constexpr Stage stages[] = {{0, 3}};
};

const Registration<LstmNoForget> registration;

}  // namespace
}  // namespace recurra::rnn
