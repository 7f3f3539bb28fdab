"""Mail: one person, one message (RFC 5321, 5322). The vendors' ways of saying "later" and "never" stand here.

A hard bounce closes the endpoint only where the answer to RCPT says beyond doubt that there is no such mailbox: the
enhanced codes 5.1.1, 5.1.6 and 5.1.10 (RFC 3463, 7505). Whatever else is refused for good concerns this one mail;
the rule of DISABLE_AFTER sees to addresses that refuse all of them.
"""

import re
from functools import partial

from zonewire.channels.limits import Limits
from zonewire.delivery.messages import Endpoint, LetterMessage, Message
from zonewire.delivery.outcomes import Delivered, Later, Never, Outcome, Unknown
from zonewire.errors import InvalidInput
from zonewire.outbound.courier import MailRequest, Reply
from zonewire.rendering.mime import Letter

LIMITS = Limits()

LONGEST_ADDRESS = 254  # RFC 5321 §4.5.3.1.3: a path of 256 octets holds < and > too

_ADDRESS = re.compile(r"[\x21-\x3b\x3d\x3f-\x7e]+@[A-Za-z0-9.-]+|[\x21-\x3b\x3d\x3f-\x7e]+@\[[0-9A-Fa-f.:A-Za-z]+\]")
_NO_MAILBOX = re.compile(r"\b5\.1\.(?:1|6|10)\b")
_OURS = frozenset({530, 534, 535, 538})  # authentication is wanted: our relay's affair, not this reader's

# QQ Mail says these with 550 (service.mail.qq.com): rates and floods, over in minutes or hours.
# "Mailbox unavailable or access denied" is a mailbox that was sent too much, not one that is gone.
_QQ_LATER = ("frequency limited", "connection denied", "mailbox unavailable or access denied")
# NetEase (163, 126, yeah) names its reason by a tag: HL, MI and RP stand for rates and connections. DT:SPM and DT:SUM
# behind a 554 are a judgement on the contents.
_NETEASE_LATER = re.compile(r"\b(?:HL|MI|RP):[A-Z]{3}\b")
_TOO_MANY = re.compile(r"too many", re.IGNORECASE)  # 552 to RCPT was once said for 452 (RFC 5321 §4.5.3.1.10)
_NOT_RELAYED = re.compile(r"relay(?:ing)? (?:access )?(?:denied|not (?:allowed|permitted))", re.IGNORECASE)


def build(message: Message, endpoint: Endpoint) -> MailRequest:
    """The mail, filled in when the courier takes it. Raises InvalidInput for an address that SMTP cannot carry."""
    if not isinstance(message, LetterMessage):
        raise TypeError(f"a mail carries a letter, not a {type(message).__name__}")
    recipient = ascii_address(endpoint.address)
    slots = {**message.slots, "to": recipient}
    content = partial(Letter.personal, message.letter, slots)
    return MailRequest(endpoint.host, message.letter.sender, recipient, content, message.delivery_id)


def ascii_address(address: str) -> str:
    """*address* with its domain in ASCII (RFC 5891). Raises InvalidInput where the part before the @ is not ASCII.

    Such an address needs SMTPUTF8 (RFC 6531) from every server on the way.
    """
    local, _, domain = address.rpartition("@")
    try:
        spelled = f"{local}@{domain if domain.isascii() else domain.encode('idna').decode()}"
    except UnicodeError:
        spelled = ""
    if len(spelled) > LONGEST_ADDRESS or not _ADDRESS.fullmatch(spelled):
        raise InvalidInput.of("address", f"{address!r} is no address that a mail can be sent to")
    return spelled


def judge(reply: Reply) -> Outcome:
    """What a relay's answer means (RFC 5321 §4.2.1, RFC 3463): the first digit, then who says it and how."""
    command = reply.command
    text = reply.body.decode(errors="replace")
    said = f"{reply.status} {' '.join(text.split())}".strip()
    if reply.lost:
        return Unknown(reply.error or "no answer came")
    if command == "compose":
        return Never(reply.error)
    if not reply.status:
        return Later(reply.error or "no answer")
    if 200 <= reply.status < 300:
        return Delivered(reply.status)
    if reply.status < 500 or _is_passing(reply.status, command, text):
        return Later(said, reply.status)
    gone = command == "rcpt" and _NO_MAILBOX.search(text) is not None
    return Never(said, reply.status, close_endpoint=gone)


def _is_passing(status: int, command: str, text: str) -> bool:
    """Whether a 5xx is one that may pass all the same."""
    if status in _OURS or command == "mail" or _NOT_RELAYED.search(text):
        return True  # our sender, our login, our relay: a person mends it, and no reader is to blame
    if status == 552 and command == "rcpt" and _TOO_MANY.search(text):
        return True
    return any(words in text.lower() for words in _QQ_LATER) or bool(_NETEASE_LATER.search(text))
