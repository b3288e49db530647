"""Which system calls of a command touch its package: read from a run that is only watched."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

GROUPS = {
    "open": ("open", "openat", "creat"),
    # sendfile and copy_file_range are how Python copies files
    "write": ("write", "pwrite64", "writev", "pwritev", "sendfile", "copy_file_range"),
    "truncate": ("ftruncate", "truncate"),
    "fsync": ("fsync", "fdatasync"),
    "rename": ("rename", "renameat", "renameat2"),
    "link": ("link", "linkat", "symlink", "symlinkat"),
    "unlink": ("unlink", "unlinkat", "rmdir"),
    "mkdir": ("mkdir", "mkdirat"),
    "close": ("close",),
}
GROUP = {name: group for group, names in GROUPS.items() for name in names}
LINE = re.compile(r"(?:(?P<thread>[0-9]+) +)?(?P<name>[a-z0-9_]+)\((?P<rest>.*)")
OPENED = re.compile(r"= (?P<number>[0-9]+)<")
DESCRIPTOR = re.compile(r"(?P<number>[0-9]+)<")
WORKING_DIRECTORY = re.compile(
    r'AT_FDCWD<[^>]*>, (?="/)'
)  # an absolute path is not looked up from there
QUOTED = re.compile(r'["<](?P<path>/[^">]*)')
TEMPORARY = re.compile(r"(?<=-new-)[0-9]+-[0-9a-f]{8}|(?<=/staging-)[^/]+|(?<=\.gone-)[0-9]+")
WRITING = ("O_WRONLY", "O_RDWR", "O_CREAT")


@dataclass(frozen=True)
class Call:
    """A call of `syscall` in one thread: the `number`-th of those that touch `path`.

    Attributes
    ----------
    path
        First path of the call, relative to the package; ``{pid}`` stands for the process.
    place
        What kind of file it touches.
    nth
        Which one it is of all calls of `syscall` in its thread.
    follow
        Whether the thread is not the main one.
    """

    syscall: str
    number: int
    path: str
    place: str
    nth: int
    follow: bool = False

    @property
    def group(self) -> str:
        return GROUP[self.syscall]


def package_calls(trace: str, root: Path, pid: int, main: bool = True) -> Iterator[Call]:
    """Yield the calls of process `pid` that touch what lies under `root`.

    Of the opens and closes only those of files that are written or flushed; of the rest all.
    `main` if the trace is of the main thread only; otherwise its calls are those of all others.
    """
    every: Counter[tuple[str | None, str]] = Counter()
    counts: Counter[tuple[str | None, str, str]] = Counter()
    opened: dict[tuple[str | None, str], tuple[Call, bool]] = {}
    first: str | None = None
    for line in trace.splitlines():
        match = LINE.match(line)
        if match is None or match["name"] not in GROUP:
            continue
        thread, name = match["thread"], match["name"]
        rest = WORKING_DIRECTORY.sub("", match["rest"])
        first = first or thread
        every[thread, name] += 1
        path = first_path(rest, root, pid)
        if path is None or f"{root}/.git/" in rest or (not main and thread == first):
            continue
        counts[thread, name, path] += 1
        number, nth = counts[thread, name, path], every[thread, name]
        call = Call(name, number, path, _place(rest, root), nth, not main)
        if GROUP[name] == "open":
            if descriptor := OPENED.search(rest):
                opened[thread, descriptor["number"]] = (call, False)
                if any(flag in rest for flag in WRITING):
                    opened[thread, descriptor["number"]] = (call, True)
                    yield call
            continue
        descriptor_match = DESCRIPTOR.match(rest)
        key = (thread, descriptor_match["number"] if descriptor_match else "")
        if GROUP[name] == "close":
            if opened.pop(key, (call, False))[1]:
                yield call
            continue
        if GROUP[name] == "fsync" and key in opened and not opened[key][1]:
            yield opened[key][0]  # opened to be flushed
            opened[key] = (opened[key][0], True)
        yield call


def flushed_names(trace: str) -> set[str]:
    """Return the names of the files and directories that were flushed to disk.

    A temporary name counts as that of the file which it becomes.
    """
    names = set()
    for line in trace.splitlines():
        match = LINE.match(line)
        if match and GROUP.get(match["name"]) == "fsync" and "= 0" in match["rest"]:
            path = match["rest"].partition("<")[2].partition(">")[0]
            names.add(re.sub(r"^\.(.*)-new-[0-9]+-[0-9a-f]+$", r"\1", Path(path).name))
    return names


def first_path(rest: str, root: Path, pid: int) -> str | None:
    """Return the first path of a call relative to `root`, or None if it lies elsewhere.

    That is the path by which strace finds the call again. A name with the process in it is found
    in another process too.
    """
    match = QUOTED.search(rest)
    if match is None or not Path(match["path"]).is_relative_to(root):
        return None
    path = Path(match["path"]).relative_to(root).as_posix().replace("{", "{{").replace("}", "}}")
    return re.sub(rf"(?<=-){pid}(?=-|/|$)", "{pid}", path)


def _place(rest: str, root: Path) -> str:
    """Return the last path of a call, made the same for all files of a kind in a directory."""
    paths = re.findall(rf"{re.escape(str(root))}/([^\">]*)", rest)
    path = Path(paths[-1] if paths else ".")
    folder, inside, _ = TEMPORARY.sub("*", path.parent.as_posix()).partition("*")
    # what is not yet in its place is all of a kind
    return f"{folder}{inside}/*{TEMPORARY.sub('*', path.suffix)}"
