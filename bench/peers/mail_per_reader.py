"""What a newsletter tool does for each reader: render the templates, inline the styles, build the message, write it.

The same templates, inliner and contents as ours, and `email.message` of the standard library. Runs in the process of
whoever measures. It claims nothing, settles nothing and signs no links of readers.
"""

from email.message import EmailMessage
from email.policy import SMTP

from sqlalchemy import Connection

from zonewire.delivery.mailing import Mailing
from zonewire.digests import render_edition


def mail(db: Connection, edition_id: int, *, mailing: Mailing, links: dict[str, str], to: str) -> bytes:
    """The mail of one reader; *links* are this reader's own, by the slot that they stand in."""
    edition = render_edition(
        db,
        edition_id,
        base_url=mailing.base_url,
        portal=mailing.portal,
        sender=mailing.sender,
        page_of=mailing.edition_link,
    )
    if edition is None:
        raise ValueError(f"nothing is left of edition {edition_id}")
    text, html = edition.text, edition.html
    for slot, link in links.items():
        text, html = (part.replace(edition.slots.mark(slot), link) for part in (text, html))
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = mailing.mail_from, to, edition.subject
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    return message.as_bytes()
