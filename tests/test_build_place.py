"""A build takes the place of an earlier build, and of nothing that somebody else put there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from claimlog.build import build
from claimlog.build_place import require_build_place
from claimlog.errors import ClaimlogError
from conftest import World, copied


@pytest.fixture(scope="module")
def once_built(made: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    world = copied(made, tmp_path_factory.mktemp("built"))
    build(world.package, world.package.build)
    return world


@pytest.fixture
def built(once_built: World, tmp_path: Path) -> World:
    return copied(once_built, tmp_path)


FOREIGN = (
    *("analysis.R", "figures/one.png", "parquet/mine.parquet", "datasette/notes.txt", "other.db"),
    *("parquet/claims.parquet/part.parquet.txt", "tiny.db-notes", ".hidden", "tables/_SUCCESS"),
)


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_that_no_build_has_is_not_lost_with_the_build(name: str, built: World) -> None:
    path = built.package.build / name
    if path.parent.is_file():
        path.parent.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("Work of months.")
    done = built.run("build", "--force")
    assert done.returncode == 1
    assert done.stderr == (
        f"claimlog: build/{name}: is no file of the build there; name another directory with "
        "--out, or move what is yours elsewhere\n"
    )
    assert path.read_text() == "Work of months."


def test_a_link_to_a_directory_is_no_file_of_a_build(built: World, tmp_path: Path) -> None:
    (built.package.build / "mine").symlink_to(tmp_path)
    with pytest.raises(ClaimlogError, match="build/mine: is no file of the build there"):
        require_build_place(built.package, built.package.build)


@pytest.mark.slow
def test_what_comes_while_a_build_is_made_is_not_lost(built: World) -> None:
    path = built.package.build / "analysis.R"
    before = (built.package.build / "datapackage.json").read_bytes()
    built.add("actors", [{"actor_id": "quay", "name": "Quay", "actor_type": "agency"}])
    built.seal("quay")

    def write(name: str) -> None:
        if name == "compile":
            path.write_text("Work of minutes.")

    with pytest.raises(ClaimlogError, match=r"analysis\.R: is no file of the build there"):
        build(built.package, built.package.build, progress=write)
    assert path.read_text() == "Work of minutes."
    assert (built.package.build / "datapackage.json").read_bytes() == before


def test_what_other_programs_leave_in_a_build_goes_with_it(built: World) -> None:
    out = built.package.build
    for name in ("tiny.db-wal", "tiny.db-shm", ".DS_Store", "datasette/releases/tiny-0_1_0.db"):
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_bytes(b"")
    require_build_place(built.package, out)
    (out / "datasette" / "releases" / "notes.txt").write_text("Work of minutes.")
    with pytest.raises(ClaimlogError, match=r"notes\.txt: is no file of the build there"):
        require_build_place(built.package, out)


def test_a_table_in_many_files_is_listed_file_by_file(built: World) -> None:
    """As Spark writes one."""
    out = built.package.build
    path = out / "datapackage.json"
    described = json.loads(path.read_text("utf-8"))
    names = [f"tables/claims/bucket={n}/part-{n}.parquet" for n in range(3)]
    described["resources"].append({"name": "claims", "path": names})
    path.write_text(json.dumps(described), "utf-8")
    for name in (*names, "tables/claims/bucket=0/_SUCCESS"):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(b"")
    require_build_place(built.package, out)
    (out / "tables/claims/bucket=0/part-9.parquet").write_bytes(b"")
    with pytest.raises(ClaimlogError, match=r"part-9\.parquet: is no file of the build there"):
        require_build_place(built.package, out)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", r"build/datapackage\.json: lists no files, .* remove build yourself"),
        ("[]", r"build/datapackage\.json: lists no files, .* remove build yourself"),
        ('{"resources": 3}', r"build/datapackage\.json: lists no files, .* remove build yourself"),
        ('{"resources": [3, {}]}', "is no file of the build there"),
    ],
)
def test_a_build_whose_descriptor_lists_nothing_is_not_replaced(
    content: str, said: str, built: World
) -> None:
    (built.package.build / "datapackage.json").write_text(content)
    with pytest.raises(ClaimlogError, match=said):
        require_build_place(built.package, built.package.build)
