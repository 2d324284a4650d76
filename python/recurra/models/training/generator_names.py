"""The names under which older programs train from generators: `fit_generator` and its kin."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recurra.callbacks import History


class GeneratorNames:
    """Old names of `fit`, `evaluate` and `predict`; each warns and says what to write now."""

    if TYPE_CHECKING:

        def fit(self, *args: Any, **kwargs: Any) -> History: ...
        def evaluate(self, *args: Any, **kwargs: Any) -> Any: ...
        def predict(self, *args: Any, **kwargs: Any) -> Any: ...

    def fit_generator(
        self,
        generator: Any,
        steps_per_epoch: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Any = None,
        validation_data: Any = None,
        validation_steps: int | None = None,
        validation_freq: int | Sequence[int] = 1,
        class_weight: Mapping[int, float] | None = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        shuffle: bool = True,
        initial_epoch: int = 0,
    ) -> History:
        """Old name: write `fit(generator, …)`. The queue's and workers' arguments have no effect."""
        warnings.warn("fit_generator is deprecated: write fit(generator, ...)", DeprecationWarning, stacklevel=2)
        return self.fit(
            generator,
            epochs=epochs,
            verbose=verbose,
            callbacks=callbacks,
            validation_data=validation_data,
            validation_steps=validation_steps,
            validation_freq=validation_freq,
            class_weight=class_weight,
            steps_per_epoch=steps_per_epoch,
            shuffle=shuffle,
            initial_epoch=initial_epoch,
        )

    def evaluate_generator(
        self,
        generator: Any,
        steps: int | None = None,
        callbacks: Any = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        verbose: int | str = 0,
    ) -> Any:
        """Old name: write `evaluate(generator, …)`. The queue's and workers' arguments have no effect."""
        warnings.warn(
            "evaluate_generator is deprecated: write evaluate(generator, ...)", DeprecationWarning, stacklevel=2
        )
        return self.evaluate(generator, steps=steps, callbacks=callbacks, verbose=verbose)

    def predict_generator(
        self,
        generator: Any,
        steps: int | None = None,
        callbacks: Any = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        verbose: int | str = 0,
    ) -> Any:
        """Old name: write `predict(generator, …)`. The queue's and workers' arguments have no effect."""
        warnings.warn(
            "predict_generator is deprecated: write predict(generator, ...)", DeprecationWarning, stacklevel=2
        )
        return self.predict(generator, steps=steps, callbacks=callbacks, verbose=verbose)
