"""Published results, each as a small program to read and run: one file a paper.

    from snnlab.published import song2000
    python -m snnlab.published.song2000       at full size: its figures beside the paper's

All of them at once: `make bench BENCH=published`, which writes benchmarks/published.md.
"""
