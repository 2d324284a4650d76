"""The tests, a package for each room of the project."""
