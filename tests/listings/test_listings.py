"""Every classic listing and example runs, shortened, and does what is said of it."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.places import EXAMPLES


@pytest.fixture(autouse=True)
def seeded():
    import recurra

    recurra.random.set_seed(7)


@pytest.fixture
def program(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.syspath_prepend(str(Path(__file__).parent))

    def load(name):
        sys.modules.pop(name, None)
        return importlib.import_module(name)

    return load


def parameters(model):
    return [layer.count_params() for layer in model.layers]


def assert_falls(losses):
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]


def test_rnn_by_hand(program):
    result = program("rnn_by_hand").main()
    assert result["sequence"].shape == (100, 64)
    np.testing.assert_allclose(result["layer"], result["sequence"], rtol=1e-12)


def test_stacked_simple_rnn(program, capsys):
    model = program("stacked_simple_rnn").main()
    assert parameters(model) == [320000, 2080, 2080, 2080, 2080]
    assert model.count_params() == 328320
    assert [layer.output.shape for layer in model.layers] == [(None, None, 32)] * 4 + [(None, 32)]
    assert "328,320" in capsys.readouterr().out


@pytest.mark.parametrize(("units", "features"), [(2, 3), (1, 1), (32, 14)])
def test_lstm_parameters(program, units, features):
    result = program("lstm_parameters").main(units, features)
    assert result["counted"] == result["by formula"]
    if (units, features) == (2, 3):
        assert result["counted"] == 48


def test_imdb_lstm(program):
    model, history = program("imdb_lstm").main(max_words=2000, maxlen=60, count=600, epochs=4, verbose=0)
    assert parameters(model) == [2000 * 32, (32 + 32 + 1) * 32 * 4, 33]
    assert set(history.history) == {"loss", "acc", "val_loss", "val_acc"}
    assert_falls(history.history["loss"])


def test_imdb_convnet(program, capsys):
    convnet = program("imdb_convnet")
    with pytest.warns(UserWarning, match="from_logits=True"):
        model, history = convnet.main(max_features=2000, max_len=100, count=600, epochs=4, verbose=0)
    assert parameters(model) == [2000 * 128, (7 * 128 + 1) * 32, 0, (7 * 32 + 1) * 32, 0, 33]
    assert [layer.output.shape for layer in model.layers] == [
        (None, 100, 128),
        (None, 94, 32),
        (None, 18, 32),
        (None, 12, 32),
        (None, 32),
        (None, 1),
    ]
    assert_falls(history.history["loss"])


@pytest.fixture(scope="module")
def small_weather():
    """Three years of made-up hourly weather: a daily and a yearly wave, and noise that lasts."""
    rng = np.random.default_rng(0)
    hours = np.arange(6000)
    noise = np.zeros((6000, 14))
    for i in range(1, 6000):
        noise[i] = 0.97 * noise[i - 1] + rng.normal(0, 0.4, 14)
    daily = np.sin(2 * np.pi * hours / 24)[:, None] * rng.uniform(1, 4, 14)
    return 10 + daily + noise


def test_weather_of_the_listings(program, monkeypatch):
    data = program("data")
    table = data.jena_climate.synthetic(500)
    monkeypatch.setattr(data.jena_climate, "load_data", lambda: table)
    np.testing.assert_array_equal(data.weather(), table.values)

    def absent():
        raise FileNotFoundError("no file")

    monkeypatch.setattr(data.jena_climate, "load_data", absent)
    assert data.weather().shape == (data.jena_climate.ROWS, 14)


class TestJena:
    def windows(self, program, data, step=1):
        module = program("jena_generator")
        return module.Windows(data, lookback=24, step=step, delay=12, batch_size=32, train_rows=4000)

    def test_generator(self, program, small_weather):
        windows = self.windows(program, small_weather, step=6)
        np.testing.assert_allclose(windows.data[:4000].mean(axis=0), 0, atol=1e-12)
        np.testing.assert_allclose(windows.data[:4000].std(axis=0), 1)
        samples, targets = next(windows.val)
        assert samples.shape == (32, 4, 14)
        assert targets.shape == (32,)
        row = 4001 + 24
        np.testing.assert_array_equal(samples[0], windows.data[row - 24 : row : 6])
        assert targets[5] == windows.data[row + 5 + 12, 1]

    def test_baseline(self, program, small_weather):
        windows = self.windows(program, small_weather)
        error, degrees = windows.common_sense_error(20)
        rows = np.arange(4001 + 24, 4001 + 24 + 20 * 32)
        expected = np.abs(windows.data[rows - 1, 1] - windows.data[rows + 12, 1]).mean()
        assert error == pytest.approx(expected)
        assert degrees == pytest.approx(expected * windows.std[1])

    def test_baseline_of_the_station(self, program):
        from recurra.datasets import locate

        if locate.find(["jena_climate_2009_2016.csv"]) is None:
            pytest.skip("needs the real jena_climate_2009_2016.csv in a folder named by RECURRA_DATA")
        error, degrees = program("jena_generator").Windows().common_sense_error()
        assert round(error, 2) == 0.29
        assert round(degrees, 2) == 2.57

    @pytest.mark.parametrize(
        ("name", "counts"),
        [
            ("dense", [0, 24 * 14 * 32 + 32, 33]),
            ("gru", [(14 + 32 + 2) * 32 * 3, 33]),
            ("stacked_gru", [(14 + 32 + 2) * 32 * 3, (32 + 64 + 2) * 64 * 3, 65]),
            ("bidirectional_gru", [2 * (14 + 32 + 2) * 32 * 3, 65]),
            ("conv_gru", [(5 * 14 + 1) * 32, 0, (5 * 32 + 1) * 32, (32 + 32 + 2) * 32 * 3, 33]),
        ],
    )
    def test_models(self, program, small_weather, name, counts):
        module = program("jena_models")
        windows = self.windows(program, small_weather)
        windows.val_steps = 5
        with pytest.warns(DeprecationWarning, match="fit"):
            model, history = module.main(
                getattr(module, name), windows=windows, steps_per_epoch=20, epochs=2, verbose=0
            )
        assert parameters(model) == counts
        assert len(history.history["val_loss"]) == 2
        assert_falls(history.history["loss"])

    def test_reversed_time(self, program, small_weather):
        module = program("jena_models")
        windows = self.windows(program, small_weather)
        samples, targets = next(windows.val)
        windows = self.windows(program, small_weather)
        backwards, same = next(module.reverse(windows.val))
        np.testing.assert_array_equal(backwards, samples[:, ::-1])
        np.testing.assert_array_equal(same, targets)
        windows.val_steps = 5
        with pytest.warns(DeprecationWarning, match="fit"):
            _, history = module.main(module.gru, True, windows, steps_per_epoch=20, epochs=2, verbose=0)
        assert_falls(history.history["loss"])


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("simple", [(50 + 1 + 1) * 50 * 4, 51]),
        ("stacked", [(50 + 1 + 1) * 50 * 4, (50 + 50 + 1) * 50 * 4, 51]),
        ("convolutional", [0, (3 + 1) * 64, 0, 0, (50 + 128 + 1) * 50 * 4, 51]),
    ],
)
def test_kinds_of_lstm(program, small_weather, name, counts):
    module = program("lstm_kinds")
    model, history = module.main(getattr(module, name), small_weather[:1500, 1], epochs=3, verbose=0)
    assert parameters(model) == counts
    assert model.output_shape == (None, 1)
    assert_falls(history.history["loss"])
    x, y = module.days(small_weather[:, 1])
    assert x.shape == (6000 - 24, 24, 1)
    np.testing.assert_array_equal(x[5, 1:, 0], x[6, :-1, 0])
    np.testing.assert_array_equal(y[:-1], x[1:, -1, 0])


def test_shapes_of_use(program):
    module = program("shapes_of_use")
    shapes = {
        build: (getattr(module, build)().input_shape, getattr(module, build)().output_shape)
        for build in ("one_to_one", "one_to_many", "many_to_one", "many_to_many", "many_to_fewer")
    }
    assert shapes == {
        "one_to_one": ((None, 5), (None, 3)),
        "one_to_many": ((None, 5), (None, 7, 3)),
        "many_to_one": ((None, 11, 5), (None, 1)),
        "many_to_many": ((None, 11, 5), (None, 11, 1)),
        "many_to_fewer": ((None, 11, 5), (None, 4, 1)),
    }
    x = np.random.default_rng(0).normal(size=(3, 11, 5)).astype("float32")
    whole = module.many_to_many()
    fewer = module.many_to_fewer()
    fewer.set_weights(whole.get_weights())
    np.testing.assert_array_equal(fewer.predict(x, verbose=0), whole.predict(x, verbose=0)[:, -4:])


def test_mnist_convnet(program):
    train, test = program("data").digits(1000)
    options = {"epochs": 2, "batch_size": 16, "learning_rate": 0.02, "momentum": 0.9}
    result = program("mnist_convnet").main((train, test), **options, verbose=0)
    assert parameters(result["model"]) == [320, 18496, 0, 0, 0, 12 * 12 * 64 * 128 + 128, 0, 1290]
    assert result["accuracy"] > 0.6


@pytest.mark.parametrize(
    ("name", "options", "shape"),
    [
        ("one_to_many", {"epochs": 10, "samples": 1000}, (None, 40, 1)),
        ("many_to_one", {"epochs": 10, "samples": 2000}, (None, 1)),
        ("many_to_many_unequal", {"epochs": 12, "samples": 1500}, (None, 5, 1)),
    ],
)
def test_examples_beat_their_baselines(program, name, options, shape):
    result = program(name).main(**options, verbose=0)
    assert result["output_shape"] == shape
    assert result["error"] < 0.8 * result["baseline"]


def test_example_of_equal_lengths(program):
    result = program("many_to_many_equal").main(epochs=8, samples=1500, verbose=0)
    assert result["output_shape"] == (None, None, 1)
    assert result["accuracy"] > 0.6
