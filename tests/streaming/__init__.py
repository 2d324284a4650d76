"""Models run step by step."""
