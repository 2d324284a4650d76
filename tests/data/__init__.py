"""Data sets, text, sequences, windows."""
