"""What the portal gave to its pages: its colours, as a sheet of its own, since no page has a style inside."""

from fastapi import APIRouter, Request, Response

from web.face import face_of

router = APIRouter()

CACHING = "public, max-age=3600"


@router.api_route("/portal.css", methods=["GET", "HEAD"])
def colours(request: Request) -> Response:
    """The portal's colours by day; at night ours stay, which were chosen to be read on dark paper."""
    portal = face_of(request).catalogue.portal
    given = {"accent": portal.accent, "seal": portal.seal}
    values = "".join(f"--{name}:{value};" for name, value in given.items() if value)
    sheet = f"@media (prefers-color-scheme: light){{:root{{{values}}}}}\n" if values else ""
    return Response(sheet, media_type="text/css", headers={"Cache-Control": CACHING})
