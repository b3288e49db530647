"""Opening a Spark session quietly; what Spark and Java throw becomes one message."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from claimlog.errors import ClaimlogError, UsageError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

OLDEST_JAVA = 17
"""Oldest Java that Spark 4 runs on."""

LOCAL_PROPERTIES = {
    "spark.master": "local[*]",
    "spark.driver.memory": "2g",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.app.name": "claimlog",
}
"""Defaults without spark-submit: this machine alone, without an open port."""

FIXED_PROPERTIES = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.compression.codec": "zstd",
    # a file of a bulk batch is large: one a task, whatever Spark would pack together
    "spark.sql.execution.arrow.maxRecordsPerBatch": "10000",
    "spark.sql.execution.arrow.maxBytesPerBatch": str(64 << 20),
    # partitions are cut by our own bytes, never by what a value looks like
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
}
"""Properties that the result depends on; set on every session, one of spark-submit too."""


@contextlib.contextmanager
def open_session(properties: Mapping[str, str]) -> Iterator[SparkSession]:
    """Yield a Spark session, and stop it if it was started here.

    Parameters
    ----------
    properties
        Spark's own properties, as ``spark.master``; they win over our defaults.

    Raises
    ------
    ClaimlogError
        If PySpark or Java is missing, Java is too old, or Spark does not start or fails.
    """
    require_spark()
    from pyspark.sql import SparkSession

    if SparkSession.getActiveSession() is not None or "PYSPARK_GATEWAY_PORT" in os.environ:
        builder = SparkSession.builder
        for name, value in properties.items():
            builder = builder.config(name, value)
        with translate_errors():
            yield _set_fixed_properties(builder.getOrCreate())
        return
    with tempfile.NamedTemporaryFile("w+", prefix="claimlog-spark-", suffix=".log") as output:
        with translate_errors(output.name):
            spark = _start_session({**LOCAL_PROPERTIES, **properties}, output.fileno())
        try:
            # an exception of Java can be read only while its machine runs
            with translate_errors(output.name):
                yield _set_fixed_properties(spark)
        finally:
            spark.stop()
            _end_gateway()


def require_spark() -> None:
    """Refuse to go on without PySpark and Java, and say what to install.

    Raises
    ------
    ClaimlogError
        If either is.
    """
    for module in ("pyspark", "pandas"):
        if importlib.util.find_spec(module) is None:
            raise ClaimlogError(
                f"--engine spark needs {module}, which is not installed here: install the extra "
                "claimlog[spark], pip install '.[spark]' in a checkout (make test-spark does)"
            )
    remedy = f"(Debian: apt-get install openjdk-{OLDEST_JAVA}-jre-headless) or set JAVA_HOME"
    home = os.environ.get("JAVA_HOME")
    java = f"{home}/bin/java" if home else shutil.which("java")
    if java is None or not Path(java).is_file():
        where = f"at JAVA_HOME={home}" if home else "on the path"
        raise ClaimlogError(
            f"--engine spark needs Java {OLDEST_JAVA} or newer, and there is none {where}: "
            f"install it {remedy}"
        )
    output = subprocess.run([java, "-version"], capture_output=True, text=True).stderr
    version = re.search(r'version "(?:1\.)?([0-9]+)', output)
    if version is None or int(version[1]) < OLDEST_JAVA:
        old_version = version[1] if version else (output.splitlines() or ["nothing"])[0][:80]
        raise ClaimlogError(
            f"--engine spark needs Java {OLDEST_JAVA} or newer, and {java} is {old_version}: "
            f"install a newer one {remedy}"
        )


def _start_session(properties: Mapping[str, str], output: int) -> SparkSession:
    """Start a Java machine whose output goes to the file descriptor `output`, and Spark in it."""
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession

    if properties["spark.master"].startswith("local"):
        # the tasks run with this very environment
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    conf = SparkConf(loadDefaults=False)
    conf.setAll([*properties.items()])
    gateway = launch_gateway(conf, {"stdout": output, "stderr": output})
    context = SparkContext(gateway=gateway, conf=conf)
    return SparkSession(context)


def _set_fixed_properties(spark: SparkSession) -> SparkSession:
    for name, value in FIXED_PROPERTIES.items():
        spark.conf.set(name, value)
    return spark


def _end_gateway() -> None:
    """End the Java machine, so that a later session starts with its own properties."""
    from pyspark import SparkContext

    gateway = SparkContext._gateway
    if gateway is not None:
        process = getattr(gateway, "proc", None)
        gateway.shutdown()
        if process is not None:
            process.stdin.close()
            process.wait(timeout=30)
    SparkContext._gateway = None
    SparkContext._jvm = None


@contextlib.contextmanager
def translate_errors(log: str | None = None) -> Iterator[None]:
    """Turn what Spark and Java throw into one message, and keep the log file, if there is one."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (Py4JError, PySparkException) as error:
        raise ClaimlogError(f"Spark failed: {_innermost_reason(error)}{_keep_log(log)}") from error


def _innermost_reason(error: Exception) -> str:
    """Return the innermost reason of a Java exception, in a line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    causes = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
    # a task's own exception ends its Python traceback
    python = [line for line in lines if re.match(r"[A-Za-z_.]+(Error|Exception): ", line)]
    first = next((line for line in lines if not line.startswith("An error occurred")), "")
    message = (python or causes[-1:] or [first or type(error).__name__])[-1]
    return re.sub(r"^(: )?([a-z]+\.)+[A-Za-z.$]*?([A-Z]\w+: )", r"\3", message)[:300]


def _keep_log(log: str | None) -> str:
    """Copy Spark's log to where it stays; return the end of a message that names the copy."""
    if log is None:
        return ""
    copy = Path(tempfile.gettempdir()) / "claimlog-spark.log"
    shutil.copyfile(log, copy)
    return f"; nothing was replaced. What Spark said is in {copy}"


def parse_properties(texts: tuple[str, ...]) -> dict[str, str]:
    """Return Spark's properties as the command line gives them (``spark.master=local[2]``).

    Raises
    ------
    UsageError
        If one is not of the form KEY=VALUE with a key of Spark.
    """
    by_name = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.startswith("spark."):
            raise UsageError(f"--spark {text}: expected KEY=VALUE, as spark.master=local[2]")
        by_name[key] = value
    return by_name
