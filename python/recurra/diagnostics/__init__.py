"""Diagnostics of recurrent networks: how the gradient flows back through time."""

from __future__ import annotations

from recurra.diagnostics.callback import GradientFlow
from recurra.diagnostics.flow import gradient_flow
from recurra.diagnostics.report import FlowReport, LayerFlow

__all__ = ["FlowReport", "GradientFlow", "LayerFlow", "gradient_flow"]
