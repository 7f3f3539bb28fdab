"""The key that proves to search engines that this site is ours."""

from pathlib import Path

import requests

from tests.web.faces import a_web_face
from zonewire.store import Store

KEY = "0123456789abcdef"


def test_the_key_is_served_and_nothing_else_by_such_a_name(store: Store, tmp_path: Path) -> None:
    with a_web_face(store, tmp_path, indexnow_key=KEY) as url:
        found, other = (requests.get(f"{url}/{name}.txt", timeout=5) for name in (KEY, "fedcba9876543210"))
        robots = requests.get(f"{url}/robots.txt", timeout=5)
    assert (found.status_code, found.text) == (200, KEY)
    assert found.headers["content-type"].startswith("text/plain")
    assert other.status_code == 404
    assert KEY not in robots.text


def test_without_a_key_there_is_none(store: Store, tmp_path: Path) -> None:
    with a_web_face(store, tmp_path) as url:
        assert requests.get(f"{url}/None.txt", timeout=5).status_code == 404
