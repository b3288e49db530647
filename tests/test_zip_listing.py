"""The list of files at the end of an archive: how long it is, before a library reads all of it."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from claimlog.dataset.open_dataset import open_dataset
from claimlog.errors import ClaimlogError
from claimlog.release.archive import extract_archive, extract_member, read_member, write_archive
from claimlog.zip_listing import NO_SIZE, directory_size, large_directory_size

START = b"PK\x03\x04" + bytes(26)
ENTRY = b"PK\x01\x02" + bytes(24) + struct.pack("<H", 1) + bytes(16) + b"a"


def many(count: int, is_zip64: bool = False, comment: bytes = b"", entries: int = 1) -> bytes:
    """Return an archive whose list says `count` times that it has a file."""
    listed = ENTRY * count
    stated = 47 if is_zip64 else len(listed)
    halves = (entries & 0xFFFF, entries >> 16)
    end = b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, *halves, stated, len(START), len(comment))
    large = b"PK\x06\x06" + struct.pack(
        "<Q2H2L4Q", 44, 45, 45, 0, 0, count, count, len(listed), len(START)
    )
    place = b"PK\x06\x07" + struct.pack("<LQL", 0, len(START) + len(listed), 1)
    return START + listed + (large + place if is_zip64 else b"") + end + comment


MARK = int.from_bytes(b"PK\x05\x06", "little")
FORMS = {
    "plain": many(1_000),
    "with a comment": many(1_000, comment=b"some words"),
    "with numbers that spell the mark": many(1_000, entries=MARK),
}


@pytest.mark.parametrize("data", FORMS.values(), ids=FORMS)
def test_the_size_is_that_of_the_list_that_python_reads(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert len(archive.infolist()) == 1_000
    for read in (directory_size, large_directory_size):
        file = io.BytesIO(data)
        assert read(file) == 1_000 * len(ENTRY)
        assert file.tell() == 0


def test_the_size_in_a_record_of_zip64_is_read_only_where_one_is_needed() -> None:
    data = many(1_000, is_zip64=True)
    assert directory_size(io.BytesIO(data)) == NO_SIZE
    assert large_directory_size(io.BytesIO(data)) == 1_000 * len(ENTRY)
    elsewhere = data.replace(b"PK\x06\x06", b"PK\x06\x00")
    assert large_directory_size(io.BytesIO(elsewhere)) == NO_SIZE


@pytest.mark.parametrize("data", [b"", b"PK\x05\x06", START, b"PK" * 100_000])
def test_what_is_no_archive_has_no_such_list(data: bytes) -> None:
    assert directory_size(io.BytesIO(data)) is None
    assert large_directory_size(io.BytesIO(data)) is None


@pytest.mark.parametrize("is_zip64", [False, True])
def test_a_release_with_a_long_list_of_members_is_refused_before_it_is_read(
    is_zip64: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tiny-0.1.0.zip"
    path.write_bytes(many(800_000, is_zip64))

    def refuse(*_: object) -> None:
        raise AssertionError("the list was read")

    monkeypatch.setattr(zipfile.ZipFile, "_RealGetContents", refuse)
    for attempt in (
        lambda: read_member(path, "SHA256SUMS", 1_000),
        lambda: extract_member(path, "tiny-0.1.0/tiny.db", tmp_path / "db"),
        lambda: extract_archive(path, tmp_path),
        lambda: open_dataset(path, check="checksums"),
    ):
        with pytest.raises(ClaimlogError, match=r"tiny-0\.1\.0\.zip: its list of members has more"):
            attempt()


ALTERED = {
    "encrypted, says the list": lambda data: _with_flag(data, data.find(b"PK\x01\x02") + 8, 0x01),
    "encrypted, says the member": lambda data: _with_flag(data, 6, 0x01),
    "sizes behind the member": lambda data: _with_flag(data, 6, 0x08),
    "a patch": lambda data: _with_flag(data, data.find(b"PK\x01\x02") + 8, 0x20),
    "a comment": lambda data: data[:-2] + b"\x05\0hello",
    "a program before it": lambda data: b"#!/bin/sh\n" + data,
    "bytes behind it": lambda data: data + bytes(50),
    "cut": lambda data: data[:-1],
    "a link": lambda data: data.replace(b"\0\0\xa4\x01", b"\0\0\xff\xa1"),
}


def _with_flag(data: bytes, place: int, flag: int) -> bytes:
    return data[:place] + bytes([data[place] | flag]) + data[place + 1 :]


@pytest.mark.parametrize("alter", ALTERED.values(), ids=ALTERED)
def test_an_archive_that_other_readers_might_read_otherwise_is_refused(
    alter: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    folder = tmp_path / "tiny-0.1.0"
    folder.mkdir()
    (folder / "SHA256SUMS").write_text("words\n", encoding="utf-8")
    path = tmp_path / "tiny-0.1.0.zip"
    write_archive(folder, path)
    (tmp_path / "sound").mkdir()
    assert extract_archive(path, tmp_path / "sound").name == "tiny-0.1.0"
    altered = alter(path.read_bytes())
    assert altered != path.read_bytes()
    path.write_bytes(altered)
    (tmp_path / "other").mkdir()
    with pytest.raises(ClaimlogError, match=r"tiny-0\.1\.0\.zip: .*get the archive again"):
        extract_archive(path, tmp_path / "other")
