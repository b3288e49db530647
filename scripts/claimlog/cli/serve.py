"""The command `serve`: open a build in Datasette."""

from __future__ import annotations

from pathlib import Path

import click

from claimlog.cli.base import Context, example, pass_context, texts_option


@click.command(
    epilog=example(
        "claimlog serve --port 8002",
        "claimlog serve --texts ../texts",
        "claimlog serve --releases all",
        "claimlog serve --base-url https://claims.example/data/ --trusted-proxy 127.0.0.1",
    )
)
@click.option("--port", type=click.IntRange(1, 65535), default=8001, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--host-name",
    "host_names",
    multiple=True,
    metavar="NAME",
    help="A name under which readers ask for it, as claims.example; others are refused.",
)
@click.option(
    "--base-url",
    default="/",
    metavar="URL|PATH",
    help="Where a proxy lets readers reach it: https://claims.example/data/, or only /data/.",
)
@click.option(
    "--trusted-proxy",
    "trusted_proxies",
    multiple=True,
    metavar="ADDRESS",
    help="A proxy, or a network of them, whose X-Forwarded-For, -Proto and -Host are believed.",
)
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    help="The build to serve; build/ by default.",
)
@texts_option
@click.option(
    "--releases",
    metavar="all|VERSIONS",
    help="Serve releases too, each as it was: all, or versions as 0.1.0,0.2.0.",
)
@pass_context
def serve(
    context: Context,
    port: int,
    host: str,
    host_names: tuple[str, ...],
    base_url: str,
    trusted_proxies: tuple[str, ...],
    folder: Path | None,
    texts: Path | None,
    releases: str | None,
) -> None:
    """Open a build in Datasette, read-only; with texts, show each claim in its text."""
    from claimlog.site.server_command import ServerOptions
    from claimlog.site.server_command import serve as serve_build

    options = ServerOptions(host, port, releases, host_names, base_url, trusted_proxies)
    serve_build(context.package, folder or context.package.build, options, texts)
