"""Colors as ITU-R BT.709 has them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.video.compose import Planes, render_png, render_rgba, to_planes, to_sprite
from jobs.pipeline.video.layout import contender_color, oklch_to_hex


def flat(red: int, green: int, blue: int, alpha: int = 255, size: int = 8) -> np.ndarray:
    return np.full((size, size, 4), (red, green, blue, alpha), np.uint8)


# 8-bit values of the 100 % color bars, ITU-R BT.709 (limited range).
@pytest.mark.parametrize(
    ("rgb", "expected"),
    [
        ((255, 255, 255), (235, 128, 128)),
        ((0, 0, 0), (16, 128, 128)),
        ((255, 255, 0), (219, 16, 138)),
        ((0, 255, 255), (188, 154, 16)),
        ((0, 255, 0), (173, 42, 26)),
        ((255, 0, 255), (78, 214, 230)),
        ((255, 0, 0), (63, 102, 240)),
        ((0, 0, 255), (32, 240, 118)),
    ],
)
def test_color_bars(rgb: tuple[int, int, int], expected: tuple[int, int, int]) -> None:
    planes = to_planes(flat(*rgb))
    assert planes.y.shape == (8, 8)
    assert planes.u.shape == planes.v.shape == (4, 4)
    for plane, value in zip((planes.y, planes.u, planes.v), expected, strict=True):
        assert set(plane.ravel().tolist()) == {value}


def test_chroma_sits_on_the_left_pixel_of_its_pair() -> None:
    picture = flat(128, 128, 128)
    picture[:, 4] = (255, 0, 0, 255)  # one even column
    changed = np.flatnonzero((to_planes(picture).v != 128).any(axis=0))
    assert changed.tolist() == [2]
    picture = flat(128, 128, 128)
    picture[:, 5] = (255, 0, 0, 255)  # an odd one is shared by both neighbors
    changed = np.flatnonzero((to_planes(picture).v != 128).any(axis=0))
    assert changed.tolist() == [2, 3]


def test_tall_pictures_are_converted_in_parts_without_seams() -> None:
    rows = np.linspace(0, 255, 400).astype(np.uint8)
    picture = np.repeat(np.repeat(rows[:, None, None], 6, axis=1), 4, axis=2)
    planes = to_planes(picture)
    assert np.all(np.diff(planes.y[:, 0].astype(int)) >= 0)
    assert set(planes.u.ravel().tolist()) == {128}


def test_a_sprite_blends_by_its_opacity() -> None:
    def gray(value: int) -> Planes:
        return to_planes(flat(value, value, value))

    opaque, clear, half = gray(0), gray(0), gray(0)
    to_sprite(flat(255, 0, 0)).draw(opaque)
    to_sprite(flat(255, 0, 0, alpha=0)).draw(clear)
    to_sprite(flat(255, 255, 255, alpha=128)).draw(half)
    assert (opaque.y[0, 0], opaque.u[0, 0], opaque.v[0, 0]) == (63, 102, 240)
    assert np.array_equal(clear.y, gray(0).y)
    assert half.y[0, 0] == pytest.approx((16 + 235) / 2, abs=1)


def test_resvg_draws_what_is_written(fonts: list[Path]) -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 2" width="2" height="2">'
        '<rect width="1" height="2" fill="#12ab34"/></svg>'
    )
    picture = render_rgba(svg, (8, 8), fonts, use_system_fonts=False)
    assert picture[4, 1].tolist() == [0x12, 0xAB, 0x34, 255]
    assert picture[4, 6, 3] == 0


def test_a_broken_picture_is_an_error_of_the_pipeline(fonts: list[Path]) -> None:
    with pytest.raises(PipelineError, match="VIDEO_PICTURE_INVALID"):
        render_png("<svg", (8, 8), fonts, use_system_fonts=False)


def test_oklch_gives_known_colors() -> None:
    # sRGB red and white in OKLCH, from the paper's author.
    assert oklch_to_hex(0.62796, 0.25768, np.deg2rad(29.2339)) == "#ff0000"
    assert oklch_to_hex(1.0, 0.0, 0.0) == "#ffffff"


def test_contenders_are_told_apart() -> None:
    for theme in ("dark", "light"):
        colors = [contender_color(index, theme) for index in range(27)]
        assert len(set(colors)) == 27
        neighbors = np.array([list(bytes.fromhex(color[1:])) for color in colors]).astype(int)
        assert np.abs(np.diff(neighbors, axis=0)).sum(axis=1).min() > 100
