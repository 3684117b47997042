"""Benchmarks: one process, one thread, pairs interleaved A B A B. Run all with `make bench`, one with `python -m benchmarks.products`."""
