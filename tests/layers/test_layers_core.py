"""Dense, Flatten, Activation, Dropout, Lambda, Identity, activation layers; what `Layer` does for all of them."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import recurra
from recurra import Input, Tensor, layers, ops, random, saving
from recurra.layers import Dense, Dropout, Flatten, InputSpec, Lambda, Layer, masks
from recurra.layers.symbolic import SymbolicTensor
from recurra.tensor import Variable
from tests.support.layer_examination import examine


@saving.register_serializable("recurra-tests")
def last_two_steps(x):
    return x[:, -2:, :]


CASES = [
    (lambda **k: Dense(4, **k), (5, 3), (5, 4), 16, ["kernel", "bias"]),
    (lambda **k: Dense(4, "tanh", use_bias=False, **k), (5, 3), (5, 4), 12, ["kernel"]),
    (lambda **k: Dense(7, "softmax", kernel_regularizer="l2", **k), (2, 3, 5), (2, 3, 7), 42, ["kernel", "bias"]),
    (lambda **k: Dense(1, activation="sigmoid", **k), (1, 1), (1, 1), 2, ["kernel", "bias"]),
    (lambda **k: Flatten(**k), (5, 3, 2), (5, 6), 0, []),
    (lambda **k: Flatten(data_format="channels_first", **k), (2, 3, 2, 2), (2, 12), 0, []),
    (lambda **k: Flatten(**k), (5,), (5, 1), 0, []),
    (lambda **k: layers.Activation("tanh", **k), (5, 3), (5, 3), 0, []),
    (lambda **k: layers.Identity(**k), (5, 3), (5, 3), 0, []),
    (lambda **k: Dropout(0.5, **k), (5, 3), (5, 3), 0, []),
    (lambda **k: Lambda(last_two_steps, **k), (5, 3, 2), (5, 2, 2), 0, []),
    (lambda **k: layers.ReLU(max_value=1.0, negative_slope=0.1, **k), (5, 3), (5, 3), 0, []),
    (lambda **k: layers.ReLU(threshold=0.5, negative_slope=0.2, **k), (5, 3), (5, 3), 0, []),
    (lambda **k: layers.LeakyReLU(**k), (5, 3), (5, 3), 0, []),
    (lambda **k: layers.ELU(alpha=0.7, **k), (5, 3), (5, 3), 0, []),
    (lambda **k: layers.Softmax(**k), (5, 3), (5, 3), 0, []),
    (lambda **k: layers.Softmax(axis=(1, 2), **k), (2, 3, 4), (2, 3, 4), 0, []),
]


@pytest.mark.parametrize(("make", "input_shape", "output_shape", "parameters", "names"), CASES)
def test_examination(make, input_shape, output_shape, parameters, names, tmp_path):
    examine(
        make,
        input_shape,
        output_shape=output_shape,
        parameters=parameters,
        weight_names=names,
        tmp_path=tmp_path,
    )


def test_examination_of_dropout_in_training():
    examine(lambda **k: Dropout(0.4, **k), (4, 3), training=True)
    examine(lambda **k: Dropout(0.4, noise_shape=(None, 1, None), **k), (4, 3, 2), training=True)


def test_examination_finds_a_wrong_gradient():
    @saving.register_serializable("recurra-tests")
    class Wrong(Layer):
        def call(self, x):
            return x.detach() * x

    with pytest.raises(AssertionError):
        examine(lambda **k: Wrong(**k), (2, 3))


# ---- formulas


def test_dense_computes_its_formula(rng):
    layer = Dense(4, activation="relu")
    x = rng.normal(size=(2, 5, 3)).astype("float32")
    layer.build((None, 5, 3))
    kernel, bias = rng.normal(size=(3, 4)).astype("float32"), rng.normal(size=4).astype("float32")
    layer.set_weights([kernel, bias])
    np.testing.assert_allclose(layer(x), np.maximum(x @ kernel + bias, 0), rtol=1e-5, atol=1e-6)


def test_flatten_orders_channels_last_then_first(rng):
    x = rng.normal(size=(2, 3, 4)).astype("float32")
    np.testing.assert_array_equal(Flatten()(x), x.reshape(2, 12))
    np.testing.assert_array_equal(Flatten(data_format="channels_first")(x), x.transpose(0, 2, 1).reshape(2, 12))


def test_flatten_of_an_empty_batch():
    assert Flatten()(np.zeros((0, 3, 4), "float32")).shape == (0, 12)


def test_dense_of_an_empty_batch():
    assert Dense(2)(np.zeros((0, 3), "float32")).shape == (0, 2)


def test_relu_layer_with_all_options():
    x = np.array([-2.0, -0.5, 0.0, 0.4, 0.5, 1.0, 9.0], "float32")
    expected = np.where(x > 0.5, np.minimum(x, 3.0), 0.1 * (x - 0.5))
    np.testing.assert_allclose(
        layers.ReLU(max_value=3.0, negative_slope=0.1, threshold=0.5)(x), expected.astype("float32"), rtol=1e-6
    )


def test_dropout_keeps_the_mean_and_scales():
    random.set_seed(3)
    x = np.ones((100, 100), "float32")
    layer = Dropout(0.25)
    assert layer(x).numpy() is not None
    np.testing.assert_array_equal(layer(x), x)
    y = np.array(layer(x, training=True))
    assert set(np.unique(y)) == {0.0, np.float32(1 / 0.75)}
    assert abs((y == 0).mean() - 0.25) < 0.02


def test_dropout_noise_shape_shares_the_mask():
    y = np.array(Dropout(0.5, noise_shape=(None, 1, None))(np.ones((8, 6, 5), "float32"), training=True))
    assert (y == y[:, :1]).all()
    assert 0 < (y == 0).mean() < 1


def test_dropout_of_rate_one_is_zero_and_of_rate_zero_nothing():
    x = np.ones((3, 4), "float32")
    assert not np.array(Dropout(1.0)(x, training=True)).any()
    np.testing.assert_array_equal(Dropout(0.0)(x, training=True), x)


def test_dropout_with_a_seed_repeats():
    x = np.ones((20, 20), "float32")
    first, second, third = (Dropout(0.5, seed=s)(x, training=True).numpy() for s in (1, 1, 2))
    assert (first == second).all()
    assert (first != third).any()


def test_softmax_with_a_mask():
    x = np.array([[1.0, 2.0, 3.0]], "float32")
    y = np.array(layers.Softmax()(x, mask=np.array([[True, False, True]])))
    e = np.exp([1.0, 3.0])
    np.testing.assert_allclose(y, [[e[0] / e.sum(), 0, e[1] / e.sum()]], rtol=1e-6)


def test_lambda_passes_arguments_mask_and_training():
    seen = {}

    def function(x, factor, mask=None, training=None):
        seen.update(mask=mask, training=training)
        return x * factor

    layer = Lambda(function, arguments={"factor": 3.0})
    x = np.ones((2, 3), "float32")
    np.testing.assert_array_equal(layer(x, training=True), 3 * x)
    assert seen == {"mask": None, "training": True}


def test_lambda_output_shape():
    x = Input((5, 3))
    assert Lambda(lambda t: t[:, -2:, :])(x).shape == (None, 2, 3)
    assert Lambda(lambda t: t[:, -1], output_shape=(3,))(x).shape == (None, 3)
    assert Lambda(lambda t: ops.sum(t, axis=0))(x).shape == (5, 3)
    assert Lambda(lambda t: ops.concatenate([t, t], axis=0))(x).shape == (None, 5, 3)
    open_time = Input((None, 3))
    assert Lambda(lambda t: t[:, -20:])(open_time).shape == (None, 20, 3)
    assert Lambda(lambda t: t[:, 1:])(open_time).shape == (None, None, 3)


def test_lambda_with_an_anonymous_function_cannot_be_saved():
    with pytest.raises(TypeError, match=r"layer 'halves' \(Lambda\).*register_serializable"):
        saving.serialize(Lambda(lambda x: x / 2, name="halves"))


# ---- what Layer does


class Scale(Layer):
    """A layer as a user writes one, without get_config."""

    def __init__(self, start=2.0):
        super().__init__()
        self.start = start

    def build(self, input_shape):
        self.factor = self.add_weight((input_shape[-1],), initializer=recurra.initializers.Constant(self.start))
        self.count = self.add_weight((), initializer="zeros", trainable=False, name="count")

    def call(self, x):
        return x * self.factor


def test_names_are_counted_for_each_class():
    from recurra.layers import naming

    naming.reset_names()
    names = [layer.name for layer in (Dense(1), Dense(1), layers.LeakyReLU(), Dense(1, name="mine"), Dense(1))]
    assert names == ["dense", "dense_1", "leaky_re_lu", "mine", "dense_2"]


@pytest.mark.parametrize(
    ("class_name", "name"),
    [("SimpleRNN", "simple_rnn"), ("GRU", "gru"), ("LSTMCell", "lstm_cell"), ("MaxPooling1D", "max_pooling1d"),
     ("GlobalMaxPooling1D", "global_max_pooling1d"), ("Conv1DTranspose", "conv1d_transpose"), ("RNN", "rnn")],
)  # fmt: skip
def test_snake_case(class_name, name):
    from recurra.layers.naming import snake_case

    assert snake_case(class_name) == name


def test_build_happens_once_with_the_shape():
    shapes = []

    class Watching(Layer):
        def build(self, input_shape):
            shapes.append(input_shape)

        def call(self, x):
            return x

    layer = Watching()
    layer(np.zeros((4, 3), "float32"))
    layer(np.zeros((7, 3), "float32"))
    assert shapes == [(4, 3)]
    assert layer.built


def test_build_of_several_inputs():
    seen = {}

    class Two(Layer):
        def build(self, query_shape, value_shape):
            seen.update(query=query_shape, value=value_shape)

        def call(self, query, value):
            return query

    Two()(np.zeros((2, 3)), value=np.zeros((2, 5)))
    assert seen == {"query": (2, 3), "value": (2, 5)}


def test_a_failing_build_leaves_no_weights():
    class Fails(Layer):
        def build(self, input_shape):
            self.add_weight((3,), name="half")
            raise ValueError("no")

        def call(self, x):
            return x

    layer = Fails(name="unlucky")
    with pytest.raises(ValueError, match=r"^layer 'unlucky' \(Fails\): no$"):
        layer(np.zeros((2, 3)))
    assert layer.weights == []
    assert not layer.built


def test_build_calls_super_build_once():
    class Base(Layer):
        def build(self, input_shape):
            self.a = self.add_weight((2,), name="a")

        def call(self, x):
            return x

    class Derived(Base):
        def build(self, input_shape):
            super().build(input_shape)
            assert not self.built
            self.b = self.add_weight((3,), name="b")

    layer = Derived()
    layer.build((None, 2))
    assert [weight.name for weight in layer.weights] == ["a", "b"]
    assert layer.built


def test_inputs_are_cast_to_the_dtype_of_the_layer():
    assert Dense(2)(np.zeros((1, 3))).dtype == "float32"
    assert Dense(2, dtype="float64")(np.zeros((1, 3), "float32")).dtype == "float64"
    assert layers.Identity()(np.zeros((1, 3), "int32")).dtype == "int32"
    assert layers.Identity()(Tensor(np.zeros((1, 3)))).dtype == "float32"
    assert layers.Identity()([[1.0, 2.0]]).shape == (1, 2)


def test_big_endian_and_strided_arrays_are_taken():
    x = np.arange(12, dtype=">f4").reshape(3, 4)
    np.testing.assert_array_equal(layers.Identity()(x), x.astype("float32"))
    np.testing.assert_array_equal(layers.Identity()(x[:, ::2]), x[:, ::2].astype("float32"))


def test_training_reaches_inner_layers():
    seen = []

    class Inner(Layer):
        def call(self, x, training=False):
            seen.append(training)
            return x

    class Outer(Layer):
        def __init__(self):
            super().__init__()
            self.inner = Inner()

        def call(self, x):
            return self.inner(x)

    outer, x = Outer(), np.zeros((1, 2), "float32")
    outer(x)
    outer(x, training=True)
    outer(x, training=False)
    outer(x)
    outer.inner(x, training=True)
    assert seen == [False, True, False, False, True]


def test_training_is_restored_after_an_error():
    class Raises(Layer):
        def call(self, x, training=False):
            if training:
                raise ValueError("stop")
            return x

    layer, dropout, x = Raises(), Dropout(0.9), np.ones((4, 4), "float32")
    with pytest.raises(ValueError, match="stop"):
        layer(x, training=True)
    np.testing.assert_array_equal(dropout(x), x)


def test_layers_and_variables_in_attributes_are_found():
    class Nest(Layer):
        def __init__(self):
            super().__init__()
            self.pair = [Scale(), {"deep": Scale()}]
            self.own = Variable(np.zeros(3, "float32"), name="own")
            self.shared = self.pair[0]

        def call(self, x):
            return self.pair[1]["deep"](self.pair[0](x)) + self.own

    nest = Nest()
    nest(np.ones((2, 3), "float32"))
    nest.pair.append(Scale())
    nest.pair[2].build((None, 3))
    assert [weight.name for weight in nest.weights] == ["own", *["weight_0", "count"] * 3]
    assert len(nest.trainable_weights) == 4
    assert len(nest.non_trainable_weights) == 3
    assert nest.count_params() == 3 + 3 * 4
    assert list(nest._named_weights()) == [
        "own", "scale/weight_0", "scale/count", "scale_1/weight_0", "scale_1/count", "scale_2/weight_0", "scale_2/count"
    ]  # fmt: skip


def test_freezing_and_thawing():
    layer = Scale()
    layer.build((None, 3))
    layer.trainable = False
    assert layer.trainable_weights == []
    assert [w.name for w in layer.weights] == ["weight_0", "count"]
    assert not any(weight.requires_grad for weight in layer.weights)
    layer.trainable = False
    layer.trainable = True
    assert [w.name for w in layer.trainable_weights] == ["weight_0"]
    assert layer.factor.requires_grad
    assert not layer.count.requires_grad
    frozen = Dense(2, trainable=False)
    frozen.build((None, 3))
    assert frozen.trainable_weights == []
    assert len(frozen.non_trainable_weights) == 2


def test_set_weights_changes_all_or_nothing():
    layer = Dense(2, name="head")
    layer.build((None, 3))
    before = layer.get_weights()
    with pytest.raises(
        ValueError, match=r"layer 'head' \(Dense\): bias has shape \(2,\), got an array of shape \(3,\)"
    ):
        layer.set_weights([np.ones((3, 2)), np.ones(3)])
    with pytest.raises(ValueError, match="expected 2 arrays, got 1"):
        layer.set_weights([np.ones((3, 2))])
    with pytest.raises(TypeError, match="bias needs numbers"):
        layer.set_weights([np.ones((3, 2)), np.array(["a", "b"])])
    for old, new in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    layer.get_weights()[0][...] = 7
    np.testing.assert_array_equal(layer.get_weights()[0], before[0])


def test_losses_of_weights_activity_and_add_loss():
    class Adds(Layer):
        def call(self, x):
            self.add_loss(ops.sum(x))
            return x

    x = np.full((2, 3), 2.0, "float32")
    dense = Dense(
        1, kernel_initializer="ones", kernel_regularizer=recurra.regularizers.L2(0.5), activity_regularizer="l1"
    )
    dense(x)
    assert [float(loss.item()) for loss in dense.losses] == pytest.approx([0.01 * 12 / 2, 0.5 * 3])
    model = recurra.Sequential([Adds(), dense])
    for _ in range(2):
        model(x)
        assert [loss.item() for loss in model.losses] == pytest.approx([12.0, 0.06, 1.5])
    dense.trainable = False
    assert [loss.item() for loss in model.losses] == pytest.approx([12.0, 0.06])


def test_losses_belong_to_the_last_call():
    class Sometimes(Layer):
        def call(self, x, training=False):
            if training:
                self.add_loss(ops.sum(x))
            return x

    model = recurra.Sequential([Sometimes()])
    x = np.ones((1, 2), "float32")
    model(x, training=True)
    assert len(model.losses) == 1
    model(x)
    assert model.losses == []


def test_configuration_of_a_layer_without_get_config():
    layer = Scale(3.0)
    assert layer.get_config() == {"start": 3.0, "name": layer.name, "trainable": True, "dtype": "float32"}
    twin = Scale.from_config(layer.get_config())
    assert (twin.start, twin.name) == (3.0, layer.name)

    class Takes(Layer):
        def __init__(self, thing):
            super().__init__()

        def call(self, x):
            return x

    with pytest.raises(TypeError, match=r"its argument thing=.* define get_config"):
        Takes(object()).get_config()


def test_input_spec():
    class Picky(Layer):
        def __init__(self, spec):
            super().__init__(name="picky")
            self.input_spec = spec

        def call(self, x):
            return x

    def complaint(spec, shape):
        with pytest.raises(ValueError, match=r"layer 'picky' \(Picky") as error:
            Picky(spec)(np.zeros(shape, "float32"))
        return str(error.value)

    assert "expected an input with 3 axes (batch, time, features), got shape (2, 3)" in complaint(
        InputSpec(ndim=3), (2, 3)
    )
    assert "at least 3 axes" in complaint(InputSpec(min_ndim=3), (2, 3))
    assert "at most 1 axes" in complaint(InputSpec(max_ndim=1), (2, 3))
    assert "expected 4 features on the last axis, got shape (2, 3)" in complaint(InputSpec(axes={-1: 4}), (2, 3))
    assert "expected 4 elements on axis 1" in complaint(InputSpec(axes={1: 4}), (2, 3))
    assert "expected an input of shape (None, 4)" in complaint(InputSpec(shape=(None, 4)), (2, 3))
    Picky(InputSpec(shape=(None, 3), axes={-1: 3}))(np.zeros((2, 3), "float32"))


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Dense(0), ValueError, r"Dense: units must be an integer >= 1, got 0"),
        (lambda: Dense(2.5), ValueError, r"Dense: units must be an integer >= 1, got 2.5"),
        (lambda: Dense(2, activation="rleu"), ValueError, r"unknown activation 'rleu'; did you mean 'relu'"),
        (lambda: Dense(2, kernel_initializer="gorot"), ValueError, r"unknown initializer 'gorot'"),
        (lambda: Dense(2, kernel_regularizer="l3"), ValueError, r"unknown regularizer 'l3'"),
        (lambda: Dense(2, kernel_constraint="big"), ValueError, r"unknown constraint 'big'"),
        (lambda: Dense(2, unit=3), ValueError, r"Dense has no argument 'unit'"),
        (lambda: Dense(2, name="a/b"), ValueError, r"must not contain '/'"),
        (lambda: Dense(2, name=3), ValueError, r"name must be a string"),
        (lambda: Dense(2, trainable="yes"), ValueError, r"trainable must be True or False"),
        (lambda: Dense(2, dtype="float16"), ValueError, r"dtype 'float16' is not supported"),
        (lambda: Dropout(1.5), ValueError, r"Dropout: rate must be a number in \[0, 1\], got 1.5"),
        (lambda: Flatten(data_format="last"), ValueError, r"Flatten: data_format"),
        (lambda: layers.ReLU(max_value=-1), ValueError, r"ReLU: max_value must be a number >= 0"),
        (lambda: Lambda("x + 1"), TypeError, r"Lambda: expected a function"),
        (lambda: Dense(2).kernel, AttributeError, r"has no attribute 'kernel'; it is not built yet"),
        (lambda: Dense(2, name="d").count_params(), ValueError, r"layer 'd' \(Dense\) has no weights to count yet"),
        (lambda: Dense(2)(np.zeros(3)), ValueError, r"at least 2 axes, got shape \(3,\)"),
        (lambda: Dense(2)(np.array([["a"]])), TypeError, r"layer 'dense.*expected numbers"),
        (lambda: Dense(2)(Input((None,))), ValueError, r"extent .* not known"),
        (lambda: Dense(2).output, ValueError, r"not part of a graph yet"),
    ],
)
def test_bad_arguments(make, error, words):
    with pytest.raises(error, match=words) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_wrong_feature_count_names_the_layer():
    layer = Dense(2, name="head")
    layer(np.zeros((4, 3), "float32"))
    with pytest.raises(
        ValueError, match=r"layer 'head' \(Dense\): expected 3 features on the last axis, got shape \(4, 5\)"
    ):
        layer(np.zeros((4, 5), "float32"))


def test_forgotten_super_init():
    class Forgets(Layer):
        def __init__(self):
            self.units = 3

    with pytest.raises(AttributeError, match=r"must call super\(\).__init__\(\) first"):
        Forgets()(np.zeros((1, 2)))


def test_unknown_call_arguments_are_refused():
    with pytest.raises(TypeError, match="unexpected keyword"):
        Dense(2)(np.zeros((1, 2)), maks=None)


# ---- masks


class Masks(Layer):
    """Marks zeros of an integer sequence as padding."""

    def call(self, x):
        return ops.cast(ops.expand_dims(x, -1), "float32")

    def compute_mask(self, inputs, mask=None):
        return ops.not_equal(inputs, 0)


class Records(Layer):
    def __init__(self):
        super().__init__()
        self.supports_masking = True
        self.seen = []

    def call(self, x, mask=None):
        self.seen.append(None if mask is None else np.array(mask))
        return x


TOKENS = np.array([[1, 2, 0], [3, 0, 0]], "int32")


def test_masks_travel_through_layers_that_support_them():
    records = Records()
    x = Masks()(TOKENS)
    y = Dropout(0.5)(Dense(2)(x))
    records(y)
    records(y)
    np.testing.assert_array_equal(records.seen[0], TOKENS != 0)
    np.testing.assert_array_equal(records.seen[1], TOKENS != 0)


def test_masks_travel_through_models():
    sequential_records, functional_records = Records(), Records()
    recurra.Sequential([Masks(), Dense(2), sequential_records])(TOKENS)
    i = Input((3,), dtype="int32")
    recurra.Model(i, functional_records(Dense(2)(Masks()(i))))(TOKENS)
    np.testing.assert_array_equal(sequential_records.seen[-1], TOKENS != 0)
    np.testing.assert_array_equal(functional_records.seen[-1], TOKENS != 0)
    outside = Records()
    outside(recurra.Sequential([Masks(), Dense(2)])(TOKENS))
    np.testing.assert_array_equal(outside.seen[-1], TOKENS != 0)


def test_a_mask_given_by_hand_wins():
    records = Records()
    own = np.array([[True, False, False], [True, True, True]])
    records(Masks()(TOKENS), mask=own)
    np.testing.assert_array_equal(records.seen[0], own)
    model = recurra.Sequential([Dense(2), Records()])
    model(np.zeros((2, 3, 1), "float32"), mask=own)
    np.testing.assert_array_equal(model.layers[1].seen[-1], own)


def test_masks_end_at_layers_that_do_not_support_them():
    records = Records()
    x = Masks()(TOKENS)
    with pytest.warns(UserWarning, match="does not support masking"):
        y = Flatten(name="flat")(x)
    records(y)
    assert records.seen == [None]


def test_no_warning_without_a_mask():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Lambda(lambda x: x * 2.0)(np.zeros((2, 3), "float32"))
        Flatten()(np.zeros((2, 3), "float32"))


def test_the_mask_table_empties():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        x = Masks()(TOKENS)
        assert masks.mask_of(x) is not None
        before = len(masks.table)
        del x
    assert len(masks.table) == before - 1


def test_masks_survive_the_cast():
    records = Records()
    x = Tensor(np.zeros((2, 3, 1)))
    masks.attach_mask(x, Tensor(TOKENS != 0))
    records(x)
    np.testing.assert_array_equal(records.seen[0], TOKENS != 0)


# ---- symbolic tensors


def test_operators_of_symbolic_tensors(rng):
    i = Input((4,))
    expressions = [
        lambda x: x + 1, lambda x: 1 + x, lambda x: x - 2, lambda x: 2 - x, lambda x: x * 3, lambda x: 3 * x,
        lambda x: x / 2, lambda x: 2 / x, lambda x: x**2, lambda x: -x, lambda x: abs(x), lambda x: x[:, 1:3],
        lambda x: x @ np.ones((4, 2), "float32"), lambda x: x > 0, lambda x: x <= 0.5, lambda x: x[:, 0],
    ]  # fmt: skip
    x = rng.normal(size=(3, 4)).astype("float32")
    for expression in expressions:
        model = recurra.Model(i, expression(i))
        expected = expression(x)
        assert model.output_shape == (None, *expected.shape[1:])
        np.testing.assert_allclose(np.array(model(x)), expected, rtol=1e-6)


def test_symbolic_tensors_have_no_values():
    x = SymbolicTensor((None, 3), name="x")
    with pytest.raises(TypeError, match="no value"):
        bool(x)
    with pytest.raises(TypeError, match="no values to make a NumPy array"):
        np.asarray(x)
    with pytest.raises(TypeError, match="has no length"):
        len(x)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "give the shape of one sample"),
        ({"shape": (3,), "batch_shape": (2, 3)}, "either batch_shape or shape"),
        ({"shape": (3.5,)}, "extents must be integers"),
        ({"shape": (-1,)}, "extents must be integers"),
    ],
)
def test_bad_inputs(arguments, words):
    with pytest.raises(ValueError, match=words):
        Input(**arguments)


def test_input_shapes():
    assert Input((None, 3)).shape == (None, None, 3)
    assert Input(3, batch_size=2).shape == (2, 3)
    assert Input(batch_shape=(4, None)).shape == (4, None)
    assert Input((2,), dtype="int32").dtype == "int32"
