"""Files that are given as a text and are none."""

# ruff: noqa: RUF001 - typographic signs are what mojibake is made of

from __future__ import annotations

from pathlib import Path

import pytest

from claimlog.edit.row_writer import text_identity
from claimlog.errors import ClaimlogError
from claimlog.sources.text_formats import bytes_flaw, text_flaw
from conftest import TEXT

PROSE = "“The buoys” – said one warden – “aren’t ours.” The café in Århus is shut. " * 3
PAGE = "<!-- saved -->\n<!DOCTYPE html>\n<html><body><p>The port is shut.</p></body></html>"
FRAGMENT = (
    "<div class='a'><p>The port is <b>shut</b>.</p>\n<p>So <a href='x'>they say</a>.</p></div>"
)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (PROSE.encode("utf-16"), "is in UTF-16; convert it: iconv -f UTF-16 -t UTF-8 FILE > NEW"),
        (PROSE.encode("utf-16-le"), "is in UTF-16LE; convert it: iconv -f UTF-16LE"),
        (TEXT[:60].encode("ascii", "ignore").decode().encode("utf-16-be"), "is in UTF-16BE"),
        (PROSE.encode("utf-32"), "is in UTF-32; convert it: iconv -f UTF-32 -t UTF-8"),
        (PROSE.encode("cp1252"), "not UTF-8; .*iconv -f CP1252 -t UTF-8 FILE > NEW"),
        (b"{\\rtf1\\ansi The port is shut.}", "an RTF file, no plain text; open it in its program"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "a PDF file, no plain text"),
        (b"%PDF-1.4\nplain so far", "a PDF file, no plain text"),
        (b"PK\x03\x04\x14\x00\xff", "a zip file, as DOCX and ODT are, no plain text"),
        (b"\xff\xfd\x00\x00\x01\x02\x03", "no text, but a binary file"),
        (b"The port\x00is shut.", "holds NUL characters"),
        (PAGE.encode(), "HTML, no plain text; save the page as text"),
        (FRAGMENT.encode(), "HTML, no plain text"),
        (PROSE.encode().decode("latin-1").encode(), "read as LATIN1 .*iconv -f UTF-8 -t LATIN1"),
        (
            "It’s the café’s – “yes".encode().decode("cp1252").encode(),
            'read as CP1252 .mojibake: "â€™" stands for "’".; undo it: iconv -f UTF-8 -t CP1252',
        ),
    ],
)
def test_a_file_that_is_no_plain_text_is_named_with_what_to_do(
    data: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "given.txt"
    path.write_bytes(data)
    with pytest.raises(ClaimlogError, match=message) as error:
        text_identity(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_what_undoes_mojibake_gives_the_text_again(encoding: str) -> None:
    text = "The café’s buoys" if encoding == "cp1252" else "The café – the buoys"
    garbled = text.encode().decode(encoding)
    flaw = text_flaw(garbled * 2)
    assert flaw is not None
    name = flaw.rpartition("-t ")[2].split()[0]
    assert garbled.encode(name).decode() == text


@pytest.mark.parametrize(
    "text",
    [
        *(TEXT, PROSE, "", "Set it between <b> and </b>, they say. " + PROSE),
        *(
            "If a < b and c > d, the port is shut.",
            "Das Wort „Ã©“ steht hier, sonst ist alles gut.",
        ),
        *("Ça va? Ângelo disse: «não». À bientôt!", "海はNATOの2025年"),
    ],
)
def test_prose_is_taken_as_it_is(text: str) -> None:
    assert text_flaw(text) is None


def test_bytes_in_no_known_encoding_are_said_to_be_none() -> None:
    assert bytes_flaw(b"\xff\xfe\xfd").startswith("the text is in UTF-16")
    assert bytes_flaw(b"\x81\xfe\xfd").startswith("not UTF-8")
