"""The package as a whole: what it imports, who includes whom."""
