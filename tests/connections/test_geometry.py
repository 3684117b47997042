"""Patches of images: against torch's own unfold and fold, and against a loop over taps and sites."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given
from hypothesis import strategies as st

from snnlab.connections.geometry import fold, int_pair, output_size, overlap, unfold

PAIRS = st.tuples(st.integers(1, 3), st.integers(1, 3))
MOVES = st.fixed_dictionaries(
    {"kernel": PAIRS, "stride": PAIRS, "padding": st.tuples(st.integers(0, 2), st.integers(0, 2)), "dilation": PAIRS}
)
SIZES = st.tuples(st.integers(1, 8), st.integers(1, 8))


def room(size, kernel, stride, padding, dilation):
    """Sites on each axis, counted one by one: those whose last tap still lies in the padded image."""
    return tuple(
        sum(j * s + (k - 1) * d < n + 2 * p for j in range(n + 2 * p)) if (k - 1) * d < n + 2 * p else 0
        for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True)
    )


def images(size, batch, channels, dtype=torch.float64, seed=0):
    drawn = torch.randint(-9, 9, (batch, channels, *size), generator=torch.Generator().manual_seed(seed))
    return drawn.to(dtype) if dtype is not torch.bool else drawn > 0


def same_as_torch(moves):
    return {"kernel_size": moves["kernel"]} | {name: moves[name] for name in ("stride", "padding", "dilation")}


@given(SIZES, MOVES)
def test_the_output_has_a_site_wherever_the_kernel_finds_room(size, moves):
    sites = room(size, **moves)
    if 0 in sites:
        with pytest.raises(ValueError, match="kernel must find room in the image"):
            output_size(size, **moves)
    else:
        assert output_size(size, **moves) == sites


@given(SIZES, MOVES, st.integers(1, 3), st.integers(1, 3))
def test_patches_and_their_sums_are_those_of_torch(size, moves, batch, channels):
    assume(0 not in room(size, **moves))
    drawn = images(size, batch, channels)
    patches = F.unfold(drawn, **same_as_torch(moves))
    assert torch.equal(unfold(drawn, **moves), patches)
    torch.testing.assert_close(fold(patches, size, **moves), F.fold(patches, size, **same_as_torch(moves)))


def test_every_tap_sees_its_pixel_at_every_site():
    size, moves = (6, 5), {"kernel": (2, 3), "stride": (2, 1), "padding": (1, 2), "dilation": (3, 2)}
    drawn = images(size, 2, 2)
    patches = unfold(drawn, **moves).view(2, 2, 2, 3, *output_size(size, **moves))
    for b, c, i, j, y, x in torch.cartesian_prod(*map(torch.arange, patches.shape)).tolist():
        row, column = y * 2 + i * 3 - 1, x * 1 + j * 2 - 2
        inside = 0 <= row < 6 and 0 <= column < 5
        assert patches[b, c, i, j, y, x] == (drawn[b, c, row, column] if inside else 0)


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64, torch.float16, torch.float32])
def test_any_dtype_passes_unchanged(dtype):
    moves = {"kernel": (2, 2), "padding": (1, 0), "stride": (2, 2)}
    drawn = images((5, 4), 2, 3, dtype)
    patches = unfold(drawn, **moves)
    assert patches.dtype == dtype
    assert torch.equal(patches.double(), F.unfold(drawn.double(), **same_as_torch(moves | {"dilation": (1, 1)})))


def test_whole_numbers_that_a_float_cannot_hold_are_added_up_exactly():
    large = 2**30 + 1  # float32 has no such number
    assert fold(unfold(torch.full((1, 1, 1, 3), large), (1, 2)), (1, 3), (1, 2)).flatten().tolist() == [large, 2 * large, large]


def test_a_bool_sum_says_whether_any_tap_holds():
    held = torch.tensor([[[True, False], [True, False]]])  # 1 x 2 taps x 2 sites over three pixels
    assert fold(held, (1, 3), (1, 2)).flatten().tolist() == [True, True, False]
    assert fold(held, (1, 3), (1, 2)).dtype == torch.bool


def test_patches_are_a_copy_laid_out_batch_last():
    drawn = images((3, 3), 2, 1)
    before = drawn.clone()
    for kernel in ((1, 1), (2, 2)):
        patches = unfold(drawn, kernel)
        assert patches.movedim(0, -1).is_contiguous()
        patches.fill_(7)
        assert torch.equal(drawn, before)


def test_gradients_pass_through():
    moves = {"kernel": (2, 3), "stride": (2, 1), "padding": (1, 1), "dilation": (1, 2)}
    drawn = images((4, 5), 2, 2).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: unfold(x, **moves), drawn)
    assert torch.autograd.gradcheck(lambda x: fold(unfold(x, **moves), (4, 5), **moves), drawn)


def test_overlap_counts_the_sites_that_see_a_pixel_and_none_where_no_kernel_comes():
    counts = overlap((3, 6), (2, 2), stride=(1, 4))
    assert counts[0, 0].tolist() == [[1, 1, 0, 0, 1, 1], [2, 2, 0, 0, 2, 2], [1, 1, 0, 0, 1, 1]]
    assert not counts.is_floating_point()


@given(SIZES, MOVES)
def test_every_tap_of_every_site_is_counted_once_inside_the_image_or_its_padding(size, moves):
    assume(0 not in room(size, **moves))
    padded = tuple(n + 2 * p for n, p in zip(size, moves["padding"], strict=True))
    unpadded = moves | {"padding": (0, 0)}
    taps = output_size(size, **moves)[0] * output_size(size, **moves)[1] * moves["kernel"][0] * moves["kernel"][1]
    counts = overlap(padded, **unpadded)
    assert counts.sum() == taps
    high, wide = moves["padding"]
    assert torch.equal(overlap(size, **moves), counts[:, :, high : high + size[0], wide : wide + size[1]])


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        ((3, 3, 3), ValueError, r"kernel must be an int or a pair of height and width, but is \(3, 3, 3\), of 3 sizes"),
        ((3,), ValueError, r"kernel must be an int or a pair of height and width, but is \(3,\), of 1 sizes"),
        (0, ValueError, "kernel must be a whole number of at least 1, but is 0. Pass an int, or a pair"),
        ((3, 0), ValueError, "both sizes in kernel must be a whole number of at least 1, but is 0"),
        (2.5, TypeError, "kernel must be a whole number, but is 2.5"),
        ((3, True), TypeError, "both sizes in kernel must be a whole number, but is True"),
        ("33", TypeError, "kernel must be a whole number, but is '33'"),
    ],
)
def test_what_is_no_pair_is_refused(value, error, words):
    with pytest.raises(error, match=words):
        int_pair("kernel", value)


def test_one_int_counts_for_both_axes():
    assert int_pair("kernel", 3) == (3, 3)
    assert int_pair("padding", 0, least=0) == (0, 0)
    assert int_pair("stride", [2, 1]) == (2, 1)


def test_a_kernel_that_finds_no_room_is_refused_with_all_sizes():
    words = (
        "kernel must find room in the image, but is 3 x 3 pixels spread by dilation 2 x 4 to 5 x 9, in an image of 4 x 5 padded to 6 x 7"
    )
    with pytest.raises(ValueError, match=words):
        output_size((4, 5), (3, 3), padding=(1, 1), dilation=(2, 4))
    with pytest.raises(ValueError, match=r"but is 5 x 1 pixels, in an image of 4 x 5\. Take a smaller kernel, or more padding"):
        output_size((4, 5), (5, 1))
