"""Forecasting and sentiment."""
