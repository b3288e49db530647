"""Deltas: what they hold, that base and delta give the next release, and forged ones."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result
from hypothesis import given

import claimlog.release.delta_apply
import claimlog.release.delta_process
from claimlog.cli import cli
from claimlog.errors import ClaimlogError
from claimlog.export.descriptor import dump_json
from claimlog.limited_process import LimitedWork
from claimlog.limited_worker import requested_path
from claimlog.log.read_log import read
from claimlog.log.release_index import Version, read_index
from claimlog.package import SUMS, Package
from claimlog.release import delta_process, release_limits, walk_release
from claimlog.release.checksums import sha256_of_file, sha256_of_files
from claimlog.release.delta import DELTA, DELTA_FILE
from claimlog.release.delta_apply import (
    KnownTree,
    _require_known,
    apply_delta,
    differing_files,
)
from claimlog.release.delta_check import check_delta
from claimlog.release.delta_process import apply_in_process
from claimlog.release.delta_reader import Delta
from claimlog.release.diff_report import as_json
from claimlog.release.make import entry_data, plan_release, write_release
from claimlog.release.rebuild import rebuild_tables
from claimlog.release.release_copy import open_copy
from claimlog.release.release_site import listed_files
from claimlog.release.release_verdict import Verdict
from claimlog.release.tool_wheel import ToolWheel
from claimlog.release.verify import verify_copy
from claimlog.release.walk_release import stored_size
from claimlog.release.write_release_folder import ReleasePlan
from claimlog.schema.definition import read_definition
from claimlog.schema.json_schemas import own_shape, shape_flaw
from claimlog.site.files.release_pages import draw_release_site
from conftest import claim
from histories import History, histories, write
from repositories import DAY, Repo, drop_codebook_tables
from test_release import QUOTE
from test_verify import resum
from thorough import examples

QUERY = "schemas/queries/gone.sql"
REASON = "The letter says pilots of the port."


@pytest.fixture(scope="module")
def released(checked_in: Repo, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Release 0.1.0 of two batches; 0.2.0 with corrections, a new claim, and a query less."""
    repo = checked_in.copy(tmp_path_factory.mktemp("delta"))
    (repo.root / QUERY).write_text("-- title: All\n-- description: All.\nselect 1\n", "utf-8")
    (repo.root / "LICENSE-DATA").write_text("Yours.\n", "utf-8")
    repo.commit()
    repo.release("0.1.0", as_of="2")
    repo.world.add("claims", [claim(QUOTE, "Some pilots wrote once more.", topic="opinion")])
    repo.world.seal("more")
    (repo.root / QUERY).unlink()
    repo.release("0.2.0", draw_site=draw_release_site)  # as the command does
    return repo


def dist(released: Repo, version: str) -> Path:
    return released.root / "dist" / f"tiny-{version}"


@pytest.fixture
def folder(released: Repo, tmp_path: Path) -> Path:
    """A copy of the second release to forge."""
    shutil.copytree(dist(released, "0.2.0"), tmp_path / "tiny-0.2.0")
    return tmp_path / "tiny-0.2.0"


@pytest.fixture
def delta(released: Repo, tmp_path: Path) -> Path:
    """The delta alone, as somebody has it who took nothing else of the second release."""
    shutil.copytree(dist(released, "0.2.0") / DELTA, tmp_path / DELTA)
    return tmp_path / DELTA


@pytest.fixture(scope="module")
def made_before() -> dict[str, tuple[Path, dict[str, Any]]]:
    """What was made of base and delta, with the answer about it, by the hash of the delta."""
    return {}


@pytest.fixture
def applied_once(
    made_before: dict[str, tuple[Path, dict[str, Any]]],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the process makes of one base and delta it makes once, for tests of what becomes of it.

    Nothing that is known of releases is held against it.
    """
    run = claimlog.release.delta_process.run_limited

    def run_once(work: LimitedWork, request: Mapping[str, Any]) -> dict[str, Any]:
        given, scratch = requested_path(request, "delta"), requested_path(request, "scratch")
        assert given is not None
        assert scratch is not None
        assert b"tiny-0.1.0" in os.fsencode(requested_path(request, "target") or "")
        inside = given / DELTA
        key = sha256_of_file((inside if inside.is_dir() else given) / "delta.json")
        if key not in made_before:
            answer = run(work, {**request, "known": []})
            kept = tmp_path_factory.mktemp("applied") / "made"
            shutil.copytree(scratch / "made", kept)
            made_before[key] = kept, answer
        else:
            shutil.copytree(made_before[key][0], scratch / "made")
        return made_before[key][1]

    monkeypatch.setattr(claimlog.release.delta_process, "run_limited", run_once)


def document(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "delta.json").read_text("utf-8"))


def change_document(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    found = document(folder)
    change(found)
    (folder / "delta.json").write_bytes(dump_json(found))


# what it says -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_delta_says_of_each_claim_what_changed_by_which_event_and_why(delta: Path) -> None:
    said = document(delta)
    assert shape_flaw(said, own_shape("delta")) is None
    assert (said["base"]["version"], said["release"]["version"]) == ("0.1.0", "0.2.0")
    [amended], [retracted] = said["claims"]["amended"], said["claims"]["retracted"]
    assert said["claims"]["added"] == ["C001-007"]
    assert amended["claim_id"] == "C001-003"
    assert amended["cells"] == [{"column": "note", "from": None, "to": "Port pilots."}]
    assert [(e["action"], e["recorded_by"], e["reason"]) for e in amended["events"]] == [
        ("amend", "coder-1", REASON)
    ]
    assert (retracted["claim_id"], retracted["version"], retracted["cells"]) == ("C001-004", 2, [])
    assert said["files"]["removed"] == [f"log/{QUERY}"]
    assert "log/events/0003-corrections/claims.ndjson" in said["files"]["carried"]
    assert "log/events/0002-claims/claims.ndjson" not in said["files"]["carried"]
    assert "LICENSE.txt" not in said["files"]["carried"]


@pytest.mark.slow
def test_the_first_release_has_no_delta(released: Repo) -> None:
    assert not (dist(released, "0.1.0") / DELTA).exists()


def test_the_rows_of_a_delta_are_those_of_the_tables_of_versions_from_the_base_on(
    released: Repo,
) -> None:
    folder = dist(released, "0.2.0")
    size = document(folder / DELTA)["base"]["tree"]["size"]
    names = [path.name for path in sorted((folder / DELTA / "parquet").iterdir())]
    assert names == ["claim_versions.parquet"]
    rows = pl.read_parquet(folder / "parquet" / names[0]).filter(pl.col("valid_from_seq") >= size)
    assert rows.height == 3
    assert pl.read_parquet(folder / DELTA / "parquet" / names[0]).equals(rows)


def test_diff_changelog_table_and_delta_say_the_same_of_a_claim(released: Repo) -> None:
    folder = dist(released, "0.2.0")
    log, index = read(released.package), read_index(released.package)
    diff, _ = plan_release(log, index[:1], "0.2.0", None)
    [by_diff] = [row for row in as_json(diff)["claims"] if row["change"] == "amended"]
    [by_delta] = document(folder / DELTA)["claims"]["amended"]
    [by_table] = pl.read_parquet(folder / "parquet" / "cell_changes.parquet").to_dicts()
    assert by_diff["fields"] == {"note": {"old": None, "new": "Port pilots."}}
    assert by_delta["cells"] == [{"column": "note", "from": None, "to": "Port pilots."}]
    assert (by_table["column"], by_table["from_value"], by_table["to_value"]) == (
        *("note", None, "Port pilots."),
    )
    assert by_table["claim_id"] == by_diff["claim_id"] == by_delta["claim_id"] == "C001-003"
    assert by_table["reason"] == by_diff["reasons"][0] == by_delta["events"][0]["reason"] == REASON
    assert by_table["event_id"] == by_delta["events"][0]["event_id"]
    assert by_table["release"] == "0.2.0"
    assert f"- C001-003 (note): {REASON}" in (folder / "CHANGES.md").read_text("utf-8")


# base and delta give the next -------------------------------------------------------------------


def test_base_and_delta_give_the_next_release_to_the_byte(
    released: Repo, delta: Path, tmp_path: Path
) -> None:
    base = dist(released, "0.1.0").with_suffix(".0.zip")
    done = released.world.run("delta", "apply", str(base), str(delta), "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "tables in Parquet and in SQLite have the content that the delta states" in done.stdout
    made, published = tmp_path / "tiny-0.2.0.zip", dist(released, "0.2.0").with_suffix(".0.zip")
    assert sha256_of_file(made) == sha256_of_file(published)
    # the index names all files but the pages, which the archive's own sums name
    count = len(listed_files(dist(released, "0.2.0")))
    assert f"{count} of {count} files have the bytes that releases/0.2.0.json names" in done.stdout
    done = released.world.run("delta", "apply", str(base), str(delta), "--out", str(tmp_path))
    assert done.returncode == 1
    assert "is there already; name another directory with --out" in done.stderr


def test_a_delta_leads_past_each_release_that_the_checkout_knows(
    released: Repo, delta: Path, tmp_path: Path
) -> None:
    """Of two logs of one name or beginning one was rewritten, whichever versions are known."""
    repo = released.copy(tmp_path / "copy")
    path = repo.root / "releases" / "0.2.0.json"
    entry = json.loads(path.read_text("utf-8"))
    size, root = entry["tree"]["size"], entry["tree"]["root"]
    first = json.loads((repo.root / "releases" / "0.1.0.json").read_text("utf-8"))["tree"]
    base, out = dist(released, "0.1.0"), tmp_path / "out"
    name = "another"
    ours = KnownTree("first", first["size"], first["root"], name, "0.1.0")
    unlike = KnownTree("b", 3, "0" * 64, name, "0.2.0")
    later = unlike._replace(size=size + 9, version="0.3.0", dataset="tiny")
    this = KnownTree("this", size, root, "tiny", "0.2.0")
    both = [ours, unlike._replace(size=size, root=root)]
    log = read(repo.package)
    assert log.root.hex() == root
    for others in ([], [ours], both, [unlike], [this, later]):
        _require_known(log, "0.2.0", others)
    for other in (
        unlike._replace(size=size),
        unlike._replace(size=size - 1, root=root),
        unlike._replace(size=size + 9),  # a log that has become shorter
    ):
        message = f"leads to a log whose first {other.size} rows are not those of b; somebody"
        with pytest.raises(ClaimlogError, match=message):
            _require_known(log, "0.2.0", [ours, other])
    with pytest.raises(ClaimlogError, match="first 3 rows are not those of b; somebody rewrote"):
        apply_delta(base, delta, out / "other", known=[unlike._replace(dataset="tiny")])
    entry["tree"]["root"] = "0" * 64
    path.write_text(json.dumps(entry), "utf-8")
    target = ("--out", str(out / "other"))
    done = repo.world.run("delta", "apply", str(base), str(delta), *target)
    assert done.returncode == 1
    assert f"first {size} rows are not those of releases/0.2.0.json" in done.stderr
    assert not (out / "other").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("applied_once")
def test_a_release_of_which_the_archive_cannot_be_written_leaves_nothing_in_the_way(
    released: Repo, delta: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    base, program = (
        dist(released, "0.1.0").with_suffix(".0.zip"),
        "claimlog.site.files.delta_worker",
    )
    monkeypatch.setattr("claimlog.release.delta_process.copy_durably", full)
    with pytest.raises(ClaimlogError, match=r"cannot be written .*; make room and run this again"):
        apply_in_process(base, delta, tmp_path / "out", program)
    assert not [*(tmp_path / "out").iterdir()]


@pytest.mark.slow
@pytest.mark.usefixtures("applied_once")
def test_a_run_that_was_killed_after_the_archive_is_finished_by_the_next_one(
    released: Repo, delta: Path, tmp_path: Path
) -> None:
    base, program = (
        dist(released, "0.1.0").with_suffix(".0.zip"),
        "claimlog.site.files.delta_worker",
    )
    published, out = dist(released, "0.2.0").with_suffix(".0.zip"), tmp_path / "out"
    out.mkdir()
    archive = out / published.name
    archive.write_bytes(b"of somebody else")
    with pytest.raises(ClaimlogError, match=r"0\.zip: is there already; name another directory"):
        apply_in_process(base, delta, out, program)
    assert [*out.iterdir()] == [archive]
    shutil.copyfile(published, archive)
    (out / f".{archive.name}-new-4194999-00000a1b").write_bytes(b"half of it")
    applied = apply_in_process(base, delta, out, program)
    assert {*out.iterdir()} == {archive, applied.folder}
    assert sha256_of_file(archive) == sha256_of_file(published)


@pytest.mark.slow
def test_another_version_of_claimlog_gives_the_same_content_and_names_what_differs(
    released: Repo, delta: Path, tmp_path: Path
) -> None:
    change_document(delta, lambda it: it["release"]["tables"]["links"].update(hash="0" * 64))
    change_document(delta, lambda it: it["release"].update(tool_version="9.9.9"))
    words = ["delta", "apply", str(dist(released, "0.1.0")), str(delta), "--out", str(tmp_path)]
    done = CliRunner().invoke(cli, words, standalone_mode=False)
    assert done.return_value == 1
    parquet, sqlite, count = done.output.splitlines()[1:4]
    assert parquet.startswith("links: Parquet has the content ")
    assert sqlite.startswith("links: SQLite has the content ")
    tables = len(read_definition(released.package).tables)
    assert count.startswith(f"{2 * tables - 2} of {2 * tables} tables ")
    assert "was made by claimlog 9.9.9, this is " in done.output
    assert {path.name for path in tmp_path.iterdir()} == {DELTA, "tiny-0.2.0"}
    published = sha256_of_files(dist(released, "0.2.0"))
    _, differing = differing_files(tmp_path / "tiny-0.2.0", published)
    assert not [name for name in differing if name.startswith(("log/", "parquet/", "tiny.db"))]


def refused(base: Path, delta: Path, out: Path) -> str:
    """Return why a delta is not applied, and check that nothing was written."""
    with pytest.raises(ClaimlogError) as error:
        apply_delta(base, delta, out / "out")
    assert not (out / "out").exists()
    return str(error.value)


def test_a_base_that_is_another_release_or_altered_is_refused(
    released: Repo, delta: Path, tmp_path: Path
) -> None:
    said = refused(dist(released, "0.2.0"), delta, tmp_path)
    assert "is release 0.2.0, the delta begins with 0.1.0" in said
    base = tmp_path / "tiny-0.1.0"
    shutil.copytree(dist(released, "0.1.0"), base)
    path = base / "log" / "schemas" / "thresholds.csv"
    path.write_bytes(path.read_bytes() + b"\n")
    assert "is altered" in refused(base, delta, tmp_path)
    resum(base)
    assert "thresholds.csv is not the file that release 0.1.0 held" in refused(
        base, delta, tmp_path
    )
    assert f"holds no {DELTA}/" in refused(base, base, tmp_path)


WRONG_DOCUMENTS = {
    "another root": (
        lambda it: it["release"]["tree"].update(root="0" * 64),
        "says that the tree is",
    ),
    "another dataset": (lambda it: it.update(dataset="other"), "says that the dataset is other"),
    "fewer batches, and the tables of these": (
        lambda it: it["release"].update(batches=it["release"]["batches"] - 1),
        "says that the number of batches is ",
    ),
    "another fold": (
        lambda it: it["release"].update(fold_version=99),
        "were folded by version 99 of the fold",
    ),
    "a path that leads out": (
        lambda it: it["files"]["carried"].update({"log/../../x": "0" * 64}),
        "no file of a log",
    ),
    "a file that is not there": (
        lambda it: it["files"]["carried"].update({"log/schemas/codebook/codes/x.csv": "0" * 64}),
        "log/schemas/codebook/codes/x.csv: cannot be read (No such file or directory)",
    ),
    "a key that is none": (lambda it: it.update(more=1), "more"),
}


@pytest.mark.parametrize("name", WRONG_DOCUMENTS)
def test_a_delta_that_states_something_else_is_not_applied(
    name: str, released: Repo, delta: Path, tmp_path: Path
) -> None:
    change, said = WRONG_DOCUMENTS[name]
    change_document(delta, change)
    assert said in refused(dist(released, "0.1.0"), delta, tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [("columns", {"note": [1]}), ("columns", {}), ("columns", 3), ("key", [1]), ("key", None)],
)
def test_a_delta_that_states_tables_of_another_form_is_one_line(
    name: str, value: object, delta: Path
) -> None:
    change_document(delta, lambda it: it["release"]["tables"]["claims"].update({name: value}))
    with pytest.raises(ClaimlogError, match=r"^delta/delta\.json: .*claims.*; get the delta"):
        Delta.read(delta)


def make_hole(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(200 << 30)


def make_link(path: Path) -> None:
    elsewhere = path.parents[3] / "elsewhere"
    shutil.move(path.parent, elsewhere)
    path.parent.symlink_to(elsewhere)


def make_link_inside(path: Path) -> None:
    shutil.move(path, path.with_name("another"))
    path.symlink_to("another")


def make_folder_link_inside(path: Path) -> None:
    shutil.move(path.parent, path.parent.with_name("another"))
    path.parent.symlink_to("another")


def make_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


OWN_FILE = "is no regular file, or lies behind a link; put the file itself there"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (make_hole, "bytes and consists of holes"),
        (make_link, OWN_FILE),
        (make_link_inside, OWN_FILE),
        (make_folder_link_inside, OWN_FILE),
        (make_pipe, OWN_FILE),
    ],
)
def test_what_a_delta_carries_is_a_file_of_its_own_of_bounded_size(
    change: Callable[[Path], None], said: str, released: Repo, delta: Path, tmp_path: Path
) -> None:
    change(delta / min(document(delta)["files"]["carried"]))
    done = apply_by_command(dist(released, "0.1.0"), delta, tmp_path / "out")
    assert done.exit_code == 1
    assert said in str(done.exception)
    assert not (tmp_path / "out").exists()


SEVERAL = r"files have several names or holes, and copies more than [\d,]+ bytes; get the "


def write_full(path: Path) -> None:
    path.write_bytes(os.urandom(1 << 20))


def write_hole(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 20)


@pytest.mark.parametrize("write", [write_full, write_hole])
def test_a_delta_cannot_have_a_file_copied_for_each_of_its_names_or_holes_filled(
    write: Callable[[Path], None],
    released: Repo,
    delta: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(walk_release, "WRITTEN_BYTES", 1 << 20)
    names = [f"log/events/{number:04}-x/claims.ndjson" for number in range(4, 8)]
    for name in names:
        (delta / name).parent.mkdir()
        if write is write_hole or name == names[0]:
            write(delta / name)
        else:
            os.link(delta / names[0], delta / name)
    digest = sha256_of_file(delta / names[0])
    change_document(delta, lambda it: it["files"]["carried"].update(dict.fromkeys(names, digest)))
    said = refused(dist(released, "0.1.0"), delta, tmp_path / "out")
    assert re.search(f"^delta/log/events/000.-x/claims.ndjson: {SEVERAL}delta", said)


def test_a_base_cannot_have_a_file_copied_for_each_of_its_names(
    released: Repo, delta: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk_release, "WRITTEN_BYTES", 1 << 20)
    base = tmp_path / "tiny-0.1.0"
    shutil.copytree(dist(released, "0.1.0"), base)
    write_full(base / "log/events/many")
    for number in range(40):
        os.link(base / "log/events/many", base / f"log/events/{number}")
    resum(base)
    said = refused(base, delta, tmp_path / "out")
    assert re.search(f"^tiny-0.1.0/log/.*: {SEVERAL}release", said)


def test_a_base_with_holes_is_refused_and_they_are_not_read(
    released: Repo, delta: Path, tmp_path: Path
) -> None:
    base = tmp_path / "tiny-0.1.0"
    shutil.copytree(dist(released, "0.1.0"), base)
    make_hole(base / "README.md")
    assert "README.md: says " in (said := refused(base, delta, tmp_path / "out"))
    assert "bytes and consists of holes; it was not read" in said


def apply_by_command(base: Path, delta: Path, out: Path, *words: str) -> Result:
    command = ["delta", "apply", str(base), str(delta), "--out", str(out), *words]
    return CliRunner().invoke(cli, command, standalone_mode=False)


def test_a_delta_is_applied_within_limits_of_time_that_the_user_can_raise(
    released: Repo, delta: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release_limits, "BASE_SECONDS", 0.05)
    monkeypatch.setattr(release_limits, "SECONDS_PER_MB", 0)
    done = apply_by_command(dist(released, "0.1.0"), delta, tmp_path / "out")
    assert "applying it takes longer than 0 seconds, so nothing was written; if you trust" in str(
        done.exception
    )
    assert str(done.exception).endswith("raise the limits: --limits 2")
    assert not (tmp_path / "out").exists()


def test_a_directory_for_temporary_files_that_is_no_utf_8_is_not_blamed_on_the_delta(
    released: Repo, delta: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = tmp_path / os.fsdecode(b"caf\xe9")
    odd.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(odd))
    said = "caf\udce9/claimlog-.*: the path is not UTF-8; name another directory with TMPDIR$"
    with pytest.raises(ClaimlogError, match=said):
        apply_in_process(dist(released, "0.1.0"), delta, tmp_path / "out", "no.program")
    index = read_index(released.package)
    with pytest.raises(ClaimlogError, match=said):
        rebuild_tables(released.package, index, index[0], lambda _: None)
    assert not (tmp_path / "out").exists()


LARGE = """-- title: Large
-- description: Rows that are held until all of them are there.
with recursive r(i) as (select 1 union all select i + 1 from r where i < 200)
select {columns} from r
"""


def test_a_delta_allows_its_command_to_write_as_much_as_it_copies(
    released: Repo,
    delta: Path,
    tmp_path: Path,
    noted_sources: dict[str, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: Any) -> None:
        raise ClaimlogError("too late")

    base = dist(released, "0.1.0")
    monkeypatch.setattr(delta_process, "run_limited", refuse)
    assert str(apply_by_command(base, delta, tmp_path / "out").exception) == "too late"
    assert noted_sources["release"] == stored_size(base) + delta_process.GROWTH * stored_size(delta)


@pytest.mark.slow
def test_queries_that_a_delta_carries_run_within_its_limits_of_memory(
    released: Repo, delta: Path, tmp_path: Path
) -> None:
    columns = ", ".join(f"printf('%.*c', 990000, 'x') || i c{n}" for n in range(40))
    query = LARGE.format(columns=columns).encode()
    (delta / "log/schemas/queries").mkdir(parents=True, exist_ok=True)
    (delta / "log/schemas/queries/large.sql").write_bytes(query)
    digest = sha256(query).hexdigest()
    change_document(
        delta,
        lambda it: it["files"]["carried"].update({"log/schemas/queries/large.sql": digest}),
    )
    done = apply_by_command(dist(released, "0.1.0"), delta, tmp_path / "out")
    # its page says that it is too long, or a limit was reached
    assert done.exit_code == 0 or "takes more " in str(done.exception)


@pytest.mark.slow
@pytest.mark.usefixtures("applied_once")
def test_a_log_that_the_index_does_not_name_is_no_release_of_it(
    released: Repo, delta: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = released.copy(tmp_path / "mine")
    path = repo.root / "releases" / "0.2.0.json"
    entry = json.loads(path.read_bytes())
    name = next(name for name in entry["files"] if name.startswith("log/events/"))
    entry["files"][name] = "0" * 64
    path.write_text(json.dumps(entry))
    monkeypatch.chdir(repo.root)
    done = apply_by_command(dist(released, "0.1.0"), delta, tmp_path / "out")
    assert done.return_value == 1
    assert f"{name}: is not the file that releases/0.2.0.json names" in done.output
    assert "tiny-0.2.0 is not the release that releases/0.2.0.json names" in done.output


@pytest.mark.slow
def test_the_log_of_a_delta_of_another_version_is_held_against_the_index(
    released: Repo, delta: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What that version would write is in no bytes here, but log and definition are."""
    change_document(delta, lambda it: it["release"].update(tool_version="9.9.9"))
    monkeypatch.chdir(released.root)
    done = apply_by_command(dist(released, "0.1.0"), delta, tmp_path / "out")
    assert done.return_value == 0, done.output
    found = re.search(r"(\d+) of (\d+) files of log and definition have the bytes", done.output)
    assert found is not None
    assert int(found[1]) == int(found[2]) > 10
    folder = tmp_path / "out" / "tiny-0.2.0"
    assert f"To check it: claimlog verify --alone {folder}" in done.output
    assert verify_copy(folder).findings == []


@pytest.mark.usefixtures("applied_once")
def test_a_list_beside_a_delta_is_read_and_an_index_that_came_with_it_is_not(
    released: Repo, folder: Path, delta: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sums = (folder / SUMS).read_text("utf-8")
    (folder / SUMS).write_text(
        "".join(f"{'f' * 64}{line[64:]}\n" for line in sums.splitlines()), "utf-8"
    )
    monkeypatch.chdir(tmp_path)
    done = apply_by_command(dist(released, "0.1.0"), folder, tmp_path / "out")
    count = len(sums.splitlines())
    assert f"\n0 of {count + 1} files have the bytes that SHA256SUMS names\n" in done.output
    done = apply_by_command(dist(released, "0.1.0"), delta, tmp_path / "alone")
    assert "names its files here: they are compared with none\n" in done.output
    # the checkout that the release lies in is whoever's made the release
    monkeypatch.chdir(released.root)
    inside = dist(released, "0.2.0")
    done = apply_by_command(dist(released, "0.1.0"), inside, tmp_path / "again")
    assert f"{count + 1} of {count + 1} files have the bytes that SHA256SUMS names" in done.output


@pytest.mark.slow
def test_a_delta_states_of_its_release_what_base_and_delta_give(
    released: Repo, delta: Path, tmp_path: Path
) -> None:
    change_document(delta, lambda it: it["release"].update(codebook_version="9.9"))
    with pytest.raises(ClaimlogError, match=r"says that codebook_version is 9\.9, base and delta"):
        apply_delta(dist(released, "0.1.0"), delta, tmp_path / "out")
    assert not [*(tmp_path / "out").iterdir()]


# verify -----------------------------------------------------------------------------------------


def flaws(folder: Path) -> list[str]:
    """Return what checking the delta of a release finds."""
    with open_copy(folder) as copy:
        verdict = Verdict()
        check_delta(copy, verdict)
        return [str(finding) for finding in verdict.findings]


@pytest.mark.slow
def test_verifying_a_release_makes_its_delta_again(folder: Path) -> None:
    verdict = verify_copy(folder)
    assert verdict.findings == []
    [line] = [line for line in verdict.checks if line.startswith("the delta from 0.1.0")]
    assert "3 rows of the log between" in line


@pytest.mark.slow
def test_a_forged_reason_is_found_by_the_whole_verification(folder: Path) -> None:
    change_document(
        folder / DELTA, lambda it: it["claims"]["amended"][0]["events"][0].update(reason="A lie.")
    )
    resum(folder)
    found = [str(finding) for finding in verify_copy(folder).findings]
    assert any(f"{DELTA_FILE}: does not say what the log" in line for line in found), found


def forge_rows(folder: Path) -> None:
    """Leave a row out of the rows of the delta."""
    path = folder / DELTA / "parquet" / "claim_versions.parquet"
    pl.read_parquet(path).head(2).write_parquet(path)


FORGERIES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "a cell that did not change": (
        lambda folder: change_document(
            folder / DELTA,
            lambda it: it["claims"]["amended"][0]["cells"].append(
                {"column": "topic", "from": "trust", "to": "sharing"}
            ),
        ),
        "does not say what the log",
    ),
    "an amendment that is kept secret": (
        lambda folder: change_document(folder / DELTA, lambda it: it["claims"].update(amended=[])),
        "does not say what the log",
    ),
    "another hash of a table": (
        lambda folder: change_document(
            folder / DELTA, lambda it: it["release"]["tables"]["links"].update(hash="0" * 64)
        ),
        "does not say what the log",
    ),
    "white space": (
        lambda folder: (folder / DELTA_FILE).write_bytes(
            (folder / DELTA_FILE).read_bytes() + b"\n"
        ),
        "does not say what the log",
    ),
    "a row left out": (forge_rows, "claim_versions.parquet: has other rows than the log"),
    "a file left out": (
        lambda folder: (folder / DELTA / "log/events/0003-corrections/claims.ndjson").unlink(),
        "is missing from the delta",
    ),
    "a file too many": (
        lambda folder: shutil.copytree(folder / "log/schemas", folder / DELTA / "log/schemas"),
        "is not among what this release has and 0.1.0 had not",
    ),
    "another batch": (
        lambda folder: (folder / DELTA / "log/events/0003-corrections/batch.json").write_bytes(
            b"{}"
        ),
        "is not log/events/0003-corrections/batch.json of this release",
    ),
    "no delta at all": (lambda folder: shutil.rmtree(folder / DELTA), "is missing from the delta"),
    "another base": (
        lambda folder: _rewrite_base(folder, tree={"size": 3, "root": "0" * 64}),
        "the log does not begin with them",
    ),
}


def _rewrite_base(folder: Path, **given: Any) -> None:
    path = folder / "log" / "releases" / "0.1.0.json"
    path.write_bytes(dump_json({**json.loads(path.read_text("utf-8")), **given}))


@pytest.mark.slow
@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_delta_is_refused(name: str, folder: Path) -> None:
    forge, said = FORGERIES[name]
    forge(folder)
    try:
        found = flaws(folder)
    except ClaimlogError as error:  # which verifying reports as a finding
        found = [str(error)]
    assert any(said in line for line in found), found


def test_a_delta_in_a_first_release_is_refused(released: Repo, tmp_path: Path) -> None:
    folder = tmp_path / "tiny-0.1.0"
    shutil.copytree(dist(released, "0.1.0"), folder)
    shutil.copytree(dist(released, "0.2.0") / DELTA, folder / DELTA)
    [found] = flaws(folder)
    assert "is there, and no release before this one that it could begin with" in found


# random histories -------------------------------------------------------------------------------

TOOL = ToolWheel("0.0.0", b"no wheel", b"no lock file")


def make(package: Package, version: str, batches: int, out: Path) -> Path:
    """Write a release of a package outside git, and its entry; return its directory."""
    index, log = read_index(package), read(package)
    diff, _ = plan_release(log, index, version, str(batches))
    plan = ReleasePlan(Version.parse(version), DAY, batches, diff, tuple(index), TOOL)
    folder, archive = write_release(package, log, plan, out, lambda _: None)
    entry = entry_data(version, "0" * 40, folder, archive)
    (package.root / "releases").mkdir(exist_ok=True)
    (package.root / "releases" / f"{version}.json").write_bytes(dump_json(entry))
    return folder


@examples(2)
@given(histories(released=False))
def test_base_and_delta_give_the_next_release_of_any_history(history: History) -> None:
    with tempfile.TemporaryDirectory() as scratch, pytest.MonkeyPatch.context() as patch:
        patch.setattr(claimlog.release.delta_apply, "_same_tool", lambda _: (TOOL, None))
        out = Path(scratch)
        package = write(history, out / "package")
        drop_codebook_tables(package.root)
        first = make(package, "0.1.0", 1, out / "dist")
        batches = len(read(package).batches)
        second = make(package, "0.2.0", batches, out / "dist")
        applied = apply_delta(first, second / DELTA, out / "applied")
        assert applied.tables.different == []
        assert sha256_of_files(applied.folder) == sha256_of_files(second)
        assert flaws(second) == []
        said = document(second / DELTA)
        log, index = read(package), read_index(package)
        diff, _ = plan_release(log, index[:1], "0.2.0", str(batches))
        assert {row["claim_id"] for row in said["claims"]["amended"]} == {
            claim.row_id for claim in diff.of("amended")
        }
