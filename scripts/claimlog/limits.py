"""Limits of files and web answers that are read, with reasons.

Definitions, batches, texts, documents, files of other tools, saved work of the desk; those of a
release stand in `release/release_limits.py`.

They are ours and not the package's: whoever made a package, reading it costs no more than this.
Every one is far above what the project needs, so that whoever meets one has a broken file or a
hostile one.
"""

from __future__ import annotations

MIB = 1 << 20

FILE_BYTES = 4 * MIB
"""A file of a definition (descriptor, schema, code list, rules): the largest of ours has 31 kB.
Parsed JSON takes some thirty times its size."""

DEFINITION_BYTES = 16 * MIB
"""All files under ``schemas/``: ours have 500 kB."""

DEFINITION_FILES = 1_000
"""Files under ``schemas/``: ours are 120, and looking for more takes time."""

WRITTEN_FILES = 100
"""Files of a package that claimlog wrote and its descriptor lists with their digests: there are
seven."""

DOCUMENT_BYTES = 16 * MIB
"""A page that people read: README, changelog, the coder's manual. The largest of ours has 70 kB."""

TEXT_BYTES = 16 * MIB
"""A source text: a long book has 5 MB. Its words take some fifty times its size."""

DESK_WORDS = 1_000_000
"""Words of a text that is registered at the desk: a long book has 800,000. The page is sent where
each of them stands."""

PASSAGE_WORDS, PASSAGES_CHARACTERS = 10_000, 5_000_000
"""Words of a passage that is looked for in another text, and characters of all passages of a source
that is corrected, or that a coder marks in a text: a long article has 5,000 words. Looking for ten
thousand takes some seconds."""

CHECKED_CHARACTERS, CHECKED_EACH = 500_000_000, 1_000
"""Characters of all passages that a command holds against the texts, and further ones for each
claim and coding: a passage has 150. Five million take half a second."""

HASHED_BYTES, PAGE_HASHED_BYTES = 16_000_000_000, 4_000_000_000
"""Bytes that are hashed to look for the claims of a source in a copy without its text, by a command
and for a page, with what else the search takes: about ten seconds, and two. A run of words costs a
thousand bytes and its length; a copy of 5 MB has 800,000 words, and those of every length that a
claim has are runs of their own."""

TEXTS_FILES, TEXTS_BYTES = 100_000, 1024 * MIB
"""A directory of source texts: all of them are held, to be found by their hash. What is refused is
read too, and counts; a file of many names counts once."""

MARKS = 30
"""Combining marks after one letter, as in Unicode's Stream-Safe Text Format (UAX 15, section 13):
normalising puts a run of them in order in a time that grows with the square of its length."""

DIFF_LINES = 4_000
"""Lines of two files together up to which their differences are shown: comparing them takes time
that grows with the square of that."""

STATE_BYTES = 512 * MIB
"""A file of our own state, or the list of the files of a site: they grow with the log and with the
number of files, by about a hundred bytes each."""

MANIFEST_BYTES = 32 * MIB
"""``release.json``, or a descriptor of a build or a release: they grow with the number of tables
and columns, and of ten million claims have some hundred kilobytes."""

NOTE_BYTES = 32 * MIB
"""A note below ``.claimlog``, which may have come along: it names files and batches, in about a
hundred bytes each, and one that is longer is made anew each time."""

CELL = 16_384
"""Characters of a cell of a CSV file of a definition: the longest of ours has some hundreds. The
limit of Python's reader is one for the whole process, and libraries raise it."""

CITATIONS = 10_000
"""Citations of claims in one bibliography: a long thesis has some hundreds."""

CITED_EVENTS = 20
"""Events since a citation that are listed, the last ones: a claim of ours has some five."""

ENTRIES = 200_000
"""Entries of one bibliography: of the shortest that say what they cite, no file has more."""

ENTRY_LENGTH = 100_000
"""Characters of an entry of a bibliography that are read: a long abstract has some thousand."""

DEPTH = 32
"""Levels of nesting in a JSON file that is no row, or of directories: ours have nine, and a Python
function that follows them ends at a thousand."""

COLUMNS = 500
"""Columns of a table, or keys of the objects in a list. Ours has 63; SQLite takes 2,000."""

SCHEMA_FILES = 32
"""JSON files in ``schemas/`` itself, nearly each the schema of a stream: ours are twelve. Every
command reads each of them, and a stream has two tables at least."""

TABLES = 500
"""Compiled tables: ours are 45. Each one is two files and some statements of SQL."""

CODES = 10_000
"""Codes of one list: the longest in use, country codes, have a few hundred."""

KEYS = 64
"""Foreign keys, indexes or columns of an index of a table. SQLite takes 64 indexes at once."""

INDEXED_COLUMNS = 256
"""Columns of all indexes of a table together, each of which is stored again: ours are 29."""

REQUIREMENTS = 500
"""Requirements between columns: ours are 27, and each one is asked of every row of its stream."""

DEPRECATIONS = 200
"""Renamed columns that are listed: each release's become a view, kept for one minor release, and a
view is parsed whenever the database is opened."""

TABLES_AND_INDEXES = 2_000
"""Tables and indexes that a definition gives together: ours are a hundred. SQLite looks through all
that there are for each that it makes."""

NAME = r"^[a-z][a-z0-9_]{0,62}$"
"""Names of tables, columns and code lists: they become file names, SQL identifiers, parts of
addresses and Python keys, and PostgreSQL cuts them at 63."""

SLUG_LENGTH = 100
"""Characters of a package's name, which becomes the name of its database: file systems take 255
bytes, and what is written beside it has a longer name."""

HOPS = 64
"""Hops of an attribution chain: the fold goes through them position by position."""

PASS_CODERS = 32
"""Coders of passages, or of links, in one pass: every two are compared, by each variable, over each
source, with some thousand samples. Ours are two."""

CODING_BYTES = 32 * MIB
"""A coding that another machine hands over: a claim takes some kilobytes, and a long book has some
thousand."""

WORK_BYTES = CODING_BYTES - MIB
"""What is saved of a text at the desk, by a coder or by who decides: it is sent to a page at once,
and fits into a file for another machine, where names stand between the values."""

LENGTH = 2**31 - 1
"""The largest ``minLength`` or ``maxLength``."""

CONSTANTS, CONSTANT_VALUE = 1_000, 100
"""Characters that the upcasts of a stream add to a row together; ours add a hundred to claims, and
a row has two hundred by itself. Keys of objects count with their names, and a value of a list for
as many characters as the row of a table that it may become."""

UPCASTS = COLUMNS
"""Upcasts of a stream: each is done again for every file of an older version."""

PATTERN_WEIGHT = 500
"""Characters of a pattern with its counted repetitions written out. A linear-time engine takes time
in proportion to this times the text: at 500 some 3 seconds for a megabyte made for it."""

FRICTIONLESS_CODES = 500
"""Codes up to which Frictionless is given a list: it looks through it from the beginning for every
cell. pandera looks codes up and is given all of them."""

THRESHOLDS = {
    "line_bytes": 16 * MIB,
    "frictionless_rows": 100_000,
    "frictionless_sample": 100_000,
    "findings_listed": 10_000,
    "shared_words": 1_000,
    "lock_seconds": 86_400,
}
"""What a package's own thresholds may be at most. They set how much is parsed, listed and waited
for, so they are bounded too."""

LEAST_THRESHOLDS = {"line_bytes": 1, "findings_listed": 1, "shared_words": 1}
"""What they must be at least: a package must not choose that nothing is listed, or that any text
shares as many words with its source."""

UNKNOWN_KEYS = 20
"""Unknown keys of a line that are named: a line of another format may have a hundred thousand."""

UNSEALED_BYTES = 64 * MIB
"""Bytes up to which a file of a sealed batch is read although it is larger than the manifest says:
what was edited by hand is named line by line. Anything larger is named without being read."""

PARQUET_BYTES_A_ROW = 1
"""Bytes that a row takes at least in a Parquet file of the log. Every row has an identifier and a
time; ours take 20 to 200. A file of a billion nulls takes none."""

PARQUET_ROWS_FREE = 65_536
"""Rows up to which a Parquet file is read whatever its size: they are read at once anyway."""

PARQUET_EXPANSION = 200
"""How many times a Parquet file's size its columns may take, unpacked. Ours take some 20 times;
rows that differ in nothing but their identifiers take up to 200."""

PARQUET_BYTES_FREE = 64 * MIB
"""Bytes that the columns of a file, and those of all files of a log together, may take unpacked
beyond what the sizes of the files allow: a few rows in columns are mostly footer."""

PARQUET_ROW_BYTES, PARQUET_CELL_BYTES = 200, 16
"""Bytes of such columns that a row counts for, and each of its cells beside its text: nothing is
said of a cell that is empty in a file, and of one that is like the one before, and both take as
much in memory as any other."""

PARQUET_ITEM_BYTES = 32
"""Bytes of such columns that each value of a list counts for: nothing is said of a null in a file,
and reading it takes as much."""

RELEASES, RELEASES_BYTES, RELEASES_VALUES = 1_000, 32 * MIB, 1_000_000
"""Files of the releases index, their bytes together and the values in them: an entry of ours has
90 kB and 1,400 values, and nearly every command holds all of them and looks at each."""

QUERIES = 200
"""Canned queries of a package: ours are eleven, and every one is an entry of the first page."""

QUERY_LENGTH = 10_000
"""Characters of a canned query: the longest of ours has some thousand."""

TITLE_LENGTH, DESCRIPTION_LENGTH = 200, 2_000
"""Characters of the titles and descriptions of package, tables and queries, which stand on pages
and in lists of pages. The longest of ours have a hundred and some hundreds."""

ACT_LENGTH, ACT_CODES = 4_000, 200
"""Characters and codes of the condition that a claim tells of an act, which stands in queries."""

CHARTS = 20
"""Charts of the first page: ours are four, and each is drawn from all claims."""

TOPIC_PAGES = 20
"""Pages that a package asks for: ours are four, and each is computed before the first request."""

PEOPLE, KEYWORDS, LICENCES = 1_000, 100, 20
"""Contributors, keywords and licences in a descriptor: they stand in every citation."""

PARQUET_FOOTER_BYTES = 4 * MIB
"""Bytes of the footer of a batch in Parquet. Ours take some 12 kB for each 65,536 rows."""

PARQUET_CHUNKS = 100_000
"""Columns in all row groups of such a footer: one that is written takes some 170 bytes, and 80 at
least, and 700 in memory, however little a forged footer says of it."""

PARQUET_SHORT_LIST = 16
"""Values of each list that a footer has of such a column: encodings, parts of its name and so on,
which are some three, and fifteen encodings at the very most."""

PARQUET_NOTES = 1_000
"""Notes of a Parquet file about itself: writers leave one to three, and programs some more."""

PARQUET_SCHEMA_BYTES, PARQUET_SCHEMA_BYTES_A_COLUMN = 65_536, 1_024
"""The schema as Arrow notes it in a Parquet file: ours takes 80 bytes a column, and with the notes
of pandas 400. A forged one takes a thousand times its size in memory."""

PARQUET_PAGE_BYTES = 128 * MIB
"""Bytes that a page of a column may take, unpacked: it is unpacked at once. A writer ends one at a
megabyte, which it looks at every 1,024 values."""

PARQUET_PAGES, PARQUET_VALUES_A_PAGE = 10_000, 100
"""Pages that the columns of a file may have beyond two each, and for how many values one more:
writers look after some thousand values whether a page is full."""

PARQUET_CODES = 1 << 20
"""Texts in the dictionary of a column in a row group: writers begin no page by one of more than a
megabyte, and each text takes four bytes of it."""

PARQUET_ENCODINGS = frozenset({0, 2, 8})
"""Encodings of the values of a page: as they are, and as codes of a dictionary. Of others a value
may be a long text for every byte (DELTA_BYTE_ARRAY), or readers disagree (RLE of truth values)."""

TILED_ROWS, TILED_BYTES = 10_000_000, 4096 * MIB
"""Rows, and bytes of tiles and bundles together, of a log as tiles that is read: ten million rows
of ours have four gigabytes, and hashing as much takes about a minute."""

TAKEN_ROWS = 5_000
"""Rows that may be taken down: a log that had to lose more is better begun anew."""

WEB_ANSWER_BYTES = 8 * MIB
"""What a service answers to a request: a page of a hundred records has some hundred kB."""

FETCHED_BYTES = 4_096 * MIB
"""A file that is fetched because the user named its address: a log of ten million claims makes a
release of some gigabytes."""

ROWS_FILE_BYTES = 256 * MIB
"""A file of rows to add: a hundred thousand claims have a hundred megabytes as NDJSON."""

ADDED_ROWS, ADDED_VALUES = 300_000, 8_000_000
"""Rows of such a file, lines without one counted too, and values in them: all of them are held."""

ADDED_ROW_BYTES = MIB
"""Bytes of one of these rows: in the log it has some thousand, and 65,535 at most."""

ADDED_FAULTS = 10_000
"""Faults of such a file that are gathered; the rows after them are not looked at."""

ADDED_DOCUMENTS, ADDED_TEXT_BYTES, ADDED_DOCUMENTS_SECONDS = 1_000, 128 * MIB, 3_600
"""Rows of such a file that name a document, the bytes of text in all of these documents, which are
held until the first is written, and the seconds that reading them takes."""

SHEET_MEMBERS, SHEET_BYTES = 1_000, 128 * MIB
"""Files in a workbook, and their bytes unpacked: ten thousand claims have ten megabytes."""

SHEET_SECONDS, SHEET_SECONDS_PER_MB = 60, 10
SHEET_MEMORY, SHEET_MEMORY_PER_BYTE = 1024 * MIB, 8
"""Reading a workbook: a hundred thousand rows of sixty columns, some twenty MB, take a minute."""

SHEET_ROWS = 100_000
"""Rows of a sheet: who has more has no spreadsheet."""

INTERCHANGE_BYTES = 32 * MIB
"""A file of another annotation tool, or a file in its archive that is read: a project of a hundred
articles has some megabytes. Parsed JSON and XML take some thirty times their size, a gigabyte."""

INTERCHANGE_ARCHIVE_BYTES, INTERCHANGE_DIRECTORY_BYTES = 4096 * MIB, 4 * MIB
"""An archive of a project, which may hold recordings that nobody reads, and its list of files."""

INTERCHANGE_UNPACKED_BYTES = 128 * MIB
"""What is unpacked of an archive: the project and its texts."""

INTERCHANGE_SECONDS, INTERCHANGE_SECONDS_PER_MB = 60, 10
INTERCHANGE_MEMORY, INTERCHANGE_MEMORY_PER_BYTE = 1024 * MIB, 32
INTERCHANGE_WRITTEN, INTERCHANGE_WRITTEN_PER_BYTE = 128 * MIB, 8
"""Reading it: the largest takes a gigabyte. What is handed on is written down: a text as JSON has
up to six bytes for one, and each annotation repeats its labels and attributes."""

XML_ELEMENTS, XML_DEPTH = 500_000, 64
"""Elements of an XML file, and how deep they lie: INCEpTION makes one for each word."""

ANNOTATIONS = 200_000
"""Annotations of a project, one for each word included: a book has a hundred thousand."""

DOCUMENTS, NAMES = 2_000, 5_000
"""Documents of a project, and labels, attributes and coders together: each is a line of a mapping,
which people read."""

LABEL_LENGTH = 1_000
"""Characters of a label, or of the name of an attribute, a document or a coder elsewhere."""

LOSS_KINDS = 10_000
"""Kinds of losses that are told from each other: a file can name any."""

LOSS_PLACES = 1_000
"""Places of one kind of loss that are listed; the number of all is given."""

PASSAGE_ROWS = 100
"""Rows of one passage that an annotation of it is compared with, to become one row with it."""

JOINED_VALUES = 1_000
"""Values of a list that annotations of one passage give together, each beside the rest."""

QUOTE_PLACES = 100
"""Places that are counted of words which are quoted without offsets."""

RAW_BYTES = 64 * MIB
"""A file or page that a source's text is taken out of: a PDF with pictures has some megabytes."""

DESK_FETCH_SECONDS = 120
"""Fetching one at the desk, with all tries: whoever names an address next waits so long."""

EXTRACTION_SECONDS, EXTRACTION_SECONDS_PER_MB = 60, 10
"""Taking the text out of it: a page needs a second, a report of 300 pages ten."""

DESK_READ_SECONDS = 60
"""The same at the desk, however large it is: whoever gives it a document next waits so long."""

EXTRACTION_MEMORY, EXTRACTION_MEMORY_PER_BYTE = 1024 * MIB, 32
"""The libraries take 0.1 GB; the tree of a page some ten times its size."""

PDF_PAGES = 5_000
"""Pages of a PDF file: a long report has a thousand."""

OFFICE_DIRECTORY_BYTES = 2 * MIB
"""The list of files of a workbook or DOCX file: a hundred bytes for each of them."""

WORD_MEMBERS, WORD_BYTES = 10_000, 256 * MIB
"""Files in a DOCX file, pictures among them, and their bytes unpacked."""

PROPOSED_AUTHORS, PROPOSED_FURNITURE = 50, 2_000
"""Authors and ranges of page furniture that are proposed of a document, which may state any."""
