"""A coder by rules, as an example: figures, and who is said to have said them.

It reads what ``claimlog code`` gives it and writes a row for each sentence with a number. What its
rules cannot decide gets the code of the last step of the codebook ("otherwise"). It needs nothing
but Python.
"""

from __future__ import annotations

import json
import re
import sys

SENTENCE = re.compile(r"[^.!?\n]+(?:\n[^.!?\n]+)*")
NUMBERS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
           "eighty": 80, "ninety": 90, "hundred": 100}  # fmt: skip
FIGURE = re.compile(
    rf"(?P<bound>about|around|some|more than|at least|up to)?\s*\b(?P<number>\d{{1,3}}(?:,\d{{3}})+"
    rf"|\d+(?:\.\d+)?|{'|'.join(NUMBERS)})\b(?P<percent>\s*(?:%|percent))?\s+(?P<what>[a-z]+)",
    re.IGNORECASE,
)
SAYING = re.compile(r",?\s*(?:a|an|the)\s+(?P<who>[a-z ]{3,40}?)\s+(?P<verb>said|told|reported)\b")
LEMMAS = {"said": "say", "told": "tell", "reported": "report"}
BOUNDS = {"more than": "at_least", "at least": "at_least", "up to": "at_most"}
YEAR = re.compile(r"(?:19|20)\d\d")


def last_codes(form: dict) -> dict[str, str]:
    """Return for each column the code of its last step, or else its first code."""
    codes = {}
    for field in form["streams"]["claims"]["fields"]:
        for one in [field, *field["fields"]]:
            if one["required"] and one["codes"]:
                codes[one["column"]] = one["codes"][0]["code"]
    for variable in form["variables"]:
        for step in variable["steps"]:
            if step["kind"] == "otherwise" and variable["columns"][0] in codes:
                codes[variable["columns"][0]] = step["code"]
    return codes


def rows(given: dict):
    """Yield a row for each sentence of the article that has a figure."""
    codes = last_codes(given["form"])
    fields = {one["column"]: one for one in given["form"]["streams"]["claims"]["fields"]}
    hop = [one["column"] for one in fields["attributions"]["fields"] if one["column"] in codes]
    units = [one["code"] for one in fields["figure_unit"]["codes"]]
    text = given["text"]
    for found in SENTENCE.finditer(text):
        sentence, figure = found.group(), FIGURE.search(found.group())
        outside = all(
            found.end() <= part["start"] or part["end"] <= found.start()
            for part in given["furniture"]
        )
        if figure is None or not outside or YEAR.fullmatch(figure["number"]):
            continue
        number = figure["number"].lower().replace(",", "")
        value = NUMBERS.get(number) or float(number)
        what = figure["what"].lower()
        unit = "percent" if figure["percent"] else what if what in units else "items"
        row = {column: code for column, code in codes.items() if column in fields}
        row |= {"voice": "author", "figure_value": value, "figure_population": what}
        row |= {"figure_unit": unit, "statement": f"The figure given for {what} is {value:g}."}
        bound = (figure["bound"] or "").lower()
        row["figure_qualifier"] = BOUNDS.get(bound, "approximate" if bound else "exact")
        said = SAYING.search(sentence)
        passage = sentence[: said.start()] if said and said.start() > figure.end() else sentence
        if said is not None:
            speaker = {column: codes[column] for column in hop}
            speaker |= {"verb": LEMMAS[said["verb"]], "description": said["who"].strip()}
            row |= {"voice": "paraphrased", "attributions": [speaker]}
        row["quote"] = passage.strip(" ,\n“”\"'")
        before = text[: found.start() + sentence.index(row["quote"])]
        row["occurrence"] = before.count(row["quote"]) + 1
        yield row


def main() -> None:
    for row in rows(json.load(sys.stdin)):
        print(json.dumps(row, ensure_ascii=False))


if __name__ == "__main__":
    main()
