"""What alerts need of a deployment's settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from fom.domain.alerts import parse_zone
from fom.errors import InvalidInput
from fom.services.deployment import DeploymentSettings, find_secret


class AlertSettings(DeploymentSettings, Protocol):
    """The settings as the environment gives them."""

    @property
    def mission(self) -> str: ...
    @property
    def mission_zone(self) -> str: ...
    @property
    def smtp_url(self) -> str: ...
    @property
    def mail_from(self) -> str: ...
    @property
    def public_url(self) -> str: ...
    @property
    def webhook_hosts(self) -> str: ...
    @property
    def webhook_private(self) -> str: ...
    @property
    def shown_days(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Outside:
    """The ways out of the service: mail server, and the origins that may be called."""

    mission: str = "Mission"
    zone_min: int = 0
    smtp_url: str = ""
    mail_from: str = ""
    public_url: str = ""
    origins: frozenset[str] = frozenset()
    """`scheme://host:port`, always with the port."""
    is_private_allowed: bool = False
    secret: str = ""

    @classmethod
    def of(cls, settings: AlertSettings) -> Outside:
        """Return them of a deployment's settings."""
        listed = (part.strip() for part in settings.webhook_hosts.split(","))
        return cls(
            mission=settings.mission,
            zone_min=parse_zone(settings.mission_zone),
            smtp_url=settings.smtp_url,
            mail_from=settings.mail_from,
            public_url=settings.public_url.rstrip("/"),
            origins=frozenset(filter(None, (origin_of(part) for part in listed if part))),
            is_private_allowed=settings.webhook_private == "yes",
            secret=find_secret(settings) or "",
        )

    def check_webhook(self, url: str) -> None:
        """Refuse with InvalidInput an address that the administrator did not list."""
        if len(url) > 500 or not url.isascii() or any(ord(c) <= 32 for c in url):
            raise InvalidInput.single("webhook", repr(url)[:80], "an address of at most 500 characters without spaces")
        if origin_of(url) not in self.origins:
            known = ", ".join(sorted(self.origins)) or "none: the setting FOM_WEBHOOK_HOSTS is empty"
            raise InvalidInput.single("webhook", url[:80], f"an address at one of the listed origins ({known})")


def origin_of(url: str) -> str | None:
    """Return `scheme://host:port` of an address, None where it is none or names a person."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        return None
    has_person = parts.username is not None or parts.password is not None
    if parts.scheme not in ("https", "http") or not parts.hostname or has_person or "\\" in url:
        return None
    return f"{parts.scheme}://{parts.hostname.lower()}:{port}"
