"""Stored values of other frameworks, and the programs that made them."""
