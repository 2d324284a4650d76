"""What models and histories look like in an interactive session, and what they answer to mistakes."""

from __future__ import annotations

import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra
from recurra import Input, Model, Sequential, callbacks, layers
from recurra.callbacks import History

X, Y = np.ones((6, 3, 2), "float32"), np.ones((6, 1), "float32")


def trained(epochs: int = 2, **options: Any) -> tuple[Sequential, History]:
    model = Sequential([Input((None, 2)), layers.GRU(3), layers.Dense(1)], name="small")
    model.compile("sgd", "mse", metrics=["mae"])
    return model, model.fit(X, Y, epochs=epochs, verbose=0, **options)


def test_models() -> None:
    model, _ = trained(1)
    assert repr(model) == f"<Sequential name=small, 2 layers, {model.count_params()} parameters>"
    assert repr(Sequential([layers.Dense(2)], name="new")) == "<Sequential name=new, 1 layer, not built>"
    source = Input((1100,))
    wide = Model(source, layers.Dense(2)(source), name="wide")
    assert repr(wide) == "<Model name=wide, 2 layers, 2,202 parameters>"

    class Early(Model):
        def __init__(self) -> None:
            self.seen = repr(self)
            super().__init__(name="early")

    assert repr(Early()) == "<Early name=early, 0 layers, not built>"


def test_histories() -> None:
    _, history = trained(2, validation_data=(X, Y))
    last = ", ".join(f"{name}={values[-1]:.4g}" for name, values in history.history.items())
    assert repr(history) == f"<History of 2 epochs: {last}>"
    assert "val_mae=" in last
    assert repr(History()) == "<History of 0 epochs>"


def test_pictures_of_histories(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    _, history = trained(5, validation_data=(X, Y), validation_freq=2)
    figure = history.plot(tmp_path / "new" / "training.png")
    assert (tmp_path / "new" / "training.png").read_bytes()[:4] == b"\x89PNG"
    loss, mae = figure.axes
    assert (loss.get_ylabel(), mae.get_ylabel(), mae.get_xlabel()) == ("loss", "mae", "epoch")
    training, validation = loss.lines
    assert training.get_xdata().tolist() == [1, 2, 3, 4, 5]
    assert training.get_ydata().tolist() == history.history["loss"]
    assert validation.get_xdata().tolist() == [2, 4]
    assert validation.get_ydata().tolist() == history.history["val_loss"]
    again = History()
    again.set_state(history.state())
    assert again.plot().axes[0].lines[0].get_xdata().tolist() == [1, 2, 3, 4, 5]
    with pytest.raises(ValueError, match="no epoch was completed"):
        History().plot()


def test_pictures_need_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    _, history = trained(1)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"pip install .*recurra\[plot\]"):
        history.plot()


MISSPELLED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "fit": (lambda model: model.fit(X, Y, epoch=3), "fit has no argument 'epoch'; did you mean 'epochs'"),
    "evaluate": (lambda model: model.evaluate(X, Y, batchsize=3), "did you mean 'batch_size'"),
    "predict": (lambda model: model.predict(X, verbos=0), "predict has no argument 'verbos'; did you mean 'verbose'"),
    "compile": (lambda model: model.compile("sgd", "mse", metric=["mae"]), "did you mean .*'metrics'"),
    "train_on_batch": (lambda model: model.train_on_batch(X, Y, length=[1]), "did you mean 'lengths'"),
    "test_on_batch": (lambda model: model.test_on_batch(X, Y, weights=[1]), "test_on_batch has no argument 'weights'"),
}


@pytest.mark.parametrize("method", MISSPELLED)
def test_misspelled_keywords(method: str) -> None:
    act, message = MISSPELLED[method]
    with pytest.raises(TypeError, match=message):
        act(trained(1)[0])


def test_misspelled_attributes() -> None:
    code = "import recurra; recurra.Sequential([recurra.layers.Dense(1)]).fits"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "has no attribute 'fits'" in done.stderr
    assert done.stderr.rstrip().endswith("Did you mean: 'fit'?")


def test_a_loss_that_is_no_number_gives_one_warning() -> None:
    def fit(epochs: int, *called: Any) -> None:
        model = Sequential([Input((1,)), layers.Dense(1)])
        model.compile(recurra.optimizers.SGD(1e30), "mse")
        model.fit(np.ones((8, 1)), np.zeros((8, 1)), batch_size=1, epochs=epochs, verbose=0, callbacks=called)

    with pytest.warns(
        UserWarning, match=r"the loss of epoch 1 is (nan|inf): lower the learning rate.*clipnorm"
    ) as seen:
        fit(3)
    assert len(seen) == 1
    assert seen[0].filename == __file__
    with warnings.catch_warnings(record=True) as caught:  # the callback says where; a second warning would repeat it
        warnings.simplefilter("always")
        fit(3, callbacks.TerminateOnNaN())
    assert not any("the loss of epoch" in str(warning.message) for warning in caught)


def test_predictions_in_threads_leave_the_model_as_it_was() -> None:
    model, _ = trained(1)
    expected, before = model.predict(X, verbose=0), model.run
    barrier, found = threading.Barrier(4), []

    def work() -> None:
        barrier.wait()
        for _ in range(20):
            found.append(model.predict(X, batch_size=2, verbose=0))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 80
    assert all(np.array_equal(outputs, expected) for outputs in found)
    assert before.step == 1
