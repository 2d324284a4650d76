"""Recurrent and convolutional sequence models at hardware speed on CPU cores."""

from recurra._version import __version__ as __version__
