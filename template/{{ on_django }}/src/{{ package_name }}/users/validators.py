"""The rule for new passwords, where Django asks for it: in its forms and commands."""

from django.core.exceptions import ValidationError
from pydantic import TypeAdapter
from pydantic import ValidationError as ModelError

from slipway_kit.accounts.fields import NewPassword
from slipway_kit.passwords import LONGEST, OWN_EMAIL, SHORTEST, is_email

_RULE: TypeAdapter[object] = TypeAdapter(NewPassword)


class NewPasswordValidator:
    """Takes what the API takes; its messages do not repeat what was given."""

    def validate(self, password: str, user: object = None) -> None:
        """Let a password pass.

        Raises:
            ValidationError: It does not do.
        """
        try:
            _RULE.validate_python(password)
        except ModelError as error:
            errors = error.errors(include_url=False, include_input=False, include_context=False)
            raise ValidationError([each["msg"] for each in errors]) from None
        if is_email(password, getattr(user, "email", "")):
            raise ValidationError(f"The password {OWN_EMAIL}.")

    def get_help_text(self) -> str:
        """Return the help text of a form."""
        return f"The password has {SHORTEST} to {LONGEST} characters, and is not a common one."
