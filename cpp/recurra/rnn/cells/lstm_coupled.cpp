// Long short-term memory whose forget gate is one minus its input gate; Greff et al. 2015.
#include "recurra/rnn/cells/lstm.h"
#include "recurra/rnn/registration.h"

namespace recurra::rnn {
namespace {

struct LstmCoupled : LstmStep<Forget::coupled> {
  static constexpr const char* name = "lstm_coupled";
  static constexpr int input_block[] = {0, 1, 2};
  static constexpr int recurrent_block[] = {0, 1, 2};
  static constexpr Stage stages[] = {{0, 3}};
};

const Registration<LstmCoupled> registration;

}  // namespace
}  // namespace recurra::rnn
