"""Documentation: examples of docstrings, snippets and commands of the pages."""
