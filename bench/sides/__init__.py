"""A library that takes part in a comparison is a side: its processes, the programs they run, and the rounds of all."""
