"""The engine module: tensors, threads, memory, random numbers, products, and its C++ tests."""
