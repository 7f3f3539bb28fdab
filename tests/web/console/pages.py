"""Every page of the console, on a ledger that has something of everything: for whoever looks at all of them."""

from sqlalchemy import select

from web.console.paths import article_path
from zonewire.delivery.ids import delivery_uuid
from zonewire.store import Store, migrate
from zonewire.store.tables import articles, deliveries, subscriptions


def every_page(store: Store) -> tuple[str, ...]:
    """Their paths; those of one thing lead to one of *store*."""
    with store.reading() as db:
        dead = db.execute(select(deliveries).where(deliveries.c.state == "dead").limit(1)).one()
        name = delivery_uuid(migrate.installation_number(db), dead.id, dead.created_at)
        guid = db.execute(select(articles.c.guid).where(articles.c.id == dead.article_id)).scalar_one()
        reader = db.execute(select(subscriptions).where(subscriptions.c.state == "active").limit(1)).one()
    return (
        "/console",
        "/console/articles",
        "/console/articles?words=nothing",
        article_path(guid),
        f"{article_path(guid)}?state=dead",
        "/console/feeds",
        "/console/feeds?words=nothing",
        "/console/feeds/all",
        "/console/lanes",
        "/console/tasks",
        "/console/deliveries",
        "/console/deliveries?state=dead&endpoint=e9999&error=404",
        "/console/deliveries?state=held",
        "/console/deliveries?channel=wecom&error=503",
        "/console/deliveries?tried=maybe",
        f"/console/deliveries?endpoint=e{dead.endpoint_id}",
        f"/console/deliveries/{name}",
        "/console/deliveries/nothing",
        "/console/bulk?act=replay&state=dead",
        "/console/bulk",
        "/console/endpoints",
        "/console/endpoints?q=nobody",
        "/console/endpoints?state=failing",
        f"/console/endpoints/e{dead.endpoint_id}",
        "/console/endpoints/e250",
        "/console/endpoints/e250/enable",
        "/console/endpoints/e4/rotate",
        "/console/subscribers",
        "/console/subscribers?q=nobody",
        "/console/subscribers?state=paused&channel=email",
        f"/console/subscribers/{reader.subscriber_id}",
        f"/console/subscribers/{reader.subscriber_id}/erase",
        "/console/digests",
        "/console/digests/d1",
        f"/console/digests/next/s{reader.id}",
        "/console/bulk?act=resend&state=delivered&edition=d1&host=mail.example",
        "/console/audit",
        "/console/operators",
    )
