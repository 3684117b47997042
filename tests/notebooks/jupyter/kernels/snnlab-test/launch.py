"""An ordinary Python kernel, held to the memory of a small Binder machine: 2 GB of address space, set before torch is loaded.

A notebook that wants more gets a plain MemoryError or RuntimeError in its cell; on Binder the whole kernel would be killed.
"""

import runpy
import sys

LIMIT = 2 * 1024**3  # bytes


def limit_memory() -> None:
    """Refuses this process more than LIMIT. Only Linux counts address space in a way that says something about need."""
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))


if __name__ == "__main__":
    limit_memory()
    sys.path.pop(0)  # the folder of this file is no place to import from
    runpy.run_module("ipykernel_launcher", run_name="__main__", alter_sys=True)
