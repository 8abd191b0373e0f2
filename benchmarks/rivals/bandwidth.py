"""The limit of whatever reads its inputs and writes its results: how fast memory is, all processors at once."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

BLOCK_BYTES = 1 << 28
"""Beyond any cache."""


def bytes_per_second(runs: int = 5) -> float:
    """Bytes read and written a second by numpy's copy of large arrays, a part on each processor: the best run."""
    workers = os.cpu_count() or 1
    size = BLOCK_BYTES // 8 // workers
    pairs = [(np.ones(size), np.zeros(size)) for _ in range(workers)]
    best = 0.0
    with ThreadPoolExecutor(workers) as pool:
        for _ in range(runs):
            started = time.perf_counter()
            for copied in [pool.submit(np.copyto, target, source) for source, target in pairs]:
                copied.result()
            best = max(best, 2 * 8 * size * workers / (time.perf_counter() - started))
    return best
