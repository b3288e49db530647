"""The fold against a naive one, on random histories cut anywhere; and whole builds of them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import naive
from claimlog.build import build
from claimlog.compile import compile_tables
from claimlog.errors import FindingsError
from claimlog.fold import Cutoff
from claimlog.fold.corroboration import count_independent, ultimate_origins
from claimlog.fold.tables import states_of_actors
from claimlog.log.event_log import Log
from claimlog.log.read_log import read
from claimlog.log.release_index import read_index, release_marks
from claimlog.validate import validate
from conftest import ACTORS, World, actor
from histories import SCHEMAS, History, histories, random_history, write
from thorough import TIMES, examples

FOLDED = [name for name in naive.fold(random_history(0), 0) if name in SCHEMAS.tables]


@contextmanager
def written(history: History) -> Iterator[Log]:
    with tempfile.TemporaryDirectory() as folder:
        yield read(write(history, Path(folder) / "package"))


def tables_of(log: Log, size: int) -> dict[str, pl.DataFrame]:
    begun = 1 + sum(tree < size for tree, _ in log.trees)
    return dict(compile_tables(log, Cutoff(size, min(begun, len(log.batches)), "test")))


def compare(log: Log, history: History, size: int) -> None:
    found = tables_of(log, size)
    root = {tree: root.hex() for tree, root in log.trees}.get(size, "")
    known = [
        (mark.version, mark.date, mark.size, mark.root)
        for mark in release_marks(read_index(log.package), log.definition.descriptor, size, root)
    ]
    expected = naive.fold(history, size, known)
    for name in FOLDED:
        table = SCHEMAS.tables[name]
        right = naive.projected(expected[name], table.names, table.primary_key)
        assert found[name].to_dicts() == right, (name, size)


def test_the_naive_fold_tells_every_table_of_rows_but_those_of_agreement() -> None:
    spans = {"codings", "coding_pairs", "span_agreement", "reliability", "link_agreement"}
    constant = {name for name in SCHEMAS.tables if name.startswith(("codebook", "data_"))}
    assert set(FOLDED) == set(SCHEMAS.tables) - spans - constant - {"batches"}


@pytest.mark.slow
@examples(8, 24)
@given(histories(), st.data())
def test_any_prefix_folds_to_what_the_naive_fold_gives(
    history: History, data: st.DataObject
) -> None:
    total = sum(1 for _ in history.rows())
    sizes = range(1, total + 1) if TIMES > 1 else [data.draw(st.integers(1, total))]
    with written(history) as log:
        assert log.findings == []
        assert log.size == total
        for size in sizes:
            compare(log, history, size)


@pytest.mark.slow
@examples(2, 3)
@given(histories(batches=3, changes=5))
def test_every_history_that_obeys_the_rules_is_built(history: History) -> None:
    with tempfile.TemporaryDirectory() as folder:
        texts = Path(folder) / "texts"
        texts.mkdir()
        package = write(history, Path(folder) / "package", texts)
        report = build(package, package.build, texts=texts)
        assert report.error_count == 0, report.findings
        assert len(report.tallies["quote-hash"].findings) == 0
        built = pl.read_parquet(package.build / "parquet" / "events.parquet")
        assert built.height == sum(1 for _ in history.rows())


@pytest.mark.slow
@examples(3, 5)
@given(histories())
def test_every_batch_of_a_history_leaves_a_valid_log(history: History) -> None:
    for batches in range(1, len(history.batches) + 1):
        with written(history.until(batches)) as log:
            findings = validate(log, frictionless=False).findings
            # facts grow through third claims in random histories
            assert [one for one in findings if one.rule != "fact-closed"] == []


def test_a_history_is_continued_where_it_was_left() -> None:
    history = random_history(5)
    assert len(history.batches) > 2
    with tempfile.TemporaryDirectory() as folder:
        first = read(write(history.until(2), Path(folder) / "package"))
        whole = read(write(history, Path(folder) / "package"))
    assert first.trees == whole.trees[:2]
    with written(history) as log:
        assert log.trees == whole.trees


def test_an_actor_is_folded_before_the_one_that_it_belongs_to_was_told(bare: World) -> None:
    bare.add("actors", [{**ACTORS[3], "part_of": "nor"}, ACTORS[0], ACTORS[1]])
    bare.seal("register")
    log = read(bare.package)
    assert tables_of(log, 1)["actors"]["state_id"].to_list() == [None]
    assert tables_of(log, 3)["actors"]["state_id"].to_list() == ["nor", "nor", None]


class CountedActors(dict[str, dict[str, Any]]):
    """Actors that count how often one is looked up."""

    asked = 0

    def __getitem__(self, name: str) -> dict[str, Any]:
        self.asked += 1
        return super().__getitem__(name)


@pytest.mark.parametrize("end", ["state", "agency", "circle", "to come"])
@pytest.mark.parametrize("turned", [False, True])
def test_a_long_chain_of_actors_is_walked_once(end: str, turned: bool) -> None:
    names = [f"a{number}" for number in range(3_000)]
    above = {"circle": names[1000], "to come": "later"}.get(end)
    rows = [{"actor_type": "agency", "part_of": upper} for upper in (*names[1:], above)]
    rows[-1]["actor_type"] = "state" if end == "state" else "agency"
    chain = [*zip(names, rows, strict=True)]
    actors = CountedActors(reversed(chain) if turned else chain)
    states = states_of_actors(actors)
    assert [*states] == [*actors]
    assert set(states.values()) == {names[-1] if end == "state" else None}
    assert actors.asked <= len(names)


def test_a_circle_of_any_length_is_named_in_a_short_line(bare: World) -> None:
    names = [f"a{number}" for number in range(500)]
    above = dict(zip(names, [*names[1:], names[0]], strict=True))
    rows = [actor(name, "agency", part_of=upper) for name, upper in above.items()]
    with pytest.raises(FindingsError, match="1 finding in the log") as caught:
        bare.add("actors", rows)
    [finding] = caught.value.findings
    assert finding.message.startswith("belongs to itself: a")
    assert finding.message.endswith("(500 in the circle)")
    assert len(str(finding)) < 400


def test_origins_are_walked_along_chains_longer_than_the_stack() -> None:
    chain = {f"S{number}": [(f"S{number - 1}", "certain")] for number in range(1, 5000)}
    found = ultimate_origins({**chain, "S0": []})
    assert set(found.values()) == {"S0"}
    assert ultimate_origins(dict(reversed({**chain, "S0": []}.items()))) == found


def test_a_circle_within_a_batch_has_no_origin_and_ends() -> None:
    assert ultimate_origins({"a": [("b", "certain")], "b": [("a", "certain")]}) == {
        "a": None,
        "b": None,
    }


def test_a_work_that_is_withdrawn_is_nobodys_origin() -> None:
    assert ultimate_origins({"a": [("gone", "certain")]})["a"] is None


@examples(200)
@given(
    edges=st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh"))),
    origins=st.sets(st.sampled_from("abcdefgh")),
)
def test_origins_are_independent_that_have_no_work_in_common(
    edges: list[tuple[str, str]], origins: set[str]
) -> None:
    lineage = {
        name: [(of, "certain") for by, of in edges if by == name and of < by] for name in "abcdefgh"
    }
    sources = {
        name: {"lineage": [{"source_id": of} for of, _ in above]} for name, above in lineage.items()
    }
    assert count_independent(origins, lineage) == naive.independent(origins, sources)


class Counted(dict[str, list[tuple[str, str]]]):
    """A lineage that counts how often it is asked."""

    asked = 0

    def get(self, name: str, default: object = None) -> object:  # type: ignore[override]
        self.asked += 1
        return super().get(name, default)


def test_a_long_lineage_is_walked_once_for_all_origins_of_a_group() -> None:
    """Sets of all ancestors of each would take time and memory that grow with the square."""
    works = [f"S{number:04}" for number in range(3_000)]
    lineage = Counted({by: [(of, "certain")] for by, of in pairwise(works)})
    assert count_independent({*works}, lineage) == 1
    assert lineage.asked <= len(works)
    assert count_independent({works[0]}, lineage) == 1
    assert count_independent(set(), lineage) == 0
