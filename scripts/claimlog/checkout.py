"""The git checkout that a package lies in: its commits, its tags, and what was not committed.

Files are compared with what git holds by their own bytes, because a filter that a checkout names
is a program of whoever made it. An archive is no checkout: git is never asked about one.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import signal
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from claimlog.command_limits import allow_writing
from claimlog.git import ANSWER_BYTES, CheckoutError, NoCheckoutError, ask, running
from claimlog.package import DESCRIPTOR, Package
from claimlog.untrusted_files import read_regular

SHA256_DIGITS = 64
"""Digits of an object's id in a repository whose objects are named by SHA-256, and not by SHA-1."""

EXECUTABLE, LINK, SUBMODULE = "100755", "120000", "160000"

LINK_BYTES = PATH_BYTES = 4_096
"""Bytes of a symbolic link: no system takes a longer one."""

UNPACKED_BYTES = 4 << 30
"""Bytes that the files of a commit may have together to be written to disk. Git packs two gigabytes
of zeros into two megabytes."""

FILES = 200_000
"""Files that git may list: a few small trees that name each other list millions."""

TAGS = 10_000
"""Tags of releases that a copy of a checkout may have: each is a file there."""

VERSIONS, VERSION_BYTES = 10_000, 100_000
"""Commits that may change a file of which versions are read, and bytes of such a version."""

CHUNK = 1 << 20
"""Bytes of a file that are held at once."""


@dataclass(frozen=True)
class Checkout:
    """The checkout that holds a package.

    Attributes
    ----------
    top
        Its top level: the directory with ``.git``.
    prefix
        Where the package lies in it: empty at the top, else a path that ends with a slash.
    """

    top: Path
    prefix: str

    @classmethod
    def of(cls, package: Package) -> Checkout:
        """Return the checkout that a package is in, where the links that name it lead.

        Git holds what lies behind a link under its own path, and under no other.

        Raises
        ------
        NoCheckoutError
            If the package came out of an archive, or no directory above it holds ``.git``.
        """
        if package.archived:
            raise NoCheckoutError("it is part of a release, and git is never asked about one")
        root = package.root.resolve()
        for top in (root, *root.parents):
            if (top / ".git").exists():
                below = root.relative_to(top).as_posix()
                return cls(top, "" if below == "." else f"{below}/")
        raise NoCheckoutError("this is no git checkout")

    @staticmethod
    def outermost(package: Package) -> Path | None:
        """Return the highest directory with ``.git`` that a package lies in, None if there is none.

        A submodule has a top level of its own in the checkout that holds it.
        """
        places = (package.root.absolute(), package.root.resolve())
        tops = {top for place in places for top in (place, *place.parents)}
        held = [top for top in tops if (top / ".git").exists()]
        return min(held, key=lambda top: len(top.parts), default=None)

    def head(self) -> str:
        """Return the commit that is checked out.

        Raises
        ------
        CheckoutError
            If git fails, as where nothing was committed yet.
        """
        return self._resolve("HEAD")

    def descends_from(self, commit: str) -> bool:
        """Whether what is checked out goes on from a commit; one that was only fetched does not."""
        try:
            # a commit itself is the first that leads to it, unless HEAD does
            return not self._ask("rev-list", "--max-count=1", f"{commit}^{{commit}}", "^HEAD")
        except CheckoutError:
            return False

    def parent_of_addition(self, path: str) -> str:
        """Return the commit before the one that added a file of the package.

        Raises
        ------
        CheckoutError
            If git knows none.
        """
        words = ("log", "--no-show-signature", "--diff-filter=A", "--format=%H", "-1")
        added = self._ask(*words, "--", self._literal(path)).decode().strip()
        return self._resolve(f"{added}^")

    def release_tag(self) -> str | None:
        """Return the newest tag of a release (v1.2.3) that the commit descends from, if any.

        Raises
        ------
        CheckoutError
            If git fails for another reason than that there is none.
        """
        if not self.release_tags():
            return None
        found = self._ask("describe", "--tags", "--abbrev=0", "--match", "v[0-9]*")
        return found.decode(errors="replace").strip()

    def release_tags(self) -> str:
        """Return the tags of releases that the commit descends from, each with what it names.

        So that a tag that was added, moved or deleted shows.

        Raises
        ------
        CheckoutError
            If git fails.
        """
        return self._release_tags().decode(errors="replace")

    def _release_tags(self) -> bytes:
        words = ("--format=%(objectname) %(refname)", "--merged=HEAD", "refs/tags/v[0-9]*")
        return self._ask("for-each-ref", *words)

    def is_tracked(self) -> bool:
        """Whether the commit holds the package: a copy that lies in a checkout is not part of it.

        Raises
        ------
        CheckoutError
            If git fails.
        """
        return DESCRIPTOR in self.blobs("HEAD", DESCRIPTOR)

    def tracked_name(self, path: str) -> str | None:
        """Return how git spells a directory of the package, if it tracks anything there.

        In whichever case: some file systems take other spellings for the same directory.

        Raises
        ------
        CheckoutError
            If git fails.
        """
        whole = f"{self.prefix}{path}"
        words = ("ls-files", "-z", "--", f":(top,literal,icase){whole}")
        # one name is enough, however many a stranger's index lists: git ends with the pipe
        with running(self.top, words, statuses=(0, -signal.SIGPIPE)) as answer:
            first = answer.read(PATH_BYTES).partition(b"\0")[0]
        parts = first.decode("utf-8", "surrogateescape").split("/")
        return "/".join(parts[self.prefix.count("/") : whole.count("/") + 1]) or None

    def ignored_paths(self, *paths: Path) -> set[Path]:
        """Return the paths that git leaves out by ``.gitignore``; they need not exist.

        None is one that git tracks, or a directory in which it tracks something.

        Raises
        ------
        CheckoutError
            If git fails, as for a path outside of the checkout.
        """
        with tempfile.TemporaryFile() as given:
            given.write(b"".join(os.fsencode(path) + b"\0" for path in paths))
            given.seek(0)
            found = ask(self.top, "check-ignore", "--stdin", "-z", given=given, statuses=(0, 1))
        return {Path(os.fsdecode(name)) for name in found.split(b"\0")[:-1]}

    def blobs(self, commit: str, path: str = "") -> dict[str, tuple[str, str]]:
        """Return mode and object id of the files of a commit, by path below the package.

        Parameters
        ----------
        path
            File or directory below the package; all of it by default.

        Raises
        ------
        CheckoutError
            If git fails or a path is not UTF-8.
        """
        words = ("ls-tree", "-r", "-z", "--full-tree", commit)
        where = self.prefix + path
        found = {}
        for entry in self._listing(*words, *(["--", where] if where else [])):
            meta, _, name = entry.partition(b"\t")
            mode, _, identifier = meta.decode().split()
            found[_text(name).removeprefix(self.prefix)] = (mode, identifier)
        return found

    def holds_file(self, commit: str, path: str) -> bool:
        """Whether a commit holds a plain file of the package at this path, through no link.

        That is asked of git's trees, because on the disk a link or a submodule looks otherwise.

        Raises
        ------
        CheckoutError
            If git fails.
        """
        mode, _ = self.blobs(commit, path).get(path, (LINK, ""))
        return mode not in (LINK, SUBMODULE)

    def read(self, commit: str, path: str) -> bytes | None:
        """Return a file of the package as a commit holds it, or None where it holds none.

        Raises
        ------
        CheckoutError
            If git fails.
        """
        held = self.blobs(commit, path).get(path)
        return None if held is None else self.content(held[1])

    def content(self, blob: str) -> bytes:
        """Return the bytes of a blob that `blobs` names.

        Raises
        ------
        CheckoutError
            If git fails.
        """
        return self._ask("cat-file", "blob", blob)

    def commits_changing(self, pattern: str) -> list[str]:
        """Return the commits that change some file of the package, the newest first.

        They are those of all branches, also of other clones that were fetched, of tags, and those
        that were left lately.

        Parameters
        ----------
        pattern
            Of its path below the package: ``*`` stands for any name or part of one.

        Raises
        ------
        CheckoutError
            If git fails, or there are more than `VERSIONS`.
        """
        prefix = re.sub(r"([*?\[\\])", r"\\\1", self.prefix)
        return self._commits_changing(f":(top,glob){prefix}{pattern}", pattern)

    def _commits_changing(self, pathspec: str, shown: str) -> list[str]:
        words = ("rev-list", "--all", "--reflog", "--full-history", f"--max-count={VERSIONS + 1}")
        commits = self._ask(*words, "--", pathspec).decode().split()
        if len(commits) > VERSIONS:
            raise CheckoutError(f"{shown}: more than {VERSIONS:,} commits change it")
        return commits

    def versions(self, path: str) -> Iterator[tuple[str, bytes]]:
        """Yield each content that a small file of the package has in any commit, with the commit.

        Commits are those of `commits_changing`. A larger file than `VERSION_BYTES` is passed over.

        Raises
        ------
        CheckoutError
            If git fails, or more than `VERSIONS` commits change the file.
        """
        commits = self._commits_changing(self._literal(path), path)
        where = self.prefix + path
        if "\n" in where:
            raise CheckoutError(f"{path}: no commit can change it")
        found: dict[str, str] = {}
        names = [f"{commit}:{where}" for commit in commits]
        with self._asking(["cat-file", "--batch-check"], names) as answer:
            for commit in commits:
                parts = answer.readline().split()
                if len(parts) == 3 and parts[1] == b"blob" and int(parts[2]) <= VERSION_BYTES:
                    found.setdefault(parts[0].decode(), commit)
        with self._asking(["cat-file", "--batch"], found) as answer:
            for commit in found.values():
                data = io.BytesIO()
                _copy_blob(answer, data)
                yield commit, data.getvalue()

    def changes(self) -> list[str]:
        """Return the files of the package that are not as the commit holds them, in order.

        A file is compared by its own bytes. What git does not track is listed unless it is ignored.

        Raises
        ------
        CheckoutError
            If git fails.
        """
        held = self.blobs("HEAD")
        changed = set(self.differing(held))
        return sorted(changed | {*self.untracked()} | ({*self._files("--cached")} - {*held}))

    def differing(self, held: Mapping[str, tuple[str, str]]) -> Iterator[str]:
        """Yield those of the files that `blobs` returned which do not lie here as git holds them.

        A file that lies behind a symbolic link, is none, or has another size is not read.

        Raises
        ------
        CheckoutError
            If git fails.
        """
        sizes = self._sizes(blob for _, blob in held.values())
        for name, (mode, blob) in held.items():
            if not self._same(name, mode, blob, sizes.get(blob)):
                yield name

    def untracked(self) -> list[str]:
        """Return the files of the package that git neither tracks nor ignores, in order.

        A directory that holds nothing else is one name, which ends with a slash.

        Raises
        ------
        CheckoutError
            If git fails.
        """
        return sorted(
            self._files("--others", "--exclude-standard", "--directory", "--no-empty-directory")
        )

    def _files(self, *words: str) -> Iterator[str]:
        pathspec = ["--", self._literal("")] if self.prefix else []
        listed = self._listing("ls-files", "-z", "--full-name", *words, *pathspec)
        return (_text(name).removeprefix(self.prefix) for name in listed)

    def unpack(self, commit: str, target: Path) -> None:
        """Write the package as a commit holds it into the new directory `target`.

        The bytes are git's own: no filter, attribute or conversion of line ends applies.

        Raises
        ------
        CheckoutError
            If git fails, or the package holds something else than files, or too much.
        """
        held = self.blobs(commit)
        for name, (mode, _) in held.items():
            if mode in (LINK, SUBMODULE) or _leads_out(name):
                raise CheckoutError(f"{name}: is no plain file in the commit {commit[:12]}")
        self._allow_files(commit, [blob for _, blob in held.values()])
        target.mkdir()
        self._write_files(held, target)

    def copy(self, commit: str, target: Path) -> None:
        """Make `target` a checkout of its own at a commit.

        It borrows the objects and has the tags of releases. Its configuration is its own, so that
        nothing that this one's configuration names is run there, and nothing is fetched. The bytes
        are git's own, as in `unpack`; links stay links, and submodules are empty directories.

        Raises
        ------
        CheckoutError
            If git fails, or the commit holds too much.
        """
        whole = Checkout(self.top, "").blobs(commit)
        for name in filter(_leads_out, whole):
            raise CheckoutError(f"{name}: is no file of a checkout in the commit {commit[:12]}")
        self._allow_files(commit, [blob for _, blob in whole.values()])
        target.mkdir()
        objects = self._path("objects")
        new = Checkout(target, self.prefix)
        head = self._resolve(commit)
        # objects are borrowed only by a repository that names them alike
        kind = "sha256" if len(head) == SHA256_DIGITS else "sha1"
        new._ask("init", "--quiet", "--template=", f"--object-format={kind}", str(target))
        for name, value in (("core.autocrlf", "false"), ("core.eol", "lf")):
            new._ask("config", name, value)
        (target / ".git/objects/info/alternates").write_text(f"{objects}\n", encoding="utf-8")
        shallow = self._path("shallow")
        if shallow.is_file():
            cut_off = read_regular(shallow, ".git/shallow", ANSWER_BYTES, shallow.parent)
            (target / ".git/shallow").write_bytes(cut_off)
        self._copy_tags(new)
        new._ask("update-ref", "--no-deref", "HEAD", head)
        new._ask("read-tree", "HEAD")
        # not by git, which would run the filters of the user's own configuration
        self._write_files(whole, target)

    def _copy_tags(self, new: Checkout) -> None:
        """Give another checkout, which borrows this one's objects, the tags of releases."""
        lines = self._release_tags().split(b"\n")[:-1]
        if len(lines) > TAGS:
            raise CheckoutError(f"git knows {len(lines):,} tags of releases, more than {TAGS:,}")
        with tempfile.TemporaryFile() as commands:
            for line in lines:
                identifier, _, name = line.partition(b" ")  # a name may hold anything but a space
                commands.write(b"create %s %s\n" % (name, identifier))
            commands.seek(0)
            with running(new.top, ["update-ref", "--stdin"], commands) as answer:
                answer.read()

    def _write_files(self, held: Mapping[str, tuple[str, str]], target: Path) -> None:
        """Write files that `blobs` returned below `target`, with their modes and links.

        Links come last, so that nothing is written through one.
        """
        links = {name: blob for name, (mode, blob) in held.items() if mode == LINK}
        files = {name: it for name, it in held.items() if it[0] not in (LINK, SUBMODULE)}
        long = {blob for blob, size in self._sizes(links.values()).items() if size > LINK_BYTES}
        if name := next((name for name, blob in links.items() if blob in long), None):
            raise CheckoutError(f"{name}: is a link of more than {LINK_BYTES:,} bytes")
        try:
            for name, (mode, _) in held.items():
                folder = target / name if mode == SUBMODULE else (target / name).parent
                folder.mkdir(parents=True, exist_ok=True)
            blobs = [blob for _, blob in files.values()]
            with self._asking(["cat-file", "--batch"], [*blobs, *links.values()]) as answer:
                for name, (mode, _) in files.items():
                    with (target / name).open("xb") as file:
                        _copy_blob(answer, file)
                        if mode == EXECUTABLE:
                            os.fchmod(file.fileno(), os.fstat(file.fileno()).st_mode | 0o111)
                for name in links:
                    place = io.BytesIO()
                    _copy_blob(answer, place)
                    (target / name).symlink_to(os.fsdecode(place.getvalue()))
        except (FileExistsError, NotADirectoryError) as error:
            raise CheckoutError(f"{name}: git holds two files in one place there") from error

    def _resolve(self, commit: str) -> str:
        return self._ask("rev-parse", "--verify", f"{commit}^{{commit}}").decode().strip()

    def _same(self, name: str, mode: str, blob: str, size: int | None) -> bool:
        """Whether a file lies here as git holds it; `size` is the blob's, None if git lacks it."""
        root = self.top / self.prefix
        if mode == SUBMODULE:
            return True
        try:
            # a link in the place of a directory leads to files that are not the checkout's
            *above, _ = PurePosixPath(name).parents
            if not all(stat.S_ISDIR((root / parent).lstat().st_mode) for parent in above):
                return False
            if mode == LINK:
                return blob_id(os.fsencode((root / name).readlink()), len(blob)) == blob
            return size is not None and _file_id(root / name, size, len(blob)) == blob
        except OSError:
            return False

    def _literal(self, path: str) -> str:
        """Return a pathspec that matches no other path, whatever characters are in it."""
        return f":(top,literal){self.prefix}{path}"

    def _path(self, name: str) -> Path:
        """Return where git keeps something, which a worktree shares with others."""
        found = self._ask("rev-parse", "--path-format=absolute", "--git-path", name)
        return Path(_text(found.rstrip(b"\n")))

    def _sizes(self, blobs: Iterable[str]) -> dict[str, int]:
        """Return the sizes of blobs that git holds."""
        wanted = sorted({*blobs})
        with self._asking(["cat-file", "--batch-check"], wanted) as answer:
            found = [answer.readline(200).split() for _ in wanted]
        return {
            blob: int(words[2])
            for blob, words in zip(wanted, found, strict=True)
            if len(words) == 3 and words[1] == b"blob"
        }

    def _allow_files(self, commit: str, blobs: list[str]) -> None:
        """Allow this command to write the files of a commit, unless they are too much."""
        sizes = self._sizes(blobs)
        size = sum(sizes.get(blob, 0) for blob in blobs)
        if size > UNPACKED_BYTES:
            raise CheckoutError(
                f"the commit {commit[:12]} holds files of {size:,} bytes, more than the "
                f"{UNPACKED_BYTES:,} that are written to disk"
            )
        allow_writing("commit", size)

    @contextmanager
    def _asking(self, words: list[str], blobs: Iterable[str]) -> Iterator[IO[bytes]]:
        """Yield what git answers about blobs, in their order."""
        with tempfile.TemporaryFile() as wanted:
            wanted.write("".join(f"{blob}\n" for blob in blobs).encode())
            wanted.seek(0)
            with running(self.top, words, wanted) as answer:
                yield answer

    def _listing(self, *words: str) -> list[bytes]:
        """Return what git lists, each entry ended by a NUL."""
        answer = self._ask(*words)
        if answer.count(b"\0") > FILES:
            raise CheckoutError(
                f"git {words[0]}: lists more than {FILES:,} files, more than a package has"
            )
        return answer.split(b"\0")[:-1]

    def _ask(self, *words: str) -> bytes:
        return ask(self.top, *words)


def blob_id(data: bytes, digits: int) -> str:
    """Return git's object id of a file's content, of 40 or 64 hexadecimal digits."""
    return _blob_id([data], len(data), digits)


def _blob_id(pieces: Iterable[bytes], size: int, digits: int) -> str:
    # git's own choice of hash; it names the object, it secures nothing here
    digest = hashlib.sha256() if digits == SHA256_DIGITS else hashlib.sha1(usedforsecurity=False)
    digest.update(b"blob %d\0" % size)
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _file_id(path: Path, size: int, digits: int) -> str | None:
    """Return git's object id of a regular file of this size; None for anything else, unread."""
    # neither followed if it is a link, nor waited for if it is a FIFO
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_size != size:
            return None
        return _blob_id(iter(lambda: file.read(CHUNK), b""), size, digits)


def _copy_blob(answer: IO[bytes], file: IO[bytes]) -> None:
    """Copy one object of what ``git cat-file --batch`` writes, a piece at a time."""
    head = answer.readline(200).split()
    if len(head) != 3 or head[1] != b"blob":
        raise CheckoutError(
            f"git lacks the object {head[0].decode() if head else '?'}; fetch the whole history: "
            "git fetch --unshallow --tags"
        )
    left = int(head[2])
    while left and (piece := answer.read(min(left, CHUNK))):
        file.write(piece)
        left -= len(piece)
    if left or answer.read(1) != b"\n":
        raise CheckoutError(f"git stopped in the middle of the object {head[0].decode()}")


def _leads_out(name: str) -> bool:
    """Whether a path leads out of a directory that it is written to, or into git's own."""
    parts = PurePosixPath(name).parts
    return name.startswith("/") or ".." in parts or ".git" in map(str.lower, parts)


def _text(name: bytes) -> str:
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        raise CheckoutError(f"{name!r}: is a path that is not UTF-8; rename it") from None
