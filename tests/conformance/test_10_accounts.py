"""Section 10: accounts."""

import base64
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.support.accounts import (
    AUDIT,
    AUTH,
    PASSWORD,
    USERS,
    Visitor,
    create_user,
    new_email,
)
from tests.support.mail import Mailbox
from tools.questions import Answers

ITEMS = "/api/v1/items"
PROBLEM = "application/problem+json"
# What differs from answer to answer, whatever was asked.
EPHEMERAL = {"x-correlation-id", "date", "x-process-time", "server-timing"}
PATIENCE = 60.0
SECRET = "planted-secret-7a41"  # noqa: S105 -- looked for where it must not be


@pytest.fixture(autouse=True)
def _only_with_accounts(answers: Answers) -> None:
    if answers.get("auth", "none") == "none":
        pytest.skip("accounts were not chosen")


@pytest.fixture
def visitor(http: httpx2.Client) -> Visitor:
    """Somebody new."""
    return Visitor(http)


@pytest.fixture(scope="session")
def ann(admin: Visitor) -> Visitor:
    """A user whom no test harms."""
    return create_user(admin).log_in()


@pytest.fixture
def bob(admin: Visitor) -> Visitor:
    """A user for one test."""
    return create_user(admin).log_in()


def _code(answer: httpx2.Response) -> tuple[int, str | None]:
    if answer.status_code < 400:
        return answer.status_code, None
    assert answer.headers["Content-Type"] == PROBLEM
    assert answer.headers["X-Correlation-ID"] == answer.json()["correlation_id"]
    return answer.status_code, answer.json()["code"]


def _refresh(visitor: Visitor, token: str | None = None) -> httpx2.Response:
    body = {"refresh_token": token or visitor.refresh_token}
    return Visitor(visitor.http).post(f"{AUTH}/refresh", body)


def _login(visitor: Visitor, email: str, password: str) -> httpx2.Response:
    return visitor.post(f"{AUTH}/login", {"email": email, "password": password})


def _shown(answer: httpx2.Response) -> tuple[int, dict[str, str], Any]:
    """Return all of an answer but what differs from answer to answer."""
    headers = {name: text for name, text in answer.headers.items() if name not in EPHEMERAL}
    body = answer.json()
    for key in ("correlation_id", "timestamp"):
        body.pop(key, None)
    return answer.status_code, headers, body


class TestRegistration:
    """An account is made, and opened by a mail."""

    def test_a_mailed_token_opens_the_account_once(
        self, visitor: Visitor, mailbox: Mailbox
    ) -> None:
        email = new_email()
        body = {"email": email, "password": PASSWORD, "name": "New"}

        assert visitor.post(f"{AUTH}/register", body).status_code == 202
        before = _login(visitor, email, PASSWORD)
        token = mailbox.token(email)
        first = visitor.post(f"{AUTH}/verify-email", {"token": token})
        second = visitor.post(f"{AUTH}/verify-email", {"token": token})
        after = _login(visitor, email, PASSWORD)

        assert _code(before) == (401, "INVALID_CREDENTIALS")
        assert first.status_code == 204
        assert _code(second) == (400, "INVALID_TOKEN")
        assert after.status_code == 200

    @pytest.mark.parametrize("used", [0, 1])
    def test_another_verification_mail_leaves_the_token_of_the_one_before(
        self, visitor: Visitor, mailbox: Mailbox, used: int
    ) -> None:
        email = new_email()
        visitor.post(f"{AUTH}/register", {"email": email, "password": PASSWORD})
        tokens = [mailbox.token(email)]

        again = Visitor(visitor.http).post(f"{AUTH}/verify-email/request", {"email": email})
        tokens.append(mailbox.token(email, 2))
        tried = [
            visitor.post(f"{AUTH}/verify-email", {"token": token}).status_code
            for token in (tokens[used], tokens[1 - used])
        ]

        assert again.status_code == 202
        assert tried == [204, 400]

    @pytest.mark.parametrize("used", [0, 1, 2])
    def test_whoever_registers_an_address_as_well_never_decides_its_password(
        self, visitor: Visitor, mailbox: Mailbox, used: int
    ) -> None:
        email, passwords = new_email(), ["the owner's password", "a stranger's password"]
        for password in passwords:
            visitor.post(f"{AUTH}/register", {"email": email, "password": password})
            mailbox.token(email, 1 + passwords.index(password))
        visitor.post(f"{AUTH}/verify-email/request", {"email": email})
        tokens = [mailbox.token(email, number) for number in (1, 2, 3)]

        answered = Visitor(visitor.http).post(f"{AUTH}/verify-email", {"token": tokens[used]})
        before = [_login(visitor, email, each).status_code for each in passwords]
        body = {"token": mailbox.token(email, subject="choose your"), "password": PASSWORD}
        chosen = Visitor(visitor.http).post(f"{AUTH}/reset-password", body)

        assert (answered.status_code, before, chosen.status_code) == (204, [401, 401], 204)
        assert _login(visitor, email, PASSWORD).status_code == 200

    def test_an_address_is_one_whatever_its_capitals(self, ann: Visitor, visitor: Visitor) -> None:
        assert _login(visitor, ann.email.upper(), ann.password).status_code == 200

    def test_the_owner_of_an_address_learns_of_a_second_registration_by_mail(
        self, ann: Visitor, visitor: Visitor, mailbox: Mailbox
    ) -> None:
        body = {"email": ann.email, "password": "another password", "name": "Not Ann"}

        assert visitor.post(f"{AUTH}/register", body).status_code == 202

        mail = mailbox.wait(ann.email, subject="already")
        assert ann.email == mail["To"]
        assert "another password" not in mail.get_content()
        assert _login(visitor, ann.email, "another password").status_code == 401
        assert _login(visitor, ann.email, ann.password).status_code == 200

    @pytest.mark.parametrize(("length", "status"), [(7, 422), (8, 202), (128, 202), (129, 422)])
    def test_a_password_has_8_to_128_characters(
        self, visitor: Visitor, length: int, status: int
    ) -> None:
        password = (SECRET * 10)[: length - 1] + "✓"

        answer = visitor.post(f"{AUTH}/register", {"email": new_email(), "password": password})

        assert answer.status_code == status
        assert SECRET not in answer.text
        if status == 422:
            assert [error["loc"] for error in answer.json()["errors"]] == [["body", "password"]]

    @pytest.mark.parametrize("way", ["register", "create", "change", "reset"])
    def test_a_common_password_and_the_own_email_are_refused(
        self, admin: Visitor, ann: Visitor, mailbox: Mailbox, way: str
    ) -> None:
        someone = Visitor(ann.http, ann.email if way in {"change", "reset"} else new_email())
        body: dict[str, Any] = {"email": someone.email}
        path, field = f"{AUTH}/register", "password"
        match way:
            case "create":
                someone, path = admin, USERS
            case "change":
                someone, path, field = ann, f"{AUTH}/change-password", "new_password"
                body = {"current_password": ann.password}
            case "reset":
                number = 1 + len(mailbox.mails(ann.email))
                someone.post(f"{AUTH}/reset-password/request", body)
                path, body = f"{AUTH}/reset-password", {"token": mailbox.token(ann.email, number)}
        email = ann.email if way in {"change", "reset"} else body["email"]

        refused = [
            someone.post(path, body | {field: password}, headers={"X-Forwarded-For": at})
            for at, password in (
                ("10.9.0.1", "password"),
                ("10.9.0.2", "12345678"),
                ("10.9.0.3", "Qwerty123"),
                ("10.9.0.4", email.title()),
                ("10.9.0.5", email.partition("@")[0]),
            )
        ]

        assert [_code(answer) for answer in refused] == [(422, "VALIDATION_FAILED")] * 5
        assert {str(answer.json()["errors"][0]["loc"]) for answer in refused} == {
            str(["body", field])
        }
        assert _login(Visitor(ann.http), ann.email, ann.password).status_code == 200

    @pytest.mark.parametrize(
        "email", ["", "ann", "ann@", "@example.com", "a b@example.com", "a@b\n.com", "x" * 300]
    )
    def test_what_is_no_address_is_refused(self, visitor: Visitor, email: str) -> None:
        answer = visitor.post(f"{AUTH}/register", {"email": email, "password": PASSWORD})

        assert _code(answer) == (422, "VALIDATION_FAILED")

    @pytest.mark.parametrize(
        ("path", "body"),
        [("register", {"email": "ann@example.com"}), ("reset-password", {"token": "x"})],
    )
    def test_a_password_of_broken_characters_is_refused(
        self, visitor: Visitor, path: str, body: dict[str, Any]
    ) -> None:
        answer = visitor.send(
            "POST",
            f"{AUTH}/{path}",
            content=json.dumps(body | {"password": "\ud800" * 8}),
            headers={"Content-Type": "application/json"},
        )

        assert _code(answer) == (422, "VALIDATION_FAILED")

    def test_nobody_registers_a_role(self, visitor: Visitor) -> None:
        body = {"email": new_email(), "password": PASSWORD, "role": "admin"}

        assert visitor.post(f"{AUTH}/register", body).status_code == 422


class TestLogin:
    """A session is opened."""

    @pytest.mark.parametrize("kind", ["JSON", "OAuth 2.0 form"])
    def test_it_gives_a_pair_of_tokens_that_nobody_may_store(
        self, ann: Visitor, visitor: Visitor, kind: str
    ) -> None:
        if kind != "JSON":
            fields = {"grant_type": "password", "username": ann.email, "password": ann.password}
            # What the documentation's button sends besides.
            answer = visitor.send("POST", f"{AUTH}/login", data=fields | {"scope": ""})
        else:
            answer = _login(visitor, ann.email, ann.password)

        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        pair = answer.json()
        assert pair["token_type"] == "bearer"  # noqa: S105 -- a kind, no token
        assert pair["expires_in"] == 15 * 60
        assert pair["refresh_expires_in"] == pytest.approx(30 * 24 * 3600, abs=60)
        assert pair["access_token"].count(".") == 2
        assert len(pair["refresh_token"]) >= 43, "256 bits at least"

    @pytest.mark.parametrize("kind", ["json", "x-www-form-urlencoded"])
    def test_a_body_that_is_larger_than_a_login_is_refused(
        self, visitor: Visitor, kind: str
    ) -> None:
        headers = {"Content-Type": f"application/{kind}"}

        answer = visitor.send("POST", f"{AUTH}/login", content=b"%" * 10_000, headers=headers)

        assert answer.status_code == 413
        assert answer.json()["code"] == "CONTENT_TOO_LARGE"

    def test_the_document_leads_to_it(self, document: dict[str, Any]) -> None:
        schemes = document["components"]["securitySchemes"].values()
        flows = [scheme["flows"]["password"] for scheme in schemes if scheme["type"] == "oauth2"]

        assert [flow["tokenUrl"] for flow in flows] == [f"{AUTH}/login"]
        # The flow documents the form; generators of clients take one body for an operation.
        content = document["paths"][f"{AUTH}/login"]["post"]["requestBody"]["content"]
        assert set(content) == {"application/json"}

    @pytest.mark.parametrize("password", ["", "wrong", PASSWORD + " ", PASSWORD.upper()])
    def test_a_wrong_password_is_refused(
        self, ann: Visitor, visitor: Visitor, password: str
    ) -> None:
        answer = _login(visitor, ann.email, password)

        assert _code(answer) == (401, "INVALID_CREDENTIALS")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")

    def test_many_wrong_passwords_close_an_address_to_one_client_and_not_to_its_owner(
        self, bob: Visitor, visitor: Visitor
    ) -> None:
        tried = [_login(visitor, bob.email, "wrong password").status_code for _ in range(5)]
        # A slow machine may let one or two come back.
        while tried[-1] == 401 and len(tried) < 20:
            tried.append(_login(visitor, bob.email, "wrong password").status_code)

        assert tried[:5] == [401] * 5
        assert tried[-1] == 429
        assert _login(Visitor(visitor.http), bob.email, bob.password).status_code == 200

    def test_guesses_from_everywhere_close_an_account_to_strangers_and_not_to_its_owner(
        self, bob: Visitor, mailbox: Mailbox
    ) -> None:
        tried = [401]
        while tried[-1] == 401 and len(tried) < 60:
            tried.append(_login(Visitor(bob.http), bob.email, "wrong password").status_code)
        stranger = _login(Visitor(bob.http), bob.email, bob.password)
        owner = _login(Visitor(bob.http, address=bob.address), bob.email, bob.password)

        assert len(tried) > 30
        assert _code(stranger) == (429, "RATE_LIMITED")
        assert int(stranger.headers["Retry-After"]) >= 1
        assert owner.status_code == 200
        assert bob.password not in mailbox.wait(bob.email, subject="many failed").get_content()

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"content": b"{"}, 422),
            ({"content": b"[]"}, 422),
            ({"content": b'{"email": 1, "password": 2}'}, 422),
            ({"content": b'{"email": "a@example.com"}'}, 422),
            ({"content": b'{"email": "a@example.com", "password": "\\ud800\\ud800"}'}, 422),
            ({"content": b"\xff"}, 422),
            ({"content": b"1" * 5000}, 422),
            ({"content": b"{}", "headers": {"Content-Type": "text/plain"}}, 415),
            ({"data": {"username": "ann@example.com"}}, 422),
            ({"data": {"username": "a@example.com", "password": "x" * 129}}, 422),
            ({"data": {str(number): "" for number in range(1000)}}, 400),
        ],
    )
    def test_what_is_no_login_is_refused(
        self, http: httpx2.Client, body: dict[str, Any], status: int
    ) -> None:
        if "content" in body:
            body = {"headers": {"Content-Type": "application/json"}} | body

        answer = Visitor(http).send("POST", f"{AUTH}/login", **body)

        assert answer.status_code == status
        assert "xxx" not in answer.text


class TestSession:
    """Tokens are read, renewed and revoked."""

    def test_a_token_says_whose_it_is(self, ann: Visitor) -> None:
        me, report = ann.get(f"{AUTH}/me"), ann.get(f"{AUTH}/verify")

        assert me.json()["email"] == ann.email
        assert report.json()["user_id"] == me.json()["id"]
        assert report.json()["role"] == "user"

    def test_no_response_of_accounts_may_be_stored(self, ann: Visitor, visitor: Visitor) -> None:
        answers = [
            ann.get(f"{AUTH}/me"),
            ann.get(f"{AUTH}/verify"),
            visitor.get(f"{AUTH}/me"),
            _login(visitor, new_email(), "wrong"),
            visitor.post(f"{AUTH}/login", {}),
        ]

        assert [answer.status_code for answer in answers] == [200, 200, 401, 401, 422]
        assert {answer.headers.get("Cache-Control") for answer in answers} == {"no-store"}

    def test_a_refresh_gives_another_pair(self, bob: Visitor) -> None:
        answer = _refresh(bob)

        pair = answer.json()
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        assert pair["refresh_token"] != bob.refresh_token
        assert pair["access_token"] != bob.access
        assert bob.with_tokens(pair).get(f"{AUTH}/me").status_code == 200
        assert _refresh(bob, pair["refresh_token"]).status_code == 200

    def test_a_reused_refresh_token_ends_its_family_and_no_other(self, bob: Visitor) -> None:
        other = bob.elsewhere()
        newest = bob.with_tokens(_refresh(bob).json())

        assert _code(_refresh(bob)) == (401, "INVALID_REFRESH_TOKEN")

        assert _code(_refresh(newest)) == (401, "INVALID_REFRESH_TOKEN")
        assert newest.get(f"{AUTH}/me").status_code == 401
        assert bob.get(f"{AUTH}/me").status_code == 401
        assert other.get(f"{AUTH}/me").status_code == 200
        assert _refresh(other).status_code == 200

    def test_a_logout_ends_this_session_at_once(self, bob: Visitor) -> None:
        other = bob.elsewhere()

        assert bob.post(f"{AUTH}/logout").status_code == 204

        assert _code(bob.get(f"{AUTH}/me")) == (401, "UNAUTHENTICATED")
        assert _code(bob.get(f"{AUTH}/verify")) == (401, "UNAUTHENTICATED")
        assert _code(bob.post(f"{AUTH}/logout")) == (401, "UNAUTHENTICATED")
        assert _code(_refresh(bob)) == (401, "INVALID_REFRESH_TOKEN")
        assert other.get(f"{AUTH}/me").status_code == 200

    def test_a_logout_of_all_ends_each_session_at_once(self, bob: Visitor) -> None:
        others = [bob.elsewhere() for _ in range(2)]

        assert bob.post(f"{AUTH}/logout", params={"all": "true"}).status_code == 204

        for each in (bob, *others):
            assert each.get(f"{AUTH}/me").status_code == 401
            assert _refresh(each).status_code == 401

    def test_users_list_their_sessions_and_end_one(self, ann: Visitor, bob: Visitor) -> None:
        other = bob.elsewhere()
        here, there = (visitor.get(f"{AUTH}/verify").json() for visitor in (bob, other))
        path = f"{AUTH}/sessions"

        listed = bob.get(path, params={"page_size": 1}).json()
        whole = bob.get(path).json()["items"]
        of_another = ann.send("DELETE", f"{path}/{there['session_id']}")
        ended = bob.send("DELETE", f"{path}/{there['session_id']}")
        again = bob.send("DELETE", f"{path}/{there['session_id']}")

        assert (listed["total"], len(listed["items"])) == (2, 1)
        shown = {each["id"]: (each["client"], each["current"]) for each in whole}
        assert shown == {
            here["session_id"]: (bob.address, True),
            there["session_id"]: (other.address, False),
        }
        assert all("httpx" in each["user_agent"] for each in whole)
        assert _code(of_another) == (404, "SESSION_NOT_FOUND")
        assert (ended.status_code, _code(again)) == (204, (404, "SESSION_NOT_FOUND"))
        assert [each.get(f"{AUTH}/me").status_code for each in (bob, other)] == [200, 401]
        assert _refresh(other).status_code == 401
        assert Visitor(bob.http).get(path).status_code == 401

    def test_an_administrator_ends_all_sessions_of_a_user(
        self, admin: Visitor, ann: Visitor, bob: Visitor
    ) -> None:
        other, path = bob.elsewhere(), f"{USERS}/{bob.id}/sessions"

        refused = ann.send("DELETE", path)
        unknown = admin.send("DELETE", f"{USERS}/{uuid.uuid4()}/sessions")
        ended = admin.send("DELETE", path)

        assert _code(refused) == (403, "FORBIDDEN")
        assert _code(unknown) == (404, "USER_NOT_FOUND")
        assert ended.status_code == 204
        assert [each.get(f"{AUTH}/me").status_code for each in (bob, other)] == [401] * 2
        assert [_refresh(each).status_code for each in (bob, other)] == [401] * 2
        assert _login(Visitor(bob.http), bob.email, bob.password).status_code == 200

    @pytest.mark.parametrize(
        "change",
        [
            lambda _: "Bearer x",
            lambda _: "Bearer",
            lambda _: "Basic YW5uOmFubg==",
            lambda token: token,
            lambda token: f"Bearer {token[:-4]}AAAA",
            lambda token: f"Bearer {_with_header(token, alg='none')}",
            lambda token: f"Bearer {_with_header(token, alg='none').rpartition('.')[0]}.",
            lambda token: f"Bearer {'x' * 10_000}.{token}",
        ],
        ids=["none", "empty", "basic", "bare", "forged", "alg", "unsigned", "long"],
    )
    def test_what_is_no_token_is_refused(
        self, ann: Visitor, visitor: Visitor, change: Callable[[str], str]
    ) -> None:
        answer = visitor.get(f"{AUTH}/me", headers={"Authorization": change(ann.access)})

        assert _code(answer) == (401, "UNAUTHENTICATED")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")

    def test_a_refresh_token_is_no_access_token_and_the_other_way_round(self, ann: Visitor) -> None:
        bearer = {"Authorization": f"Bearer {ann.refresh_token}"}

        assert ann.get(f"{AUTH}/me", headers=bearer).status_code == 401
        assert _refresh(ann, ann.access).status_code in {401, 422}


def _with_header(token: str, **fields: str) -> str:
    head, _, rest = token.partition(".")
    header = json.loads(base64.urlsafe_b64decode(head + "=="))
    changed = json.dumps(header | fields).encode()
    return f"{base64.urlsafe_b64encode(changed).decode().rstrip('=')}.{rest}"


class TestPasswords:
    """A password is changed, or was forgotten."""

    def test_a_mailed_token_sets_another_password_once_and_ends_all_sessions(
        self, bob: Visitor, visitor: Visitor, mailbox: Mailbox
    ) -> None:
        asked = visitor.post(f"{AUTH}/reset-password/request", {"email": bob.email})
        token = mailbox.token(bob.email)
        body = {"token": token, "password": "another password"}

        first = visitor.post(f"{AUTH}/reset-password", body)
        second = visitor.post(f"{AUTH}/reset-password", body)

        assert asked.status_code == 202
        assert first.status_code == 204
        assert _code(second) == (400, "INVALID_TOKEN")
        assert bob.get(f"{AUTH}/me").status_code == 401
        assert _refresh(bob).status_code == 401
        assert _login(visitor, bob.email, PASSWORD).status_code == 401
        assert _login(visitor, bob.email, "another password").status_code == 200
        told = mailbox.wait(bob.email, subject="changed")
        assert token not in told.get_content()

    @pytest.mark.parametrize("used", [0, 1])
    def test_a_stranger_who_asks_again_leaves_the_reset_token_of_the_first_mail(
        self, bob: Visitor, visitor: Visitor, mailbox: Mailbox, used: int
    ) -> None:
        bob.post(f"{AUTH}/reset-password/request", {"email": bob.email})
        tokens = [mailbox.token(bob.email)]
        visitor.post(f"{AUTH}/reset-password/request", {"email": bob.email})
        tokens.append(mailbox.token(bob.email, 2))

        tried = [
            bob.post(f"{AUTH}/reset-password", {"token": token, "password": PASSWORD}).status_code
            for token in (tokens[used], tokens[1 - used])
        ]

        assert tried == [204, 400]

    def test_a_token_for_one_purpose_serves_no_other(
        self, bob: Visitor, visitor: Visitor, mailbox: Mailbox
    ) -> None:
        visitor.post(f"{AUTH}/reset-password/request", {"email": bob.email})

        answer = visitor.post(f"{AUTH}/verify-email", {"token": mailbox.token(bob.email)})

        assert _code(answer) == (400, "INVALID_TOKEN")

    def test_a_password_that_is_known_can_be_changed_and_other_sessions_end(
        self, bob: Visitor
    ) -> None:
        other = bob.elsewhere()
        path, new = f"{AUTH}/change-password", {"new_password": "another password"}

        wrong = bob.post(path, new | {"current_password": "wrong"})
        right = bob.post(path, new | {"current_password": PASSWORD})

        assert _code(wrong) == (403, "WRONG_PASSWORD")
        assert right.status_code == 204
        assert bob.get(f"{AUTH}/me").status_code == 200
        assert other.get(f"{AUTH}/me").status_code == 401
        assert _login(Visitor(bob.http), bob.email, "another password").status_code == 200

    @pytest.mark.parametrize("length", [7, 129])
    def test_bounds_are_the_same_wherever_a_password_is_set(
        self, admin: Visitor, ann: Visitor, length: int
    ) -> None:
        password = (SECRET * 10)[:length]
        token = {"token": "x" * 43, "password": password}
        change = {"current_password": PASSWORD, "new_password": password}

        answers = [
            Visitor(ann.http).post(f"{AUTH}/reset-password", token),
            ann.post(f"{AUTH}/change-password", change),
            admin.post(USERS, {"email": new_email(), "password": password}),
        ]

        assert [_code(answer) for answer in answers] == [(422, "VALIDATION_FAILED")] * 3
        assert all(SECRET not in answer.text for answer in answers)


class TestNobodyLearns:
    """Answers are the same for addresses that have an account and for those that have none."""

    def test_a_login_fails_alike(self, ann: Visitor, http: httpx2.Client) -> None:
        unverified = new_email()
        Visitor(http).post(f"{AUTH}/register", {"email": unverified, "password": PASSWORD})

        known = _shown(_login(Visitor(http), ann.email, "wrong password"))
        unknown = _shown(_login(Visitor(http), new_email(), "wrong password"))
        waiting = _shown(_login(Visitor(http), unverified, PASSWORD))

        assert known[0] == 401
        assert known == unknown == waiting

    @pytest.mark.parametrize("path", ["register", "reset-password/request", "verify-email/request"])
    def test_what_is_mailed_gets_the_same_response(
        self, ann: Visitor, http: httpx2.Client, path: str
    ) -> None:
        extra = {"password": PASSWORD} if path == "register" else {}
        known, unknown = (
            _shown(Visitor(http).post(f"{AUTH}/{path}", {"email": email} | extra))
            for email in (ann.email, new_email())
        )

        assert known[0] == 202
        assert known == unknown

    def test_another_user_is_as_unknown_as_nobody(
        self, ann: Visitor, bob: Visitor, admin: Visitor
    ) -> None:
        assert admin.email
        another, nobody = (bob.get(f"{USERS}/{id_}") for id_ in (ann.id, uuid.uuid4()))

        shown = [_shown(answer) for answer in (another, nobody)]
        for _, headers, body in shown:
            body.pop("instance")
            # The second request of the two leaves one less.
            headers.pop("x-ratelimit-remaining")
            headers.pop("x-ratelimit-reset")
        assert shown[0][0] == 404
        assert shown[0] == shown[1]

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("login", {"email": "ann@example.com", "password": SECRET}),
            ("login", {"email": "ann@example.com", "password": SECRET * 10}),
            ("login", {"email": SECRET, "password": SECRET}),
            ("register", {"email": "ann", "password": SECRET}),
            ("register", {"email": "ann@example.com", "password": [SECRET]}),
            ("refresh", {"refresh_token": SECRET}),
            ("refresh", {"refresh_token": SECRET + "!"}),
            ("verify-email", {"token": SECRET}),
            ("reset-password", {"token": SECRET, "password": SECRET}),
            ("reset-password", {"token": SECRET + "!", "password": "x"}),
        ],
    )
    def test_no_error_repeats_a_secret(
        self, visitor: Visitor, path: str, body: dict[str, Any]
    ) -> None:
        answer = visitor.post(f"{AUTH}/{path}", body)

        assert 400 <= answer.status_code < 500
        assert SECRET not in answer.text
        assert SECRET not in str(answer.headers)


class TestUsers:
    """Administrators see all users, others themselves."""

    def test_an_administrator_makes_lists_changes_deletes_and_restores_a_user(
        self, admin: Visitor
    ) -> None:
        email = new_email()
        made = admin.post(USERS, {"email": email, "name": "Eve", "password": PASSWORD})
        place = made.headers["Location"]

        assert made.status_code == 201
        assert "password" not in made.text
        assert admin.get(place).json() == made.json()
        listed = admin.get(USERS, params={"filter": email.upper()}).json()
        assert [user["id"] for user in listed["items"]] == [made.json()["id"]]
        assert admin.send("PATCH", place, json={"name": "Eva"}).json()["name"] == "Eva"
        assert admin.send("PUT", f"{place}/role", json={"role": "admin"}).status_code == 200
        found = admin.get(USERS, params={"filter": email, "role": "user"}).json()
        assert found["total"] == 0
        assert admin.send("DELETE", place).status_code == 204
        assert _code(admin.send("DELETE", place)) == (404, "USER_NOT_FOUND")
        totals = {
            deleted: admin.get(USERS, params={"filter": email, "deleted": deleted}).json()["total"]
            for deleted in ("no", "yes", "also")
        }
        assert totals == {"no": 0, "yes": 1, "also": 1}
        assert admin.post(f"{place}/restore").json()["deleted_at"] is None

    def test_an_address_belongs_to_one(self, admin: Visitor, ann: Visitor, bob: Visitor) -> None:
        made = admin.post(USERS, {"email": ann.email.upper(), "password": PASSWORD})
        moved = bob.send(
            "PATCH", f"{USERS}/{bob.id}", json={"email": ann.email, "current_password": PASSWORD}
        )

        assert _code(made) == (409, "EMAIL_TAKEN")
        assert (moved.status_code, moved.json()["email"]) == (200, bob.email)

    def test_someone_invited_chooses_a_password_by_mail(
        self, admin: Visitor, visitor: Visitor, mailbox: Mailbox
    ) -> None:
        email = new_email()
        assert admin.post(USERS, {"email": email}).status_code == 201

        body = {"token": mailbox.token(email), "password": PASSWORD}

        assert visitor.post(f"{AUTH}/reset-password", body).status_code == 204
        assert _login(visitor, email, PASSWORD).status_code == 200

    def test_a_user_changes_oneself_and_nobody_else(self, ann: Visitor, bob: Visitor) -> None:
        mine, others = f"{USERS}/{bob.id}", f"{USERS}/{ann.id}"

        assert bob.send("PATCH", mine, json={"name": "Bobby"}).json()["name"] == "Bobby"
        assert _code(bob.send("PATCH", others, json={"name": "x"})) == (404, "USER_NOT_FOUND")
        assert bob.send("PATCH", mine, json={"role": "admin"}).status_code == 422
        assert _code(bob.send("PUT", f"{mine}/role", json={"role": "admin"})) == (403, "FORBIDDEN")
        assert _code(bob.send("DELETE", mine)) == (403, "FORBIDDEN")
        assert _code(bob.get(USERS)) == (403, "FORBIDDEN")
        assert _code(bob.get(AUDIT)) == (403, "FORBIDDEN")

    def test_another_address_needs_the_password_and_a_mail(
        self, bob: Visitor, mailbox: Mailbox
    ) -> None:
        place, email = f"{USERS}/{bob.id}", new_email()

        without = bob.send("PATCH", place, json={"email": email})
        with_it = bob.send("PATCH", place, json={"email": email, "current_password": PASSWORD})
        early = _login(Visitor(bob.http), email, PASSWORD)
        verified = bob.post(f"{AUTH}/verify-email", {"token": mailbox.token(email)})

        assert _code(without) == (403, "WRONG_PASSWORD")
        assert (with_it.status_code, with_it.json()["email"]) == (200, bob.email)
        assert early.status_code == 401
        assert verified.status_code == 204
        assert _login(Visitor(bob.http), email, PASSWORD).status_code == 200

    def test_a_role_counts_from_the_next_request(self, admin: Visitor, bob: Visitor) -> None:
        place = f"{USERS}/{bob.id}/role"

        statuses = []
        for role in ("admin", "user"):
            assert admin.send("PUT", place, json={"role": role}).status_code == 200
            statuses.append(bob.get(USERS).status_code)

        assert statuses == [200, 403]

    def test_a_deleted_users_tokens_die_at_once_and_a_restored_one_logs_in_again(
        self, admin: Visitor, bob: Visitor, visitor: Visitor
    ) -> None:
        place = f"{USERS}/{bob.id}"

        assert admin.send("DELETE", place).status_code == 204
        dead = [bob.get(f"{AUTH}/me"), _refresh(bob), _login(visitor, bob.email, PASSWORD)]
        assert admin.post(f"{place}/restore").status_code == 200
        still_dead = [bob.get(f"{AUTH}/me"), _refresh(bob)]

        assert [answer.status_code for answer in dead] == [401, 401, 401]
        assert [answer.status_code for answer in still_dead] == [401, 401]
        assert _login(visitor, bob.email, PASSWORD).status_code == 200

    def test_a_deleted_users_email_is_neither_free_nor_shown(
        self, admin: Visitor, bob: Visitor, visitor: Visitor
    ) -> None:
        admin.send("DELETE", f"{USERS}/{bob.id}")

        body = {"email": bob.email, "password": "another password"}
        assert visitor.post(f"{AUTH}/register", body).status_code == 202
        assert _login(visitor, bob.email, "another password").status_code == 401
        assert _code(admin.post(USERS, body)) == (409, "EMAIL_TAKEN")

    def test_items_belong_to_who_made_them(
        self, answers: Answers, admin: Visitor, ann: Visitor, bob: Visitor
    ) -> None:
        if not answers.get("example"):
            pytest.skip("the items were not chosen")
        name = f"Item {uuid.uuid4()}"
        made = ann.post(ITEMS, {"name": name})
        place = made.headers["Location"]

        def seen(by: Visitor) -> int:
            return int(by.get(ITEMS, params={"filter": name}).json()["total"])

        assert [_code(bob.get(place)), _code(bob.send("DELETE", place))] == [
            (404, "ITEM_NOT_FOUND")
        ] * 2
        assert _code(bob.send("PATCH", place, json={"quantity": 1})) == (404, "ITEM_NOT_FOUND")
        assert [seen(by) for by in (ann, bob, admin)] == [1, 0, 1]
        assert admin.get(place).status_code == 200
        assert bob.post(ITEMS, {"name": name}).status_code == 201, "a name is one of its owner's"
        assert Visitor(ann.http).get(place).status_code == 401
        assert ann.send("DELETE", place).status_code == 204


class TestAudit:
    """What happens to accounts is written down, and stays."""

    @staticmethod
    def _entries(admin: Visitor, cid: str, number: int = 1) -> list[dict[str, Any]]:
        deadline = time.monotonic() + PATIENCE
        while True:
            page = admin.get(AUDIT, params={"correlation_id": cid}).json()
            if page["total"] >= number or time.monotonic() > deadline:
                entries: list[dict[str, Any]] = page["items"]
                return entries
            time.sleep(0.05)

    def test_each_event_has_an_entry_with_who_did_it_to_whom_and_in_which_request(
        self, admin: Visitor, mailbox: Mailbox
    ) -> None:
        one, two = admin.id, create_user(admin)
        mine = two.log_in().id
        place = f"{USERS}/{mine}"
        anonymous = Visitor(admin.http)
        wrong = {"email": two.email, "password": "wrong"}
        nobody = {"email": new_email(), "password": "wrong"}
        change = {"current_password": PASSWORD, "new_password": PASSWORD}
        steps: list[tuple[Visitor, str, str, Any, list[tuple[str, str | None, str | None]]]] = [
            (anonymous, "POST", f"{AUTH}/login", wrong, [("login.failed", None, mine)]),
            (anonymous, "POST", f"{AUTH}/login", nobody, [("login.failed", None, None)]),
            (
                two,
                "POST",
                f"{AUTH}/login",
                {"email": two.email, "password": PASSWORD},
                [("login.succeeded", mine, mine)],
            ),
            (
                admin,
                "PUT",
                f"{place}/role",
                {"role": "admin"},
                [("user.role_changed", one, mine)],
            ),
            (admin, "PATCH", place, {"name": "Another"}, [("user.updated", one, mine)]),
            (
                two,
                "POST",
                f"{AUTH}/change-password",
                change,
                [("password.changed", mine, mine)],
            ),
            (
                anonymous,
                "POST",
                f"{AUTH}/reset-password/request",
                {"email": two.email},
                [("password.reset_requested", None, mine)],
            ),
            (two, "POST", f"{AUTH}/logout", None, [("logout", mine, mine)]),
            (admin, "DELETE", f"{place}/sessions", None, [("session.ended", one, mine)]),
            (admin, "DELETE", place, None, [("user.deleted", one, mine)]),
            (admin, "POST", f"{place}/restore", None, [("user.restored", one, mine)]),
        ]

        for visitor, method, path, body, expected in steps:
            cid = f"audit-{uuid.uuid4()}"
            answer = visitor.send(method, path, json=body, cid=cid)
            assert answer.status_code < 500, answer.text
            found = [
                (entry["event"], entry["actor_id"], entry["subject_id"])
                for entry in self._entries(admin, cid)
            ]
            assert found == expected, path

        # What was mailed before the deletion holds no longer.
        anonymous.post(f"{AUTH}/reset-password/request", {"email": two.email})
        token = mailbox.token(two.email, 2, subject="new password")
        cid = f"audit-{uuid.uuid4()}"
        body = {"token": token, "password": PASSWORD}
        assert anonymous.post(f"{AUTH}/reset-password", body, cid=cid).status_code == 204
        assert [entry["event"] for entry in self._entries(admin, cid)] == ["password.reset"]
        whole = admin.get(AUDIT, params={"subject_id": mine, "page_size": 100}).text
        assert token not in whole
        assert PASSWORD not in whole
        assert two.email not in whole

    def test_a_registration_and_a_reused_token_have_entries(
        self, admin: Visitor, visitor: Visitor, bob: Visitor, mailbox: Mailbox
    ) -> None:
        email, cids = new_email(), [f"audit-{uuid.uuid4()}" for _ in range(4)]
        body = {"email": email, "password": PASSWORD}
        visitor.post(f"{AUTH}/register", body, cid=cids[0])
        visitor.post(f"{AUTH}/verify-email", {"token": mailbox.token(email)}, cid=cids[1])
        visitor.post(f"{AUTH}/register", body, cid=cids[2])
        _refresh(bob)
        visitor.post(f"{AUTH}/refresh", {"refresh_token": bob.refresh_token}, cid=cids[3])

        events = [[entry["event"] for entry in self._entries(admin, cid)] for cid in cids]

        assert events == [
            ["user.registered"],
            ["user.verified"],
            ["user.registered_again"],
            ["refresh_token.reused"],
        ]

    def test_a_refused_change_leaves_no_entry(self, admin: Visitor, ann: Visitor) -> None:
        cid = f"audit-{uuid.uuid4()}"

        ann.send("DELETE", f"{USERS}/{ann.id}", cid=cid)
        admin.send("DELETE", f"{USERS}/{uuid.uuid4()}", cid=cid)

        assert admin.get(AUDIT, params={"correlation_id": cid}).json()["total"] == 0

    def test_no_operation_writes_to_it(self, admin: Visitor, document: dict[str, Any]) -> None:
        methods = {
            method
            for path, operations in document["paths"].items()
            if path.startswith(AUDIT)
            for method in operations
        }
        tried = {
            (method, path): admin.send(method, path, json={}).status_code
            for method in ("POST", "PUT", "PATCH", "DELETE")
            for path in (AUDIT, f"{AUDIT}/1")
        }

        assert methods == {"get"}
        assert set(tried.values()) <= {404, 405}

    def test_it_is_filtered_and_paged(self, admin: Visitor, bob: Visitor) -> None:
        for _ in range(2):
            bob.log_in()
        query = {"subject_id": bob.id, "event": "login.succeeded"}

        pages = [
            admin.get(AUDIT, params=query | {"page": page, "page_size": 2}).json()
            for page in (1, 2, 3)
        ]

        ids = [entry["id"] for page in pages for entry in page["items"]]
        assert [len(page["items"]) for page in pages] == [2, 1, 0]
        assert ids == sorted(ids, reverse=True)
        assert admin.get(AUDIT, params={"event": "nothing"}).status_code == 422


class TestLimits:
    """Section 5: the limits of accounts."""

    @pytest.fixture
    def exhausted(self, http: httpx2.Client) -> Callable[..., list[httpx2.Response]]:
        def exhaust(limit: int, method: str, path: str, body: Any = None) -> list[httpx2.Response]:
            visitor, answers = Visitor(http), list[httpx2.Response]()
            # While a slow machine sends them, some requests come back.
            while len(answers) < 5 * limit and not (answers and answers[-1].status_code == 429):
                answers.append(visitor.send(method, path, json=body))
            return answers

        return exhaust

    @pytest.mark.parametrize(
        ("limit", "method", "path", "body"),
        [
            (5, "POST", "login", {}),
            (3, "POST", "register", {}),
            (10, "POST", "refresh", {"refresh_token": "not-one-of-ours"}),
            (20, "POST", "logout", None),
            (60, "GET", "me", None),
            (3, "POST", "reset-password/request", {"email": "nobody@example.com"}),
            (3, "POST", "reset-password", {}),
        ],
    )
    def test_each_has_its_own(
        self,
        exhausted: Callable[..., list[httpx2.Response]],
        limit: int,
        method: str,
        path: str,
        body: Any,
    ) -> None:
        answers = exhausted(limit, method, f"{AUTH}/{path}", body)

        assert len(answers) > limit
        assert _code(answers[-1]) == (429, "RATE_LIMITED")
        assert int(answers[-1].headers["Retry-After"]) >= 1
        for answer in answers:
            assert int(answer.headers["X-RateLimit-Limit"]) == limit
            assert int(answer.headers["X-RateLimit-Remaining"]) < limit
            assert int(answer.headers["X-RateLimit-Reset"]) >= 1
        assert int(answers[-1].headers["X-RateLimit-Remaining"]) == 0

    def test_a_user_is_counted_wherever_they_are(self, bob: Visitor) -> None:
        def left(at: Visitor) -> int:
            return int(at.get(f"{AUTH}/me").headers["X-RateLimit-Remaining"])

        other = Visitor(bob.http, tokens=bob.tokens)

        assert left(bob) > left(other)
        assert left(Visitor(bob.http)) == 59
