"""What one reader may ask of the server: sizes of requests and answers, times, and numbers at once.

The site's own pages need none of this: their SQL is ours. What a reader chooses runs in processes
of its own (`claimlog.site.reader_pool`) under the limits below.
"""

from __future__ import annotations

QUERY_BYTES = 8_192
"""Bytes of a query string; the longest prepared query takes 1,300 of them as SQL to be changed."""

PARAMETERS = 100
"""Parameters of a query string: Datasette parses all of them anew for each that it reads."""

COSTLY = ("_facet", "_where", "_through")
COSTLY_PARAMETERS = 10
"""Of those whose names begin so: each brings a query of its own, or links to all its values."""

FACETS, FACET_VALUES = 10, 30
"""Facets of a table and values of each, where a reader asks for no others."""

FACET_BYTES = 2_000_000
"""Of the links of all facet values: each repeats the query of the address."""

PATH_BYTES = 2_048
COOKIE_BYTES = 4_096
"""The server sets no cookie that is longer; Python 3.11 takes quadratic time for quoted ones."""

METHODS = ("GET", "HEAD", "OPTIONS")
"""Nothing can be written."""

VALUE_BYTES = 1_000_000
"""Of one value in a reader's SQL: 15 times the longest row that a log may hold."""

ANSWER_BYTES = 4_000_000
"""Of the rows of a page, or as JSON of other answers and of parts of a CSV stream.

So much is set aside for each answer.
"""

COUNT_BYTES = 16_000_000
"""Of rows that are counted and not shown: the numbers of all rows that a filter finds."""

MESSAGE_BYTES = 2 * COUNT_BYTES
"""Of what a process that runs SQL may send to the server at once."""

MOST_ROWS = 5_000
"""Rows of what Datasette asks without a limit of its own: numbers of rows, names of columns."""

CELLS = 4_000
"""Cells of a query's page: Datasette takes 15 microseconds of the event loop for each."""

JSON_PARTS = 20_000
"""Values in all cells that `_json` has Datasette parse and write again, about."""

BLOB_CELLS = 20
"""Cells that one with bytes counts for: it becomes a link that repeats the query."""

CELL_CHARACTERS, LEAST_CHARACTERS = 3_000, 40
"""Of a cell of a page as HTML, and of one for which the page has no room left."""

PAGE_CHARACTERS = 1_000_000
"""Of all cells of a page as HTML, with eight for each that has to be escaped."""

NAMES_CHARACTERS = 2 * QUERY_BYTES
"""Of the names of all columns of an answer; `select *` can repeat one two hundred times."""

CSV_MEGABYTES = 100

REQUEST_SECONDS = 4.0
"""Of SQL for all of a page (rows, their number, facets); each query has `sql_time_limit_ms`."""

STREAM_SECONDS = 60.0
"""Of SQL for all of a CSV stream."""

SEND_SECONDS = 20.0
"""For which a client may take nothing of an answer, in all, beside the time for `LEAST_RATE`."""

LEAST_RATE = 32_000
"""Bytes a second that a client has to take of an answer."""

SENDING_SECONDS = 180.0
"""For which a stream may last, however fast its client is: it holds one of few slots."""

PIECE_BYTES = 65_536
"""Of an answer that are handed to the connection at once."""

SENDING_BYTES, PEER_SENDING_BYTES = 96_000_000, 32_000_000
"""Of longer answers that are under way, for all readers and for one."""

CONNECTIONS = 512
"""Open at a time; fewer where the system allows few files. A peer may have half of them."""

OTHER_FILES = 128
"""Files left for databases, processes, and connections that are being refused."""

ACCEPTED_AT_ONCE = 8
"""Connections that are accepted before the first of them is looked at."""

BACKLOG = 1_024
"""Connections that the system keeps until they are accepted."""

HEAD_BYTES = 16_384
"""Of a request's first line and headers."""

HEAD_SECONDS = 10.0
"""Until a connection has to have sent the whole head of a request."""

IDLE_SECONDS = 5
"""Until a connection is closed on which nothing more is asked."""

END_SECONDS = 2
"""Until connections are closed whatever is under way, when the server is to end."""

SAME_ERROR_SECONDS = 60.0
"""Between two lines in the log about the same error of the event loop."""

PAGES, PEER_PAGES = 6, 3
"""Requests that are answered at a time without SQL of a reader's, in all and for a peer."""

READERS, WAITING = 4, 8
"""Readers' requests that may run SQL at a time, and that may wait for it."""

STREAMS, STREAMS_WAITING = 2, 2
WAIT_SECONDS = 10.0
RETRY_SECONDS = 5
"""What a reader is told to wait when too many ask at once."""

WORKER_BYTES = 512_000_000
"""Address space of a process that runs a reader's SQL."""

TEMPORARY_BYTES = 256_000_000
"""Of a temporary file that it may write, to sort what does not fit in memory."""

GRACE_SECONDS = 0.5
"""Until a process is ended that did not stop at the time limit: SQLite looks at it between steps,
and a single step, or planning a query, can take minutes."""

SQLITE = {
    "SQL_LENGTH": 2 * QUERY_BYTES,
    "COLUMN": 200,
    "EXPR_DEPTH": 500,
    "COMPOUND_SELECT": 50,
    "VDBE_OP": 50_000,
    "FUNCTION_ARG": 100,
    "ATTACHED": 0,
    "LIKE_PATTERN_LENGTH": 1_000,
    "TRIGGER_DEPTH": 10,
    "WORKER_THREADS": 0,
}
"""SQLite's own limits for readers' SQL; its widest table here has 45 columns."""

LOG_CHARACTERS = 300
"""Of a line in the log, of what comes from a reader."""

MESSAGE_CHARACTERS = 1_000
"""Of what SQLite says of a reader's SQL, which it may quote at length."""
