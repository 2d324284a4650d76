"""Callbacks with Keras's names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recurra.callbacks.averaging import AveragedWeights
from recurra.callbacks.callback import (
    Callback,
    CallbackList,
    History,
    LambdaCallback,
    LearningRateScheduler,
)
from recurra.callbacks.files import BackupAndRestore, CSVLogger, ModelCheckpoint
from recurra.callbacks.monitors import EarlyStopping, ReduceLROnPlateau
from recurra.callbacks.progbar import ProgbarLogger
from recurra.callbacks.scheduled_sampling import ScheduledSampling
from recurra.callbacks.termination import TerminateOnNaN
from recurra.checks import unknown_attribute

if TYPE_CHECKING:
    from recurra.diagnostics.callback import GradientFlow as GradientFlow

__all__ = [
    "AveragedWeights",
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "GradientFlow",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "ScheduledSampling",
    "TerminateOnNaN",
]


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name == "GradientFlow":  # stands on models, which stand on callbacks: imported when first used
            from recurra.diagnostics.callback import GradientFlow

            return GradientFlow
        raise unknown_attribute("recurra.callbacks", name, __all__)
