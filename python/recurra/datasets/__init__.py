"""Public data sets and sources of batches."""
