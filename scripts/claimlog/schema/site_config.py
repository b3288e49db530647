"""What the site shows of a topic's variables: ``schemas/site.json``, read into one value.

The order of variables on pages, the filters, the matrix of measures, the charts of the first page
and the sentences about who coded are the package's, not the code's. Whatever speaks of a column
that a table of claims does not have is dropped, so that a variable takes what shows it with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any, Self

from claimlog.errors import ClaimlogError
from claimlog.limits import ACT_CODES, ACT_LENGTH
from claimlog.package import Package
from claimlog.schema.flaws import instruction_flaw, reference_flaw
from claimlog.schema.json_schemas import shape_flaw
from claimlog.schema.site_config_shape import SHAPE
from claimlog.schema.topic_pages import coded_page_columns, limit_page, page_columns

FILE = "schemas/site.json"

Row = dict[str, Any]
CODED = ("filters", "claim_codes")
"""Lists of columns whose codes are shown."""

OF_ACCOUNT = ("account", "own", "own_words")
OF_REGISTER = (
    "register",
    "takers",
    "unless",
    "counting",
    "question",
    "details",
    "purpose",
    *OF_ACCOUNT,
)
"""Keys of `measures` that say nothing without the column of the account, or of the register."""

LISTS = ("filters", "claim_codes", "claim_texts", "claim_line", "actor_line", "passage_line")


@dataclass(frozen=True)
class Noun:
    """What something is called: one of it, and many."""

    one: str
    many: str

    @property
    def a(self) -> str:
        """One of it, with the article that English gives it."""
        return f"{'an' if self.one[:1].lower() in 'aeiou' else 'a'} {self.one}"


TEXT_NOUN = Noun("text", "texts")


@dataclass(frozen=True)
class Presentation:
    """What the site shows of the columns of claims.

    Attributes
    ----------
    act
        Which claims tell of an act: conditions ``when``, any of which holds, ``unless`` all of
        ``unless`` do; and what the filter for it says.
    filters, not_filters
        Columns of codes, numbers or yes and no that the page of claims filters by, in order, and
        those that it does not. One of the topic's that is in neither is filtered by, after these.
    claim_codes, claim_texts
        Coded and free columns in the order of a claim's page.
    claim_line, actor_line, passage_line
        Columns in a line about a claim, in the list of claims, on an actor's and a source's page;
        ``words`` are what a line says for a code, ``unless`` the code that it leaves out.
    passage_colour
        The coded column by which passages are coloured.
    codings
        Columns of codings that a claim's page compares.
    measures
        The columns of the matrix of measures, its words, and the sign of each status, in order.
        With a ``register``, the column of claims that refers to the register of measures, a
        measure belongs to those in its list ``takers``, and a claim counts for them unless all of
        ``unless`` hold; else to whoever acts. ``account`` is the column of whose word a status
        rests on, ``own`` its code for the taker's.
        ``details`` are columns of the register that are told beside a measure's name, under their
        labels; ``purpose`` is the one that says what a measure is for.
        ``groups`` are kinds of measures that are shown together, in order; ``apart`` are states
        and groups whose own measures are told apart from those of all others.
    charts
        The charts of the first page.
    pages
        Pages of this topic alone: links of some relations (``links``), who holds an attitude
        towards whom (``pairs``), and claims by some coded columns (``groups``).
    coders
        ``details``: what is to be known of coders of a kind, by the kind.
    source_word
        What pages call a text that was coded, ``one`` and ``many``: an article, a testimony.
    """

    act: Row | None = None
    filters: tuple[Row, ...] = ()
    not_filters: tuple[str, ...] = ()
    claim_codes: tuple[Row, ...] = ()
    claim_texts: tuple[Row, ...] = ()
    claim_line: tuple[Row, ...] = ()
    actor_line: tuple[Row, ...] = ()
    passage_line: tuple[Row, ...] = ()
    passage_colour: str | None = None
    codings: tuple[Row, ...] = ()
    measures: Row | None = None
    charts: tuple[Row, ...] = ()
    pages: tuple[Row, ...] = ()
    coders: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    actor_example: str = ""
    choices: str = ""
    source_word: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the presentation that a JSON object of the right shape describes."""
        parts: dict[str, Any] = {
            key: tuple(part) if isinstance(part, list) else part for key, part in value.items()
        }
        return cls(**parts)

    @property
    def source_noun(self) -> Noun:
        """What pages call a text that was coded."""
        return Noun(**self.source_word) if self.source_word else TEXT_NOUN

    def as_json(self) -> Row:
        """Return the JSON object that `from_json` reads, without what is empty."""
        return {name: value for name, value in vars(self).items() if value}

    def limited_to(
        self, claims: Mapping[str, bool], codings: Iterable[str], measured: Set[str] = frozenset()
    ) -> Presentation:
        """Return it without what speaks of columns that claims and codings do not have.

        Parameters
        ----------
        claims
            The columns of claims, and whether each has a code list; what shows the codes of one
            that has none is left out too.
        codings
            The columns of codings.
        measured
            The columns of claims that hold numbers, or yes and no, which are filtered by as well.
        """
        known, compared = set(claims), set(codings)
        coded = {name for name, is_coded in claims.items() if is_coded}
        allowed = {"filters": coded | measured, "claim_codes": coded}
        lists: dict[str, Any] = {
            name: tuple(
                item for item in getattr(self, name) if item["column"] in allowed.get(name, known)
            )
            for name in LISTS
        }
        act = self.act if self.act and known.issuperset(_act_columns(self.act)) else None
        measures = _measures_limited(self.measures, known, coded) if self.measures else None
        return replace(
            self,
            **lists,
            act=act,
            measures=measures,
            passage_colour=self.passage_colour if self.passage_colour in coded else None,
            codings=tuple(item for item in self.codings if item["column"] in compared),
            charts=tuple(
                chart
                for chart in self.charts
                if ("column" not in chart or chart["column"] in coded)
                and (chart["kind"] != "doers" or measures)
            ),
            pages=tuple(filter(None, (limit_page(page, known, coded) for page in self.pages))),
        )

    def act_condition(self, required: Mapping[str, bool]) -> str | None:
        """Return SQL over the columns of claims: whether ``dyad_from`` is whoever acts.

        Parameters
        ----------
        required
            The columns of claims, and whether each is always set.

        Returns
        -------
        str or None
            None if no act is defined, or by a column that claims do not have.
        """
        if self.act is None or not set(required).issuperset(_act_columns(self.act)):
            return None
        when = " or ".join(_condition(item, required) for item in self.act["when"])
        if "unless" not in self.act:
            return f"({when})"
        return f"(({when}) and not {_all_of(self.act['unless'], required)})"

    def taking_condition(self, required: Mapping[str, bool]) -> str | None:
        """Return SQL over the columns of claims: whether one counts for the takers of its measure.

        None if there is no register of measures, which alone says who takes them. The parameter
        is that of `act_condition`.
        """
        if "register" not in (self.measures or {}):
            return None
        measures = self.measures or {}
        refers = f"{measures['register']} is not null"
        if "unless" not in measures:
            return f"({refers})"
        return f"({refers} and not {_all_of(measures['unless'], required)})"

    def own_condition(self, required: Mapping[str, bool]) -> str | None:
        """Return SQL over the columns of claims: whether one rests on the taker's own word.

        None if no account is kept. The parameter is that of `act_condition`.
        """
        measures = self.measures or {}
        if "account" not in measures:
            return None
        return _condition({"column": measures["account"], "in": [measures["own"]]}, required)

    def without_register(self) -> Presentation:
        """Return it for claims whose register of measures cannot say who takes them."""
        return replace(self, measures=_without(self.measures or {}, OF_REGISTER) or None)


def read_presentation(package: Package) -> Presentation:
    """Return what ``schemas/site.json`` says; a package without it says nothing.

    Raises
    ------
    ClaimlogError
        If the file cannot be read, or has another shape.
    """
    if not (package.root / FILE).exists():
        return Presentation()
    value = package.json(FILE)
    if flaw := shape_flaw(value, SHAPE) or reference_flaw(value) or instruction_flaw(value):
        raise ClaimlogError(f"{FILE}: {flaw}; mend it")
    presentation = Presentation.from_json(value)
    if flaw := next(_flaws(presentation), None):
        raise ClaimlogError(f"{FILE}: {flaw}")
    return presentation


def uncoded_flaw(
    presentation: Presentation,
    claims: Mapping[str, bool],
    codings: Mapping[str, bool],
    measured: Set[str] = frozenset(),
) -> str | None:
    """Say which column's codes are shown although it has no code list, or return None.

    Parameters
    ----------
    claims, codings
        The columns of claims and of codings, and whether each has a code list.
    measured
        The columns of claims that hold numbers, or yes and no, which filters may name as well.
    """
    places = [(name, item["column"]) for name in CODED for item in getattr(presentation, name)]
    places += [("charts", item["column"]) for item in presentation.charts if "column" in item]
    measures = presentation.measures or {}
    coded = ("measure", "status", "account")
    places += [("measures", measures[key]) for key in coded if key in measures]
    places += [("pages", name) for page in presentation.pages for name in coded_page_columns(page)]
    if presentation.passage_colour:
        places.append(("passage_colour", presentation.passage_colour))
    known = [(place, column, claims) for place, column in places]
    known += [("codings", item["column"], codings) for item in presentation.codings]
    for place, column, columns in known:
        if not columns.get(column, True) and not (place == "filters" and column in measured):
            other = " and holds no numbers, nor yes and no" if place == "filters" else ""
            return f"{place}: {column} has no code list{other}; take it out, or give the column one"
    return None


def _flaws(presentation: Presentation) -> Iterator[str]:
    """Yield what is wrong with a presentation of the right shape."""
    for name in (*LISTS, "codings"):
        columns = [item["column"] for item in getattr(presentation, name)]
        yield from _repetitions(name, columns)
    yield from _repetitions("not_filters", presentation.not_filters)
    yield from _repetitions("charts", [chart["name"] for chart in presentation.charts])
    yield from _repetitions("pages", [page["name"] for page in presentation.pages])
    kinds = [f"{item['kind']} {item.get('column', '')}".strip() for item in presentation.charts]
    yield from _repetitions("charts", kinds)
    act, measures = presentation.act or {}, presentation.measures or {}
    labels = [group["label"] for group in measures.get("groups", ())]
    yield from _repetitions("measures", labels)
    yield from _repetitions(
        "measures", [code for group in measures.get("groups", ()) for code in group["in"]]
    )
    for place, conditions in (
        ("act", (*act.get("when", ()), *act.get("unless", ()))),
        ("measures", measures.get("unless", ())),
    ):
        codes = [code for item in conditions for code in item.get("in", ())]
        if len(codes) > ACT_CODES or sum(map(len, codes)) > ACT_LENGTH:
            yield (
                f"{place}: has more than {ACT_CODES} codes or {ACT_LENGTH:,} characters; shorten it"
            )


def _repetitions(place: str, names: Sequence[str]) -> Iterator[str]:
    for name, number in Counter(names).items():
        if number > 1:
            yield f"{place}: names {name} twice; take one out"


def unknown_columns(presentation: Presentation, claims: Iterable[str]) -> list[str]:
    """Return the columns that a presentation names and claims do not have."""
    known = set(claims)
    names = [item["column"] for name in LISTS for item in getattr(presentation, name)]
    names += [*presentation.not_filters]
    names += [name for page in presentation.pages for name in page_columns(page)]
    names += [chart["column"] for chart in presentation.charts if "column" in chart]
    names += _act_columns(presentation.act) if presentation.act else []
    measures = presentation.measures or {}
    columns = ("measure", "status", "subject", "register", "account")
    names += [measures[key] for key in columns if key in measures]
    names += [item["column"] for item in measures.get("unless", ())]
    names += [presentation.passage_colour] if presentation.passage_colour else []
    return [name for name in dict.fromkeys(names) if name not in known]


def _act_columns(act: Row) -> list[str]:
    return [item["column"] for item in (*act["when"], *act.get("unless", ()))]


def _measures_limited(measures: Row, known: set[str], coded: set[str]) -> Row | None:
    """Return what is said of measures without what speaks of columns that claims do not have."""
    if not coded.issuperset((measures["measure"], measures["status"])):
        return None
    absent: set[str] = set()
    if measures.get("subject") not in known:
        absent.add("subject")
    if not known.issuperset(item["column"] for item in measures.get("unless", ())):
        absent.add("unless")  # all of it must hold, and what is not there never does
    if measures.get("account") not in coded:
        absent.update(OF_ACCOUNT)
    if measures.get("register") not in known:
        absent.update(OF_REGISTER)
    return _without(measures, absent)


def _without(measures: Row, keys: Collection[str]) -> Row:
    return {key: value for key, value in measures.items() if key not in keys}


def _all_of(conditions: Sequence[Row], required: Mapping[str, bool]) -> str:
    """Return SQL for several conditions that must all hold."""
    return f"({' and '.join(_condition(item, required) for item in conditions)})"


def _condition(item: Row, required: Mapping[str, bool]) -> str:
    """Return SQL for one condition: that a column is set, or has one of some codes."""
    name = item["column"]
    column = name if required[name] else f"coalesce({name}, '')"
    if "in" not in item:
        return f"{column} > ''"
    codes = ["'" + code.replace("'", "''") + "'" for code in item["in"]]
    return f"{column} = {codes[0]}" if len(codes) == 1 else f"{column} in ({', '.join(codes)})"
