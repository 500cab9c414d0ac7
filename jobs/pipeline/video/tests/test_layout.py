"""The pictures hold everything, and nothing runs over, however long the names are."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray

from jobs.pipeline.formats.timeline import Timeline
from jobs.pipeline.video.canvas import PORTRAIT, Canvas, FontBook, canvas_for
from jobs.pipeline.video.cards import Cards
from jobs.pipeline.video.compose import Composer, clock_text, render_rgba
from jobs.pipeline.video.layout import Layout
from jobs.pipeline.video.sample import sample_scene, sample_timeline
from jobs.pipeline.video.scene import (
    SceneContender,
    SceneDI,
    SceneGear,
    SvgRenderer,
    VideoScene,
    Waveform,
    segment_frames,
)
from jobs.pipeline.video.timeline import TimelineSegment, build_timeline
from jobs.pipeline.vocabulary.options import THEMES, VIDEO_SIZES, Size, ThemeName

LONG = "Mesa/Boogie Dual Rectifier Solo Head Rev F (1992), Orange Channel <Modern> & boosted "
SIZES: list[Size] = [(1920, 1080), (1080, 1920)]
KINDS = ("pedal", "amp", "cab", "full_rig", "outboard", "space", "parametric_eq", "gain")


def long_scene(num_contenders: int, num_blocks: int, theme: ThemeName = "dark") -> VideoScene:
    gear = tuple(
        SceneGear(
            KINDS[index % len(KINDS)],
            LONG + str(index),
            LONG,
            ("gain 6.5", LONG, "presence 5"),
            "creator_" * 12,
            "CC BY-NC-SA 4.0 International " * 3,
        )
        for index in range(num_blocks)
    )
    contender = SceneContender(LONG * 3, gear, "Input " * 40)
    di = SceneDI(LONG, (LONG, "Drop C#", "168.5 bpm"))
    return VideoScene(LONG * 2, (contender,) * num_contenders, (di, di), LONG * 4, -16.3, theme)


def plan(scene: VideoScene) -> tuple[Timeline, dict[tuple[int, int], Waveform]]:
    timeline = build_timeline(
        [
            TimelineSegment(contender, di, 48_000)
            for di in range(len(scene.dis))
            for contender in range(len(scene.contenders))
        ]
    )
    num_bars = 192
    peaks = np.full(num_bars, 0.5, np.float32)
    rms = np.full(num_bars, 0.25, np.float32)
    return timeline, {
        key: Waveform(peaks, rms, frames) for key, frames in segment_frames(timeline).items()
    }


def texts_of(svg: str) -> list[str]:
    root = ElementTree.fromstring(svg)
    return ["".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text")]


def margins_are_clean(picture: NDArray[np.uint8], canvas: Canvas) -> bool:
    """Nothing is drawn in the side margins but what goes from edge to edge.

    A few pixels are granted to side bearings and smoothing.
    """
    margin = canvas.margin - 12
    left, right = picture[:, 4:margin, :3], picture[:, -margin:-4, :3]
    rows = picture[20:, :1, :3].astype(int)  # below the stripes, what the row is filled with
    return all(int(np.abs(side[20:].astype(int) - rows).max()) <= 2 for side in (left, right))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("num_blocks", [1, 2, 3, 5, 6, 11, 16])
def test_long_names_stay_inside(
    render_svg: SvgRenderer, fonts: list[Path], size: Size, num_blocks: int
) -> None:
    scene = long_scene(27, num_blocks)
    layout = Layout(scene, FontBook(fonts), size)
    values = layout.contender(26, 1)
    for card in values["cards"]:  # type: ignore[attr-defined]
        check_card(card, layout)
    picture = render_rgba(
        render_svg("video/contender.svg", {**values, "duration": "0:01", "duration_x": "200"}),
        size,
        fonts,
        use_system_fonts=False,
    )
    assert margins_are_clean(picture, layout.canvas)


def check_card(card: Any, layout: Layout) -> None:
    """Every line of a card is inside its box, below the one before, and creator is there."""
    left, right = int(card["x"]), int(card["box"]["right"])
    top, bottom = int(card["box"]["y"]), int(card["box"]["bottom"])
    assert right <= layout.canvas.chain.right
    assert bottom <= layout.canvas.chain.bottom
    assert card["credit"]["lines"]
    last = float(top)
    for part, font in (
        ("name", layout.type.semi_bold),
        ("make", layout.type.regular),
        ("settings", layout.type.number),
        ("credit", layout.type.regular),
    ):
        size = float(card[part]["size"])
        for line in card[part]["lines"]:
            assert left + font.width(line["text"], size) <= right
            baseline = float(line["y"])
            assert baseline - 0.72 * size >= last, (part, line)
            assert baseline <= bottom
            last = baseline


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("num_contenders", [2, 5, 10, 27])
def test_cards_stay_inside(
    render_svg: SvgRenderer, fonts: list[Path], size: Size, num_contenders: int
) -> None:
    scene = long_scene(num_contenders, 3, "light")
    layout = Layout(scene, FontBook(fonts), size)
    timeline, waveforms = plan(scene)
    cards = Cards(layout, timeline, waveforms)
    for card in timeline.cards:
        values: Any = cards.card(card)
        title_bottom = max(float(line["y"]) for line in values["title"]["lines"])
        below = [float(line["y"]) for line in values["lines"]["lines"]]
        rows = [float(row["y"]) for row in values["rows"]]
        assert title_bottom < min([*below, *rows, layout.canvas.strip.y])
        assert max([0.0, *below]) < min([*rows, layout.canvas.strip.y])
        picture = render_rgba(
            render_svg("video/card.svg", values), size, fonts, use_system_fonts=False
        )
        assert margins_are_clean(picture, layout.canvas)
    values = Cards(Layout(scene, FontBook(fonts), (1280, 720)), timeline, {}).thumbnail()
    svg = render_svg("video/thumbnail.svg", values)
    picture = render_rgba(svg, (1920, 1080), fonts, use_system_fonts=False)
    assert margins_are_clean(picture, canvas_for((1280, 720)))


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_contender_shows_all_that_was_promised(
    render_svg: SvgRenderer, fonts: list[Path], theme: ThemeName
) -> None:
    gear = (
        SceneGear("amp", "Plexi <50> & more", "Marsden", ("gain 7",), "ann", "CC BY 4.0"),
        SceneGear("cab", "4×12", "Celest", ("SM57",), "bob", "CC0 1.0"),
    )
    scene = VideoScene(
        "Fight",
        (SceneContender("One", gear, "Input calibrated"),) * 9,
        (SceneDI("Riff", ("Strat", "neck", "E standard", "72 bpm")), SceneDI("Two")),
        target_lufs=-14.0,
        theme=theme,
    )
    values = Layout(scene, FontBook(fonts), (1920, 1080)).contender(2, 0)
    svg = render_svg("video/contender.svg", {**values, "duration": "0:14", "duration_x": "200"})
    texts = texts_of(svg)
    for text in (
        "Fight", "One", "3", "of 9", "DI 1 / 2", "Riff", "AMP", "Plexi <50> & more", "Marsden",
        "gain\u00a07", "by ann · CC BY 4.0", "CAB", "4×12", "by bob · CC0 1.0", "Input calibrated",
        "Level-matched to −14.0 LUFS", "/ 0:14",
    ):  # fmt: skip
        assert text in texts
    assert any("Strat" in text and "72 bpm" in text for text in texts)
    assert THEMES[theme].background in svg


def test_colors_of_text_can_be_read() -> None:
    """Contrast of at least 4.5 : 1 (WCAG 2.2, 1.4.3) for all text on its ground."""
    for theme in THEMES.values():
        for ink in (theme.ink, theme.soft, theme.muted):
            for ground in (theme.background, theme.panel, theme.card):
                assert contrast(ink, ground) >= 4.5, (theme.name, ink, ground)


def contrast(first: str, second: str) -> float:
    def luminance(color: str) -> float:
        values = np.frombuffer(bytes.fromhex(color[1:]), np.uint8) / 255
        linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
        return float(linear @ (0.2126, 0.7152, 0.0722))

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("size", VIDEO_SIZES)
def test_what_moves_stands_on_even_pixels_at_every_size(fonts: list[Path], size: Size) -> None:
    layout = Layout(sample_scene(), FontBook(fonts), size)
    factor = size[0] / layout.canvas.width
    for box in (layout.wave_area, layout.canvas.clock):
        exact = [factor * value for value in (box.x, box.y, box.width, box.height)]
        scaled = box.scaled(factor)
        assert [scaled.x, scaled.y, scaled.width, scaled.height] == pytest.approx(exact)
        assert all(round(value) % 2 == 0 for value in exact)
    assert factor * layout.DIGIT_WIDTH % 2 == 0


def test_frames_are_composed_as_if_drawn_again(render_svg: SvgRenderer, fonts: list[Path]) -> None:
    """Drawing only what changed gives the same as starting at that very video frame."""
    scene = sample_scene(1)
    timeline = sample_timeline(7.0, 1)
    waveforms = plan_for(timeline)
    size = (1280, 720)
    composer = Composer(scene, timeline, waveforms, render_svg=render_svg, fonts=fonts, size=size)
    span = timeline.video_spans()[1]
    chosen = {span.start_frame, span.start_frame + 17, span.end_frame - 1}
    seen = {
        number: picture.copy()
        for number, picture in enumerate(composer.frames())
        if number in chosen
    }
    for number, picture in seen.items():
        jumped = build_timeline_at(timeline, number)
        first = next(
            frame.copy()
            for index, frame in enumerate(
                Composer(
                    scene, jumped, waveforms, render_svg=render_svg, fonts=fonts, size=size
                ).frames()
            )
            if index == span.start_frame
        )
        assert np.array_equal(first, picture), number


def plan_for(timeline: Timeline) -> dict[tuple[int, int], Waveform]:
    peaks = np.abs(np.sin(np.arange(192) / 5)).astype(np.float32)
    rms = (peaks / 2).astype(np.float32)
    return {key: Waveform(peaks, rms, frames) for key, frames in segment_frames(timeline).items()}


def build_timeline_at(timeline: Timeline, video_frame: int) -> Timeline:
    """The same timeline, but the segment begins with what ``video_frame`` shows."""
    span = timeline.video_spans()[1]
    skipped = (video_frame - span.start_frame) * timeline.frames_per_video_frame
    entry = timeline.entries[0]
    moved = replace(
        entry,
        source_start_frame=skipped,
        num_frames=entry.num_frames - skipped,
    )
    closing = replace(timeline.cards[-1], start_frame=entry.start_frame + moved.num_frames)
    return replace(timeline, entries=(moved,), cards=(timeline.cards[0], closing))


def test_clock_is_as_wide_as_it_will_need_to_be() -> None:
    assert clock_text(7, 14 * 48_000) == "0:07"
    assert clock_text(67, 601 * 48_000) == " 1:07"
    assert PORTRAIT.is_portrait
