"""The keys of a Salesforce connection, checked whole."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Field, SecretStr, model_validator

from connector.crm.http import refuse_insecure
from connector.crm.quota import Quota
from scoring.document import Schema

API_VERSION = "62.0"
"""The version of every REST, Bulk and SOAP address, unless a connection names another."""

_SHARED_HOSTS = ("login.salesforce.com", "test.salesforce.com")
_NEEDED: dict[str, tuple[str, ...]] = {
    "client_credentials": ("client_id", "client_secret"),
    "jwt": ("client_id", "username"),
    "refresh_token": ("client_id", "refresh_token"),
    "password": ("username", "password"),
}


def _version(value: str) -> str:
    if not re.fullmatch(r"\d{2}\.0", value):
        raise ValueError(f'must look like "{API_VERSION}"')
    return value


class SalesforceSettings(Schema):
    """How one Salesforce org is reached, and how much of it may be used."""

    model_config = ConfigDict(hide_input_in_errors=True)

    login_url: Annotated[str, AfterValidator(refuse_insecure)] = "https://login.salesforce.com"
    auth: Literal["client_credentials", "jwt", "refresh_token", "password"]
    client_id: str | None = None
    client_secret: SecretStr | None = None
    username: str | None = None
    password: SecretStr | None = None
    security_token: SecretStr | None = None
    private_key: SecretStr | None = None
    private_key_file: str | None = None
    refresh_token: SecretStr | None = None
    object: Annotated[str, Field(pattern=r"^[A-Za-z]\w*$")] = "Lead"
    api_version: Annotated[str, AfterValidator(_version)] = API_VERSION
    overlap_minutes: Annotated[int, Field(ge=0, le=1440)] = 10
    bulk_above: Annotated[int, Field(ge=200, le=100_000)] = 2000
    quota: Quota = 0.4

    @model_validator(mode="after")
    def _has_what_its_login_needs(self) -> SalesforceSettings:
        missing = [f'"{key}" is missing' for key in _NEEDED[self.auth] if not getattr(self, key)]
        if self.auth == "jwt" and bool(self.private_key) == bool(self.private_key_file):
            missing.append('exactly one of "private_key" and "private_key_file" is needed')
        if self.auth == "client_credentials" and self._host in _SHARED_HOSTS:
            missing.append(
                '"login_url" must be your My Domain address (https://NAME.my.salesforce.com), '
                f"not {self._host}"
            )
        if missing:
            raise ValueError(f"auth: {self.auth} needs more: {'; '.join(missing)}")
        return self

    @property
    def _host(self) -> str:
        return urlsplit(self.login_url).hostname or ""
