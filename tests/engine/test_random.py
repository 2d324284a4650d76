"""Random numbers: reproducible, distinct, distributed as they should be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from recurra import Tensor, config, ops, random
from recurra.gradient_check import check_gradients

DRAWS: list[Callable[..., Tensor]] = [
    lambda seed=None: random.uniform((50,), seed=seed),
    lambda seed=None: random.uniform((50,), 0, 1000, dtype="int32", seed=seed),
    lambda seed=None: random.normal((50,), seed=seed),
    lambda seed=None: random.truncated_normal((50,), seed=seed),
    lambda seed=None: random.randint((50,), 0, 1000, seed=seed),
    lambda seed=None: random.bernoulli((50,), 0.5, seed=seed),
    lambda seed=None: random.binomial((50,), 20, 0.5, seed=seed),
    lambda seed=None: random.gamma((50,), 2.0, seed=seed),
    lambda seed=None: random.beta((50,), 2.0, 3.0, seed=seed),
    lambda seed=None: random.categorical(np.zeros((2, 9)), 25, seed=seed),
    lambda seed=None: random.shuffle(np.arange(50), seed=seed),
    lambda seed=None: random.dropout(np.ones(50, "float32"), 0.5, seed=seed),
]
draws = pytest.mark.parametrize("draw", DRAWS, ids=[str(row) for row in range(len(DRAWS))])


@draws
def test_one_seed_gives_one_sequence(draw: Callable[..., Tensor]) -> None:
    random.set_seed(7)
    first, second = draw().numpy(), draw().numpy()
    assert not np.array_equal(first, second)
    random.set_seed(7)
    assert np.array_equal(draw().numpy(), first)
    state = random.get_state()
    third = draw().numpy()
    random.set_state(state)
    assert np.array_equal(draw().numpy(), third)
    random.set_seed(8)
    assert not np.array_equal(draw().numpy(), first)


@draws
def test_integer_seeds_and_generators(draw: Callable[..., Tensor]) -> None:
    assert np.array_equal(draw(seed=3).numpy(), draw(seed=3).numpy())
    generator = random.SeedGenerator(3)
    first, second = draw(seed=generator).numpy(), draw(seed=generator).numpy()
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, draw(seed=3).numpy())
    again = random.SeedGenerator.from_config(generator.get_config())
    assert np.array_equal(draw(seed=again).numpy(), first)
    again.set_state(generator.get_state())
    assert np.array_equal(draw(seed=again).numpy(), draw(seed=generator).numpy())


def test_a_generator_without_a_seed_follows_the_global_one() -> None:
    random.set_seed(5)
    first, second = random.SeedGenerator(), random.SeedGenerator()
    assert first.seed != second.seed
    random.set_seed(5)
    assert random.SeedGenerator().seed == first.seed


N = 200_000
MOMENTS: list[tuple[Callable[[], Tensor], float, float]] = [
    (lambda: random.uniform((N,), -1, 3, seed=1), 1.0, 4 / np.sqrt(12)),
    (lambda: random.normal((N,), 2, 0.5, seed=1), 2.0, 0.5),
    (lambda: random.truncated_normal((N,), 2, 0.5, seed=1), 2.0, 0.5 * 0.87962566),
    (lambda: random.randint((N,), 0, 10, seed=1), 4.5, np.sqrt(99 / 12)),
    (lambda: random.bernoulli((N,), 0.3, seed=1), 0.3, np.sqrt(0.21)),
    (lambda: random.binomial((N,), 20, 0.3, seed=1), 6.0, np.sqrt(4.2)),
    (lambda: random.gamma((N,), 3.0, seed=1), 3.0, np.sqrt(3)),
    (lambda: random.beta((N,), 2.0, 3.0, seed=1), 0.4, 0.2),
    (lambda: random.dropout(np.ones(N, "float32"), 0.25, seed=1), 1.0, np.sqrt(1 / 3)),
]


@pytest.mark.parametrize("row", range(len(MOMENTS)))
def test_mean_and_deviation(row: int) -> None:
    draw, mean, deviation = MOMENTS[row]
    numbers = draw().numpy().astype("float64")
    assert abs(numbers.mean() - mean) < 5 * deviation / np.sqrt(N)
    assert abs(numbers.std() / deviation - 1) < 0.01


def test_ranges_and_types() -> None:
    uniform = random.uniform((N,), 2, 5, seed=1).numpy()
    assert uniform.min() >= 2
    assert uniform.max() < 5
    assert abs(random.truncated_normal((N,), seed=1).numpy()).max() <= 2
    assert set(random.randint((1000,), 3, 6, seed=1).numpy()) == {3, 4, 5}
    assert sorted(random.shuffle(np.arange(9), seed=1).numpy()) == list(range(9))
    columns = random.shuffle(np.arange(6).reshape(2, 3), axis=1, seed=1).numpy()
    assert sorted(columns[0]) == [0, 1, 2]
    assert np.array_equal(columns[1] - columns[0], [3, 3, 3])
    assert random.normal((2,)).dtype == "float32"
    assert random.normal((2,), dtype="float64").dtype == "float64"
    assert random.normal((0, 3)).shape == random.truncated_normal((0, 3)).shape == (0, 3)


def test_both_types_see_the_same_numbers() -> None:
    for draw in (random.uniform, random.normal, random.truncated_normal):
        single, double = draw((100,), seed=4), draw((100,), dtype="float64", seed=4)
        np.testing.assert_allclose(single.numpy(), double.numpy(), rtol=1e-6, atol=1e-6)


def test_categorical_follows_the_probabilities() -> None:
    probabilities = np.array([0.1, 0.0, 0.6, 0.3])
    with np.errstate(divide="ignore"):
        drawn = random.categorical(np.log(probabilities)[None], 50_000, seed=2)
    assert drawn.shape == (1, 50_000)
    assert drawn.dtype == "int32"
    np.testing.assert_allclose(np.bincount(drawn.numpy()[0], minlength=4) / 50_000, probabilities, atol=0.01)
    with pytest.raises(ValueError, match="shape"):
        random.categorical(np.zeros(3), 1)


def test_dropout_gradient_uses_the_same_mask() -> None:
    x = np.random.default_rng(0).normal(size=(7, 11))
    check_gradients(lambda t: random.dropout(t, 0.4, seed=9), x)
    check_gradients(lambda t: random.dropout(t, 0.4, noise_shape=(None, 1), seed=9), x)
    mask = random.dropout(np.ones((7, 11)), 0.4, seed=9).numpy()
    assert np.array_equal(random.dropout(x, 0.4, seed=9).numpy(), x * mask)
    rows = random.dropout(np.ones((7, 11)), 0.4, noise_shape=(7, 1), seed=9).numpy()
    assert (rows == rows[:, :1]).all()
    assert len(set(rows[:, 0])) == 2


def test_threads_do_not_matter() -> None:
    before = config.num_threads()
    try:
        results = []
        for count in (1, 2):
            config.set_num_threads(count)
            x = ops.ones((1000, 300))
            results.append([random.normal((300_000,), seed=1).numpy(), random.dropout(x, 0.5, seed=1).numpy()])
        assert all(np.array_equal(a, b) for a, b in zip(*results, strict=True))
    finally:
        config.set_num_threads(before)


BAD: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: random.set_seed(-1), ValueError, "from 0 to"),
    (lambda: random.set_seed(1.5), TypeError, "expected an integer"),  # type: ignore[arg-type]
    (lambda: random.normal((2,), seed="a"), TypeError, "expected an integer"),  # type: ignore[arg-type]
    (lambda: random.dropout(np.ones(3), 1.0), ValueError, r"rate in \[0, 1\)"),
    (lambda: random.dropout(np.ones(3), -0.1), ValueError, r"rate in \[0, 1\)"),
    (lambda: random.dropout(np.ones((2, 3)), 0.5, noise_shape=(2, 2)), ValueError, "do not broadcast"),
    (lambda: random.dropout(np.ones((2, 3)), 0.5, noise_shape=(2,)), ValueError, "noise_shape"),
    (lambda: random.randint((2,), 3, 3), ValueError, "minval < maxval"),
    (lambda: random.bernoulli((2,), 1.5), ValueError, "probability"),
    (lambda: random.normal((2,), dtype="int32"), ValueError, "expected float32 or float64"),
]


@pytest.mark.parametrize("row", range(len(BAD)))
def test_bad_arguments(row: int) -> None:
    call, error, message = BAD[row]
    with pytest.raises(error, match=message):
        call()
