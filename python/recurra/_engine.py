"""The engine module for this processor: the one extension module of the package that is loaded.

Each SIMD level is a module of its own, `_engine_<level>`. A build from source makes `native`; wheels carry several.
"""

from __future__ import annotations

from importlib import import_module

_module = import_module("recurra._engine_native")
globals().update({name: value for name, value in vars(_module).items() if not name.startswith("__")})
