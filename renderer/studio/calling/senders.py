"""Sends one call through one channel: an HTTP request or an e-mail, in bounded time, without redirects."""

import json
import smtplib
import ssl
import urllib.request
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from http.client import HTTPException

from hardware.hosts.host_request import NoRedirects
from renderer.studio.calling.channel_settings import URGENT, Cause, Channel, MailChannel, NtfyChannel, WebhookChannel

PATIENCE_S = 10.0


class NotSent(Exception):
    """A call that did not arrive; the message names no address and no password."""


@dataclass(frozen=True)
class Call:
    """What people get to know."""

    cause: Cause
    title: str
    text: str


def send(call: Call, channel: Channel) -> None:
    """Send a call. Raises NotSent."""
    try:
        match channel:
            case NtfyChannel():
                priority = "high" if call.cause in URGENT else "default"
                headers = {"Title": call.title.encode("ascii", "replace").decode(), "Priority": priority}
                _post(channel.ntfy, call.text.encode(), headers, channel.token)
            case WebhookChannel():
                _post(
                    channel.webhook,
                    json.dumps(asdict(call)).encode(),
                    {"Content-Type": "application/json"},
                    channel.token,
                )
            case MailChannel():
                _mail(call, channel)
    except (OSError, HTTPException, smtplib.SMTPException, ValueError) as error:
        code = getattr(error, "code", None) or getattr(error, "smtp_code", None)
        raise NotSent(f"{channel.shown}: {type(error).__name__}{f' {code}' if code else ''}") from None


def _post(address: str, content: bytes, headers: dict[str, str], token: str) -> None:
    own = headers | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(address, content, own, method="POST")
    with urllib.request.build_opener(NoRedirects).open(request, timeout=PATIENCE_S) as answer:
        answer.read(1000)


def _mail(call: Call, channel: MailChannel) -> None:
    message = EmailMessage()
    message["Subject"], message["To"], message["From"] = call.title, channel.mail, channel.sender or channel.mail
    message.set_content(call.text)
    secure = ssl.create_default_context()
    if channel.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(channel.server, channel.port, timeout=PATIENCE_S, context=secure)
    else:
        server = smtplib.SMTP(channel.server, channel.port, timeout=PATIENCE_S)
    with server:
        if channel.security == "starttls":
            server.starttls(context=secure)
        if channel.user:
            server.login(channel.user, channel.password)
        server.send_message(message)
