"""Every setting: its type, its default, its unit, and what happens when it is unset.

The environment gives them, each with the prefix ZONEWIRE_; a value can also come from a file, named by the same
name with _FILE behind it. Secrets that `up` made stand in DATA_DIR/secrets.env and count where the environment says
nothing. docs/operators/settings.md is compared with this class by a test.
"""

import os
import re
import stat
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import Field, PrivateAttr, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from zonewire import ROOT
from zonewire.errors import InvalidInput, SettingWrong
from zonewire.keys import secret_bytes
from zonewire.rendering.mime import mailbox

PREFIX = "ZONEWIRE_"
SECRETS_FILE = "secrets.env"
BASE_URL_FILE = "base-url"
DEFAULT_BASE_URL = "http://127.0.0.1:8080"

REDIS_SCHEMES = ("redis", "rediss", "unix", "redis+socket", "sentinel", "amqp", "amqps")
"""The last two are for BROKER_URL: Celery speaks them too."""

SHORTEST_SECRET = 6

INDEXNOW_KEY = re.compile(r"[A-Za-z0-9-]{8,128}")

Seconds = Annotated[list[int], NoDecode]


class Settings(BaseSettings):
    """The settings of one process."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, env_ignore_empty=True)

    data_dir: Path = Field(ROOT / "data", description="Where everything that Zonewire keeps stands.")
    database_url: str | None = Field(
        None,
        description="`sqlite:////path` or `postgresql://user:password@host/name`. Unset: SQLite in DATA_DIR.",
    )
    redis_url: str | None = Field(
        None, description="Rate limits, tokens, wake-ups. Unset: the Redis that `up` starts in DATA_DIR."
    )
    broker_url: str | None = Field(None, description="Celery's broker. Unset: REDIS_URL.")
    base_url: str | None = Field(
        None,
        description="The address that readers reach us by, without a slash at its end. Unset: what `up` wrote down.",
    )
    smtp_url: SecretStr | None = Field(
        None,
        description="`smtp://`, `smtp+starttls://` or `smtps://`, with user and password. "
        "Unset: mails become DATA_DIR/outbox/*.eml. A certificate authority of your own is named by SSL_CERT_FILE.",
    )
    mail_from: str = Field("Zonewire <digest@localhost>", description="The sender of every mail.")
    runbook: str = Field(
        "docs/operators/runbook.md",
        description="Where operators read the runbook, better by an address: every alarm's link begins with it.",
    )
    event_token: SecretStr | None = Field(None, description="Bearer token for POST /v1/events. Unset: `up` makes one.")
    event_secret: SecretStr | None = Field(
        None,
        description="Standard Webhooks secret (`whsec_…`) that signed events are checked with. Unset: `up` makes one.",
    )
    admin_token: SecretStr | None = Field(
        None, description="The first API key for the rest of /v1. Unset: `up` makes one."
    )
    metrics_token: SecretStr | None = Field(
        None,
        description="Bearer token for /metrics from elsewhere than this machine. Unset: it answers loopback alone.",
    )
    secret_key: SecretStr | None = Field(
        None,
        description="Signs links and seals secrets; several, comma-separated: the first signs, the others only check. "
        "Unset: one is made.",
    )
    allow_private_endpoints: bool = Field(
        False, description="Let endpoints lead to loopback, private and other special addresses."
    )
    allow_endpoints: Annotated[list[str], NoDecode] = Field(
        [],
        description="`address:port` pairs, comma-separated, that the guard lets through although they are private; "
        "`up --sample` names its receiver so.",
    )
    retry_schedule: Seconds = Field(
        [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400],
        description="Seconds between tries of an HTTP push, comma-separated; n numbers make n + 1 tries.",
    )
    mail_retry_schedule: Seconds = Field(
        [300, 900, 3600, 7200, 14400, 28800, 57600],
        description="Seconds between tries of a mail.",
    )
    disable_after: int = Field(
        432_000, gt=0, description="Seconds of failures without one success after which an endpoint is disabled."
    )
    retention_days: int = Field(
        90, gt=0, description="Days that settled deliveries, attempts and mails in DATA_DIR/outbox are kept."
    )
    log_days: int = Field(30, gt=0, description="Days that logs in DATA_DIR/logs are kept; each has a day's lines.")
    http_timeout: float = Field(15.0, gt=0, description="Seconds for one whole push over HTTP.")
    catalogue: Path = Field(
        ROOT / "config" / "catalogue.toml",
        description="What the portal says about itself and its feeds (docs/operators/catalogue.md).",
    )
    wechat_appid: str | None = Field(
        None, description="The AppID of the portal's Official Account (公众号). Unset: none can be subscribed."
    )
    wechat_secret: SecretStr | None = Field(None, description="The account's AppSecret.")
    wechat_api: str = Field("https://api.weixin.qq.com", description="Where WeChat's API is.")
    baidu_api: str = Field("http://data.zz.baidu.com/urls", description="Where Baidu is told addresses.")
    baidu_token: SecretStr | None = Field(
        None, description="Baidu's token of the verified site (普通收录). Unset: nothing can be subscribed to `baidu`."
    )
    indexnow_api: str = Field(
        "https://api.indexnow.org/indexnow", description="The search engine that is told addresses by IndexNow."
    )
    indexnow_key: str | None = Field(
        None,
        description="8 to 128 letters, digits and `-`, served as /KEY.txt at the portal's address. "
        "Unset: nothing can be subscribed to `indexnow`.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least that is logged. `debug` has a line for each delivered try as well."
    )
    log_format: Literal["json", "console"] | None = Field(
        None, description="`json`, an object a line, or `console`. Unset: `console` on a terminal, else `json`."
    )
    feed_window: float = Field(
        2.0, ge=0, description="Seconds in which the rest of a burst is gathered before a feed is published again."
    )

    _made: frozenset[str] = PrivateAttr(frozenset())

    def is_given(self, name: str) -> bool:
        """Whether the setting *name* is set, and not by what `up` made and keeps in DATA_DIR/secrets.env."""
        return getattr(self, name) is not None and name not in self._made

    def remember_made(self, names: Iterable[str]) -> None:
        """The settings *names* come from DATA_DIR/secrets.env."""
        self._made = frozenset(names)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Our own reading: what the call says, else the environment. `load` adds files and made secrets."""
        del settings_cls, dotenv_settings, file_secret_settings
        return init_settings, env_settings

    @field_validator("retry_schedule", "mail_retry_schedule", mode="before")
    @classmethod
    def _seconds(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        steps = [step.strip() for step in value.split(",")]
        if not all(step.isdigit() for step in steps):
            raise ValueError("must be whole seconds, comma-separated, such as 5,300,1800")
        return [int(step) for step in steps]

    @field_validator("allow_endpoints", mode="before")
    @classmethod
    def _pairs(cls, value: Any) -> Any:
        return [pair.strip() for pair in value.split(",") if pair.strip()] if isinstance(value, str) else value

    @field_validator("indexnow_key")
    @classmethod
    def _indexnow(cls, value: str | None) -> str | None:
        if value is not None and not INDEXNOW_KEY.fullmatch(value):
            raise ValueError("must be 8 to 128 letters, digits and hyphens")
        return value

    @field_validator("baidu_api", "indexnow_api", "wechat_api")
    @classmethod
    def _service(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must be an http or https address")
        return value

    @field_validator("base_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("must be an http or https address, such as https://news.example.com")
        return value.rstrip("/")

    @field_validator("redis_url", "broker_url")
    @classmethod
    def _redis_address(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).scheme not in REDIS_SCHEMES:
            raise ValueError("must be an address of Redis, such as redis://127.0.0.1:6379/0")
        return value

    @field_validator("mail_from")
    @classmethod
    def _sender(cls, value: str) -> str:
        try:
            mailbox(value)
        except InvalidInput:
            raise ValueError("must be a sender, such as Zonewire <digest@example.com>") from None
        return value

    @field_validator("event_secret")
    @classmethod
    def _signing_secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            try:
                secret_bytes(value.get_secret_value())
            except InvalidInput as cause:
                raise ValueError(cause.errors[0].detail) from None
        return value

    @field_validator("smtp_url")
    @classmethod
    def _smtp_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            parts = urlsplit(value.get_secret_value())
            if parts.scheme not in {"smtp", "smtp+starttls", "smtps"} or not parts.hostname:
                raise ValueError("must be smtp://, smtp+starttls:// or smtps:// and a host")
        return value

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @cached_property
    def database(self) -> str:
        """The database's address, the default filled in."""
        return self.database_url or f"sqlite:///{self.data_dir / 'zonewire.db'}"

    @cached_property
    def redis(self) -> str:
        """Redis's address in redis-py's form, the default filled in."""
        url = self.redis_url or f"unix://{redis_socket(self.data_dir)}?db=0"
        path, _, query = url.removeprefix("redis+socket://").partition("?")
        return f"unix://{path}?{query.replace('virtual_host=', 'db=')}" if url.startswith("redis+socket://") else url

    @cached_property
    def broker(self) -> str:
        """The broker's address in kombu's form, the default filled in."""
        url = self.broker_url or self.redis_url or f"redis+socket://{redis_socket(self.data_dir)}?virtual_host=0"
        return url.replace("unix://", "redis+socket://", 1) if url.startswith("unix://") else url

    @cached_property
    def secret_values(self) -> tuple[str, ...]:
        """Every secret in these settings, to be hidden where one gets out; none so short that it may be a word."""
        given = [value.get_secret_value() for _, value in self if isinstance(value, SecretStr)]
        found = {piece.strip() for value in given for piece in (value, *value.split(","))} | {self.indexnow_key or ""}
        addresses = (self.database_url, self.redis_url, self.broker_url, *given)
        found |= {unquote(urlsplit(address).password or "") for address in addresses if address and "://" in address}
        return tuple(sorted(piece for piece in found if len(piece) >= SHORTEST_SECRET))

    @cached_property
    def base(self) -> str:
        """The address that readers reach us by, without a slash at its end."""
        written = self.data_dir / BASE_URL_FILE
        return self.base_url or (written.read_text().strip() if written.is_file() else DEFAULT_BASE_URL)


UNIX_PATH_BYTES = 100
"""Longer socket paths than this do not fit everywhere (the kernel's limit is 107)."""


def redis_socket(data_dir: Path) -> Path:
    """Where the embedded Redis listens: in *data_dir*, or in the private folder that `up` named there."""
    named = data_dir / "redis-socket"
    if named.is_file():
        return Path(named.read_text().strip())
    return data_dir / "redis.sock"


def load(**overrides: Any) -> Settings:
    """Read the settings. Raises SettingWrong, which names the first wrong one."""
    values: dict[str, Any] = {key: value for key, value in overrides.items() if value is not None}
    for name in Settings.model_fields:
        variable = PREFIX + name.upper()
        if name not in values and not os.environ.get(variable) and (path := os.environ.get(f"{variable}_FILE")):
            values[name] = _from_file(path, f"{variable}_FILE")
    try:
        settings = Settings(**values)
        missing: dict[str, Any] = {
            k: v for k, v in made_secrets(settings.data_dir).items() if getattr(settings, k) is None
        }
        if missing:
            settings = Settings(**values, **missing)
            settings.remember_made(missing)
    except ValidationError as cause:
        first = cause.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper()
        detail = first["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
        raise SettingWrong(detail, where=name, mend="docs/operators/settings.md lists every setting.") from None
    return settings


def _from_file(path: str, variable: str) -> str:
    """What stands in the file. Nothing in it is no value: whoever names a file means to set something."""
    try:
        value = Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as cause:
        raise SettingWrong(
            f"cannot read {path}: {cause}", where=variable, mend="Name a file that this user may read."
        ) from None
    if not value:
        mend = f"Write the value into it, or leave {variable} unset."
        raise SettingWrong(f"there is nothing in {path}", where=variable, mend=mend)
    return value


def made_secrets(data_dir: Path) -> dict[str, str]:
    """What `up` keeps in DATA_DIR/secrets.env, by field name; what is empty counts as unset."""
    path = data_dir / SECRETS_FILE
    try:
        text = path.read_text()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as cause:
        raise SettingWrong(
            f"{path} cannot be read: {getattr(cause, 'strerror', None) or 'it is no text'}",
            where=f"{PREFIX}DATA_DIR",
            mend="Name a folder that this user may use, with --data or in the environment.",
        ) from None
    return parse_secrets(text)


def parse_secrets(text: str) -> dict[str, str]:
    """What stands in a secrets.env, by field name."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    known = {name.strip(): value.strip() for name, value in pairs}
    return {k: known[PREFIX + k.upper()] for k in Settings.model_fields if known.get(PREFIX + k.upper())}


def make_missing_secrets(settings: Settings, made: dict[str, str]) -> None:
    """Keep those secrets of *made* (by field name) that *settings* lack, for their owner alone."""
    lacking = {name: value for name, value in made.items() if getattr(settings, name) is None}
    if lacking:
        keep_secrets(settings.data_dir, made_secrets(settings.data_dir) | lacking)


def keep_secrets(data_dir: Path, kept: dict[str, str]) -> None:
    """Let DATA_DIR/secrets.env hold *kept* (by field name) and nothing else, on the disk, for its owner alone."""
    path = data_dir / SECRETS_FILE
    draft = path.with_suffix(".tmp")
    lines = ["# Made by `zonewire up`. Whoever reads this can publish and sign in our name.\n"]
    lines += [f"{PREFIX}{name.upper()}={value}\n" for name, value in kept.items()]
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, stat.S_IRUSR | stat.S_IWUSR)
    with os.fdopen(descriptor, "w") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
