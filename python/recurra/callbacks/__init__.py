"""Callbacks with Keras's names."""

from __future__ import annotations

from recurra.callbacks.callback import (
    Callback,
    CallbackList,
    History,
    LambdaCallback,
    LearningRateScheduler,
)
from recurra.callbacks.files import BackupAndRestore, CSVLogger, ModelCheckpoint
from recurra.callbacks.gradient_flow import GradientFlow
from recurra.callbacks.monitors import EarlyStopping, ReduceLROnPlateau
from recurra.callbacks.progbar import ProgbarLogger
from recurra.callbacks.termination import TerminateOnNaN

__all__ = [
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
    "TerminateOnNaN",
]
