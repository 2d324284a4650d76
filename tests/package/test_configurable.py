"""Objects described by the arguments of their constructor: configuration, repr, misspelled keywords."""

from __future__ import annotations

import pytest

from recurra.configurable import Configurable


class Base(Configurable):
    def __init__(self, rate: float = 1.0, name: str | None = None) -> None:
        self.rate = rate
        self.name = name or type(self).__name__.lower()


class Inner(Base):
    def __init__(self, size: int, *, power: float = 2.0, **options) -> None:
        super().__init__(**options)
        self.size = size
        self.power = power


def test_config_has_the_arguments_of_the_class_and_of_its_bases():
    made = Inner(3, rate=0.5)
    assert made.get_config() == {"size": 3, "power": 2.0, "rate": 0.5, "name": "inner"}
    again = Inner.from_config(made.get_config())
    assert type(again) is Inner
    assert again.get_config() == made.get_config()


def test_repr_shows_what_is_not_default():
    assert repr(Inner(3)) == "Inner(size=3)"
    assert repr(Inner(3, rate=0.5, name="own")) == "Inner(size=3, rate=0.5, name='own')"
    assert repr(Base()) == "Base()"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Base(rat=1), "Base has no argument 'rat'; did you mean 'rate'?"),
        (lambda: Inner(1, powr=1), "Inner has no argument 'powr'; did you mean 'power'?"),
        (lambda: Inner(1, rte=1), "Inner has no argument 'rte'; did you mean 'rate'?"),
        (lambda: Base(zzzzzz=1), "Base has no argument 'zzzzzz'"),
    ],
)
def test_misspelled_keywords(make, message):
    with pytest.raises(TypeError) as raised:
        make()
    assert str(raised.value) == message


def test_an_error_of_the_constructor_is_its_own():
    class Failing(Configurable):
        def __init__(self, rate: float = 1.0) -> None:
            raise TypeError("from inside")

    with pytest.raises(TypeError, match=r"^from inside$"):
        Failing(rate=2.0)
