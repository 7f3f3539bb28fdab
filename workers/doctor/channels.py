"""What `zonewire doctor` looks at of channels: whether WeChat lets us in, and whether engines find the key."""

from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urljoin

from config.catalogue import catalogue_of
from config.guard import guard_of
from config.settings import Settings
from config.wechat import client_of
from workers.doctor.findings import Finding, Result
from zonewire.outbound.session import guarded_session, read_bounded
from zonewire.wechat import WechatError
from zonewire.wechat.errands import COUNT

WITHIN_S = 5.0
KEY_BYTES = 1_000


def examine_wechat(settings: Settings) -> Iterator[Finding]:
    """The account's own word: it names the address that it sees us come from, and what it lacks."""
    client = client_of(settings)
    if client is None:
        return
    try:
        drafts = client.call(COUNT).get("total_count", 0)
    except WechatError as error:
        yield Finding("wechat", Result.FAIL, f"{settings.wechat_appid}: {error.what}", error.mend)
    else:
        yield Finding("wechat", Result.OK, f"{settings.wechat_appid} lets us in; {drafts} drafts are in its box")


def examine_indexnow(settings: Settings) -> Iterator[Finding]:
    """The key, looked for where the engines look."""
    if settings.indexnow_key is None:
        return
    address = urljoin(catalogue_of(settings).portal.home or f"{settings.base}/", f"/{settings.indexnow_key}.txt")
    mend = f"Serve a file of that name at the site, or let the address lead to {settings.base}, which serves it."
    with closing(guarded_session(guard_of(settings), timeout_s=WITHIN_S)) as session:
        try:
            answer = session.get(address, stream=True)
            found = read_bounded(answer, most_bytes=KEY_BYTES).decode(errors="replace").strip()
        except Exception as error:  # whatever keeps us from it may keep the engines
            yield Finding("indexnow", Result.WARN, f"the key cannot be fetched: {type(error).__name__}", mend)
            return
    if answer.status_code == 200 and found == settings.indexnow_key:
        yield Finding("indexnow", Result.OK, "the site serves the key")
    else:
        yield Finding("indexnow", Result.WARN, f"the site does not serve the key (HTTP {answer.status_code})", mend)
