"""What an experiment stores in the file of its model, read back with checks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_WORDS = {
    str: "a string",
    int: "an integer",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


class Metadata:
    """The entry of one kind of experiment in a model file.

    Args:
        path: Of the file, or its name for people.
        entries: All metadata of the file.
        key: Of the entry.
        command: That writes such files, for the error.

    Raises:
        ValueError: The file has no such entry.
    """

    def __init__(self, path: str | Path, entries: dict[str, Any], key: str, command: str) -> None:
        self.file, self.key = Path(path).name, key
        about = entries.get(key)
        if not isinstance(about, dict):
            raise ValueError(f"{self.file} holds a model that was not trained by '{command}'; train one and --save it")
        self.about: dict[str, Any] = about

    def get(self, name: str, kind: type) -> Any:
        """The value of a name; a whole number will do for a float.

        Raises:
            ValueError: It is not there, or of another kind.
        """
        if name not in self.about:
            raise ValueError(f"{self.file}: its description of the {self.key} has no '{name}'")
        return self.checked(name, self.about[name], kind)

    def get_list(self, name: str, kind: type) -> list[Any]:
        """A list of values of one kind. Errors as `get`."""
        return [self.checked(name, value, kind) for value in self.get(name, list)]

    def checked(self, name: str, value: Any, kind: type) -> Any:
        """A value of this kind, or an error under a name."""
        if kind is float and type(value) is int:
            return float(value)
        if type(value) is not kind:
            words = _WORDS.get(kind, kind.__name__)
            raise ValueError(
                f"{self.file}: its description of the {self.key} has {value!r:.40} for '{name}', not {words}"
            )
        return value

    def require(self, consistent: bool) -> None:
        """Raises ValueError unless the description makes sense as a whole."""
        if not consistent:
            raise ValueError(f"{self.file}: its description of the {self.key} contradicts itself")
