"""Data on its way into a model: checked arrays, sources of batches, and the feed of a training."""
