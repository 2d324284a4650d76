"""Update rules against plain NumPy, options of the base, state, configuration."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from recurra import _engine, optimizers
from recurra.optimizers import schedules

STEPS = 7
SHAPES = [(3, 5), (5,), (1,), (17, 2), ()]


class Parameter(_engine.Tensor):
    """A leaf with a name, as layers hold them."""

    def __init__(self, value, name="weight", constraint=None):
        super().__init__(np.array(value))
        self.name = name
        self.constraint = constraint


def parameters(dtype="float64", seed=0):
    rng = np.random.default_rng(seed)
    return [Parameter(rng.normal(size=shape).astype(dtype), f"weight_{i}") for i, shape in enumerate(SHAPES)]


def gradients(dtype="float64", seed=1, steps=STEPS):
    rng = np.random.default_rng(seed)
    return [[rng.normal(size=shape).astype(dtype) for shape in SHAPES] for _ in range(steps)]


# One plain implementation a rule: (weight, gradient, memory, step from 1) -> new weight.


def sgd(w, g, memory, t, eta=0.01, mu=0.0, nesterov=False):
    if not mu:
        return w - eta * g
    v = memory["v"] = mu * memory.get("v", 0.0) - eta * g
    return w + (mu * v - eta * g if nesterov else v)


def rmsprop(w, g, memory, t, eta=0.001, rho=0.9, mu=0.0, eps=1e-7, centered=False):
    s = memory["s"] = rho * memory.get("s", 0.0) + (1 - rho) * g**2
    if centered:
        a = memory["a"] = rho * memory.get("a", 0.0) + (1 - rho) * g
        s = s - a**2
    delta = eta * g / np.sqrt(s + eps)
    if mu:
        delta = memory["m"] = mu * memory.get("m", 0.0) + delta
    return w - delta


def adam(w, g, memory, t, eta=0.001, b1=0.9, b2=0.999, eps=1e-7, amsgrad=False, decay=0.0):
    w = w - w * decay * eta
    m = memory["m"] = b1 * memory.get("m", 0.0) + (1 - b1) * g
    v = memory["v"] = b2 * memory.get("v", 0.0) + (1 - b2) * g**2
    if amsgrad:
        v = memory["top"] = np.maximum(memory.get("top", 0.0), v)
    return w - eta * np.sqrt(1 - b2**t) / (1 - b1**t) * m / (np.sqrt(v) + eps)


def adamax(w, g, memory, t, eta=0.001, b1=0.9, b2=0.999, eps=1e-7):
    m = memory["m"] = b1 * memory.get("m", 0.0) + (1 - b1) * g
    u = memory["u"] = np.maximum(b2 * memory.get("u", 0.0), np.abs(g))
    return w - eta / (1 - b1**t) * m / (u + eps)


def nadam(w, g, memory, t, eta=0.001, b1=0.9, b2=0.999, eps=1e-7):
    def schedule(i):
        return b1 * (1 - 0.5 * 0.96**i)

    product = np.prod([schedule(i) for i in range(1, t + 1)])
    m = memory["m"] = b1 * memory.get("m", 0.0) + (1 - b1) * g
    v = memory["v"] = b2 * memory.get("v", 0.0) + (1 - b2) * g**2
    mean = schedule(t + 1) * m / (1 - product * schedule(t + 1)) + (1 - schedule(t)) * g / (1 - product)
    return w - eta * mean / (np.sqrt(v / (1 - b2**t)) + eps)


def adagrad(w, g, memory, t, eta=0.001, start=0.1, eps=1e-7):
    s = memory["s"] = memory.get("s", start) + g**2
    return w - eta * g / np.sqrt(s + eps)


def adadelta(w, g, memory, t, eta=0.001, rho=0.95, eps=1e-7):
    s = memory["s"] = rho * memory.get("s", 0.0) + (1 - rho) * g**2
    d = memory.get("d", 0.0)
    delta = -np.sqrt(d + eps) / np.sqrt(s + eps) * g
    memory["d"] = rho * d + (1 - rho) * delta**2
    return w + eta * delta


def ftrl(w, g, memory, t, eta=0.001, power=-0.5, start=0.1, l1=0.0, l2=0.0, shrinkage=0.0, beta=0.0):
    s = memory.get("s", start)
    new = s + g**2
    z = memory.get("z", 0.0) + g + 2 * shrinkage * w - (new**-power - s**-power) / eta * w
    memory.update(s=new, z=z)
    return (np.clip(z, -l1, l1) - z) / (new**-power / eta + 2 * (l2 + beta / (2 * eta)))


def lion(w, g, memory, t, eta=0.001, b1=0.9, b2=0.99):
    m = memory.get("m", 0.0)
    memory["m"] = b2 * m + (1 - b2) * g
    return w - eta * np.sign(b1 * m + (1 - b1) * g)


def lamb(w, g, memory, t, eta=0.001, b1=0.9, b2=0.999, eps=1e-7):
    m = memory["m"] = b1 * memory.get("m", 0.0) + (1 - b1) * g
    v = memory["v"] = b2 * memory.get("v", 0.0) + (1 - b2) * g**2
    u = m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + eps)
    return w - eta * np.linalg.norm(w) / np.linalg.norm(u) * u


def adafactor(w, g, memory, t, eta=0.001, decay=-0.8, eps=0.001, clip=1.0):
    beta = 1 - t**decay
    if g.ndim < 2:
        v = memory["v"] = beta * memory.get("v", 0.0) + (1 - beta) * g**2
    else:
        r = memory["r"] = beta * memory.get("r", 0.0) + (1 - beta) * (g**2).mean(1)
        c = memory["c"] = beta * memory.get("c", 0.0) + (1 - beta) * (g**2).mean(0)
        v = np.outer(r, c) / r.mean()
    u = g / np.sqrt(v)
    u = u / max(1.0, np.sqrt((u**2).mean()) / clip)
    return w - min(eta, 1 / np.sqrt(t)) * max(eps, np.sqrt((w**2).mean())) * u


RULES = {
    "sgd": (optimizers.SGD, {}, sgd, {}),
    "sgd momentum": (optimizers.SGD, {"learning_rate": 0.1, "momentum": 0.8}, sgd, {"eta": 0.1, "mu": 0.8}),
    "sgd nesterov": (optimizers.SGD, {"momentum": 0.7, "nesterov": True}, sgd, {"mu": 0.7, "nesterov": True}),
    "rmsprop": (optimizers.RMSprop, {}, rmsprop, {}),
    "rmsprop momentum": (optimizers.RMSprop, {"momentum": 0.6, "rho": 0.8}, rmsprop, {"mu": 0.6, "rho": 0.8}),
    "rmsprop centered": (optimizers.RMSprop, {"centered": True}, rmsprop, {"centered": True}),
    "rmsprop all": (
        optimizers.RMSprop,
        {"centered": True, "momentum": 0.5, "epsilon": 1e-3},
        rmsprop,
        {"centered": True, "mu": 0.5, "eps": 1e-3},
    ),
    "adam": (optimizers.Adam, {}, adam, {}),
    "adam betas": (
        optimizers.Adam,
        {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-2},
        adam,
        {"b1": 0.8, "b2": 0.9, "eps": 1e-2},
    ),
    "adam amsgrad": (optimizers.Adam, {"amsgrad": True, "beta_2": 0.5}, adam, {"amsgrad": True, "b2": 0.5}),
    "adamw": (optimizers.AdamW, {}, adam, {"decay": 0.004}),
    "adamax": (optimizers.Adamax, {"beta_2": 0.6}, adamax, {"b2": 0.6}),
    "nadam": (optimizers.Nadam, {}, nadam, {}),
    "adagrad": (optimizers.Adagrad, {"initial_accumulator_value": 0.3}, adagrad, {"start": 0.3}),
    "adadelta": (optimizers.Adadelta, {"learning_rate": 1.0}, adadelta, {"eta": 1.0}),
    "ftrl": (optimizers.Ftrl, {"learning_rate": 0.1}, ftrl, {"eta": 0.1}),
    "ftrl all": (
        optimizers.Ftrl,
        {
            "learning_rate": 0.1,
            "learning_rate_power": -0.7,
            "initial_accumulator_value": 0.2,
            "l1_regularization_strength": 0.3,
            "l2_regularization_strength": 0.4,
            "l2_shrinkage_regularization_strength": 0.5,
            "beta": 0.6,
        },
        ftrl,
        {"eta": 0.1, "power": -0.7, "start": 0.2, "l1": 0.3, "l2": 0.4, "shrinkage": 0.5, "beta": 0.6},
    ),
    "lamb": (optimizers.Lamb, {"learning_rate": 0.1}, lamb, {"eta": 0.1}),
    "adafactor": (optimizers.Adafactor, {}, adafactor, {}),
    "adafactor long steps": (
        optimizers.Adafactor,
        {"learning_rate": 0.9, "beta_2_decay": -0.6, "epsilon_2": 0.5, "clip_threshold": 0.7},
        adafactor,
        {"eta": 0.9, "decay": -0.6, "eps": 0.5, "clip": 0.7},
    ),
    "lion": (optimizers.Lion, {"beta_2": 0.9}, lion, {"b2": 0.9}),
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 2e-5)])
def test_rule_follows_its_equation(rule, dtype, tolerance):
    make, arguments, reference, options = RULES[rule]
    weights = parameters(dtype)
    expected = [w.numpy().astype("float64") for w in weights]
    memories = [{} for _ in weights]
    optimizer = make(**arguments)
    for t, grads in enumerate(gradients(dtype), start=1):
        optimizer.apply_gradients(zip(grads, weights, strict=True))
        expected = [
            reference(w, g.astype("float64"), m, t, **options)
            for w, g, m in zip(expected, grads, memories, strict=True)
        ]
    assert optimizer.iterations == STEPS
    for got, want in zip(weights, expected, strict=True):
        assert got.dtype == dtype
        np.testing.assert_allclose(got.numpy(), want, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("rule", RULES)
def test_state_resumes_bit_equal(rule):
    make, arguments, _, _ = RULES[rule]
    arguments = arguments | {"use_ema": True, "gradient_accumulation_steps": 2, "gradient_noise": 0.01}
    steps = gradients("float32", steps=9)

    whole = parameters("float32")
    optimizer = make(**arguments)
    arguments["gradient_noise_seed"] = optimizer.get_config()["gradient_noise_seed"]
    for grads in steps:
        optimizer.apply_gradients(zip(grads, whole, strict=True))

    parts = parameters("float32")
    first = make(**arguments)
    for grads in steps[:5]:
        first.apply_gradients(zip(grads, parts, strict=True))
    parts = [Parameter(w.numpy().copy(), w.name) for w in parts]
    second = type(first).from_config(first.get_config() | {"gradient_noise_seed": 5})
    second.build(parts)
    second.set_state(first.state())
    for grads in steps[5:]:
        second.apply_gradients(zip(grads, parts, strict=True))

    for a, b in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    for (name, a), (other, b) in zip(optimizer.state().items(), second.state().items(), strict=True):
        assert name == other
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("rule", RULES)
def test_threads_do_not_change_a_bit(rule):
    make, arguments, _, _ = RULES[rule]
    results = []
    before = _engine.num_threads()
    try:
        for threads in (1, 2):
            _engine.set_num_threads(threads)
            rng = np.random.default_rng(3)
            weight = Parameter(rng.normal(size=100_003).astype("float32"))
            optimizer = make(**arguments, global_clipnorm=0.5, use_ema=True)
            for _ in range(2):
                optimizer.apply_gradients([(rng.normal(size=100_003).astype("float32"), weight)])
            results.append([weight.numpy().copy(), *optimizer.state().values()])
    finally:
        _engine.set_num_threads(before)
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


def one_step(optimizer, grads, seed=0):
    weights = parameters(seed=seed)
    before = [w.numpy().copy() for w in weights]
    optimizer.apply_gradients(zip(grads, weights, strict=True))
    return [b - w.numpy() for b, w in zip(before, weights, strict=True)]


def test_clipping_by_value():
    grads = gradients()[0]
    for moved, g in zip(one_step(optimizers.SGD(1.0, clipvalue=0.4), grads), grads, strict=True):
        np.testing.assert_allclose(moved, np.clip(g, -0.4, 0.4), atol=1e-14)


def test_clipping_by_norm_of_each_variable():
    grads = gradients()[0]
    norms = [np.linalg.norm(g) for g in grads]
    limit = float(np.median(norms))
    for moved, g, norm in zip(one_step(optimizers.SGD(1.0, clipnorm=limit), grads), grads, norms, strict=True):
        np.testing.assert_allclose(moved, g * min(1.0, limit / norm), atol=1e-14)


def test_norm_that_is_not_a_number_shows_in_its_variable():
    grads = gradients()[0]
    grads[1][0] = np.nan
    moved = one_step(optimizers.SGD(1.0, clipnorm=1.0), grads)
    assert [np.isnan(m).all() for m in moved] == [index == 1 for index in range(len(moved))]
    assert all(np.isfinite(m).all() for index, m in enumerate(moved) if index != 1)


@pytest.mark.parametrize("limit", [0.5, 1e3])
def test_clipping_by_global_norm(limit):
    grads = gradients()[0]
    norm = np.sqrt(sum((g**2).sum() for g in grads))
    for moved, g in zip(one_step(optimizers.SGD(1.0, global_clipnorm=limit), grads), grads, strict=True):
        np.testing.assert_allclose(moved, g * min(1.0, limit / norm), atol=1e-13)


def test_global_norm_that_is_not_finite_shows():
    grads = gradients()[0]
    grads[1][0] = np.inf
    assert all(np.isnan(moved).all() for moved in one_step(optimizers.SGD(1.0, global_clipnorm=1.0), grads))


def test_nan_gradient_is_never_hidden():
    for make, arguments, _, _ in RULES.values():
        weight = Parameter(np.ones(3))
        make(**arguments, clipvalue=0.5).apply_gradients([(np.array([1.0, np.nan, 2.0]), weight)])
        assert np.isnan(weight.numpy()).tolist() == [False, True, False], make


def test_weight_decay_spares_excluded_variables():
    weights = parameters()
    before = [w.numpy().copy() for w in weights]
    optimizer = optimizers.SGD(0.5, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_list=[weights[1]], var_names=["_3"])
    optimizer.apply_gradients([(np.zeros(w.shape), w) for w in weights])
    for i, (b, w) in enumerate(zip(before, weights, strict=True)):
        np.testing.assert_allclose(w.numpy(), b if i in (1, 3) else b * 0.95, rtol=1e-14)


def test_accumulated_gradients_give_the_step_of_their_mean():
    grads = gradients(steps=6)
    weights = parameters()
    optimizer = optimizers.Adam(0.1, gradient_accumulation_steps=3)
    counts = []
    for step in grads:
        optimizer.apply_gradients(zip(step, weights, strict=True))
        counts.append(optimizer.iterations)
    assert counts == [0, 0, 1, 1, 1, 2]
    plain, other = parameters(), optimizers.Adam(0.1)
    for first in (0, 3):
        means = [np.mean(parts, axis=0) for parts in zip(*grads[first : first + 3], strict=True)]
        other.apply_gradients(zip(means, plain, strict=True))
    for a, b in zip(weights, plain, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12)


@pytest.mark.parametrize("frequency", [None, 3])
def test_moving_average_of_weights(frequency):
    weight = Parameter(np.array([1.0, 2.0]))
    optimizer = optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=frequency)
    w, average = np.array([1.0, 2.0]), np.zeros(2)
    for t in range(5):
        g = np.array([1.0, -t])
        optimizer.apply_gradients([(g, weight)])
        w = w - 0.1 * g
        average = w if t == 0 else 0.9 * average + 0.1 * w
        if frequency and (t + 1) % frequency == 0:
            w = average
        np.testing.assert_allclose(weight.numpy(), w, rtol=1e-14)
    optimizer.finalize_variable_values()
    np.testing.assert_allclose(weight.numpy(), average, rtol=1e-14)


def noise_of(optimizer, steps, size=40_000):
    """What the noise adds to zero gradients, step by step; SGD of rate 1 moves the weights by minus that."""
    weight = Parameter(np.zeros(size))
    moved, before = [], np.zeros(size)
    for _ in range(steps):
        optimizer.apply_gradients([(np.zeros(size), weight)])
        moved.append(before - weight.numpy())
        before = weight.numpy().copy()
    return np.array(moved)


@pytest.mark.parametrize("gamma", [0.55, 1.5])
def test_gradient_noise_has_the_stated_variance(gamma):
    noise = noise_of(optimizers.SGD(1.0, gradient_noise=0.3, gradient_noise_decay=gamma, gradient_noise_seed=1), 5)
    variance = 0.3 / (1 + np.arange(5)) ** gamma
    # Mean and variance of n normal numbers spread by σ/√n and σ²√(2/n); five times that is never seen by chance.
    assert np.all(np.abs(noise.mean(axis=1)) < 5 * np.sqrt(variance / noise.shape[1]))
    np.testing.assert_allclose(noise.var(axis=1), variance, rtol=5 * np.sqrt(2 / noise.shape[1]))
    correlation = np.corrcoef(noise)[np.triu_indices(5, 1)]
    assert np.all(np.abs(correlation) < 5 / np.sqrt(noise.shape[1]))


def test_gradient_noise_depends_on_seed_and_step_alone():
    def options(seed):
        return {"gradient_noise": 0.01, "gradient_noise_seed": seed}

    first = noise_of(optimizers.SGD(1.0, **options(7)), 2, 8)
    np.testing.assert_array_equal(noise_of(optimizers.SGD(1.0, **options(7)), 2, 8), first)
    assert (noise_of(optimizers.SGD(1.0, **options(8)), 2, 8) != first).all()
    drawn = optimizers.SGD(1.0, gradient_noise=0.01)
    twin = optimizers.deserialize(optimizers.serialize(drawn))
    np.testing.assert_array_equal(noise_of(twin, 2, 8), noise_of(drawn, 2, 8))


def test_gradient_noise_comes_after_clipping_and_once_an_accumulated_step():
    grads, limit = gradients()[0], 1e-3
    plain = one_step(optimizers.SGD(1.0, global_clipnorm=limit), grads)
    noisy = one_step(optimizers.SGD(1.0, global_clipnorm=limit, gradient_noise=1.0, gradient_noise_seed=3), grads)
    noise = np.concatenate([(a - b).ravel() for a, b in zip(noisy, plain, strict=True)])
    assert 0.5 < noise.std() < 2
    weight = Parameter(np.zeros(50))
    optimizer = optimizers.SGD(1.0, gradient_noise=1.0, gradient_accumulation_steps=2)
    optimizer.apply_gradients([(np.zeros(50), weight)])
    assert not weight.numpy().any()
    optimizer.apply_gradients([(np.zeros(50), weight)])
    assert 0.5 < weight.numpy().std() < 2


def test_constraint_is_applied_after_each_step():
    weight = Parameter(np.array([0.5, -0.5], "float32"), constraint=lambda w: _engine.Tensor(np.maximum(w.numpy(), 0)))
    optimizers.SGD(1.0).apply_gradients([(np.array([0.1, 0.1]), weight)])
    np.testing.assert_allclose(weight.numpy(), [0.4, 0.0], rtol=1e-6)


def test_slots_follow_their_variables_into_a_new_block():
    def run(disturb):
        weights = parameters()
        optimizer = optimizers.Adam(0.1)
        for t, grads in enumerate(gradients()):
            if t == 3 and disturb:
                _engine.ParameterBlock(weights[::-1])
            optimizer.apply_gradients(zip(grads, weights, strict=True))
        return weights

    for a, b in zip(run(False), run(True), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_freezing_a_variable_keeps_the_slots_of_the_others():
    weights = parameters()
    optimizer = optimizers.SGD(0.1, momentum=0.9)
    optimizer.apply_gradients([(np.ones(w.shape), w) for w in weights])
    frozen = weights[0].numpy().copy()
    optimizer.build(weights[1:])
    before = weights[1].numpy().copy()
    optimizer.apply_gradients([(np.zeros(w.shape), w) for w in weights[1:]])
    np.testing.assert_array_equal(weights[0].numpy(), frozen)
    np.testing.assert_allclose(weights[1].numpy(), before - 0.09, rtol=1e-12)


SCHEDULES = [
    (schedules.ExponentialDecay(0.1, 10, 0.5), {0: 0.1, 5: 0.1 * 0.5**0.5, 20: 0.025}),
    (schedules.ExponentialDecay(0.1, 10, 0.5, staircase=True), {9: 0.1, 10: 0.05, 29: 0.025}),
    (schedules.InverseTimeDecay(0.1, 10, 2.0), {0: 0.1, 5: 0.05, 10: 0.1 / 3}),
    (schedules.InverseTimeDecay(0.1, 10, 2.0, staircase=True), {9: 0.1, 10: 0.1 / 3}),
    (schedules.PiecewiseConstantDecay([5, 10], [1.0, 0.5, 0.1]), {0: 1.0, 5: 1.0, 6: 0.5, 10: 0.5, 11: 0.1}),
    (schedules.PolynomialDecay(1.0, 10, 0.2, power=2.0), {0: 1.0, 5: 0.4, 10: 0.2, 99: 0.2}),
    (schedules.PolynomialDecay(1.0, 10, 0.0, cycle=True), {0: 1.0, 5: 0.5, 10: 0.0, 15: 0.25, 25: 1 / 6}),
    (schedules.CosineDecay(1.0, 10, alpha=0.2), {0: 1.0, 5: 0.6, 10: 0.2, 50: 0.2}),
    (schedules.CosineDecay(0.0, 10, warmup_target=1.0, warmup_steps=4), {0: 0.0, 2: 0.5, 4: 1.0, 9: 0.5, 14: 0.0}),
    (schedules.CosineDecayRestarts(1.0, 10, m_mul=0.5), {0: 1.0, 5: 0.5, 10: 0.5, 20: 0.25, 30: 0.25}),
    (schedules.CosineDecayRestarts(1.0, 10, t_mul=1.0, alpha=0.1), {0: 1.0, 5: 0.55, 10: 1.0, 25: 0.55}),
]


@pytest.mark.parametrize(("schedule", "values"), SCHEDULES, ids=lambda p: getattr(p, "name", ""))
def test_schedule(schedule, values):
    again = schedules.deserialize(schedules.serialize(schedule))
    for step, value in values.items():
        assert schedule(step) == pytest.approx(value, rel=1e-12, abs=1e-15)
        assert again(step) == schedule(step)


def test_scheduled_rate_is_the_rate_of_each_step():
    schedule = schedules.PiecewiseConstantDecay([0, 1], [1.0, 0.1, 0.01])
    optimizer = optimizers.SGD(schedule)
    weight = Parameter(np.zeros(1))
    for expected in (-1.0, -1.1, -1.11, -1.12):
        optimizer.apply_gradients([(np.ones(1), weight)])
        assert weight.item() == pytest.approx(expected, rel=1e-12)
    again = optimizers.deserialize(optimizers.serialize(optimizer))
    assert isinstance(again._learning_rate, schedules.PiecewiseConstantDecay)
    with pytest.raises(TypeError, match="PiecewiseConstantDecay"):
        optimizer.learning_rate = 0.1


def test_learning_rate_by_all_its_names():
    assert optimizers.RMSprop(lr=1e-4).learning_rate == 1e-4
    optimizer = optimizers.Adam(learning_rate=lambda: 0.25)
    assert optimizer.learning_rate == 0.25
    optimizer = optimizers.SGD()
    optimizer.learning_rate = 0.5
    assert optimizer.lr == optimizer.learning_rate == optimizer.get_config()["learning_rate"] == 0.5


@pytest.mark.parametrize("name", ["sgd", "SGD", "rmsprop", "RMSprop", "adam", "adamw", "adamax", "nadam", "adagrad"])
def test_get_by_name(name):
    optimizer = optimizers.get(name)
    assert type(optimizer).__name__.lower() == name.lower()
    assert optimizers.get(optimizer) is optimizer
    assert optimizers.get(optimizers.serialize(optimizer)).get_config() == optimizer.get_config()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: optimizers.get("rmsprob"), ValueError, "unknown optimizer 'rmsprob'; did you mean 'rmsprop'"),
        (lambda: optimizers.get(3), TypeError, "expected a name or an Optimizer, got int"),
        (lambda: optimizers.SGD(-0.1), ValueError, "learning_rate must be at least 0, got -0.1"),
        (lambda: optimizers.SGD("fast"), TypeError, "learning_rate must be a number"),
        (lambda: optimizers.SGD(momentum=1.5), ValueError, "momentum must be between 0 and 1"),
        (lambda: optimizers.SGD(speed=1), TypeError, "SGD has no argument 'speed'"),
        (lambda: optimizers.SGD(clipnorm=1, clipvalue=1), ValueError, "only one of"),
        (lambda: optimizers.SGD(clipnorm=0.0), ValueError, "clipnorm must be greater than 0"),
        (lambda: optimizers.SGD(gradient_accumulation_steps=1), ValueError, "must be an integer >= 2, got 1"),
        (lambda: optimizers.SGD(use_ema=True, ema_momentum=2), ValueError, "ema_momentum must be between 0 and 1"),
        (lambda: optimizers.SGD(gradient_noise=-1), ValueError, "gradient_noise must be a number >= 0, got -1"),
        (lambda: optimizers.SGD(gradient_noise_decay=-1), ValueError, "gradient_noise_decay must be a number >= 0"),
        (lambda: optimizers.AdamW(weight_decay=None), ValueError, "weight_decay must be a number"),
        (lambda: optimizers.SGD().apply([np.ones(2)]), ValueError, "call build"),
        (lambda: optimizers.SGD().apply([None], [Parameter(np.ones(2))]), ValueError, "all of them are None"),
        (
            lambda: optimizers.SGD().apply([np.ones(3)], [Parameter(np.ones(2), "kernel")]),
            ValueError,
            r"gradient of 'kernel': expected shape \(2,\), got \(3,\)",
        ),
        (lambda: schedules.ExponentialDecay(0.1, 0, 0.5), ValueError, "decay_steps must be greater than 0, got 0"),
        (lambda: schedules.PiecewiseConstantDecay([1], [1.0]), ValueError, "one value more"),
        (
            lambda: schedules.deserialize({"class_name": "Decay", "config": {}}),
            ValueError,
            "unknown learningrateschedule",
        ),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_state_that_does_not_fit_changes_nothing():
    weights = parameters()
    optimizer = optimizers.Adam()
    optimizer.apply_gradients(zip(gradients()[0], weights, strict=True))
    before = optimizer.state()
    for broken in ({}, before | {"surplus": np.zeros(1)}, before | {"momentum/0": np.zeros(2)}):
        with pytest.raises(ValueError, match=r"Adam: .*state"):
            optimizer.set_state(broken)
        for name, array in optimizer.state().items():
            np.testing.assert_array_equal(array, before[name])


def test_optimizer_of_another_model_is_refused():
    optimizer = optimizers.Adam()
    optimizer.apply_gradients(zip(gradients()[0], parameters(), strict=True))
    with pytest.raises(ValueError, match="make a new optimizer"):
        optimizer.build(parameters())


def test_old_decay_argument_warns():
    with pytest.warns(UserWarning, match="InverseTimeDecay"):
        optimizers.SGD(decay=1e-6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizers.SGD(decay=None)


def test_norms_of_zero():
    weight = Parameter(np.zeros((3, 2)))
    optimizers.Lamb(0.1).apply_gradients([(np.full((3, 2), 2.0), weight)])
    np.testing.assert_allclose(weight.numpy(), -0.1, rtol=1e-6)  # the ratio of the norms is 1
    still = Parameter(np.ones((3, 2)))
    for optimizer in (optimizers.Lamb(0.1), optimizers.Adafactor(0.1)):
        optimizer.apply_gradients([(np.zeros((3, 2)), still)])
    np.testing.assert_array_equal(still.numpy(), np.ones((3, 2)))
    with pytest.raises(ValueError, match="Adafactor: clip_threshold must be a number"):
        optimizers.Adafactor(clip_threshold=0.0)
