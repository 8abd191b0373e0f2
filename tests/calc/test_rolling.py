import numpy as np
import pytest

from pipelines.calc.rolling import WINDOW, Scratch, align_to_blocks, block_window_sums


@pytest.mark.parametrize("first_ix", [0, 1, 59, 60, 3_017])
@pytest.mark.parametrize(("n_rows", "n_out"), [(60, 1), (61, 1), (200, 141), (30, 5), (119, 60)])
def test_window_sums_of_whole_numbers_are_exact(first_ix: int, n_rows: int, n_out: int) -> None:
    rows = np.random.default_rng(n_rows).integers(-1_000, 1_000, (n_rows, 4)).astype(np.float64)
    blocks, first_out = align_to_blocks(rows, first_ix, n_out)
    sums = block_window_sums(np.nan_to_num(blocks), first_out, n_out)
    ends = range(n_rows - n_out + 1, n_rows + 1)
    assert sums.tolist() == [rows[max(end - WINDOW, 0) : end].sum(axis=0).tolist() for end in ends]


def test_rows_keep_their_place_on_the_grid_of_sessions() -> None:
    # session 3,017 is place 17 of its block (3,017 = 50 × 60 + 17); the last of 60 rows is place 16 of the next
    blocks, first_out = align_to_blocks(np.arange(60.0), 3_017, 1)
    assert blocks.shape == (120,)
    assert np.isnan(blocks[:17]).all()
    assert blocks[17:77].tolist() == list(range(60))
    assert first_out == 76


def test_scratch_memory_is_used_again() -> None:
    scratch = Scratch()
    first = scratch.array("a", (3, 4))
    assert np.shares_memory(first, scratch.array("a", (2, 2)))
    assert not np.shares_memory(first, scratch.array("b", (3, 4)))
    assert scratch.array("a", (5, 4)).shape == (5, 4)
