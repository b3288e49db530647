"""A coverage-guided fuzz of the line reader (atheris): `make fuzz SECONDS=60`.

Whatever the bytes, reading them ends in findings or in a frame; and the fast reading of whole files
agrees with the exact reading of each line.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

ROOT = Path(__file__).resolve().parents[1]
LONGEST = 1 << 14  # bytes of a line, so that too long ones are met
CHILD = "--child"
TOKENS = [
    *('"', "\\\\", "\\\\u0000", "\\\\ud800", "{", "}", "[", "]", ",", ":", "null", "true", "NaN"),
    *("-0", "1e21", "1e-7", "9007199254740993", "Infinity", "\\x0a", "\\x0d", "\\x00", "\\xff"),
    *("\\xef\\xbb\\xbf", "\\xe2\\x80\\xa8", "\\xed\\xa0\\x80"),
]


def check(data: bytes) -> None:
    """Read bytes as a stream's file; the first byte says which stream, and in which way."""
    from claimlog.log import lines as reader
    from claimlog.log.canonical import encode, explain
    from claimlog.strict_json import decode_object
    from histories import SCHEMAS
    from measured_rows import MEASURED

    tables = [*SCHEMAS.streams.values(), MEASURED]
    table = tables[(data[0] if data else 0) % len(tables)]
    with patch.object(reader, "AT_ONCE", 0 if data[:1] < b"\x80" else len(data)):
        found = reader.read_lines(data[1:], table, "x", LONGEST)
    lines = data[1:].split(b"\n")[:-1]
    assert found.rows == len(lines)
    if found.frame is None:
        assert found.findings
        for finding in found.findings:
            str(finding).encode()
        return
    assert not found.findings
    assert found.frame.height == len(lines) == len(found.leaves)
    for line, row in zip(lines, found.frame.to_dicts(), strict=True):
        text = line.decode()
        assert explain(text, table) == []
        assert encode(decode_object(text)) == line == encode(row)


def seeds() -> list[bytes]:
    """Return files of drawn histories, by stream."""
    from claimlog.log.canonical import encode
    from histories import SCHEMAS, random_history
    from measured_rows import measured_row

    streams, found = [*SCHEMAS.streams], []
    for seed in range(8):
        for batch in random_history(seed, 3, 8).batches:
            for stream, rows in batch.items():
                lines = b"".join(encode(row) + b"\n" for row in rows[:3])
                found.append(bytes([streams.index(stream)]) + lines)
    numbers = b"".join(encode(measured_row(1, 2.5, None, 1e21)) + b"\n" for _ in range(2))
    return [*found, bytes([len(streams)]) + numbers]


def fuzz(words: list[str]) -> None:
    """Fuzz until libFuzzer ends the process."""
    import atheris

    measured = ["claimlog.log.lines", "claimlog.strict_json", "claimlog.log.canonical"]
    with atheris.instrument_imports(include=measured):
        import claimlog.log.canonical
        import claimlog.log.lines
        import claimlog.strict_json  # noqa: F401
    atheris.Setup(words, check)
    atheris.Fuzz()


def main(seconds: int) -> int:
    """Fuzz for so long in a process of its own and say what it did."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "corpus").mkdir()
        for number, data in enumerate(seeds()):
            (folder / "corpus" / f"{number:03d}").write_bytes(data)
        (folder / "tokens").write_text("".join(f'"{token}"\n' for token in map(_quoted, TOKENS)))
        kept = ROOT / ".hypothesis" / "fuzz"
        kept.mkdir(parents=True, exist_ok=True)
        options = [f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=4096"]
        options += ["-max_len=40000", f"-dict={folder / 'tokens'}", f"-artifact_prefix={kept}/"]
        command = [sys.executable, __file__, CHILD, *options, str(folder / "corpus")]
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, errors="replace")
    states = re.findall(r"^#(\d+)\t.*?cov: (\d+) ft: (\d+) corp: (\d+)", done.stderr, re.MULTILINE)
    if done.returncode or not states:
        print(done.stderr[-6000:], file=sys.stderr)
        print(f"fuzz: found something; the input is in {kept}", file=sys.stderr)
        return 1
    runs, covered, features, corpus = states[-1]
    print(
        f"{int(runs):,} executions in {seconds} s, {covered} branches and {features} features of "
        f"the reader covered, {corpus} inputs kept, nothing found"
    )
    return 0


def _quoted(token: str) -> str:
    return token.replace('"', '\\"') if token == '"' else token


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    if sys.argv[1:2] == [CHILD]:
        sys.argv.remove(CHILD)
        fuzz(sys.argv)
    said = sys.argv[1] if len(sys.argv) > 1 else "60"
    if not said.isascii() or not said.isdecimal():
        sys.exit(f"fuzz: SECONDS is {said!r}, expected a whole number")
    sys.exit(main(int(said)))
