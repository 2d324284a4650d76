"""Generation: greedy search, sampling, beam search."""
