"""Sequential, functional and subclassed models: structure, shapes, shared layers, configuration, errors."""

from __future__ import annotations

import json

import numpy as np
import pytest

import recurra
from recurra import Input, Model, Sequential, layers, models, ops, saving
from recurra.layers import Dense, Dropout, Flatten, Lambda, Layer, operation
from tests.support.small_models import TwoHeads, diamond, same


def array(*shape):
    return np.random.default_rng(1).normal(size=shape).astype("float32")


def graph(make, *shape, **options):
    """A functional model of one input and what `make` makes of it."""
    i = Input(shape, **options)
    return Model(i, make(i))


@saving.register_serializable("recurra-tests")
class Doubles(Layer):
    def call(self, x, mask=None):
        return x * 2.0


# ---- Sequential


def test_sequential_from_a_list_and_by_add():
    listed = Sequential([Input((3,)), Dense(4, activation="relu"), Dense(2)])
    added = Sequential()
    added.add(Dense(4, activation="relu", input_shape=(3,)))
    added.add(Dense(2))
    added.set_weights(listed.get_weights())
    x = array(5, 3)
    same(listed(x), added(x))
    expected = np.maximum(x @ listed.get_weights()[0] + listed.get_weights()[1], 0) @ listed.get_weights()[2]
    np.testing.assert_allclose(np.array(listed(x)), expected + listed.get_weights()[3], rtol=1e-5, atol=1e-6)
    for model in (listed, added):
        assert model.built
        assert (model.input_shape, model.output_shape) == ((None, 3), (None, 2))
        assert [layer.units for layer in model.layers] == [4, 2]
        assert model.count_params() == 3 * 4 + 4 + 4 * 2 + 2
        assert len(model.inputs) == len(model.outputs) == 1


@pytest.mark.parametrize(
    "arguments",
    [{"input_shape": (7, 3)}, {"batch_input_shape": (None, 7, 3)}, {"input_shape": (7, 3), "batch_size": None}],
)
def test_first_layer_may_tell_the_shape(arguments):
    model = Sequential([Dense(4, **arguments)])
    assert model.output_shape == (None, 7, 4)
    twin = Sequential.from_config(model.get_config())
    assert twin.input_shape == (None, 7, 3)


def test_input_dim_and_fixed_batch():
    assert Sequential([Dense(4, input_dim=3)]).input_shape == (None, 3)
    assert Sequential([Dense(4, batch_input_shape=(8, 3))]).input_shape == (8, 3)
    assert Sequential([Dense(4, input_shape=(3,), batch_size=8)]).input_shape == (8, 3)


def test_sequential_is_built_by_its_first_data():
    model = Sequential([Dense(4), Flatten(), Dense(2)])
    assert not model.built
    assert model.weights == []
    with pytest.raises(ValueError, match="has no input yet"):
        _ = model.input_shape
    model(array(5, 6, 3))
    assert model.built
    assert (model.input_shape, model.output_shape) == ((None, 6, 3), (None, 2))
    assert model(array(1, 6, 3)).shape == (1, 2)


def test_sequential_is_built_by_build():
    model = Sequential([Dense(4), Dense(2)])
    model.build((None, 7, 3))
    assert model.output_shape == (None, 7, 2)
    assert len(model.weights) == 4


def test_pop_takes_the_last_layer_off():
    model = Sequential([Input((3,)), Dense(4), Dense(2)])
    last = model.pop()
    assert last.units == 2
    assert model.output_shape == (None, 4)
    assert len(model.weights) == 2
    model.add(Dense(7))
    assert model(array(2, 3)).shape == (2, 7)
    unbuilt = Sequential([Dense(1)])
    unbuilt.pop()
    with pytest.raises(ValueError, match="no layer to pop"):
        unbuilt.pop()


def test_layers_added_after_the_first_data_are_built():
    model = Sequential([Dense(4)])
    model(array(2, 3))
    model.add(Dense(5))
    assert model.output_shape == (None, 5)
    assert len(model.weights) == 4


def test_a_layer_that_does_not_fit_is_not_added():
    model = Sequential([Input((3,)), Dense(4, name="first")])
    with pytest.raises(ValueError, match=r"layer 'deep' \(Picky\): expected an input with 3 axes"):
        model.add(picky(3, name="deep"))
    assert [layer.name for layer in model.layers] == ["first"]
    assert model(array(2, 3)).shape == (2, 4)


def picky(ndim, name):
    class Picky(Doubles):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.input_spec = layers.InputSpec(ndim=ndim)

    return Picky(name=name)


def test_models_are_layers():
    inner = Sequential([Input((3,)), Dense(4), Dense(2)], name="inner")
    outer = Sequential([inner, Dense(1)])
    assert outer.built
    assert outer.input_shape == (None, 3)
    assert len(outer.weights) == 6
    x = array(5, 3)
    same(outer(x), outer.layers[1](inner(x)))
    i = Input((3,))
    functional = Model(i, inner(i))
    same(functional(x), inner(x))
    around = Sequential([Input((3,)), functional])
    same(around(x), inner(x))


# ---- functional


def test_diamond_computes_its_formula():
    model, x = diamond(), array(5, 3)
    wl, bl, wr, br, wt, bt = (np.random.default_rng(i).normal(size=w.shape) for i, w in enumerate(model.weights))
    model.set_weights([wl, bl, wr, br, wt, bt])
    expected = np.tanh(x @ wl + bl + x @ wr + br) @ wt + bt
    np.testing.assert_allclose(np.array(model(x)), expected, rtol=1e-4, atol=1e-5)
    assert [layer.name for layer in model.layers if layer.weights] == ["left", "right", "top"]
    assert model.layers[0].name == "x"
    assert (model.input_names, model.output_names) == (["x"], ["top"])
    assert model.get_layer("left") is model.layers[1]
    assert model.get_layer(index=-1).name == "top"


def test_shared_layers_have_one_set_of_weights():
    shared, i, j = Dense(4), Input((3,)), Input((3,))
    model = Model([i, j], ops.concatenate([shared(i), shared(j)], axis=-1))
    x, y = array(5, 3), array(5, 3) + 1
    assert len(model.weights) == 2
    result = np.array(model([x, y]))
    same(result[:, :4], shared(x))
    same(result[:, 4:], shared(y))
    loss = ops.sum(model([x, y]))
    loss.backward()
    np.testing.assert_allclose(shared.bias.grad.numpy(), np.full(4, 10.0), rtol=1e-6)


def test_many_inputs_and_outputs_in_any_structure():
    a, b = Input((2,), name="a"), Input((3,), name="b")
    joined = ops.concatenate([a, b], axis=-1)
    model = Model({"a": a, "b": b}, {"sum": Dense(1)(joined), "parts": [joined, a]})
    x, y = array(4, 2), array(4, 3)
    result = model({"b": y, "a": x, "unused": x})
    assert result["sum"].shape == (4, 1)
    same(result["parts"][0], np.concatenate([x, y], -1))
    same(model([x, y])["parts"][1], x)
    assert model.output_shape == {"sum": (None, 1), "parts": [(None, 5), (None, 2)]}
    assert model.input_shape == {"a": (None, 2), "b": (None, 3)}
    listed = Model([a, b], joined)
    same(listed({"a": x, "b": y}), np.concatenate([x, y], -1))
    with pytest.raises(ValueError, match="no data for the input 'b'"):
        listed({"a": x})


def test_an_input_may_be_an_output_and_unused():
    i, j = Input((2,)), Input((3,))
    model = Model([i, j], [i, i * 2.0])
    x = array(4, 2)
    first, second = model([x, array(4, 3)])
    same(first, x)
    same(second, 2 * x)


def test_models_may_be_cut_out_of_models():
    whole = Sequential([Input((3,)), Dense(4, name="a"), Dense(5, name="b"), Dense(2, name="c")])
    x = array(6, 3)
    features = Model(whole.inputs, whole.get_layer("b").output)
    same(features(x), whole.layers[1](whole.layers[0](x)))
    tail = Model(whole.get_layer("a").output, whole.output)
    same(tail(np.array(whole.layers[0](x))), whole(x))
    assert tail.input_shape == (None, 4)
    twin = Model.from_config(json.loads(json.dumps(tail.get_config())))
    twin.set_weights(tail.get_weights())
    same(twin(array(2, 4)), tail(array(2, 4)))


def test_multi_output_layers_in_graphs():
    class Splits(Layer):
        def call(self, x):
            return x[:, :1], x[:, 1:]

    i = Input((3,))
    left, right = Splits()(i)
    assert (left.shape, right.shape) == ((None, 1), (None, 2))
    model, x = Model(i, [right, left]), array(4, 3)
    same(model(x)[0], x[:, 1:])
    same(model(x)[1], x[:, :1])


def test_call_arguments_are_part_of_the_graph():
    class Adds(Layer):
        def call(self, x, other=None, scale=1.0):
            return x + scale * other

    i, j = Input((3,)), Input((3,))
    model = Model([i, j], Adds()(i, other=j, scale=2.0))
    x, y = array(4, 3), array(4, 3) + 1
    np.testing.assert_allclose(np.array(model([x, y])), x + 2 * y, rtol=1e-6)


def test_deep_graphs_need_no_recursion():
    x = i = Input((2,))
    shared = Doubles()
    for _ in range(1500):
        x = shared(x)
    assert len(Model(i, x)._graph.nodes) == 1500


def test_ranks_are_mended_where_the_meaning_is_clear():
    model = graph(lambda i: i * 1.0, 1)
    assert model(array(5)).shape == (5, 1)
    flat = graph(lambda i: i * 1.0)
    assert flat(array(5, 1)).shape == (5,)
    with pytest.raises(ValueError, match=r"input 'x' expects shape \(samples, 3\), got \(5,\)"):
        graph(lambda i: i * 1.0, 3, name="x")(array(5))


def test_integer_inputs_keep_and_get_their_dtype():
    model = graph(lambda i: i + 0, 2, dtype="int32")
    assert model(np.array([[1, 2]])).dtype == "int32"
    assert model(np.array([[1.0, 2.0]])).dtype == "int32"
    assert graph(lambda i: i + 0.0, 2)(np.array([[1, 2]])).dtype == "float32"


def test_reconnected_graph_has_new_outputs():
    model = diamond()
    j = Input((3,), name="other")
    again = Model(j, model(j))
    x = array(2, 3)
    same(again(x), model(x))
    assert again.count_params() == model.count_params()
    assert model.compute_output_shape((7, 3)) == (7, 1)


# ---- subclasses


def test_subclass_builds_and_counts():
    model = TwoHeads(4)
    left, right = model(array(5, 3))
    assert (left.shape, right.shape) == ((5, 1), (5, 2))
    assert model.count_params() == 16 + 5 + 10
    assert [layer.name for layer in model.layers] == [model.body.name, "left", "right", model.dropout.name]
    assert model.built
    built = TwoHeads(4)
    built.build((None, 3))
    assert built.count_params() == 31
    assert built.compute_output_shape((None, 3)) == [(None, 1), (None, 2)]
    i = Input((3,))
    functional = Model(i, TwoHeads(4)(i))
    assert functional.output_shape == [(None, 1), (None, 2)]
    assert functional.count_params() == 31


def test_subclass_gets_training():
    model = TwoHeads(64)
    x = array(5, 3)
    same(model(x)[0], model(x)[0])
    recurra.random.set_seed(1)
    assert (np.array(model(x, training=True)[0]) != np.array(model(x)[0])).any()


def test_what_the_trainer_keeps_is_not_the_models_own():
    model = Sequential([Input((3,)), Dense(4)])
    model.compile("sgd", "mse")
    model.fit(array(4, 3), array(4, 4), epochs=1, verbose=0)
    model.optimizer = list(model.weights)
    assert model._own_weights() == []
    assert list(model.state_dict()) == ["dense/kernel", "dense/bias"]


def test_layers_are_ordered_as_in_keras():
    i = Input((3,), name="x")
    shared = Dense(3, name="shared")
    short = Dense(3, name="short")(i)
    long = Dense(3, name="c")(Dense(3, name="b")(shared(i)))
    late = shared(short)
    assert [layer.name for layer in Model(i, [short, long, late]).layers] == ["x", "shared", "short", "b", "c"]
    assert [layer.name for layer in Model(i, [long, late, short]).layers] == ["x", "shared", "b", "short", "c"]


def test_subclass_over_a_graph():
    class Own(Model):
        def __init__(self):
            i = Input((3,))
            super().__init__(inputs=i, outputs=Dense(2)(i))
            self.extra = Dense(1)

    model = Own()
    assert model(array(4, 3)).shape == (4, 2)
    model.extra.build((None, 1))
    assert len(model.weights) == 4


def test_subclass_with_its_own_build():
    class Built(Model):
        def build(self, input_shape):
            self.w = self.add_weight((input_shape[-1],), initializer="ones", name="w")

        def call(self, x):
            return x * self.w

    model = Built()
    same(model(array(2, 3)), array(2, 3))
    assert [weight.name for weight in model.weights] == ["w"]


# ---- configuration


@pytest.mark.parametrize(
    "make",
    [
        lambda: Sequential([Input((3,)), Dense(4, "relu", kernel_regularizer="l2"), Dropout(0.1), Dense(2)], name="s"),
        lambda: Sequential([Dense(4)]),
        diamond,
        lambda: TwoHeads(4, name="heads"),
        lambda: graph(lambda i: [i[:, -1], ops.reshape(i, (-1, 15)), Doubles()(i, mask=None)], 5, 3),
        lambda: graph(Sequential([Dense(2), Dense(2, name="inner")]), 3),
    ],
    ids=["sequential", "unbuilt", "diamond", "subclass", "ops", "nested"],
)
def test_configuration_round_trip(make):
    model = make()
    twin = models.model_from_json(model.to_json())
    assert type(twin) is type(model)
    assert json.loads(twin.to_json()) == json.loads(model.to_json())
    x = array(2, *(model.input_shape[1:] if model.inputs else (3,)))
    model(x), twin(x)
    twin.set_weights(model.get_weights())
    first, second = recurra.tree.flatten(model(x)), recurra.tree.flatten(twin(x))
    assert len(first) == len(second)
    for one, other in zip(first, second, strict=True):
        same(one, other)


def test_shared_layers_stay_shared_in_the_configuration():
    shared, i, j = Dense(4), Input((3,)), Input((3,))
    model = Model([i, j], [shared(i), shared(j)])
    assert len(Model.from_config(model.get_config()).weights) == 2
    assert len(models.clone_model(model).weights) == 2


def test_clone_has_new_weights():
    model = diamond()
    twin = models.clone_model(model)
    assert twin.weights[0] is not model.weights[0]
    assert (twin.get_weights()[0] != model.get_weights()[0]).any()


def test_frozen_layers_stay_frozen():
    model = Sequential([Input((3,)), Dense(4, trainable=False), Dense(2)])
    twin = Sequential.from_config(model.get_config())
    assert len(twin.trainable_weights) == 2
    model.trainable = False
    assert Sequential.from_config(model.get_config()).trainable_weights == []
    model.trainable = True
    assert len(model.trainable_weights) == 4


def test_anonymous_functions_are_refused():
    model = Sequential([Input((3,)), Lambda(lambda x: x)])
    with pytest.raises(TypeError, match="cannot be saved"):
        model.to_json()
    foreign = graph(lambda i: operation.apply(lambda x: x, (i,), {}), 3)
    with pytest.raises(TypeError, match=r"not one of recurra\.ops"):
        foreign.to_json()


def test_state_dict():
    model = diamond()
    state = model.state_dict()
    assert list(state) == ["left/kernel", "left/bias", "right/kernel", "right/bias", "top/kernel", "top/bias"]
    other = diamond()
    other.load_state_dict(state)
    same(other(array(2, 3)), model(array(2, 3)))
    del state["top/bias"]
    state["bottom/bias"] = np.zeros(1)
    with pytest.raises(ValueError, match="no array for top/bias; unknown bottom/bias"):
        other.load_state_dict(state)


# ---- errors


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Sequential([3]), TypeError, r"add expects a layer, got int"),
        (lambda: Sequential([Dense(2), Input((3,))]), ValueError, r"can only be the first"),
        (lambda: Sequential([Dense(2, name="a"), Dense(3, name="a")]), ValueError, r"a layer named 'a' already"),
        (lambda: Sequential(name="empty")(array(2, 3)), ValueError, r"model 'empty' has no layers"),
        (
            lambda: Sequential([Input((3,)), Dense(1)], name="s")(array(2, 4)),
            ValueError,
            r"model 's': input '.*' expects shape \(samples, 3\), got \(2, 4\)",
        ),
        (
            lambda: Sequential([Input((3,)), Dense(1)], name="s")(array(3)),
            ValueError,
            r"got \(3,\); x\[None\] makes one sample a batch",
        ),
        (lambda: Sequential([Dense(1)]).build(3), ValueError, r"build expects one input shape"),
        (lambda: Model(Input((3,)), Dense(1)(Input((3,), name="other"))), ValueError, r"depends on the Input 'other'"),
        (lambda: Model(Input((3,)), array(2, 3)), TypeError, r"outputs must be symbolic tensors"),
        (lambda: Model(Input((3,))), ValueError, r"give both inputs and outputs"),
        (lambda: graph(lambda i: Model([i, i], i), 3), ValueError, r"given twice"),
        (lambda: Model()(array(2, 3)), TypeError, r"defines no call"),
        (lambda: graph(lambda i: [Dense(1, name="a")(i), Dense(1, name="a")(i)], 3), ValueError, r"named 'a'"),
        (lambda: diamond()([array(2, 3)] * 2), ValueError, r"expected 1 input, got 2"),
        (lambda: diamond().get_layer("middle"), ValueError, r"has no layer 'middle'; it has x, left"),
        (lambda: diamond().get_layer(index=99), ValueError, r"none at index 99"),
        (lambda: diamond().get_layer(), ValueError, r"either a name or an index"),
        (
            lambda: models.model_from_json('{"class_name": "Sneaky", "config": {}}'),
            ValueError,
            r"unknown model 'Sneaky'",
        ),
        (lambda: models.model_from_json('{"class_name": "Dense", "config": {}}'), ValueError, r"unknown model 'Dense'"),
        (lambda: models.model_from_json("[1]"), ValueError, r"expected a description"),
        (lambda: Model.from_config({**diamond().get_config(), "nodes": [{}]}), ValueError, r"is damaged"),
    ],
)
def test_errors(make, error, words):
    with pytest.raises(error, match=words) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_public_names():
    from recurra.models import Sequential as FromModels

    assert FromModels is Sequential is recurra.Sequential
    assert recurra.layers.Dense is Dense
    for name in ("Model", "Input", "Layer", "activations", "initializers", "regularizers", "constraints", "saving"):
        assert name in dir(recurra)
        assert getattr(recurra, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = recurra.nonsense


# ---- what a call costs


def test_a_call_of_a_built_layer_makes_no_search(monkeypatch):
    from recurra.layers import base

    layer, x = Dense(2), recurra.Tensor(array(2, 3))
    layer(x)
    monkeypatch.setattr(base, "is_symbolic", None)
    monkeypatch.setattr(base, "check_input", None)
    layer(x)
