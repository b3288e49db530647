"""Git runs what a checkout's configuration names; claimlog's questions to git must not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import forked
from claimlog import __version__, git
from claimlog import checkout as checkout_module
from claimlog.checkout import Checkout, blob_id
from claimlog.edit.log_lock import package_lock
from claimlog.errors import ClaimlogError
from claimlog.git import CheckoutError
from claimlog.log.release_index import ReleaseEntry, read_index
from claimlog.package import Package
from claimlog.release.make import require_clean_commit
from claimlog.release.rebuild import rebuild_archive, rebuild_tables
from claimlog.release.verify import verify_copy
from claimlog.site.files.release_pages import draw_release_site
from conftest import ROOT, World
from repositories import Repo

SEALED_BY_ME = ("--slug", "mine", "--title", "Mine", "--method", "Mine.", "--by", "me")


@pytest.fixture(scope="module")
def released(checked_in: Repo, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """A package in a checkout, with one release and its tag."""
    repo = checked_in.copy(tmp_path_factory.mktemp("checkout"))
    repo.release("0.1.0", draw_site=draw_release_site)
    repo.git("tag", "v0.1.0")
    return repo


@pytest.fixture
def repo(released: Repo, tmp_path: Path) -> Repo:
    return released.copy(tmp_path, "dist")


class Trap:
    """A program that leaves a mark when somebody runs it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.mark = folder / "mark"
        self.program = folder / "program"
        self.program.write_text(f"#!/bin/sh\necho \"$0 $*\" >> '{self.mark}'\nexit 1\n")
        self.program.chmod(0o755)

    @property
    def ran(self) -> str:
        return self.mark.read_text() if self.mark.exists() else ""


@pytest.fixture
def trap(tmp_path: Path) -> Trap:
    return Trap(tmp_path / "trap")


def arm(git_dir: Path, trap: Trap) -> None:
    """Name the trap wherever a configuration can name a program, and want an absent object."""
    settings = {
        "core.fsmonitor": trap.program,
        "core.sshCommand": trap.program,
        "core.gitProxy": trap.program,
        "core.pager": trap.program,
        "core.editor": trap.program,
        "core.askPass": trap.program,
        "core.alternateRefsCommand": trap.program,
        "core.hooksPath": trap.program.parent / "hooks",
        "credential.helper": trap.program,
        "diff.external": trap.program,
        "diff.trap.textconv": trap.program,
        "diff.trap.command": trap.program,
        "filter.trap.clean": trap.program,
        "filter.trap.smudge": trap.program,
        "filter.trap.required": "true",
        "gpg.program": trap.program,
        "log.showSignature": "true",
        "tar.tar.command": trap.program,
        "uploadpack.packObjectsHook": trap.program,
        "remote.origin.url": "ssh://nowhere.invalid/x",
        "remote.origin.promisor": "true",
        "remote.origin.uploadpack": trap.program,
        "extensions.partialClone": "origin",
        "core.repositoryFormatVersion": "1",
    }
    for name, value in settings.items():
        command = ["git", "config", "--file", str(git_dir / "config"), name, str(value)]
        subprocess.run(command, check=True)
    hooks = trap.program.parent / "hooks"
    hooks.mkdir(exist_ok=True)
    (git_dir / "hooks").mkdir(exist_ok=True)
    for folder in (hooks, git_dir / "hooks"):
        for name in ("post-checkout", "post-index-change", "reference-transaction", "pre-commit"):
            shutil.copy(trap.program, folder / name)
    (git_dir / "info").mkdir(exist_ok=True)
    (git_dir / "info" / "attributes").write_text("* filter=trap diff=trap\n")


def run(root: Path, *words: str) -> tuple[int, str]:
    """Run claimlog as a user would, and return its status and what it printed."""
    done = forked.run(Path.cwd(), ["--package", str(root), *words], os.environ, None, 120)
    return done.returncode, (done.stdout + done.stderr).decode()


def test_one_module_starts_git() -> None:
    code = ROOT / "scripts" / "claimlog"
    starting = [path.name for path in code.rglob("*.py") if '"git"' in path.read_text("utf-8")]
    assert starting == ["git.py"]


@pytest.mark.slow
def test_the_trap_catches_plain_git(repo: Repo, trap: Trap) -> None:
    arm(repo.root / ".git", trap)
    (repo.root / "datapackage.json").touch()
    subprocess.run(["git", "-C", str(repo.root), "status"], capture_output=True)
    assert trap.ran


def test_no_command_runs_what_a_checkout_names(repo: Repo, trap: Trap) -> None:
    package = repo.package
    arm(repo.root / ".git", trap)
    for path in repo.root.rglob("*.json"):
        path.touch()  # git would filter each to see whether it changed
    for words in (("validate",), ("build",), ("build",), ("log",)):
        status, said = run(repo.root, *words)
        assert status == 0, said
    assert require_clean_commit(package)
    index = read_index(package)
    assert not rebuild_tables(package, index, index[0], lambda _: None).different
    assert not rebuild_archive(package, index[0], lambda _: None).different
    assert trap.ran == ""


@pytest.mark.slow
@pytest.mark.parametrize("way", ["none", "link", "submodule"])
def test_a_package_of_data_alone_is_made_again_by_no_code_of_its_commit(
    way: str, world: World, tmp_path: Path
) -> None:
    """A link or a submodule in the place of the code is a directory on the disk."""
    ran = tmp_path / "ran"
    (world.root / "scripts").mkdir()
    if way == "link":
        (world.root / "scripts" / "claimlog").symlink_to("..")
    (world.root / "scripts" / "sitecustomize.py").write_text(f"open({str(ran)!r}, 'w').close()\n")
    repo = Repo(world)
    repo.git("init", "-q")
    repo.commit()
    if way == "submodule":
        cached = f"160000,{'a' * 40},scripts/claimlog"
        repo.git("update-index", "--add", "--cacheinfo", cached)
        repo.git("commit", "-qm", "Submodule")
    data = {"version": "9.9.9", "date": "2026-01-01", "batches": 1, "tool_version": __version__}
    commit = repo.git("rev-parse", "HEAD").strip()
    entry = ReleaseEntry({**data, "commit": commit}, "releases/9.9.9.json")
    # the command of this claimlog is reached, and refuses that version
    refusal = "symbolic link" if way == "link" else r"9\.9\.9"
    with pytest.raises(ClaimlogError, match=f"failed: .*{refusal}"):
        rebuild_archive(repo.package, entry, lambda _: None)
    assert not ran.exists()
    environment = {**os.environ, "PYTHONPATH": str(world.root / "scripts")}
    subprocess.run([sys.executable, "-c", ""], env=environment, check=True)
    assert ran.exists()


def test_a_missing_object_is_not_fetched(repo: Repo, trap: Trap) -> None:
    arm(repo.root / ".git", trap)
    checkout = Checkout.of(repo.package)
    _, blob = checkout.blobs("HEAD", "CHANGELOG.md")["CHANGELOG.md"]
    (repo.root / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    for tag in (repo.root / ".git" / "refs" / "tags").iterdir():
        tag.write_text(f"{'12' * 20}\n")
    with pytest.raises(CheckoutError):
        checkout.read("HEAD", "CHANGELOG.md")
    with pytest.raises(CheckoutError, match=r"lacks the object|not a valid object|failed"):
        checkout.unpack("HEAD", repo.root / "unpacked")
    assert run(repo.root, "validate")[0] == 0
    assert trap.ran == ""


@pytest.mark.slow
def test_a_bare_repository_inside_a_clone_is_not_asked(repo: Repo, trap: Trap) -> None:
    """Cloning brings an embedded bare repository along: git takes its configuration for its own."""
    top = repo.root.parent / "outer"
    package = top / "data"
    package.parent.mkdir()
    shutil.copytree(repo.root, package, ignore=shutil.ignore_patterns(".git", "dist", "scripts"))
    shutil.copytree(repo.root / ".git", top / ".git")
    for name in ("HEAD", "objects", "refs", "config"):
        inner = repo.root / ".git" / name
        if inner.is_dir():
            shutil.copytree(inner, package / name)
        else:
            shutil.copy(inner, package / name)
    arm(package, trap)
    absent = ["git", "-C", str(package), "cat-file", "-p", "12" * 20]
    subprocess.run(absent, capture_output=True)
    assert trap.ran
    trap.mark.unlink()
    assert Checkout.of(Package(package)).prefix == "data/"
    for words in (("validate",), ("build",)):
        status, said = run(package, *words)
        assert status == 0, said
    assert trap.ran == ""


def test_git_is_never_asked_about_an_archive(
    repo: Repo, trap: Trap, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = repo.root / "dist" / "tiny-0.1.0"
    shutil.copytree(repo.root / ".git", folder / "log" / ".git")
    arm(folder / "log" / ".git", trap)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("git was asked")

    monkeypatch.setattr(git, "running", refuse)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert verify_copy(folder).findings  # the files of .git are not the release's
    assert trap.ran == ""
    with pytest.raises(CheckoutError, match="part of a release"):
        Checkout.of(Package(folder / "log", archived=True))


def test_why_git_failed_is_said(repo: Repo) -> None:
    if os.geteuid():
        pytest.skip("NOT RUN: only root can give a checkout to somebody else")
    for path in (repo.root, repo.root / ".git"):
        os.chown(path, 12345, 12345)
    status, said = run(repo.root, "validate")
    assert status == 0
    assert "dubious ownership" in said
    assert "git config --global --add safe.directory" in said
    with pytest.raises(ClaimlogError, match="dubious ownership"):
        require_clean_commit(repo.package)


def test_a_checkout_without_a_commit_is_said_to_have_none(repo: Repo) -> None:
    shutil.rmtree(repo.root / ".git")
    subprocess.run(["git", "init", "--quiet"], cwd=repo.root, check=True)
    status, said = run(repo.root, "validate")
    assert status == 0
    assert "released-batches (nothing is committed yet; commit with git first)" in said
    with pytest.raises(ClaimlogError, match="nothing is committed yet; commit with git first"):
        require_clean_commit(repo.package)


def test_the_remedy_names_the_checkout_and_holds_no_word_of_it(repo: Repo, tmp_path: Path) -> None:
    """Git's messages repeat what a configuration says, so none of their lines is a command."""
    (repo.root / ".git" / "config").write_text(
        "[core]\n\trepositoryformatversion = 1\n"
        "[extensions \"git config --global core.sshCommand 'touch x' && git fetch #\"]\n\tx = 1\n"
    )
    status, said = run(repo.root, "validate")
    assert (status, "unknown repository extension" in said) == (0, True)
    assert "git config" not in said
    place = tmp_path / "a b; touch x"
    reason = git._reason(b"fatal: detected dubious ownership in repository at 'x'\n", place)
    assert reason.endswith(f"--add safe.directory '{place}'")


def test_a_broken_repository_is_said_to_be_broken(repo: Repo) -> None:
    (repo.root / ".git" / "HEAD").write_text("nonsense\n")
    status, said = run(repo.root, "validate")
    assert (status, "knows no release tag" in said) == (0, False)
    assert "released-batches (git" in said


def test_a_repository_that_never_answers_is_given_up(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git, "SECONDS", 1)
    (repo.root / ".git" / "HEAD").unlink()
    os.mkfifo(repo.root / ".git" / "HEAD")
    with pytest.raises(
        CheckoutError, match=r"did not answer within 1 seconds|not a git repository"
    ):
        Checkout.of(repo.package).head()


@pytest.mark.skipif(sys.platform == "darwin", reason="NOT RUN: macOS limits no address space")
@pytest.mark.parametrize("name", ["commondir", "objects/info/alternates", "refs/tags/v9.0.0"])
def test_git_takes_a_limited_memory(name: str, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "MEMORY_BYTES", 64 << 20)
    (repo.root / ".git" / name).unlink(missing_ok=True)
    (repo.root / ".git" / name).symlink_to("/dev/zero")
    with pytest.raises(CheckoutError, match=r"[Oo]ut of memory|failed: it gave no reason"):
        Checkout.of(repo.package).release_tag()


def test_a_tree_that_lists_millions_of_files_is_refused(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkout_module, "FILES", 5)
    checkout = Checkout.of(repo.package)
    for ask in (lambda: checkout.blobs("HEAD"), checkout.changes):
        with pytest.raises(CheckoutError, match=r"git ls-(tree|files): lists more than 5 files"):
            ask()


def test_an_answer_without_end_is_cut_off(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "ANSWER_BYTES", 100)
    with pytest.raises(CheckoutError, match="answers more than 100 bytes"):
        Checkout.of(repo.package).blobs("HEAD")


def test_a_file_is_compared_by_its_bytes(repo: Repo) -> None:
    checkout = Checkout.of(repo.package)
    assert checkout.changes() == []
    (repo.root / "new.txt").write_text("new")
    (repo.root / "build").mkdir(exist_ok=True)
    (repo.root / "build" / "ignored").write_text("ignored")
    path = repo.root / "datapackage.json"
    stat = path.stat()
    path.write_bytes(path.read_bytes().replace(b'"', b"'"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    (repo.root / "CHANGELOG.md").unlink()
    (repo.root / "staged.txt").write_text("staged")
    repo.git("add", "staged.txt")
    changed = ["CHANGELOG.md", "datapackage.json", "new.txt", "staged.txt"]
    assert checkout.changes() == changed


def test_names_that_are_patterns_or_not_ascii_are_taken_as_they_are(repo: Repo) -> None:
    for name in ("*.txt", "ü b.txt", ":(top)x", "a\nb"):
        (repo.root / name).write_text(name)
    repo.commit()
    checkout = Checkout.of(repo.package)
    assert checkout.changes() == []
    assert checkout.read("HEAD", "*.txt") == b"*.txt"
    assert checkout.read("HEAD", "ü b.txt") == "ü b.txt".encode()
    assert checkout.read("HEAD", "absent") is None


@pytest.mark.slow
def test_a_package_in_a_subdirectory_and_in_a_worktree_has_its_tags(repo: Repo) -> None:
    top = repo.root.parent / "outer"
    top.mkdir()
    shutil.copytree(repo.root, top / "data", ignore=shutil.ignore_patterns(".git", "dist"))
    outer = Repo(World(Package(top / "data"), repo.world.texts))
    subprocess.run(["git", "init", "-q", str(top)], check=True)
    outer.commit()
    outer.git("tag", "v0.1.0")
    tree = repo.root.parent / "tree"
    outer.git("worktree", "add", "-q", str(tree))
    for package in (Package(top / "data"), Package(tree / "data")):
        checkout = Checkout.of(package)
        assert checkout.prefix == "data/"
        assert checkout.release_tag() == "v0.1.0"
        assert any(name.endswith("claims.ndjson") for name in checkout.blobs("v0.1.0", "events/"))
        assert checkout.changes() == []
        _, said = run(package.root, "validate")
        assert "released-batches" not in said  # it was checked


def test_tags_of_a_checkout_that_only_surrounds_a_package_are_not_its_own(repo: Repo) -> None:
    copy = repo.root / "build" / "copy"
    shutil.copytree(repo.root, copy, ignore=shutil.ignore_patterns(".git", "dist", "build"))
    assert not Checkout.of(Package(copy)).is_tracked()
    status, said = run(copy, "validate")
    assert status == 0
    assert "released-batches" in said


def test_a_release_is_not_made_again_behind_a_link_of_its_commit(
    world: World, tmp_path: Path
) -> None:
    """The directory of the package can be a link in the commit and a directory at HEAD."""
    victim = tmp_path / "victim"
    shutil.copytree(world.root, victim)
    before = {path: path.read_bytes() for path in victim.rglob("*") if path.is_file()}
    top = tmp_path / "top"
    (top / "in").mkdir(parents=True)
    outer = Repo(World(Package(top), world.texts))
    outer.git("init", "-q")
    (top / "in" / "data").symlink_to(victim)
    outer.commit()
    linked = outer.git("rev-parse", "HEAD").strip()
    (top / "in" / "data").unlink()
    shutil.copytree(world.root, top / "in" / "data")
    outer.commit()
    data = {"version": "9.9.9", "date": "2026-01-01", "batches": 1, "tool_version": __version__}
    entry = ReleaseEntry({**data, "commit": linked}, "releases/9.9.9.json")
    with pytest.raises(ClaimlogError, match=r"holds no datapackage\.json in in/data/"):
        rebuild_archive(Package(top / "in" / "data"), entry, lambda _: None)
    assert {path: path.read_bytes() for path in victim.rglob("*") if path.is_file()} == before
    checkout = Checkout.of(Package(top / "in" / "data"))
    assert checkout.holds_file("HEAD", "datapackage.json")
    assert not checkout.holds_file("HEAD", "events")


def test_a_copy_has_the_tags_of_releases_whatever_their_names(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as lines end with for Python and not for git, or in another encoding."""
    head = repo.git("rev-parse", "HEAD").strip()
    names = [f"v1\u2028x{number}" for number in range(50)] + ["v2\x85", "v3-é"]
    tags = b"".join(f"{head} refs/tags/{name}\n".encode() for name in names)
    (repo.root / ".git" / "packed-refs").write_bytes(tags + head.encode() + b" refs/tags/v4-\xff\n")
    ran: list[str] = []

    def spy(top: Path, words: Sequence[str], *given: IO[bytes]) -> Any:
        ran.append(words[0])
        return git.running(top, words, *given)

    monkeypatch.setattr(checkout_module, "running", spy)
    checkout = Checkout.of(repo.package)
    checkout.copy("HEAD", tmp_path / "copy")
    assert ran.count("update-ref") == 1
    copy = Checkout.of(Package(tmp_path / "copy"))
    assert copy.release_tags() == checkout.release_tags()
    assert len(copy.release_tags().split("\n")) > len(names)
    monkeypatch.setattr("claimlog.checkout.TAGS", 50)
    with pytest.raises(CheckoutError, match="tags of releases, more than 50"):
        checkout.copy("HEAD", tmp_path / "other")


def test_a_copy_is_made_whatever_git_names_objects_by(repo: Repo, tmp_path: Path) -> None:
    shutil.rmtree(repo.root / ".git")
    repo.git("init", "-q", "--object-format=sha256")
    repo.commit()
    repo.git("tag", "v0.1.0")
    checkout = Checkout.of(repo.package)
    checkout.copy("HEAD", tmp_path / "copy")
    copy = Checkout.of(Package(tmp_path / "copy"))
    assert copy.head() == checkout.head()
    assert copy.release_tags() == checkout.release_tags() != ""
    assert copy.changes() == []


@pytest.mark.slow
def test_a_tag_that_was_moved_is_noticed(repo: Repo) -> None:
    assert run(repo.root, "build")[0] == 0
    assert "up to date" in run(repo.root, "build")[1]
    (repo.root / "note.txt").write_text("x")
    repo.commit()
    assert "up to date" in run(repo.root, "build")[1]  # no tag changed
    repo.git("tag", "-f", "v0.1.0")
    assert "up to date" not in run(repo.root, "build")[1]


def test_an_identifier_is_gits_own() -> None:
    assert blob_id(b"hello\n", 40) == "ce013625030ba8dba906f756967f9e9ca394464a"
    assert blob_id(b"", 64) == "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813"


def test_a_commit_with_a_link_is_not_unpacked(repo: Repo) -> None:
    (repo.root / "link").symlink_to("/etc/passwd")
    repo.commit()
    with pytest.raises(CheckoutError, match="link: is no plain file"):
        Checkout.of(repo.package).unpack("HEAD", repo.root / "unpacked")
    assert not (repo.root / "unpacked").exists()


def test_converted_line_ends_do_not_follow_a_user_into_a_copy(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "gitconfig"
    config.write_text("[core]\n\tautocrlf = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    Checkout.of(repo.package).copy("HEAD", tmp_path / "copy")
    unpacked = tmp_path / "unpacked"
    Checkout.of(repo.package).unpack("HEAD", unpacked)
    for name in ("datapackage.json", "CHANGELOG.md"):
        assert (tmp_path / "copy" / name).read_bytes() == (repo.root / name).read_bytes()
        assert (unpacked / name).read_bytes() == (repo.root / name).read_bytes()
    again = Repo(World(Package(tmp_path / "copy"), repo.world.texts))
    assert again.git("status", "--porcelain") == ""


def test_a_copy_runs_no_filter_of_the_user_and_keeps_modes_and_links(
    repo: Repo, trap: Trap, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One is git-lfs, which asks the server that a clone's .lfsconfig names."""
    program = repo.root / "run.sh"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (repo.root / "docs").mkdir(exist_ok=True)
    (repo.root / "docs" / "there").symlink_to("../run.sh")
    (repo.root / "away").symlink_to("/nowhere/else")
    repo.commit()
    config, attributes = tmp_path / "gitconfig", tmp_path / "attributes"
    attributes.write_text("* filter=lfs\n")
    config.write_text(
        f'[core]\n\tattributesFile = {attributes}\n[filter "lfs"]\n\trequired = true\n'
        f"\tsmudge = {trap.program}\n\tclean = {trap.program}\n\tprocess = {trap.program}\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    copy = tmp_path / "copy"
    Checkout.of(repo.package).copy("HEAD", copy)
    assert trap.ran == ""
    assert os.access(copy / "run.sh", os.X_OK)
    assert not os.access(copy / "datapackage.json", os.X_OK)
    assert (copy / "docs" / "there").readlink() == Path("../run.sh")
    assert (copy / "away").readlink() == Path("/nowhere/else")
    assert Checkout.of(Package(copy)).changes() == []
    monkeypatch.delenv("GIT_CONFIG_GLOBAL")
    again = Repo(World(Package(copy), repo.world.texts))
    assert again.git("status", "--porcelain") == ""
    assert again.git("rev-parse", "HEAD").strip() == repo.git("rev-parse", "HEAD").strip()


@pytest.mark.parametrize("write", ["copy", "unpack"])
@pytest.mark.parametrize(
    "entries",
    [("100644 blob BLOB\t..",), ("120000 blob LINK\ta", "040000 tree TREE\ta")],
    ids=["out", "through a link"],
)
def test_a_commit_whose_paths_lead_out_is_not_written(
    entries: tuple[str, ...], write: str, repo: Repo, tmp_path: Path
) -> None:
    """Git makes such trees for whoever tells it to."""

    def made(words: str, given: str) -> str:
        command = ["git", "-C", str(repo.root), *words.split()]
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    outside = tmp_path / "outside"
    outside.mkdir()
    ids = {"BLOB": made("hash-object -w --stdin", "x")}
    ids["LINK"] = made("hash-object -w --stdin", str(outside))
    ids["TREE"] = made("mktree", f"100644 blob {ids['BLOB']}\tfile\n")
    given = "".join(f"{entry}\n" for entry in entries)
    for name, identifier in ids.items():
        given = given.replace(name, identifier)
    commit = repo.git("commit-tree", "-m", "x", made("mktree", given)).strip()
    with pytest.raises(CheckoutError):
        getattr(Checkout.of(repo.package), write)(commit, tmp_path / "target")
    assert [*outside.iterdir()] == []


def test_a_clone_with_converted_line_ends_has_the_same_bytes(repo: Repo, tmp_path: Path) -> None:
    """By ``.gitattributes``: a user's core.autocrlf changes nothing."""
    shutil.copyfile(ROOT / ".gitattributes", repo.root / ".gitattributes")
    repo.commit()
    clone = tmp_path / "clone"
    command = ["git", "-c", "core.autocrlf=true", "-c", "core.eol=crlf", "clone", "-q"]
    subprocess.run([*command, str(repo.root), str(clone)], check=True)
    for name in repo.git("ls-files", "-z").split("\0")[:-1]:
        assert (clone / name).read_bytes() == (repo.root / name).read_bytes(), name
    assert Checkout.of(Package(clone)).changes() == []
    status, said = run(clone, "validate")
    assert (status, " 0 failed" in said) == (0, True), said


def test_what_is_in_the_place_of_a_file_is_not_read(repo: Repo) -> None:
    checkout = Checkout.of(repo.package)
    held = checkout.blobs("HEAD")
    batch = next(name for name in held if name.endswith("claims.ndjson"))
    (repo.root / "CHANGELOG.md").unlink()
    os.mkfifo(repo.root / "CHANGELOG.md")
    os.truncate(repo.root / "datapackage.json", 60 << 30)
    (repo.root / batch).unlink()
    (repo.root / batch).symlink_to("/dev/zero")
    assert [*checkout.changes()] == sorted(["CHANGELOG.md", batch, "datapackage.json"])
    with pytest.raises(ClaimlogError):
        require_clean_commit(repo.package)


def test_a_file_behind_a_link_is_not_the_checkouts(repo: Repo, tmp_path: Path) -> None:
    checkout = Checkout.of(repo.package)
    batch = next(name for name in checkout.blobs("HEAD") if name.endswith("batch.json"))
    folder = (repo.root / batch).parent
    shutil.move(folder, tmp_path / "same")
    folder.symlink_to(tmp_path / "same")
    assert batch in checkout.changes()
    folder.unlink()
    folder.symlink_to("/dev")
    assert batch in checkout.changes()
    folder.unlink()
    shutil.move(tmp_path / "same", folder)
    assert checkout.changes() == []


def test_a_released_file_that_is_a_link_or_a_fifo_is_named(repo: Repo) -> None:
    batch = next(name for name in Checkout.of(repo.package).blobs("v0.1.0", "events/"))
    assert batch.startswith("events/0001-")
    (repo.root / "events" / "0001-register" / "actors.ndjson").unlink()
    os.mkfifo(repo.root / "events" / "0001-register" / "actors.ndjson")
    status, said = run(repo.root, "validate")
    assert status == 1
    assert "actors.ndjson: is missing, release v0.1.0 has it" in said


def test_a_fifo_for_gitignore_is_given_up_soon(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "LISTING_SECONDS", 1)
    os.mkfifo(repo.root / "events" / ".gitignore")
    with pytest.raises(CheckoutError, match="git ls-files: did not answer within 1 seconds"):
        Checkout.of(repo.package).changes()
    with pytest.raises(CheckoutError, match="git check-ignore: did not answer within 1 seconds"):
        Checkout.of(repo.package).ignored_paths(repo.root / "events" / "a.txt")


def test_a_commit_that_unpacks_to_too_much_is_refused(
    repo: Repo, tmp_path: Path, noted_sources: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not allows the command to write as much, before it reads a log."""
    checkout = Checkout.of(repo.package)
    held = checkout.blobs("HEAD")
    size = sum((repo.root / name).stat().st_size for name in held)
    monkeypatch.setattr(checkout_module, "UNPACKED_BYTES", size - 1)
    for write in (checkout.unpack, checkout.copy):
        with pytest.raises(CheckoutError, match=f"holds files of {size:,} bytes, more than"):
            write("HEAD", tmp_path / "unpacked")
        assert not (tmp_path / "unpacked").exists()
    assert not noted_sources
    monkeypatch.setattr(checkout_module, "UNPACKED_BYTES", size)
    monkeypatch.setattr(checkout_module, "CHUNK", 7)
    checkout.unpack("HEAD", tmp_path / "unpacked")
    for name in held:
        assert (tmp_path / "unpacked" / name).read_bytes() == (repo.root / name).read_bytes()
    assert noted_sources == {"commit": size}
    assert checkout.changes() == []


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Somebody's directory, with names that claimlog writes to in a package."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for name in ("codebook.md", "0.1.1.json", "tiny-0.1.0.signature", "CITATION.cff"):
        (folder / name).write_text("mine")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("docs", "schemas --write"),
        ("docs", "seal --slug quay --title Quay --method Testing --by x"),
        ("dist", "release 0.1.1"),
        ("dist", "release --published 0.1.0 --sign KEY"),
        ("releases", "release 0.1.1"),
        ("events", "build --out events/codebook"),
    ],
)
def test_nothing_is_written_through_a_link(
    name: str, words: str, repo: Repo, elsewhere: Path
) -> None:
    """Git carries links, so that a directory of a clone can lead to somebody's home."""
    key = elsewhere.parent / "key.pem"
    secret = Ed25519PrivateKey.generate()
    key.write_bytes(secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    before = {path.name: path.read_bytes() for path in elsewhere.iterdir()}
    repo.world.add("actors", [{"actor_id": "quay", "name": "Quay", "actor_type": "agency"}])
    shutil.rmtree(repo.root / name, ignore_errors=True)
    (repo.root / name).symlink_to(elsewhere)
    status, said = run(repo.root, *words.replace("KEY", str(key)).split())
    assert (status, "Traceback" in said) == (1, False), said
    assert {path.name: path.read_bytes() for path in elsewhere.iterdir()} == before
    with pytest.raises(ClaimlogError, match=f"^{name}: is a symbolic link, through which nothing"):
        repo.package.write(repo.root / name / "x", b"")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["README.md", "CITATION.cff", "docs/codebook.md", "CHANGELOG.md"])
def test_what_is_in_the_place_of_a_page_is_neither_read_nor_shown(
    name: str, repo: Repo, elsewhere: Path
) -> None:
    path = repo.root / name
    path.parent.mkdir(exist_ok=True)
    words = ("release", "9.9.9") if name == "CHANGELOG.md" else ("schemas",)
    for make in (
        lambda: path.symlink_to(elsewhere / "codebook.md"),
        lambda: path.symlink_to("/dev/zero"),
        lambda: os.mkfifo(path),
        lambda: (path.touch(), os.truncate(path, 60 << 30)),
    ):
        path.unlink(missing_ok=True)
        make()
        status, said = run(repo.root, *words)
        assert "mine" not in said
        assert "Traceback" not in said
        assert status == 0 or said.count("\n") == 1, said


def test_files_that_are_not_committed_are_looked_into_only_if_they_can_be_texts(
    repo: Repo,
) -> None:
    (repo.root / "large.txt").touch()
    os.truncate(repo.root / "large.txt", 60 << 30)
    (repo.root / "link.txt").symlink_to("/dev/zero")
    with pytest.raises(ClaimlogError, match=r"^not committed: large\.txt, link\.txt;"):
        require_clean_commit(repo.package)
    shutil.copy(next(repo.world.texts.iterdir()), repo.root / "a text.txt")
    with pytest.raises(ClaimlogError, match=r"^a text\.txt: holds source texts"):
        require_clean_commit(repo.package)


def test_directories_without_end_are_named(repo: Repo) -> None:
    place = repo.root / "schemas"
    for _ in range(40):
        place /= "d"
    place.mkdir(parents=True)
    (place / "x").touch()
    for command in ("validate", "build", "schemas"):
        status, said = run(repo.root, command)
        assert (status, "schemas: holds more than 1,000 files" in said) == (1, True), said
        assert said.count("\n") == 1


def _clone_with_open_rows(repo: Repo) -> Path:
    """Return a clone of a repository whose owner has committed the open batch."""
    repo.world.add("actors", [{"actor_id": "planted", "name": "P", "actor_type": "agency"}])
    repo.git("add", "-f", ".claimlog/open")
    repo.git("-c", "user.name=x", "-c", "user.email=x@x", "commit", "-q", "-m", "x")
    clone = repo.root.parent / "clone"
    subprocess.run(["git", "clone", "-q", str(repo.root), str(clone)], check=True)
    return clone


def test_an_open_batch_that_came_with_a_clone_is_not_sealed(repo: Repo) -> None:
    clone = _clone_with_open_rows(repo)
    for command in (
        ("seal", *SEALED_BY_ME),
        ("retract", "C001-001", "--reason", "x", "--by", "me"),
    ):
        status, said = run(clone, *command)
        assert status == 1
        assert said.startswith("claimlog: .claimlog: is committed, so that it holds rows that you")
    assert not (clone / "events" / "0004-mine").exists()


@pytest.mark.parametrize("way", ["a link of the clone", "long lists", "git fails"])
def test_an_open_batch_of_a_clone_is_refused_however_git_is_kept_from_saying_that_it_is_committed(
    repo: Repo, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = _clone_with_open_rows(repo)
    named, expected = clone, r"^\.claimlog: is committed, so that it holds rows that you"
    if way == "a link of the clone":
        named = clone / "data"
        named.symlink_to(".")
    if way == "long lists":
        monkeypatch.setattr(git, "ANSWER_BYTES", 5)
    if way == "git fails":  # as it does of the checkout of somebody else
        (clone / ".git" / "index").write_text("none")
        expected = r"^\.claimlog: git does not say whether it is committed, .*; run this again"
    with pytest.raises(ClaimlogError, match=expected), package_lock(Package(named)):
        pytest.fail("the open batch would be used")


def test_an_open_batch_that_a_clone_has_under_another_case_is_refused_too(repo: Repo) -> None:
    """Where file systems know no case, it is the one that commands use."""
    blob = repo.git("hash-object", "-w", "README.md").strip()
    name = ".Claimlog/open/actors.ndjson"
    repo.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{name}")
    status, said = run(repo.root, "retract", "C001-001", "--reason", "x", "--by", "me")
    assert (status, said.count("\n")) == (1, 1)
    assert said.startswith("claimlog: .Claimlog: is committed, so that it holds rows that you did")
    assert "git rm -r --cached .Claimlog," in said


def test_an_open_batch_is_used_where_there_is_no_git_to_ask(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = _clone_with_open_rows(repo)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with package_lock(Package(clone)):
        assert (clone / ".claimlog" / "open").is_dir()


def test_what_a_package_is_named_by_does_not_hide_it_from_git(repo: Repo) -> None:
    (repo.root.parent / "link").symlink_to(repo.root)
    linked = Checkout.of(Package(repo.root.parent / "link"))
    assert linked == Checkout.of(repo.package)
    assert linked.is_tracked()


def test_sealing_says_whose_rows_it_seals(repo: Repo) -> None:
    """Where a state directory came otherwise, as in an archive of a checkout, that shows it."""
    actors = [{"actor_id": f"a{n}", "name": "A", "actor_type": "agency"} for n in range(7)]
    repo.world.add("actors", actors, by="stranger")
    repo.world.add("actors", [{"actor_id": "own", "name": "A", "actor_type": "agency"}], by="me")
    status, said = run(repo.root, "seal", *SEALED_BY_ME)
    assert status == 0
    assert (
        "\nactors by stranger: a0, a1, a2, a3, a4 and 2 more\nactors by me: own\nsealed events/"
        in said
    )


def test_no_release_is_made_from_a_commit_with_a_link(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("mine")
    (repo.root / "LICENSE-DATA").symlink_to(tmp_path / "secret")
    repo.commit()
    with pytest.raises(ClaimlogError, match=r"^LICENSE-DATA: is a symbolic link in the commit"):
        require_clean_commit(repo.package)


def test_commits_that_change_a_file_are_those_of_the_package_whatever_signs_its_path_has(
    tmp_path: Path,
) -> None:
    def git(*words: str) -> str:
        who = ("-c", "user.name=Tester", "-c", "user.email=tester@example.org")
        command = ["git", "-C", str(tmp_path), *who, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    commits = []
    for name in ("a[b]*/events/0004-x/batch.json", "ab/events/0004-y/batch.json", "a[b]*/other"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        git("add", ".")
        git("commit", "-qm", "Change")
        commits.append(git("rev-parse", "HEAD"))
    checkout = Checkout(tmp_path, "a[b]*/")
    assert checkout.commits_changing("events/0004-*/batch.json") == commits[:1]
