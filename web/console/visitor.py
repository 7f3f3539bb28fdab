"""Who is at the console: the cookie, the session behind it, what its operator may do, and whether a form is ours.

A form holds a token made of the session's own (OWASP's "HMAC based token"), and a browser that says that another site
sent the form is refused too.
"""

import base64
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Literal, TypedDict
from urllib.parse import quote

from fastapi import Depends, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from web.console.paths import path_of, root_of
from web.face import face_of
from web.forms import read_form
from web.public.polling import came_encrypted, client_of
from zonewire.operators import Actor, Operator, Role, find_session, note_seen
from zonewire.operators.sessions import LONGEST, SEEN_EVERY
from zonewire.store import SECOND, now

COOKIE, SAFE_COOKIE = "zonewire", "__Host-zonewire"
HERE = "127.0.0.1"


class _Scope(TypedDict):
    path: str
    secure: bool
    httponly: bool
    samesite: Literal["lax"]


class NotLoggedIn(HTTPException):
    """Nobody is logged in here: the login page is next."""

    def __init__(self, root: str, after: str) -> None:
        where = f"{root}/console/login?next={quote(after, safe='')}"
        super().__init__(HTTPStatus.SEE_OTHER, headers={"Location": where})


class NotAllowed(HTTPException):
    """The operator's role is not enough."""

    def __init__(self, needed: Role) -> None:
        super().__init__(HTTPStatus.FORBIDDEN)
        self.needed = needed


class NotOurForm(HTTPException):
    """A form that no page of this session has made."""

    def __init__(self) -> None:
        super().__init__(HTTPStatus.FORBIDDEN)


@dataclass(frozen=True, slots=True)
class Visitor:
    """An operator at the console."""

    operator: Operator
    token: str  # of the session
    came_from: str

    @property
    def mark(self) -> str:
        """What a form of this session holds."""
        digest = hmac.digest(self.token.encode(), b"zonewire console form", "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    @property
    def actor(self) -> Actor:
        """Whom the audit log names."""
        return Actor(self.operator.name, self.came_from)

    def may(self, role: Role | str) -> bool:
        """Whether the operator's role is enough."""
        return self.operator.role.may(Role(role))


@dataclass(frozen=True, slots=True)
class Form:
    """A form of ours, and who sent it."""

    visitor: Visitor
    fields: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "").strip()


def visitor_of(request: Request) -> Visitor | None:
    """Who is logged in, if anybody is; notes once a minute that the session is in use."""
    face = face_of(request)
    token = request.cookies.get(_cookie(request))
    if not token:
        return None
    with face.store.reading() as db:
        moment = now(db)
        session = find_session(db, token, now=moment)
    if session is None:
        return None
    if moment - session.seen_at > SEEN_EVERY:
        with face.store.settling() as db:
            note_seen(db, token, now=moment)
    return Visitor(session.operator, token, place_of(request))


def looking(request: Request) -> Visitor:
    """Whoever is logged in. Raises NotLoggedIn."""
    visitor = visitor_of(request)
    if visitor is None:
        after = path_of(request) + (f"?{request.url.query}" if request.url.query else "")
        raise NotLoggedIn(root_of(request), after if request.method == "GET" else "/console")
    return visitor


Looking = Annotated[Visitor, Depends(looking)]


def form_for(role: Role) -> Callable[..., object]:
    """A dependency: the form that whoever may *role* has sent. Raises NotLoggedIn, NotAllowed, NotOurForm."""

    async def read(request: Request, visitor: Looking) -> Form:
        fields = await read_form(request)
        if request.headers.get("sec-fetch-site") == "cross-site" or not is_ours(visitor, fields):
            raise NotOurForm
        if not visitor.may(role):
            raise NotAllowed(role)
        return Form(visitor, fields)

    return read


def is_ours(visitor: Visitor, fields: dict[str, str]) -> bool:
    """Whether a page of this session has made the form."""
    return hmac.compare_digest(fields.get("mark", "").encode(), visitor.mark.encode())


Looked = Annotated[Form, Depends(form_for(Role.LOOK))]
Operated = Annotated[Form, Depends(form_for(Role.OPERATE))]
Administered = Annotated[Form, Depends(form_for(Role.ADMINISTER))]


def place_of(request: Request) -> str:
    """The network address that a request came from."""
    return client_of(request) or HERE


def remember(request: Request, response: Response, token: str) -> None:
    """Give the browser its session."""
    response.set_cookie(_cookie(request), token, max_age=LONGEST // SECOND, **_scope(request))


def forget(request: Request, response: Response) -> None:
    """Take the session from the browser."""
    response.delete_cookie(_cookie(request), **_scope(request))


def _cookie(request: Request) -> str:
    """The cookie's name: one that browsers take from this host alone and over TLS, where there is TLS."""
    return SAFE_COOKIE if came_encrypted(request) else COOKIE


def _scope(request: Request) -> _Scope:
    return {"path": "/", "secure": came_encrypted(request), "httponly": True, "samesite": "lax"}
