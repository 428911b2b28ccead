"""The settings of accounts."""

from typing import Annotated

from pydantic import AfterValidator, AnyHttpUrl, Field, SecretStr

from ..limits import parse_limit
from ..settings_group import DeploymentExample, SettingsGroup
from ..tokens import SHORTEST_KEY

FEWEST_CHARACTERS = 10
"""Different characters of a key in production at least; openssl rand -hex 32 gives more."""

_SEQUENCE = 4
"""Characters of the sequences that hardly ever occur twice in a random key."""


def _check_key(value: SecretStr | None) -> SecretStr | None:
    if value is not None:
        _check_length(value.get_secret_value())
    return value


def _check_fallbacks(value: SecretStr | None) -> SecretStr | None:
    for key in _separated(value):
        _check_length(key)
    return value


def _check_length(key: str) -> None:
    if len(key.encode()) < SHORTEST_KEY:
        raise ValueError(f"must have at least {SHORTEST_KEY} bytes; openssl rand -hex 32 makes one")


def _separated(value: SecretStr | None) -> list[str]:
    return [] if value is None else [key.strip() for key in value.get_secret_value().split(",")]


def _is_guessable(key: str) -> bool:
    sequences = [key[start : start + _SEQUENCE] for start in range(len(key) - _SEQUENCE + 1)]
    repeats_itself = len(set(sequences)) < len(sequences) * 3 / 4
    return repeats_itself or len(set(key)) < FEWEST_CHARACTERS


def _check_limit[Text: str | None](text: Text) -> Text:
    if text is not None:
        parse_limit(text)
    return text


Rate = Annotated[str, AfterValidator(_check_limit)]


class AccountSettings(SettingsGroup):
    """Accounts."""

    secret_key: Annotated[
        SecretStr | None,
        AfterValidator(_check_key),
        Field(description="Signs tokens: openssl rand -hex 32; unset: new at each start."),
    ] = None
    secret_key_fallbacks: Annotated[
        SecretStr | None,
        AfterValidator(_check_fallbacks),
        Field(description="Former keys that still verify tokens, comma-separated."),
    ] = None
    access_token_minutes: Annotated[
        int, Field(description="Minutes for which an access token is valid.", ge=1, le=1440)
    ] = 15
    refresh_token_days: Annotated[
        int, Field(description="Days for which a session can be refreshed.", ge=1, le=3650)
    ] = 30
    reset_token_minutes: Annotated[
        int, Field(description="Minutes for which an emailed reset token is valid.", ge=1, le=1440)
    ] = 30
    verification_token_hours: Annotated[
        int,
        Field(description="Hours for which an emailed verification token is valid.", ge=1, le=720),
    ] = 24
    registration_enabled: Annotated[bool, Field(description="Allow registration.")] = True
    email_verification_required: Annotated[
        bool,
        Field(description="Require a verified email to log in; off reveals accounts."),
    ] = True
    account_pages_url: Annotated[
        AnyHttpUrl | None,
        Field(description="URL of /verify-email and /reset-password; unset: no links."),
    ] = None
    audit_retention_days: Annotated[
        int,
        Field(description="Days after which `make prune` removes audit entries.", ge=1, le=36500),
    ] = 365
    unverified_user_days: Annotated[
        int,
        Field(description="Days after which `make prune` removes unverified users.", ge=1, le=3650),
    ] = 30
    rate_limit_user: Annotated[
        str | None,
        AfterValidator(_check_limit),
        Field(description="Limit of users, in place of RATE_LIMIT_DEFAULT; unset: the same."),
    ] = None
    rate_limit_login: Annotated[Rate, Field(description="Limit of login attempts.")] = "5/minute"
    rate_limit_account: Annotated[
        Rate, Field(description="Limit of logins to one account, from wherever they are new.")
    ] = "30/hour,100/day"
    rate_limit_register: Annotated[Rate, Field(description="Limit of registrations.")] = "3/minute"
    rate_limit_refresh: Annotated[Rate, Field(description="Limit of token refreshes.")] = (
        "10/minute"
    )
    rate_limit_logout: Annotated[Rate, Field(description="Limit of logouts.")] = "20/minute"
    rate_limit_me: Annotated[Rate, Field(description="Limit of reads of the own account.")] = (
        "60/minute"
    )
    rate_limit_reset: Annotated[
        Rate, Field(description="Limit of emails, and of uses of their tokens.")
    ] = "3/minute"

    @classmethod
    def deployment_examples(cls) -> dict[str, DeploymentExample]:
        """Return what a deployment may set."""
        return {
            "secret_key": DeploymentExample(""),
            "account_pages_url": DeploymentExample(
                "https://app.example.com/account", "https://app.staging.example.com/account"
            ),
        }

    def production_issues(self) -> list[str]:
        """Return what must not be so in production."""
        findings = []
        if self.account_pages_url is not None and self.account_pages_url.scheme != "https":
            findings.append("ACCOUNT_PAGES_URL: is not https, which its links with tokens need")
        if self.secret_key is None:
            return [*findings, "SECRET_KEY: is not set; openssl rand -hex 32 makes one"]
        named = [("SECRET_KEY", key) for key in self.keys[:1]]
        named += [("SECRET_KEY_FALLBACKS", key) for key in self.keys[1:]]
        return findings + [
            f"{name}: can be guessed, for it repeats itself; openssl rand -hex 32 makes one"
            for name, key in named
            if _is_guessable(key)
        ]

    @property
    def keys(self) -> list[str]:
        """The keys, the one that signs first; none where one is to be made."""
        if self.secret_key is None:
            return []
        return [self.secret_key.get_secret_value(), *_separated(self.secret_key_fallbacks)]
