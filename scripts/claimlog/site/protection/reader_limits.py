"""Limits for readers: sizes of requests and answers, times, and numbers at once.

The site's own pages need none of this, because their SQL is ours. SQL that a reader chooses runs in
processes of its own (`claimlog.site.protection.reader_pool`) under the limits below.
"""

from __future__ import annotations

from claimlog.sql_process import SQLITE_LIMITS

QUERY_BYTES = 8_192
"""Bytes of a query string; the longest canned query takes 1,300 of them as SQL to be edited."""

PARAMETERS = 100
"""Parameters of a query string: Datasette parses all of them anew for each that it reads."""

PRESENTATION_PARAMETERS, PRESENTATION_BYTES = 20, 500
"""Of a query that only says how rows are presented. Every link of a page repeats it, so that a
longer one makes a page as costly as SQL of the reader's, and has a slot among those."""

COSTLY = ("_facet", "_where", "_through")
COSTLY_PARAMETERS = 10
"""Parameters whose names begin so: each brings a query of its own, or links to all its values."""

FACETS, FACET_VALUES = 10, 30
"""Facets of a table and values of each, unless a reader asks for others."""

PAGE_FACET_VALUES = 500
"""Values of all facets of a page together: each of its facets shows its part of them at most."""

FACET_BYTES = 2_000_000
"""Bytes of the links of all facet values: each repeats the query of the address."""

PATH_BYTES = 2_048
COOKIE_BYTES = 4_096
"""The server sets no cookie that is longer; Python 3.11 takes quadratic time for quoted ones."""

METHODS = ("GET", "HEAD", "OPTIONS")
"""The server is for reading only."""

VALUE_BYTES = 1_000_000
"""Bytes of one value in a reader's SQL: 15 times the longest row that a log may hold."""

ANSWER_BYTES = 4_000_000
"""Bytes of the rows of a page, or as JSON of other answers and of parts of a CSV stream.

So much is set aside for each answer.
"""

OWN_BYTES = 128_000_000
"""Bytes of the rows that a query of our own may give: of a database that a stranger made, too."""

FACET_SECONDS = 60.0
"""Seconds for reading the facets of a table, once; a table of a million rows takes eight."""

COUNT_BYTES = 16_000_000
"""Bytes of rows that are counted and not shown: the rowids of all that a filter selects."""

MOST_ROWS = 5_000
"""Rows of what Datasette queries without a limit of its own: counts, names of columns."""

QUERY_MILLISECONDS, FACET_MILLISECONDS = 2_000, 1_000
"""Milliseconds of a query, a reader's or a prepared one, and of one for a facet of a table."""

TABLE_ROWS = 200
"""Rows of a page of a table at most, and of what Datasette queries for its own pages."""

QUERY_ROWS = 1_000
"""Rows of a reader's SQL and of a canned query, as JSON and CSV; a page has those that fit."""

CELLS = 4_000
"""Cells of a query's page: Datasette takes 15 microseconds of the event loop for each."""

JSON_PARTS = 20_000
"""Values in all cells that `_json` has Datasette parse and write again, about."""

BLOB_CELLS = 20
"""Cells that a cell with bytes counts for: it becomes a link that repeats the query."""

BLOB_BYTES = 4_000
"""Bytes of an answer as CSV or JSON that a cell with bytes counts for: CSV has a link there."""

CELL_CHARACTERS, LEAST_CHARACTERS = 3_000, 40
"""Characters of a cell as HTML, and of one for which the page has no room left."""

PAGE_CHARACTERS = 1_000_000
"""Characters of all cells of a page as HTML, counting eight for each that has to be escaped."""

HTML_CHARACTERS = 8_000_000
"""Characters of a page of ours: each kind of page bounds what it lists far below that."""

NAMES_CHARACTERS = 2 * QUERY_BYTES
"""Characters of the names of all columns of an answer: `select *` can repeat one 200 times."""

REQUEST_SECONDS = 4.0
"""Seconds of SQL for all of a page (rows, counts, facets); each query has `QUERY_MILLISECONDS`."""

STREAM_SECONDS = 60.0
"""Seconds of SQL for all of a CSV stream."""

SEND_SECONDS = 20.0
"""Seconds for which a client may take nothing of an answer, beside the time for `LEAST_RATE`."""

LEAST_RATE = 32_000
"""Bytes a second that a client has to take of an answer, and to send of a body."""

SENDING_SECONDS = 180.0
"""Seconds that a stream may last, however fast its client is: it holds one of few slots."""

PIECE_BYTES = 65_536
"""Bytes of an answer that are handed to the connection at once."""

SENDING_BYTES, PEER_SENDING_BYTES = 96_000_000, 32_000_000
"""Bytes of longer answers that are under way, for all readers and for one."""

CACHED_BYTES, CACHED_ANSWER_BYTES = 64_000_000, 4_000_000
"""Bytes of answers that are drawn once and sent again, with what each takes compressed, and of the
body of the longest of them: Datasette's page of a database lists all prepared queries."""

CONNECTIONS = 512
"""Connections at a time; fewer where the system allows few files. A peer may have half."""

OTHER_FILES = 128
"""Open files left for databases, processes, and connections that are being refused."""

ACCEPTED_AT_ONCE = 2
"""Connections that are accepted in a round of the event loop: each delays what others wait for."""

BACKLOG = 1_024
"""Connections that the system keeps until they are accepted."""

HEAD_BYTES = 16_384
"""Bytes of a request's first line and headers."""

HEAD_LINES = 100
"""Lines of the same: each header is parsed in Python, so that 3,000 short ones took 17 ms of the
event loop. Browsers and proxies send some thirty."""

HEAD_SECONDS = 10.0
"""Seconds until a connection must have sent the whole head of a request; a body may take longer."""

IDLE_SECONDS = 5
"""Seconds until an idle connection is closed."""

END_SECONDS = 2
"""Seconds after which a server that ends closes its connections, whatever is under way."""

SAME_ERROR_SECONDS = 60.0
"""Seconds between two lines in the log about the same error of the event loop."""

PAGES, PEER_PAGES = 6, 3
"""Requests that are answered at a time without SQL of a reader's, in all and for a peer."""

READERS, WAITING = 4, 8
"""Readers' requests that may run SQL at a time, and that may wait for it."""

STREAMS, STREAMS_WAITING = 2, 2
WAIT_SECONDS = 10.0
RETRY_SECONDS = 5
"""Seconds that a reader is asked to wait when too many ask at once."""

WORKER_BYTES = 512_000_000
"""Address space of a process that runs a reader's SQL, and what SQLite takes of it: also of what it
sorts and keeps meanwhile, as such a process writes no file."""

SQLITE = SQLITE_LIMITS
"""SQLite's own limits for readers' SQL, its length among them: those of prepared queries too."""

LOG_CHARACTERS = 300
"""Characters of what comes from a reader in a line of the log."""

MESSAGE_CHARACTERS = 1_000
"""Characters of SQLite's message about a reader's SQL, which it may quote at length."""
