"""Signed notes and checkpoints: the reference's examples, another log's, and malformed ones."""

from __future__ import annotations

import os
from base64 import b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from claimlog.errors import ClaimlogError
from claimlog.log.merkle import EMPTY_ROOT
from claimlog.log.proofs import consistency, extends, tree_root
from claimlog.release.checkpoint import Checkpoint, parse_checkpoint, verify_checkpoint
from claimlog.release.signed_note import (
    NOTE_BYTES,
    SIGNATURES,
    Note,
    Signature,
    parse_note,
    sign_note,
    verify_note,
)
from claimlog.release.signing_key import PublicKey, key_id, read_public_key, verifier_key
from peer_files import peer_files
from thorough import examples

# the example in the documentation of Go's sumdb/note
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
BY_PETER = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZ"
    "b6KE6RyyBwJnAM=\n"
)
BY_ENOCH = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33"
    "WWd1RvMc+QQ=\n"
)
SIGNED = f"{TEXT}\n{BY_PETER}"

# the key of the log of transparency-dev/tessera's testdata, which lies beside no copy of it
TESSERA = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"

ROOT = b64encode(bytes(range(32))).decode()


def private_pem(private: Ed25519PrivateKey) -> bytes:
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A private key, with its public half in ``key.pub`` beside it."""
    folder = tmp_path_factory.mktemp("keys")
    private = Ed25519PrivateKey.generate()
    path = folder / "key.pem"
    path.write_bytes(private_pem(private))
    path.with_suffix(".pub").write_bytes(
        private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return path


def read(note: str) -> Note:
    return parse_note(note.encode(), "note")


# reading as the reference does -------------------------------------------------------------------


def test_the_reference_example_is_read_and_verified() -> None:
    note = read(SIGNED + BY_ENOCH)
    assert note.text == TEXT
    assert [found.name for found in note.signatures] == ["PeterNeumann", "EnochRoot"]
    assert verify_note(note, PETER) == verify_note(note, ENOCH) == TEXT
    with pytest.raises(ClaimlogError, match="signed, but not with the key af0cfe78"):
        verify_note(read(SIGNED), ENOCH)


def test_signatures_of_unknown_keys_are_passed_over() -> None:
    """Of one that shares the name, one that shares the ID, and kinds of key that are not ours."""
    same_name = b64encode(bytes(4) + bytes(64)).decode()
    same_id = BY_PETER.split()[2]
    block = f"— PeterNeumann {same_name}\n— Other {same_id}\n— w.example AAAAAAA=\n"
    assert verify_note(read(f"{TEXT}\n{block}{BY_PETER}"), PETER) == TEXT
    with pytest.raises(ClaimlogError, match="not with the key"):
        verify_note(read(f"{TEXT}\n{block}"), PETER)


def test_every_signature_of_the_known_key_must_fit() -> None:
    forged = f"— PeterNeumann {b64encode(bytes.fromhex('c74f20a3') + bytes(64)).decode()}\n"
    short = f"— PeterNeumann {b64encode(bytes.fromhex('c74f20a3') + b'x').decode()}\n"
    assert verify_note(read(SIGNED + BY_PETER), PETER) == TEXT  # a repetition is one signature
    assert len(read(SIGNED + BY_PETER).signatures) == 1
    for block in (forged, short, BY_PETER + forged, forged + BY_PETER):
        with pytest.raises(ClaimlogError, match="the signature does not fit the text"):
            verify_note(read(f"{TEXT}\n{block}"), PETER)


def test_the_last_empty_line_ends_the_text() -> None:
    inner = f"{TEXT}\n{BY_PETER}"
    note = read(f"{inner}\n{BY_ENOCH}")
    assert note.text == inner
    assert [found.name for found in note.signatures] == ["EnochRoot"]
    with pytest.raises(ClaimlogError, match="not with the key"):
        verify_note(note, PETER)


def signature(data: bytes = bytes(68), name: str = "log") -> str:
    return f"— {name} {b64encode(data).decode()}\n"


def unsigned_by(name: str) -> str:
    return f"{TEXT}\n{signature(name=name)}"


LINE = "a signature line is malformed: "
DASHED = LINE + "expected — NAME DATA"
NAMED = LINE + "a name is not empty and holds no space and no plus sign"
ENCODED = LINE + "its data is not base64 with padding"
SHORT = LINE + "its data is shorter than a key ID and a signature"
MALFORMED: dict[str, tuple[str | bytes, str]] = {
    "nothing": ("", "is not signed; expected an empty line and signatures below the text"),
    "a text alone": (TEXT, "is not signed; expected an empty line and signatures below the text"),
    "no signature": (TEXT + "\n", "is not signed; no line follows the empty one"),
    "no text": ("\n" + BY_PETER, "is not signed; expected an empty line"),
    "no empty line": (TEXT + BY_PETER, "is not signed; expected an empty line"),
    "an empty line at the end": (SIGNED + "\n", "is not signed; no line follows the empty one"),
    "no line feed at the end": (SIGNED[:-1], "the last signature line is cut off"),
    "line ends of Windows": (SIGNED.replace("\n", "\r\n"), "holds the control character U+000D"),
    "a tab": ("\t" + SIGNED, "holds the control character U+0009 at character 0"),
    "a null byte": (
        SIGNED + "\0",
        f"holds the control character U+0000 at character {len(SIGNED)}",
    ),
    "a byte that is no text": (b"\xff" + SIGNED.encode(), "byte 0 is not UTF-8"),
    "half a surrogate pair": (b"\xed\xa0\x80" + SIGNED.encode(), "byte 0 is not UTF-8"),
    "another line": (SIGNED + "Unexpected line.\n", DASHED),
    "a hyphen": (SIGNED.replace("—", "-"), DASHED),
    "an en dash": (SIGNED.replace("—", "\N{EN DASH}"), DASHED),
    "a space before the dash": (SIGNED.replace("—", " —"), DASHED),
    "no space after the dash": (SIGNED.replace("— ", "—"), DASHED),
    "no data": (f"{TEXT}\n— log\n", DASHED),
    "no name": (unsigned_by(""), NAMED),
    "a plus in the name": (unsigned_by("a+b"), NAMED),
    "a no-break space in the name": (unsigned_by("a\N{NO-BREAK SPACE}b"), NAMED),
    "a line separator in the name": (unsigned_by("a\u2028b"), NAMED),
    "a next line in the name": (unsigned_by("a\u0085b"), NAMED),
    "a space in the name": (unsigned_by("Bad Name"), ENCODED),
    "two spaces": (SIGNED.replace("Neumann ", "Neumann  "), ENCODED),
    "a space at the end": (SIGNED[:-1] + " \n", ENCODED),
    "a word more": (SIGNED[:-1] + " more\n", ENCODED),
    "data of no length": (f"{TEXT}\n— log \n", SHORT),
    "no padding": (SIGNED.replace("AM=", "AM"), ENCODED),
    "too much padding": (SIGNED.replace("AM=", "AM=="), ENCODED),
    "padding inside": (SIGNED.replace("x08g", "x0=="), ENCODED),
    "bits behind the end": (SIGNED.replace("AM=", "AN="), ENCODED),
    "the alphabet of URLs": (SIGNED.replace("/", "_"), ENCODED),
    "a line separator in the data": (SIGNED.replace("x08g", "x08g\u2028"), ENCODED),
    "digits of another script": (SIGNED.replace("x08g", "x\N{ARABIC-INDIC DIGIT ZERO}8g"), ENCODED),
    "a key ID alone": (f"{TEXT}\n{signature(bytes(4))}", SHORT),
    "101 signatures": (f"{TEXT}\n" + BY_PETER * 101, "has 101 signatures, 100 are the most"),
    "a megabyte": ("a" * NOTE_BYTES + "\n\n" + BY_PETER, "is larger than 1,000,000 bytes"),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_note_is_refused_and_said_why(kind: str) -> None:
    note, message = MALFORMED[kind]
    with pytest.raises(ClaimlogError) as caught:
        parse_note(note if isinstance(note, bytes) else note.encode(), "some.note")
    assert str(caught.value).startswith(f"some.note: {message}")
    assert "\n" not in str(caught.value)


def test_a_hundred_signatures_of_any_kind_are_read() -> None:
    block = "".join(signature(bytes([n]) * 40, f"log{n}") for n in range(SIGNATURES - 1))
    note = read(f"{TEXT}\n{block}{BY_PETER}")
    assert len(note.signatures) == SIGNATURES
    assert note.signatures[1] == Signature("log1", b"\1" * 4, b"\1" * 36)
    assert verify_note(note, PETER) == TEXT


# keys --------------------------------------------------------------------------------------------


def test_a_key_is_a_word_a_file_of_it_or_pem(secret: Path, tmp_path: Path) -> None:
    note = read(sign_note("a text\n", "example.org/log", secret))
    vkey = verifier_key("example.org/log", secret)
    public = secret.with_suffix(".pub")
    file = tmp_path / "log.vkey"
    for content in (vkey, vkey + "\n"):
        file.write_text(content, "utf-8")
        assert read_public_key(file).vkey == vkey
    assert read_public_key(PETER).vkey == PETER
    for key in (vkey, file):
        assert verify_note(note, key) == verify_note(note, key, "unused") == "a text\n"
    assert verify_note(note, public, "example.org/log") == "a text\n"
    with pytest.raises(ClaimlogError, match="needs the name under which it signs"):
        verify_note(note, public)
    with pytest.raises(ClaimlogError, match=r"not with the key in key\.pub under the name 'other'"):
        verify_note(note, public, "other")


NAME, IDENTITY, DATA = PETER.split("+", 2)


@pytest.mark.parametrize(
    ("vkey", "message"),
    [
        ("", "is no public key"),
        (NAME, "is no public key"),
        (f"{NAME}+{IDENTITY}", "is no public key"),
        (f"{NAME}+{IDENTITY}+{DATA[:-1]}", "is no public key"),
        (f"{NAME}+{IDENTITY}+{DATA}\n\n", "is no public key"),
        (f" {PETER}", "is no public key"),
        (f"+{IDENTITY}+{DATA}", "is no public key"),
        (f"{NAME}+c74f20a+{DATA}", "is no public key"),
        (f"{NAME}\udc80+{IDENTITY}+{DATA}", "is no public key"),
        (f"PRIVATE+KEY+{PETER}", "is no public key"),
        (f"{NAME}+c74f20a4+{DATA}", "its hash is not that of its name and key"),
        (f"Peter+{IDENTITY}+{DATA}", "its hash is not that of its name and key"),
        (f"{NAME}+{IDENTITY}+A{DATA}BBB", "is no Ed25519 key"),
        (f"{NAME}+{IDENTITY}+{b64encode(bytes([4]) + bytes(32)).decode()}", "is no Ed25519 key"),
        (f"{NAME}+{IDENTITY}+{b64encode(bytes([1]) + bytes(31)).decode()}", "is no Ed25519 key"),
    ],
)
def test_a_word_that_is_no_verifier_key_is_refused(vkey: str, message: str) -> None:
    with pytest.raises(ClaimlogError, match=f"^the verifier key: {message}"):
        read_public_key(vkey)


def test_a_file_that_is_no_public_key_is_refused(secret: Path, tmp_path: Path) -> None:
    file = tmp_path / "key"
    for content, message in (
        (secret.read_bytes(), "is no public key in PEM form; write it with: openssl pkey"),
        (b"\xff\xfe", "is no public key; expected PEM"),
        (b"", "is no public key; expected PEM"),
        (b"-----BEGIN PUBLIC KEY-----\n", "is no public key in PEM form"),
        (b"x" * 70_000, "is larger than 65,536 bytes"),
    ):
        file.write_bytes(content)
        with pytest.raises(ClaimlogError, match=message):
            read_public_key(file, "name")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(ClaimlogError, match="is no regular file"):
        read_public_key(pipe, "name")


def test_a_locked_private_key_is_said_to_be_locked(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    locked = BestAvailableEncryption(b"word")
    file.write_bytes(
        Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked)
    )
    with pytest.raises(ClaimlogError, match="is locked with a password"):
        sign_note("text\n", "name", file)


# signing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["", "a b", "a+b", "a\nb", "a\tb", "a\0b", "a\x7fb", "a\u2028b", "a\u202eb", "a\udc80b"]
)
def test_nothing_is_signed_under_a_name_that_others_refuse(name: str, secret: Path) -> None:
    with pytest.raises(ClaimlogError, match="is no name to sign under"):
        sign_note("text\n", name, secret)
    with pytest.raises(ClaimlogError, match="is no name to sign under"):
        verifier_key(name, secret)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must end in a line feed"),
        ("text", "must end in a line feed"),
        ("a\rb\n", "holds the control character U+000D"),
        ("\udc80\n", "holds a lone surrogate"),
        ("a" * NOTE_BYTES + "\n", "is larger than 1,000,000 bytes"),
        ("a" * (NOTE_BYTES - 9) + "\n", "the signed text: is larger than 1,000,000 bytes"),
    ],
)
def test_a_text_that_no_note_can_hold_is_not_signed(text: str, message: str, secret: Path) -> None:
    with pytest.raises(ClaimlogError) as caught:
        sign_note(text, "name", secret)
    assert message in str(caught.value)


TEXTS = st.text(
    st.characters(codec="utf-8", min_codepoint=32) | st.just("\n"),
    max_size=80,
).map(lambda text: text + "\n")
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20).filter(
    lambda name: "+" not in name and name.isprintable() and " " not in name
)


@examples(60)
@given(TEXTS, NAMES)
def test_what_is_signed_is_read_back_and_verified(secret: Path, text: str, name: str) -> None:
    signed = sign_note(text, name, secret)
    note = read(signed)
    assert note.text == text
    [found] = note.signatures
    assert found.name == name
    assert verify_note(note, verifier_key(name, secret)) == text
    # a note is a text like any other
    assert read(sign_note(signed, name, secret)).text == signed


@examples(150)
@given(st.data())
def test_no_byte_of_a_signed_checkpoint_can_be_another(secret: Path, data: st.DataObject) -> None:
    point = Checkpoint("example.org/log", 21, bytes(range(32)), ("an extension",))
    note = point.note(secret).encode() + signature(name="witness.example").encode()
    key = verifier_key("example.org/log", secret)
    assert verify_checkpoint(note, key, "note") == point
    place = data.draw(st.integers(0, len(note) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != note[place]))
    altered = note[:place] + bytes([other]) + note[place + 1 :]
    try:
        found = verify_checkpoint(altered, key, "note")
    except ClaimlogError:
        return
    # the witness's line is not ours to verify: all that it may change is itself
    assert place >= note.index("— witness".encode())
    assert (found, found.extensions) == (point, point.extensions)


# checkpoints -------------------------------------------------------------------------------------


def test_the_checkpoints_of_another_log_are_read_and_verified() -> None:
    roots = {}
    for path in peer_files("tlog-tiles", "log/checkpoint.*", 16):
        point = verify_checkpoint(path.read_bytes(), TESSERA, path.name)
        assert point.origin == "example.com/log/testdata"
        assert path.name == f"checkpoint.{point.size}"
        roots[point.size] = point.root
    assert sorted(roots) == [*range(16)]
    [last] = peer_files("tlog-tiles", "log/checkpoint", 1)
    assert verify_checkpoint(last.read_bytes(), TESSERA, "checkpoint").size == 15


def test_the_trees_of_another_log_go_on_from_one_to_the_next() -> None:
    """Its tile of leaf hashes gives every root that it signed, and proofs between all of them."""
    [tile] = peer_files("tlog-tiles", "log/tile/0/000.p/15", 1)
    data = tile.read_bytes()
    leaves = [data[place : place + 32] for place in range(0, len(data), 32)]
    points = [
        parse_checkpoint(path.read_bytes(), path.name)[0]
        for path in peer_files("tlog-tiles", "log/checkpoint.*", 16)
    ]
    for point in points:
        assert point.root == tree_root(leaves[: point.size])
        for later in points:
            if 0 < point.size <= later.size:
                path = consistency(leaves[: later.size], point.size)
                assert extends(point.size, point.root, later.size, later.root, path)


def test_extension_lines_are_passed_over_and_covered_by_the_signature(secret: Path) -> None:
    plain = Checkpoint("tiny", 21, bytes(range(32)))
    longer = Checkpoint("tiny", 21, bytes(range(32)), ("one", "two words"))
    note = longer.note(secret).encode()
    found = verify_checkpoint(note, secret.with_suffix(".pub"), "checkpoint")
    assert found == plain == longer
    assert found.extensions == ("one", "two words")
    assert parse_checkpoint(longer.text().encode(), "checkpoint") == (plain, ())
    with pytest.raises(ClaimlogError, match="does not fit the text"):
        verify_checkpoint(
            note.replace(b"words", b"birds"), secret.with_suffix(".pub"), "checkpoint"
        )


def test_a_key_of_another_name_than_the_origin_may_sign(secret: Path) -> None:
    """C2SP asks for the same name with SHOULD only; who gives a verifier key says which it is."""
    point = Checkpoint("a log of words", 21, bytes(range(32)))
    note = sign_note(point.text(), "example.org/key", secret).encode()
    assert verify_checkpoint(note, verifier_key("example.org/key", secret), "checkpoint") == point
    with pytest.raises(ClaimlogError, match=r"not with the key in key\.pub"):
        verify_checkpoint(note, secret.with_suffix(".pub"), "checkpoint")


NOTHING = b64encode(EMPTY_ROOT).decode()
THREE = "is no checkpoint: expected three lines"
SIZE = "is no checkpoint: line 2 is no tree size"
ROOTLESS = "is no checkpoint: line 3 is no root"
NO_CHECKPOINTS = {
    "no origin": (f"\n21\n{ROOT}\n", "is no checkpoint: line 1 is empty"),
    "two lines": ("tiny\n21\n", THREE),
    "no line feed at the end": (f"tiny\n21\n{ROOT}", "is no checkpoint: its last line is cut off"),
    "an empty line at the end": (f"tiny\n21\n{ROOT}\n\n", "is not signed; no line follows"),
    "an empty size": (f"tiny\n\n{ROOT}\n", DASHED),
    "a leading zero": (f"tiny\n021\n{ROOT}\n", SIZE),
    "two zeros": (f"tiny\n00\n{NOTHING}\n", SIZE),
    "a sign": (f"tiny\n+21\n{ROOT}\n", SIZE),
    "a negative size": (f"tiny\n-1\n{ROOT}\n", SIZE),
    "a space": (f"tiny\n21 \n{ROOT}\n", SIZE),
    "an underscore": (f"tiny\n2_1\n{ROOT}\n", SIZE),
    "digits of another script": (f"tiny\n\N{ARABIC-INDIC DIGIT TWO}\n{ROOT}\n", SIZE),
    "a size beyond 64 bits": (f"tiny\n{2**64}\n{ROOT}\n", SIZE),
    "a size of many digits": (f"tiny\n{'1' * 100_000}\n{ROOT}\n", SIZE),
    "31 bytes": (f"tiny\n21\n{b64encode(bytes(31)).decode()}\n", ROOTLESS),
    "33 bytes": (f"tiny\n21\n{b64encode(bytes(33)).decode()}\n", ROOTLESS),
    "no padding": (f"tiny\n21\n{ROOT.rstrip('=')}\n", ROOTLESS),
    "bits behind the end": (f"tiny\n21\n{ROOT[:-2]}9=\n", ROOTLESS),
    "hex": (f"tiny\n21\n{bytes(range(32)).hex()}\n", ROOTLESS),
    "line ends of Windows": (f"tiny\r\n21\r\n{ROOT}\r\n", "holds the control character U+000D"),
    "rows of which there are none": (f"tiny\n0\n{ROOT}\n", "is no checkpoint: a tree of no rows"),
}


@pytest.mark.parametrize("kind", NO_CHECKPOINTS)
def test_what_is_no_checkpoint_is_said_why(kind: str) -> None:
    text, message = NO_CHECKPOINTS[kind]
    with pytest.raises(ClaimlogError) as caught:
        parse_checkpoint(text.encode(), "some.checkpoint")
    assert str(caught.value).startswith(f"some.checkpoint: {message}")


def test_an_empty_extension_line_is_no_checkpoint_even_if_signed(secret: Path) -> None:
    point = Checkpoint("tiny", 21, bytes(range(32)), ("one", "", "two"))
    signed = sign_note(point.text(), "tiny", secret)
    with pytest.raises(ClaimlogError, match="line 5 is empty"):
        verify_checkpoint(signed.encode(), secret.with_suffix(".pub"), "checkpoint")


@pytest.mark.parametrize("size", [0, 2**64 - 1])
def test_sizes_of_64_bits_are_read(size: int) -> None:
    root = EMPTY_ROOT if size == 0 else bytes(32)
    assert parse_checkpoint(Checkpoint("tiny", size, root).text().encode(), "c")[0] == Checkpoint(
        "tiny", size, root
    )


@pytest.mark.parametrize(
    "point",
    [
        Checkpoint("a log", 21, bytes(32)),
        Checkpoint("a+b", 21, bytes(32)),
        Checkpoint("a\nb", 21, bytes(32)),
        Checkpoint("", 21, bytes(32)),
        Checkpoint("tiny", -1, bytes(32)),
        Checkpoint("tiny", 2**64, bytes(32)),
        Checkpoint("tiny", 0, bytes(32)),
        Checkpoint("tiny", 21, bytes(31)),
        Checkpoint("tiny", 21, bytes(32), ("",)),
        Checkpoint("tiny", 21, bytes(32), ("a\x07",)),
    ],
    ids=repr,
)
def test_what_others_could_not_read_is_not_signed(point: Checkpoint, secret: Path) -> None:
    with pytest.raises(ClaimlogError):
        point.note(secret)


def test_a_key_id_is_of_name_and_key() -> None:
    key = read_public_key(PETER)
    assert key == PublicKey("PeterNeumann", key.raw)
    assert key_id("PeterNeumann", key.raw).hex() == "c74f20a3" != key_id("Peter", key.raw).hex()
