"""The wheel holds what users run and nothing else, and works where there is no checkout."""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import pytest

import claimlog
from claimlog.errors import ClaimlogError
from claimlog.release import tool_wheel
from claimlog.release.tool_wheel import running_tool
from conftest import ROOT, World, copied

PACKAGE = ROOT / "scripts" / "claimlog"


@dataclass(frozen=True)
class Installation:
    """A virtual environment that holds the wheel and sees the libraries of this one."""

    python: Path

    def run(self, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the installed claimlog in a directory."""
        return subprocess.run(
            [self.python.with_name("claimlog"), *words],
            cwd=folder,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=120,
        )


def environment() -> dict[str, str]:
    """Return the environment variables of this process without those that lead to the checkout."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, made with the pinned build backend and no network."""
    folder = tmp_path_factory.mktemp("wheel")
    backend = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    done = subprocess.run(
        [*backend, "--directory", folder], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    [path] = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installation(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The wheel in an environment of its own.

    The libraries come from this environment through a path file. Python reads no path files of a
    directory that came from one, so the editable install of the checkout is out of sight.
    """
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    done = subprocess.run(
        [*pip, "--no-deps", "--no-index", wheel], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    [site] = (folder / "lib").glob("python3*/site-packages")
    (site / "libraries.pth").write_text(f"{sysconfig.get_path('purelib')}\n", "utf-8")
    return Installation(python)


def test_the_wheel_holds_every_file_of_the_package_and_nothing_of_the_workshop(
    wheel: Path,
) -> None:
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
    files = {
        path.relative_to(PACKAGE.parent).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    suffixes = {Path(name).suffix for name in files}
    assert {".py", ".html", ".css", ".js", ".json"} <= suffixes, "templates, static files, formats"
    assert files <= names
    others = {name for name in names - files if ".dist-info/" not in name}
    assert others == set()


def test_the_wheel_asks_for_no_build_backend(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        [name] = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = archive.read(name).decode()
    assert "Requires-Dist: polars" in metadata
    for backend in ("hatchling", "editables"):
        assert f"Requires-Dist: {backend}" not in metadata


def test_the_version_of_the_tool_is_its_own(wheel: Path) -> None:
    assert wheel.name == f"claimlog-{claimlog.__version__}-py3-none-any.whl"


def test_the_wheel_of_a_release_is_the_same_from_checkout_and_installation(
    installation: Installation,
) -> None:
    tool = running_tool()
    code = (
        "import sys; from claimlog.release.tool_wheel import running_tool; "
        "sys.stdout.buffer.write(running_tool().data)"
    )
    done = subprocess.run(
        [installation.python, "-c", code],
        cwd=installation.python.parent,
        env=environment(),
        capture_output=True,
        timeout=60,
    )
    assert done.stdout == tool.data, done.stderr
    running_tool.cache_clear()
    assert running_tool() == tool
    assert tool.lock == (ROOT / "requirements.txt").read_bytes()


def test_the_wheel_of_a_release_depends_on_no_compression_library_and_no_clock() -> None:
    with ZipFile(io.BytesIO(running_tool().data)) as archive:
        members = archive.infolist()
        [record] = (info.filename for info in members if info.filename.endswith("/RECORD"))
        assert archive.testzip() is None
        assert archive.read(record).decode().count("\n") == len(members)
    assert {(info.compress_type, info.date_time) for info in members} == {
        (0, (1980, 1, 1, 0, 0, 0))
    }
    assert members[-1].filename == record


def test_without_the_build_backend_one_line_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tool_wheel, "find_spec", lambda _: None)
    running_tool.cache_clear()
    with pytest.raises(ClaimlogError) as error:
        running_tool()
    said = str(error.value)
    assert "hatchling: is not installed" in said
    assert said.endswith(f"-m pip install --no-deps -r {ROOT / 'requirements-build.txt'}")
    assert (ROOT / "requirements-build.txt").is_file()


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of a small claimlog, which is the one that runs."""
    root = tmp_path / "checkout"
    package = root / "scripts" / "claimlog"
    (package / "cli").mkdir(parents=True)
    (package / "__init__.py").write_text(f'__version__ = "{claimlog.__version__}"\n', "utf-8")
    (package / "cli" / "__init__.py").write_text("", "utf-8")
    for name in ("pyproject.toml", "requirements.txt", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, root / name)
    (root / ".gitignore").write_text("*.log\n", "utf-8")
    commit(root)
    monkeypatch.setattr(claimlog, "__file__", str(package / "__init__.py"))
    running_tool.cache_clear()
    return root


def commit(root: Path) -> None:
    git = ["git", "-c", "user.name=Tester", "-c", "user.email=tester@example.org"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "Code"]):
        subprocess.run([*git, *words], cwd=root, check=True, timeout=60)


def test_what_is_not_committed_is_in_no_wheel(checkout: Path, tmp_path: Path) -> None:
    clean = running_tool()
    package = checkout / "scripts" / "claimlog"
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "text.txt").write_text("somebody's text", "utf-8")
    (checkout / ".git" / "info").mkdir(exist_ok=True)
    (checkout / ".git" / "info" / "exclude").write_text("private*\n", "utf-8")
    (package / "private.txt").write_text("ignored here alone", "utf-8")
    (package / "cli" / "debug.log").write_text("ignored", "utf-8")
    (package / "cli" / ".gitignore").write_text("*\n", "utf-8")
    (package / "new.py").write_text("not known to git", "utf-8")
    (package / "link.txt").symlink_to(outside / "text.txt")
    (package / "folder").symlink_to(outside)
    running_tool.cache_clear()
    assert running_tool() == clean
    with ZipFile(io.BytesIO(clean.data)) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
    assert names == ["claimlog/__init__.py", "claimlog/cli/__init__.py"]


@pytest.mark.parametrize("name", ["cli/__init__.py", "cli"])
@pytest.mark.parametrize("is_committed", [True, False])
def test_a_link_among_the_code_is_not_followed_into_a_wheel(
    name: str, is_committed: bool, checkout: Path, tmp_path: Path
) -> None:
    place = checkout / "scripts" / "claimlog" / name
    place.rename(tmp_path / "moved")
    place.symlink_to(tmp_path / "moved")
    if is_committed:
        commit(checkout)
    with pytest.raises(ClaimlogError, match="is, or lies behind, a symbolic link; restore it"):
        running_tool()


def test_code_that_no_commit_holds_is_no_wheel(checkout: Path) -> None:
    subprocess.run(["git", "rm", "-rq", "--cached", "scripts"], cwd=checkout, check=True)
    subprocess.run(
        ["git", "-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "-qm", "x"],
        cwd=checkout,
        check=True,
    )
    with pytest.raises(ClaimlogError, match="scripts/claimlog: is in no commit, and a release"):
        running_tool()
    shutil.rmtree(checkout / ".git")
    with pytest.raises(ClaimlogError, match="this is no git checkout"):
        running_tool()


def test_a_checkout_of_which_no_wheel_can_be_built_is_named(checkout: Path) -> None:
    (checkout / "pyproject.toml").write_text('[project]\nname = "claimlog"\n', "utf-8")
    with pytest.raises(ClaimlogError, match=r"pyproject\.toml: hatchling builds no wheel of it \("):
        running_tool()


def test_code_that_was_never_installed_is_no_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claimlog, "__file__", str(tmp_path / "claimlog" / "__init__.py"))
    running_tool.cache_clear()
    with pytest.raises(ClaimlogError, match="is neither a checkout of claimlog nor installed"):
        running_tool()


def test_the_installed_package_is_not_the_checkout(installation: Installation) -> None:
    code = "import claimlog; print(claimlog.__file__); import workshop"
    done = subprocess.run(
        [installation.python, "-c", code],
        cwd=installation.python.parent,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert Path(done.stdout.strip()).is_relative_to(installation.python.parents[1])
    assert done.stderr.endswith("ModuleNotFoundError: No module named 'workshop'\n")


@pytest.fixture(scope="module")
def built(
    installation: Installation, made: World, tmp_path_factory: pytest.TempPathFactory
) -> World:
    """A package outside the checkout, built by the installed command."""
    world = copied(made, tmp_path_factory.mktemp("elsewhere"))
    done = installation.run(world.root, "build", "--texts", str(world.texts))
    assert done.returncode == 0, done.stderr
    assert (world.root / "build" / "tiny.db").is_file()
    return world


def test_an_installed_wheel_verifies_the_anchors_of_a_package_elsewhere(
    installation: Installation, built: World
) -> None:
    done = installation.run(built.root, "verify", "--texts", str(built.texts))
    assert done.returncode == 0, done.stderr
    assert "anchors checked, all exact" in done.stdout


def test_an_installed_wheel_verifies_a_release(
    installation: Installation, made: World, tmp_path: Path
) -> None:
    world = copied(made, tmp_path)
    shutil.copyfile(ROOT / ".gitignore", world.root / ".gitignore")
    git = ["git", "-c", "user.name=Tester", "-c", "user.email=tester@example.org"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "A tiny package"]):
        subprocess.run([*git, *words], cwd=world.root, check=True, timeout=60)
    released = world.run("release", "0.1.0")
    assert released.returncode == 0, released.stderr
    archive = world.root / "dist" / "tiny-0.1.0.zip"
    done = installation.run(tmp_path, "--package", str(world.root), "verify", str(archive))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "whole and unaltered" in done.stdout


def test_an_installation_that_was_altered_is_not_passed_on_as_a_wheel(
    installation: Installation,
) -> None:
    [module] = installation.python.parents[1].glob(
        "lib/python3*/site-packages/claimlog/directory_swap.py"
    )
    data = module.read_bytes()
    code = "from claimlog.release.tool_wheel import running_tool; running_tool()"
    try:
        module.write_bytes(data + b"# altered\n")
        done = subprocess.run(
            [installation.python, "-c", code], env=environment(), capture_output=True, text=True
        )
    finally:
        module.write_bytes(data)
    assert "directory_swap.py: is not as it was installed" in done.stderr


def test_an_installed_wheel_serves_a_page_with_its_style(
    installation: Installation, built: World, tmp_path: Path
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (tmp_path / "said").open("w+") as said:
        server = subprocess.Popen(
            [installation.python.with_name("claimlog"), "serve", "--port", str(port)],
            cwd=built.root,
            env=environment(),
            stdout=said,
            stderr=said,
        )
        try:
            page = fetch(f"http://127.0.0.1:{port}/claims/C001-001", server)
            style = fetch(f"http://127.0.0.1:{port}/-/static-plugins/claimlog/frame.css", server)
        finally:
            server.terminate()
            server.wait(20)
    assert "C001-001" in page
    assert "{" in style


def fetch(address: str, server: subprocess.Popen[bytes]) -> str:
    """Return what a server answers, once it is up."""
    for _ in range(300):
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError:
            raise
        except OSError:
            assert server.poll() is None, "the server ended before it answered"
            time.sleep(0.1)
    pytest.fail("the server did not answer within thirty seconds")


@pytest.fixture(autouse=True)
def forget_the_wheel() -> Iterator[None]:
    """Let no test leave behind a wheel that another one would be given."""
    yield
    running_tool.cache_clear()
