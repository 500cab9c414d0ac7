"""Archives that are what they should be, and all the others."""

from __future__ import annotations

import io
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.formats.shootout_archive import ArchiveLimits, check_archive, unpack_archive

TOML = b'title = "x"\n[[di]]\nfile = "di/riff.wav"\n[[gear]]\nfile = "gear/amp.nam"\n'
FILES = {"shootout.toml": TOML, "di/riff.wav": b"RIFF", "gear/amp.nam": b"{}"}
LIMITS = ArchiveLimits(
    max_entries=20,
    max_directory_bytes=4000,
    max_total_bytes=20_000_000,
    max_file_bytes=1000,
    max_shootout_file_bytes=2000,
)


def zip_of(
    *entries: tuple[str | zipfile.ZipInfo, bytes], compression: int = zipfile.ZIP_DEFLATED
) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return file.getvalue()


def good(*more: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    return zip_of(*FILES.items(), *more)


def refusal(content: bytes, folder: Path) -> str:
    """The code of what is wrong; whatever it is, nothing is left outside of the folder."""
    folder.mkdir()
    with pytest.raises(PipelineError) as error:
        unpack_archive(io.BytesIO(content), folder, LIMITS)
    assert error.value.is_permanent
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    return error.value.code


def link(name: str, target: bytes) -> tuple[zipfile.ZipInfo, bytes]:
    info = zipfile.ZipInfo(name)
    info.external_attr = 0o120777 << 16
    return info, target


def test_what_the_file_names_is_unpacked_and_nothing_else(tmp_path: Path) -> None:
    content = good(("media/x.flac", b"fLaC"), ("README", b"?"), ("nested.zip", good()))
    check_archive(io.BytesIO(content), LIMITS)
    root = unpack_archive(io.BytesIO(content), tmp_path, LIMITS)
    assert root == tmp_path / "shootout.toml"
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert found == set(FILES)
    assert (tmp_path / "di/riff.wav").read_bytes() == b"RIFF"


def test_one_folder_around_everything_is_fine(tmp_path: Path) -> None:
    content = zip_of(
        ("Four amps/", b""),
        *((f"Four amps/{name}", content) for name, content in FILES.items()),
        ("__MACOSX/._shootout.toml", b""),
    )
    root = unpack_archive(io.BytesIO(content), tmp_path, LIMITS)
    assert root == tmp_path / "Four amps" / "shootout.toml"
    assert (root.parent / "gear/amp.nam").is_file()


@pytest.mark.parametrize(
    "name",
    [
        "../evil.wav",
        "di/../../evil.wav",
        "/etc/evil.wav",
        "//host/evil.wav",
        "C:/evil.wav",
        "di\\evil.wav",
        "..\\evil.wav",
        "./evil.wav",
        "di//evil.wav",
        "di/./evil.wav",
        "evil.wav ",
        "di /evil.wav",
        "evil.",
        "ev\x07il.wav",
        "ev\u202eil.wav",
        "a" * 241,
        "a/b/c/d/e/f/g",
    ],
)
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    assert refusal(good((name, b"x")), tmp_path / "folder") == "ARCHIVE_UNSAFE"


def test_a_name_with_an_end_in_the_middle_is_refused(tmp_path: Path) -> None:
    content = good(("di/evil.wavXhidden", b"x")).replace(b"evil.wavXhidden", b"evil.wav\0hidden")
    assert refusal(content, tmp_path / "folder") == "ARCHIVE_UNSAFE"


@pytest.mark.parametrize(
    "names",
    [
        ("DI/RIFF.WAV",),
        ("di/riff.wav",),
        ("di/stra\u00dfe.wav", "di/STRASSE.wav"),
        ("di/e\u0301.wav", "di/\u00e9.wav"),
        ("di/riff.wav/inside.wav",),
        ("gear/amp.nam/",),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_that_are_one_file_somewhere_are_refused(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    content = good(*((name, b"") for name in names))
    assert refusal(content, tmp_path / "folder") == "ARCHIVE_UNSAFE"


def test_links_are_refused(tmp_path: Path) -> None:
    content = good(link("di/link.wav", b"/etc/passwd"))
    assert refusal(content, tmp_path / "folder") == "ARCHIVE_UNSAFE"


def test_what_is_compressed_too_well_is_refused(tmp_path: Path) -> None:
    bomb = good(("di/zeros.wav", bytes(2_000_000)))
    assert len(bomb) < 10_000
    assert refusal(bomb, tmp_path / "folder") == "ARCHIVE_TOO_LARGE"


def test_more_than_the_limits_is_refused(tmp_path: Path) -> None:
    noise = bytes(range(256)) * 4
    large = zip_of(
        ("shootout.toml", TOML),
        ("di/riff.wav", noise),
        ("gear/amp.nam", b"{}"),
        compression=zipfile.ZIP_STORED,
    )
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    assert refusal(large, tmp_path / "a" / "folder") == "ARCHIVE_TOO_LARGE"
    many = good(*((f"media/{n}", b"") for n in range(30)))
    assert refusal(many, tmp_path / "b" / "folder") == "ARCHIVE_TOO_LARGE"


def test_a_directory_that_announces_more_in_all_than_is_allowed_is_refused() -> None:
    parts = [(f"media/{n}.flac", bytes(range(256)) * 4) for n in range(4)]
    with pytest.raises(PipelineError) as error:
        check_archive(
            io.BytesIO(zip_of(*FILES.items(), *parts)), ArchiveLimits(max_total_bytes=4000)
        )
    assert error.value.code == "ARCHIVE_TOO_LARGE"


def test_a_huge_directory_is_refused_before_it_is_read() -> None:
    content = bytearray(good())
    end = content.rindex(b"PK\x05\x06")
    struct.pack_into("<I", content, end + 12, 3_000_000_000)
    with pytest.raises(PipelineError) as error:
        check_archive(io.BytesIO(bytes(content)), LIMITS)
    assert error.value.code == "ARCHIVE_TOO_LARGE"
    locator = good()[:-22] + b"PK\x06\x07" + bytes(16) + good()[-22:]
    with pytest.raises(PipelineError) as error:
        check_archive(io.BytesIO(locator), LIMITS)
    assert error.value.code == "ARCHIVE_TOO_LARGE"


def test_entries_over_each_other_are_refused(tmp_path: Path) -> None:
    """Two names in the directory for one place in the archive."""
    content = bytearray(good(("di/two.wav", b"RIFF")))
    first = content.index(b"di/riff.wav", content.rindex(b"PK\x01\x02") - 400) - 46
    second = content.rindex(b"di/two.wav") - 46
    struct.pack_into("<I", content, second + 42, struct.unpack_from("<I", content, first + 42)[0])
    assert refusal(bytes(content), tmp_path / "folder") == "ARCHIVE_UNSAFE"


def lie_about_the_size(content: bytes) -> bytes:
    """The directory says fewer bytes than come."""
    broken = bytearray(content)
    at = broken.rindex(b"di/riff.wav") - 46
    struct.pack_into("<I", broken, at + 24, 2)
    return bytes(broken)


def wrong_checksum(content: bytes) -> bytes:
    broken = bytearray(content)
    at = broken.rindex(b"di/riff.wav") - 46
    struct.pack_into("<I", broken, at + 16, 12345)
    return bytes(broken)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda content: b"", "ARCHIVE_INVALID"),
        (lambda content: b"PK\x05\x06", "ARCHIVE_INVALID"),
        (lambda content: b"not a zip at all" * 100, "ARCHIVE_INVALID"),
        (lambda content: content[: len(content) // 2], "ARCHIVE_INVALID"),
        (lambda content: content[100:], "ARCHIVE_UNSAFE"),  # places before its beginning
        (lie_about_the_size, "ARCHIVE_INVALID"),
        (wrong_checksum, "ARCHIVE_INVALID"),
    ],
)
def test_what_is_damaged_is_refused(
    tmp_path: Path, change: Callable[[bytes], bytes], code: str
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(PipelineError) as error:
        unpack_archive(io.BytesIO(change(good())), folder, LIMITS)
    assert error.value.code == code


def test_what_is_encrypted_or_packed_otherwise_is_refused(tmp_path: Path) -> None:
    content = bytearray(good())
    at = content.rindex(b"di/riff.wav") - 46
    content[at + 8] |= 1
    assert refusal(bytes(content), tmp_path / "folder") == "ARCHIVE_UNSUPPORTED"
    (tmp_path / "folder").rmdir()
    packed = zip_of(*FILES.items(), compression=zipfile.ZIP_BZIP2)
    assert refusal(packed, tmp_path / "folder") == "ARCHIVE_UNSUPPORTED"


@pytest.mark.parametrize(
    ("toml", "code"),
    [
        (b'[[di]]\nfile = "nowhere.wav"', "SHOOTOUT_FILE_INVALID"),
        (b'[[di]]\nfile = "../../etc/passwd"', "SHOOTOUT_FILE_INVALID"),
        (b'[[di]]\nfile = "evil.exe"', "ARCHIVE_UNSUPPORTED"),
        (b'[[di]]\nfile = "nested.zip"', "ARCHIVE_UNSUPPORTED"),
        (b"title = ", "SHOOTOUT_FILE_INVALID"),
        (b"\xff\xfe", "SHOOTOUT_FILE_INVALID"),
        (b"x = " + b"[" * 1500, "SHOOTOUT_FILE_INVALID"),
        (b"x = " + b"1" * 1500, "SHOOTOUT_FILE_INVALID"),
        (b"a" + b".a" * 800 + b" = 1", "SHOOTOUT_FILE_INVALID"),
        (b"#" + b"x" * 2000, "ARCHIVE_TOO_LARGE"),
    ],
)
def test_a_shootout_file_that_is_none_is_refused(tmp_path: Path, toml: bytes, code: str) -> None:
    content = zip_of(
        ("shootout.toml", toml),
        ("evil.exe", b"MZ"),
        ("nested.zip", good()),
        compression=zipfile.ZIP_STORED,
    )
    with pytest.raises(PipelineError) as error:
        unpack_archive(io.BytesIO(content), tmp_path, LIMITS)
    assert error.value.code == code


def evil(num_bytes: int) -> bytes:
    """One key of as many parts as fit: tomllib takes time with the square of them."""
    return zip_of(("shootout.toml", b"a" + b".a" * (num_bytes // 2 - 2) + b"=1"))


def test_a_small_archive_that_would_take_hours_is_refused_before_it_is_unpacked() -> None:
    content = evil(1024 * 1024)
    assert len(content) < 1200
    began_s = time.thread_time()
    with pytest.raises(PipelineError) as error:
        check_archive(io.BytesIO(content), ArchiveLimits())
    assert (error.value.code, time.thread_time() - began_s < 1.0) == ("ARCHIVE_TOO_LARGE", True)
    assert "64 KiB" in error.value.message


def test_so_is_one_whose_text_is_short_enough(tmp_path: Path) -> None:
    began_s = time.thread_time()
    with pytest.raises(PipelineError) as error:
        unpack_archive(io.BytesIO(evil(64_000)), tmp_path, ArchiveLimits())
    code, took_s = error.value.code, time.thread_time() - began_s
    assert (code, took_s < 1.0) == ("SHOOTOUT_FILE_INVALID", True)


def test_an_archive_without_a_shootout_file_is_refused() -> None:
    for content in (
        zip_of(("other.toml", TOML)),
        zip_of(("a/shootout.toml", TOML), ("b/shootout.toml", TOML)),
        zip_of(("a/b/shootout.toml", TOML)),
    ):
        with pytest.raises(PipelineError) as error:
            check_archive(io.BytesIO(content), LIMITS)
        assert error.value.code == "SHOOTOUT_FILE_MISSING"
