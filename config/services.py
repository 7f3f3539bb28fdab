"""The search engines of the settings, as the domain wants them."""

from config.settings import Settings
from zonewire.loading import Services


def services_of(settings: Settings) -> Services:
    """Where they are told, and by which keys."""
    token = settings.baidu_token
    return Services(
        baidu=settings.baidu_api,
        baidu_token=token.get_secret_value() if token else "",
        indexnow=settings.indexnow_api,
        indexnow_key=settings.indexnow_key or "",
        wechat_appid=settings.wechat_appid or "",
    )
