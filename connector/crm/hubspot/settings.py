"""The connection keys of a HubSpot portal in leadgate.yaml."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from connector.crm.http import refuse_insecure
from connector.crm.quota import Quota
from scoring.document import Schema

_OAUTH_KEYS = ("client_id", "client_secret", "refresh_token")


class HubSpotSettings(Schema):
    """Where the portal is, who we are there, and how much of its limits we may use."""

    token: SecretStr | None = None
    """Of a private app or a service key; it does not run out by itself."""
    client_id: str | None = None
    client_secret: SecretStr | None = None
    refresh_token: SecretStr | None = None
    base_url: Annotated[str, AfterValidator(refuse_insecure)] = "https://api.hubapi.com"
    object: Literal["contacts", "leads"] = "contacts"
    overlap_minutes: int = Field(5, ge=0, le=1440)
    """Every pull begins this much before the last one ended, because search lags behind."""
    quota: Quota = 0.4
    """The share of the portal's calls per day that we may use, all commands together, or their number."""
    burst: int = Field(190, ge=1, le=1000)
    """Calls per 10 seconds; searches are not among them."""
    search_per_second: int = Field(5, ge=1, le=100)

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        given = [key for key in _OAUTH_KEYS if _filled(getattr(self, key))]
        if _filled(self.token):
            if given:
                raise ValueError(
                    f"token and {', '.join(given)} exclude each other; keep one way in"
                )
            return self
        missing = [key for key in _OAUTH_KEYS if key not in given]
        if given and missing:
            raise ValueError(f"missing for OAuth: {', '.join(missing)}")
        if missing:
            raise ValueError(
                "missing: token (of a private app or service key), or all of "
                + ", ".join(_OAUTH_KEYS)
            )
        return self


def _filled(value: str | SecretStr | None) -> bool:
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    return bool(text and text.strip())
