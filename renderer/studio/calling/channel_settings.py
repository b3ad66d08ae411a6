"""The file that says whom to call, and for what. Its addresses and passwords are never shown."""

from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from renderer.studio.queue.states import StudioError

Cause = Literal["pen", "question", "stopped", "done", "empty", "digest"]
CAUSES: tuple[Cause, ...] = get_args(Cause)
URGENT: tuple[Cause, ...] = ("pen", "question", "stopped")


class _Channel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    when: tuple[Cause, ...] = Field(("pen", "question", "stopped", "done", "empty"), description="What it calls for.")
    digest_at: str = Field(
        "18:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="When the digest of a day is sent."
    )

    @property
    def shown(self) -> str:
        """The channel in messages, without its address."""
        return type(self).__name__.removesuffix("Channel").lower()


class NtfyChannel(_Channel):
    """A topic of an ntfy server."""

    ntfy: str = Field(pattern=r"^https?://[^/\s]+/\S+$", description="Address of the topic: https://ntfy.sh/my-studio.")
    token: str = Field("", description="Access token of a protected topic.")


class WebhookChannel(_Channel):
    """A program that receives JSON by POST."""

    webhook: str = Field(pattern=r"^https?://[^/\s]+\S*$", description="Its address.")
    token: str = Field("", description="Sent as a bearer token.")


class MailChannel(_Channel):
    """An e-mail address, and the server that sends."""

    mail: str = Field(pattern=r"^[^@\s]+@[^@\s]+$", description="To whom.")
    server: str = Field(min_length=1, description="SMTP server.")
    port: int = Field(587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: str = ""
    sender: str = Field("", description="From whom. Default: the same as `mail`.")


Channel = NtfyChannel | WebhookChannel | MailChannel
_CHANNELS = TypeAdapter(Annotated[tuple[Channel, ...], Field(min_length=1)])
_KINDS: dict[str, type[Channel]] = {"ntfy": NtfyChannel, "webhook": WebhookChannel, "mail": MailChannel}


def load_channels(path: Path) -> tuple[Channel, ...]:
    """The channels of a file. Raises StudioError with all faults; it quotes no value, because values can be secret."""
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        why = getattr(error, "strerror", None) or "it is not YAML"
        raise StudioError(f"{path}: cannot be read ({why})") from None
    if not isinstance(given, list) or not given:
        raise StudioError(f"{path}: is not a list of channels; write '- ntfy: https://ntfy.sh/my-studio'")
    faults: list[str] = []
    found = tuple(_channel(path, number, each, faults) for number, each in enumerate(given, 1))
    if faults:
        raise StudioError("\n".join(faults))
    return _CHANNELS.validate_python(tuple(each for each in found if each is not None))


def _channel(path: Path, number: int, given: Any, faults: list[str]) -> Channel | None:
    where = f"{path}: channel {number}"
    kinds = [name for name in _KINDS if isinstance(given, dict) and name in given]
    if len(kinds) != 1:
        faults.append(f"{where}: has {len(kinds) or 'none'} of {', '.join(_KINDS)}; it needs one of them")
        return None
    try:
        return _KINDS[kinds[0]].model_validate(given)
    except ValidationError as error:
        faults += [f"{where}: {'.'.join(map(str, f['loc']))}: {f['msg']}" for f in error.errors(include_input=False)]
        return None
