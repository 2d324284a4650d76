"""The command `recurra`."""
