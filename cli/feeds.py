"""`zonewire feeds`: which feeds there are, and what their documents say."""

import sys
from typing import Annotated

import typer

from cli.context import installation
from cli.output import print_list
from zonewire.errors import NotFound, WrongUsage

feeds = typer.Typer(help="Feeds and their documents.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group `feeds`."""
    app.add_typer(feeds, name="feeds")


@feeds.command("list")
def list_them(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
    limit: Annotated[int | None, typer.Option(min=0, help="At most so many.")] = None,
) -> None:
    """List every feed: its name, its title, how many articles stand in it, and when one last changed."""
    from zonewire.articles import rfc3339
    from zonewire.feeds import list_feeds

    with installation() as (_, store), store.reading() as db:
        lines = list_feeds(db)[:limit]
    rows = [
        {
            "name": line.name,
            "title": line.title,
            "articles": line.articles,
            "updated": None if line.updated_at is None else rfc3339(line.updated_at),
        }
        for line in lines
    ]
    print_list(rows, ("name", "title", "articles", "updated"), as_json=as_json, empty="There are no feeds.")


@feeds.command("show")
def show(
    name: Annotated[str, typer.Argument(help="`all`, `zone/SLUG`, `city/SLUG`, `section/SLUG`, or as declared.")],
    form: Annotated[str, typer.Option("--format", help="rss, atom or json.")] = "rss",
) -> None:
    """Print a feed's published document, as readers get it."""
    from config.catalogue import catalogue_of
    from zonewire.feeds import Format, name_behind, served_document

    if form not in set(Format):
        raise WrongUsage(f"there is no format {form}", where="--format", mend="It is rss, atom or json.")
    with installation() as (settings, store), store.reading() as db:
        base_url, catalogue = settings.base, catalogue_of(settings)
        found = served_document(db, name, Format(form), base_url=base_url, catalogue=catalogue)
        if found is None and (slug := name_behind(db, name)):
            found = served_document(db, slug, Format(form), base_url=base_url, catalogue=catalogue)
    if found is None:
        raise NotFound("there is no such feed", where=name, mend="`zonewire feeds list` shows what there is.")
    sys.stdout.buffer.write(found.plain)


@feeds.command("readers")
def readers(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
    days: Annotated[int, typer.Option(min=1, max=30, help="So many days back, today counted.")] = 1,
    limit: Annotated[int | None, typer.Option(min=0, help="At most so many.")] = None,
) -> None:
    """List who fetches feeds: from where, with what software, how often, and for how many it claims to speak."""
    from zonewire.feeds import list_readers
    from zonewire.store import now

    with installation() as (_, store), store.reading() as db:
        rows = list_readers(db, days=days, now=now(db), limit=limit)
    columns = ("reader", "software", "polls", "unchanged", "deltas", "refused", "subscribers", "last_at")
    print_list(rows, columns, as_json=as_json, empty="Nobody has fetched a feed.")
