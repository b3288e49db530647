"""Tiny packages in git checkouts of their own, which can be released."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claimlog.package import Package
from claimlog.release.make import ReleaseOutput, make_release
from claimlog.schema.table_schema import dump
from conftest import ROOT, World, copied
from scratch import copy_file

DAY = "2026-11-21"


@dataclass
class Repo:
    """A tiny package in a git checkout of its own."""

    world: World

    @property
    def root(self) -> Path:
        return self.world.root

    @property
    def package(self) -> Package:
        return Package(self.root)

    def copy(self, folder: Path, *linked: str) -> Repo:
        """Return a copy of the checkout, with its releases, in a folder.

        Code and objects of git, which nobody changes in place, are linked, as other directories
        that are named.
        """
        linked = ("scripts", ".git/objects", *linked)
        same = tuple(f"{self.root / name}{os.sep}" for name in linked)

        def link_or_copy(path: str, target: str) -> None:
            if path.startswith(same):
                os.link(path, target)
            else:
                copy_file(path, target)

        return Repo(copied(self.world, folder, link_or_copy))

    def git(self, *words: str) -> str:
        who = ("-c", "user.name=Tester", "-c", "user.email=tester@example.org")
        command = ["git", "-C", str(self.root), *who, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def commit(self) -> None:
        self.git("add", "-A")
        self.git("commit", "-qm", "Change")

    def version(self, version: str) -> None:
        path = self.root / "datapackage.json"
        about = json.loads(path.read_text("utf-8"))
        path.write_text(json.dumps({**about, "version": version}), "utf-8")

    def release(self, version: str, **given: Any) -> ReleaseOutput:
        """Set the version, commit, release, commit the index."""
        self.version(version)
        if self.git("status", "--porcelain"):
            self.commit()
        made = make_release(self.package, version, DAY, self.root / "dist", **given)
        self.commit()
        return made


def drop_codebook_tables(root: Path) -> None:
    """Leave the tables about the codebook out of a package: a third of what a release holds."""
    tables = root / "schemas" / "tables"
    for path in (*tables.glob("codebook*.json"), tables / "data_dictionary.json"):
        path.unlink()
    spec = json.loads((tables / "reliability.json").read_text("utf-8"))
    del spec["foreignKeys"]  # to one of these
    (tables / "reliability.json").write_text(dump(spec), "utf-8")


TOOL_FILES = (
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "requirements.txt",
    "requirements-build.txt",
)
"""What the wheel of claimlog and its environment are made from, beside scripts/."""


def repository(world: World) -> Repo:
    shutil.copyfile(ROOT / ".gitignore", world.root / ".gitignore")
    code = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "scripts", world.root / "scripts", ignore=code)
    for name in TOOL_FILES:
        shutil.copyfile(ROOT / name, world.root / name)
    repo = Repo(world)
    repo.git("init", "-q")
    repo.version("0.1.0")
    repo.commit()
    return repo
