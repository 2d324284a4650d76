"""Arguments of optimizers and schedules: configuration and repr from the signature, NumPy scalars, misspelled names."""

from __future__ import annotations

import json

import numpy as np
import pytest

import recurra
from recurra import checks, optimizers
from recurra.optimizers import schedules
from recurra.optimizers.options import OptimizerOptions


@pytest.mark.parametrize("cls", optimizers._OPTIMIZERS.values())
def test_config_and_repr_follow_from_the_arguments(cls):
    plain = cls()
    options = {"clipnorm": 2.0, "use_ema": True, "gradient_accumulation_steps": 3, "name": "own", "weight_decay": 0.5}
    for made in (plain, cls(0.25, **options)):
        again = cls.from_config(made.get_config())
        assert again.get_config() == made.get_config()
    assert set(plain.get_config()) == {*plain.get_config(), *OptimizerOptions.__annotations__} - {"lr", "decay"}
    assert repr(plain) == f"{cls.__name__}()"
    shown = repr(cls(0.25, **options))
    assert shown.startswith(f"{cls.__name__}(learning_rate=0.25, ")
    assert all(f"{name}={value!r}" in shown for name, value in options.items())


def test_repr_of_rates():
    assert repr(optimizers.Adam(schedules.ExponentialDecay(0.1, 10, 0.5))) == (
        "Adam(learning_rate=ExponentialDecay(initial_learning_rate=0.1, decay_steps=10, decay_rate=0.5))"
    )

    def rate():
        return 0.1

    assert repr(optimizers.SGD(rate)) == "SGD(learning_rate=rate)"


@pytest.mark.parametrize("cls", optimizers._OPTIMIZERS.values())
def test_numpy_scalars_are_arguments(cls):
    half, two = np.float32(0.5), np.int64(2)
    flags = ("amsgrad", "nesterov", "centered", "relative_step", "learning_rate_power")
    arguments = {name: half for name in checks.keywords_of(cls.__init__)[0] if name not in flags}
    made = cls(
        **arguments,
        clipvalue=half,
        ema_momentum=half,
        ema_overwrite_frequency=two,
        use_ema=np.True_,
        gradient_accumulation_steps=two,
        gradient_noise=half,
        gradient_noise_decay=two,
        gradient_noise_seed=two,
    )
    json.dumps(made.get_config())
    weight = recurra.Variable(np.ones(2))
    for _ in range(4):
        made.apply([np.ones(2)], [weight])
    assert np.isfinite(weight.numpy()).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: optimizers.Adam(learningrate=0.1),
            "Adam has no argument 'learningrate'; did you mean 'learning_rate'",
        ),
        (lambda: optimizers.Adam(beta1=0.1), "did you mean 'beta_1'"),
        (lambda: optimizers.SGD(clip_norm=0.1), "SGD has no argument 'clip_norm'; did you mean 'clipnorm'"),
        (lambda: schedules.CosineDecay(0.1, 10, warm_up_steps=3), "did you mean 'warmup_steps'"),
    ],
)
def test_misspelled_arguments(make, message):
    with pytest.raises(TypeError, match=message):
        make()


def test_own_rule_and_own_schedule_need_no_get_config():
    class Scaled(optimizers.SGD):
        def __init__(self, factor=2.0, **options):
            super().__init__(**options)
            self.factor = factor

    made = Scaled(3.0, learning_rate=0.5, momentum=0.25)
    assert {name: made.get_config()[name] for name in ("factor", "momentum", "learning_rate")} == {
        "factor": 3.0,
        "momentum": 0.25,
        "learning_rate": 0.5,
    }
    assert repr(made) == "Scaled(learning_rate=0.5, factor=3.0, momentum=0.25)"

    class Forgetful(schedules.LearningRateSchedule):
        def __init__(self, rate):
            self._rate = rate

    with pytest.raises(TypeError, match="Forgetful keeps no attribute 'rate': define get_config"):
        Forgetful(0.1).get_config()


def test_constraints_hold_after_apply_gradients():
    weight = recurra.Variable(np.array([3.0, 4.0]))
    weight.constraint = recurra.constraints.MaxNorm(1.0)
    optimizers.SGD(0.0).apply_gradients([(np.zeros(2), weight)])
    np.testing.assert_allclose(np.linalg.norm(weight.numpy()), 1.0, rtol=1e-5)


def test_scale_of_the_loss_is_stored_without_effect():
    weights = [recurra.Variable(np.ones(3)) for _ in range(2)]
    for factor, weight in zip((None, 1024.0), weights, strict=True):
        optimizer = optimizers.Adam(0.1, loss_scale_factor=factor)
        assert optimizer.get_config()["loss_scale_factor"] == factor
        assert optimizers.Adam.from_config(optimizer.get_config()).loss_scale_factor == factor
        optimizer.apply([np.array([1.0, -2.0, 0.5])], [weight])
    np.testing.assert_array_equal(weights[0].numpy(), weights[1].numpy())
    with pytest.raises(ValueError, match="Adam: loss_scale_factor must be greater than 0"):
        optimizers.Adam(loss_scale_factor=0)
