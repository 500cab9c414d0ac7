"""The finished file: in step, in the right colors, and made as YouTube asks."""

from __future__ import annotations

import json
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from jobs.pipeline.errors import CancelledError, PipelineError
from jobs.pipeline.video.encode import encode_video
from jobs.pipeline.video.layout import contender_color
from jobs.pipeline.video.sample import sample_scene, sample_timeline, write_sample_montage
from jobs.pipeline.video.scene import SvgRenderer
from jobs.pipeline.video.soundtrack import TRUE_PEAK_CEILING_DBTP, TruePeakMeter
from jobs.pipeline.vocabulary.options import THEMES

from .conftest import SIZE, MadeVideo
from .readers import READERS, decoded_audio, described


def peak_near(sound: NDArray[np.float32], frame: int) -> int:
    start = frame - 4000
    return start + int(np.argmax(np.abs(sound[start : frame + 4000])))


def planes_of(frame: av.VideoFrame) -> NDArray[np.uint8]:
    return np.asarray(frame.to_ndarray(), dtype=np.uint8)


def to_rgb(planes: NDArray[np.uint8], x: int, y: int) -> tuple[float, ...]:
    """The pixel at ``(x, y)`` of a decoded frame, by the inverse of BT.709 limited range."""
    width, height = SIZE
    luma = float(planes[y, x]) - 16
    chroma = planes[height:].reshape(2, height // 2, width // 2)[:, y // 2, x // 2].astype(float)
    blue_diff, red_diff = chroma - 128
    red = luma / 219 + 1.5748 * red_diff / 224
    blue = luma / 219 + 1.8556 * blue_diff / 224
    green = (luma / 219 - 0.2126 * red - 0.0722 * blue) / 0.7152
    return tuple(255 * value for value in (red, green, blue))


def from_hex(color: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(color.removeprefix("#")))


@pytest.mark.parametrize("reader", READERS)
def test_a_click_is_heard_where_the_timeline_has_it(made: MadeVideo, reader: str) -> None:
    sound = decoded_audio(reader, made.path)[0]
    assert [peak_near(sound, click) for click in made.clicks] == list(made.clicks)


def test_the_picture_changes_where_the_timeline_says(made: MadeVideo) -> None:
    """The badge shows the contender's color exactly in the video frames of its span."""
    spans = made.timeline.video_spans()
    x, y = 64 + 8, 100 + 40  # a flat place of the badge at 1280×720
    expected = [THEMES["dark"].background] * made.timeline.num_video_frames
    for span, index in zip(spans[1:-1], range(3), strict=True):
        for number in range(span.start_frame, span.end_frame):
            expected[number] = contender_color(index)
    with av.open(str(made.path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            assert frame.pts is not None
            assert frame.time_base is not None
            assert frame.pts * frame.time_base == Fraction(number, 30)
            if any(span.start_frame <= number < span.end_frame for span in spans[1:-1]):
                seen = to_rgb(planes_of(frame), x, y)
                assert seen == pytest.approx(from_hex(expected[number]), abs=5), number
    assert number + 1 == made.timeline.num_video_frames


def test_the_playhead_moves_and_leaves_the_played_color(made: MadeVideo) -> None:
    """In the middle of a contender the playhead is in the middle of the waveform."""
    span = made.timeline.video_spans()[1]
    middle = (span.start_frame + span.end_frame) // 2
    left, right, row = 64, 1216, 524 + 80
    with av.open(str(made.path)) as container:
        frames = [frame.to_ndarray() for frame in container.decode(video=0)]
    line = frames[middle][row, left:right].astype(int)
    playhead = left + int(np.argmax(line))
    step = (right - left) / (span.end_frame - span.start_frame)
    assert playhead == pytest.approx((left + right) / 2, abs=step + 4)
    # Before the playhead the row's dots are in the contender's color, after it in gray.
    height, width = SIZE[1], SIZE[0]
    row = (524 + 72) // 2  # the middle of the waveform, where silence is a row of dots
    red = frames[middle][height:].reshape(2, height // 2, width // 2)[1, row].astype(int) - 128
    assert red[left // 2 : playhead // 2 - 8].max() > 12
    assert np.abs(red[playhead // 2 + 8 : right // 2]).max() < 8


def test_flat_colors_come_back_as_they_were_drawn(made: MadeVideo) -> None:
    with av.open(str(made.path)) as container:
        frame = planes_of(next(container.decode(video=0)))
    theme = THEMES["dark"]
    assert to_rgb(frame, 640, 300) == pytest.approx(from_hex(theme.background), abs=3)
    assert to_rgb(frame, 640, 590) == pytest.approx(from_hex(theme.panel), abs=3)
    for index, x in enumerate((200, 640, 1080)):
        # The stripe across the top, 8 pixels high.
        assert to_rgb(frame, x, 3) == pytest.approx(from_hex(contender_color(index)), abs=5)


def test_key_frames_come_every_half_second_and_b_frames_in_pairs(made: MadeVideo) -> None:
    with av.open(str(made.path)) as container:
        kinds = "".join("?IPB"[frame.pict_type] for frame in container.decode(video=0))
    gops = [kinds[start : start + 15] for start in range(0, len(kinds), 15)]
    assert {gop[0] for gop in gops} == {"I"}
    assert all("I" not in gop[1:] for gop in gops)
    assert "BB" in kinds
    assert "BBB" not in kinds


def test_no_edit_list_and_first_frames_at_zero(made: MadeVideo) -> None:
    data = made.path.read_bytes()
    moov = data.index(b"moov")
    header = data[: data.index(b"mdat")]
    assert moov < data.index(b"mdat")
    assert b"elst" not in header
    # Composition offsets are signed (version 1) and the first is 0.
    offsets = header.index(b"ctts")
    version, _, _, first = struct.unpack(">BxxxIIi", header[offsets + 4 : offsets + 20])
    assert (version, first) == (1, 0)
    with av.open(str(made.path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.start_time, audio.start_time) == (0, 0)


@pytest.mark.parametrize("reader", READERS)
def test_others_read_it_as_it_is_meant(made: MadeVideo, reader: str) -> None:
    found = described(reader, made.path)
    assert found.video == ("h264", "High", "yuv420p", "tv", "bt709", "bt709", "bt709")
    assert found.audio == ("aac", "LC", "48000")
    assert found.starts_s == (0.0, 0.0)
    for duration_s in found.durations_s:
        assert abs(duration_s - made.timeline.duration_s) <= 1 / 30
    assert found.title == made.scene.title
    assert [title for _, title in found.chapters] == [
        "A sample shootout",
        "Clean combo 1",
        "Crunch stack 2",
        "High-gain stack 3",
        "Summary",
    ]
    expected = [span.start_frame / 48_000 for span in made.timeline.spans()]
    assert [start_s for start_s, _ in found.chapters] == pytest.approx(expected, abs=0.001)


def test_thumbnail_and_report(made: MadeVideo) -> None:
    data = made.thumbnail.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == (1280, 720)
    assert made.info.duration_s == made.timeline.duration_s
    assert made.info.file_bytes == made.path.stat().st_size
    assert made.info.soundtrack_gain_db == 0.0
    assert json.loads(json.dumps(made.info.as_json()))["num_chapters"] == 5


def test_progress_rises_from_nothing_to_all(made: MadeVideo) -> None:
    assert list(made.progress) == sorted(made.progress)
    assert (made.progress[0], made.progress[-1]) == (0.0, 1.0)
    assert len(made.progress) > 8


def test_only_the_results_are_left(made: MadeVideo) -> None:
    names = {path.name for path in made.path.parent.iterdir()}
    assert names == {"montage.flac", "video.mp4", "thumbnail.png"}


@pytest.mark.parametrize("stop_at", [0.0, 0.05, 0.5])
def test_a_cancelled_video_leaves_nothing_behind(
    tmp_path: Path, render_svg: SvgRenderer, fonts: list[Path], stop_at: float
) -> None:
    timeline = sample_timeline(6.5, 1)
    write_sample_montage(timeline, tmp_path / "montage.flac")
    (tmp_path / "out").mkdir()

    def cancel(fraction: float) -> None:
        if fraction >= stop_at:
            raise CancelledError

    with pytest.raises(CancelledError):
        encode_video(
            sample_scene(1),
            timeline,
            tmp_path / "montage.flac",
            tmp_path / "out" / "video.mp4",
            render_svg=render_svg,
            fonts=fonts,
            size=SIZE,
            progress=cancel,
        )
    assert list((tmp_path / "out").iterdir()) == []


def test_a_hot_soundtrack_is_turned_down_as_a_whole(
    tmp_path: Path, render_svg: SvgRenderer, fonts: list[Path]
) -> None:
    timeline = sample_timeline(6.5, 1)
    time_s = np.arange(timeline.total_frames) / 48_000
    sound = np.sin(2 * np.pi * 997.0 * time_s).astype(np.float32)  # 0 dBTP: 1 dB over the limit
    entry = timeline.entries[0]
    sound[: entry.start_frame] = 0
    sound[entry.end_frame :] = 0
    soundfile.write(tmp_path / "montage.wav", np.stack([sound, sound], axis=1), 48_000, "FLOAT")

    info = encode_video(
        sample_scene(1),
        timeline,
        tmp_path / "montage.wav",
        tmp_path / "video.mp4",
        render_svg=render_svg,
        fonts=fonts,
        size=SIZE,
    )

    assert -1.5 < info.soundtrack_gain_db < -0.9
    meter = TruePeakMeter(2)
    meter.add(decoded_audio("libraries", tmp_path / "video.mp4"), is_last=True)
    assert meter.true_peak_dbtp <= TRUE_PEAK_CEILING_DBTP
    assert meter.true_peak_dbtp == pytest.approx(info.true_peak_dbtp, abs=0.01)


def test_a_montage_of_another_length_is_refused(
    tmp_path: Path, render_svg: SvgRenderer, fonts: list[Path]
) -> None:
    soundfile.write(tmp_path / "montage.wav", np.zeros((48_000, 2)), 48_000)
    with pytest.raises(PipelineError) as caught:
        encode_video(
            sample_scene(1),
            sample_timeline(6.5, 1),
            tmp_path / "montage.wav",
            tmp_path / "video.mp4",
            render_svg=render_svg,
            fonts=fonts,
            size=SIZE,
        )
    assert caught.value.code == "VIDEO_MONTAGE_INVALID"
    assert [path.name for path in tmp_path.iterdir()] == ["montage.wav"]
