"""Faults of others: a mail server that refuses, a partner that hangs, WeChat that does not know our secret any more."""

from pathlib import Path

from tests.builders import an_article
from tests.eventually import eventually
from tests.rehearsals.portal import ZONE
from tests.rehearsals.scene import NIGHT, Scene, a_scene
from tests.servers.receiver import Receiver, hang, ok
from tests.simulators.wechat_oa import APPID, SECRET, WechatOa

REFUSAL = "554 5.7.1 Client host blocked"
BUSY = "451 4.7.1 Service unavailable, try again later"


def smtp_refusing(folder: Path, pictures: Path | None) -> Scene:
    """The mail server refuses every sender; operators are told by a chat or webhook, since mail goes the same way."""
    with a_scene("smtp-refusing", folder, pictures) as scene:
        scene.post.sender_reply = BUSY
        scene.staged()
        scene.nearer("channel-failing", 600)
        scene.until("webhook", "alarm.began Most tries fail: email", within_s=300)
        scene.note(scene.ours.cli("doctor", check=False).stdout)
        scene.look("/console", "/console/deliveries?state=retrying&channel=email")
        scene.post.sender_reply = ""
        scene.mended("let the mail server take our mails again")
        scene.until("alarms", "Alarm: Most tries fail", within_s=900, since=scene.mended_at)
        scene.until_over()
    return scene


def receiver_hanging(folder: Path, pictures: Path | None) -> Scene:
    """A partner takes each push and never answers; there is much for it."""
    with Receiver(hang) as partner, a_scene("receiver-hanging", folder, pictures) as scene:
        made = scene.ours.subscribe("webhook", partner.url("/hangs"), "--zone", ZONE)
        scene.ours.subscribe("webhook", partner.url("/hangs"), "--zone", "大户产业园")
        scene.ours.publish([an_article(zone="大户产业园") for _ in range(400)])
        scene.staged()
        scene.until("console", "Late", within_s=300)
        scene.until("alarms", "Alarm:", within_s=900)
        scene.look("/console", "/console/endpoints?state=failing", f"/console/endpoints/{made['endpoint']}")
        scene.note(scene.ours.cli("endpoints", "list").stdout)
        scene.ours.cli("endpoints", "disable", made["endpoint"], "--reason", "hangs since 3:00")
        scene.mended("zonewire endpoints disable ID")
        scene.until_over()
        partner.default = ok
        scene.ours.cli("endpoints", "enable", made["endpoint"], "--held", "all")
        eventually(lambda: len(partner.ids()) >= 400, within_s=600, what="the partner has what was held")
        scene.note("enabled it again once it answered, with all that was held; it has it")
    return scene


def token_invalid(folder: Path, pictures: Path | None) -> Scene:
    """Somebody has reset the AppSecret: WeChat gives no token for the one that is set."""
    with (
        WechatOa() as platform,
        a_scene(
            "token-invalid", folder, pictures, wechat_api=platform.base, wechat_appid=APPID, wechat_secret=SECRET
        ) as scene,
    ):
        made = scene.ours.subscribe("wechat_oa", APPID, "--zone", ZONE, "--cadence", "hourly")
        platform.secret = SECRET[::-1]
        platform.expire()
        scene.staged()
        scene.ours.cli("digests", "run", "--at", "2027-06-01T08:00:00+08:00")
        scene.nearer("token-invalid", 900)
        scene.until("alarms", "Alarm: WeChat does not let us in", within_s=400)
        scene.note(scene.ours.cli("doctor", check=False).stdout)
        scene.look("/console", "/console/endpoints?channel=wechat_oa")
        scene.ours.terminate()
        scene.ours.environment["ZONEWIRE_WECHAT_SECRET"] = platform.secret
        scene.ours.up()
        scene.ours.cli("endpoints", "enable", made["endpoint"], "--held", "all")
        scene.ours.cli("deliveries", "replay", "--dead", "--endpoint", made["endpoint"])
        scene.mended("put the new AppSecret in, started again, enabled the endpoint, replayed its dead letter")
        eventually(lambda: platform.drafts, within_s=600, what="the draft is made")
        scene.note(f"{len(platform.drafts)} draft made, {NIGHT} told")
        scene.until_over()
    return scene
