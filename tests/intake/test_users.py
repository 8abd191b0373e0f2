"""Users: hashed with bcrypt, unique, their hashes out of the intake's own reach."""

import psycopg
import pytest

from api.intake.errors import ConflictError, IntakeError, NotFoundError
from api.intake.users import add_user, user_id
from api.passwords import hash_password, verify_password

from .conftest import Book


def test_a_user_is_stored_with_a_bcrypt_hash_of_its_own(book: Book) -> None:
    with book.intake() as connection:
        new_id = add_user(connection, "carl", "correct horse", role="admin")
        assert user_id(connection, "carl") == new_id
    ((username, role, password_hash),) = book.ask(
        "select username, role, password_hash from book.users where id = %s", new_id
    )
    assert (username, role) == ("carl", "admin")
    assert str(password_hash).startswith("$2b$12$")
    assert verify_password("correct horse", str(password_hash))
    hashes = book.ask("select count(distinct password_hash) from book.users")
    assert hashes == [(3,)]  # all three have the same password


def test_the_intake_cannot_read_hashes(book: Book) -> None:
    with book.intake() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("select password_hash from book.users")


@pytest.mark.parametrize(
    ("username", "password", "code"),
    [
        ("", "correct horse", "invalid_username"),
        ("a b", "correct horse", "invalid_username"),
        ("-admin", "correct horse", "invalid_username"),
        ("a" * 65, "correct horse", "invalid_username"),
        ("ann\n", "correct horse", "invalid_username"),
        ("änne", "correct horse", "invalid_username"),
        ("carl", "seven77", "password_too_short"),
        ("carl", "ä" * 37, "password_too_long"),
    ],
)
def test_impossible_users_are_refused(book: Book, username: str, password: str, code: str) -> None:
    with book.intake() as connection, pytest.raises(IntakeError) as error:
        add_user(connection, username, password, rounds=4)
    assert error.value.code == code
    assert book.ask("select count(*) from book.users") == [(2,)]


def test_demo_users_may_have_their_short_password(book: Book) -> None:
    with book.intake() as connection:
        add_user(connection, "demo_user_1", "demo123", rounds=4, min_length=7)
    assert book.ask("select role from book.users where username = 'demo_user_1'") == [("user",)]


def test_a_name_is_taken_once(book: Book) -> None:
    with book.intake() as connection, pytest.raises(ConflictError) as error:
        add_user(connection, "ann", "another one", rounds=4)
    assert error.value.code == "user_exists"


def test_nobody_is_not_found(book: Book) -> None:
    with book.intake() as connection, pytest.raises(NotFoundError):
        user_id(connection, "nobody")


@pytest.mark.parametrize("password", ["pässwörd", "ä" * 36, "with\0nul!", " blanks "])
def test_only_the_password_itself_is_right(password: str) -> None:
    stored = hash_password(password, rounds=4)
    assert verify_password(password, stored)
    assert not verify_password(password + "x", stored)
    assert not verify_password("", stored)
    assert not verify_password(password, None)


def test_longer_than_bcrypt_reads_is_no_password() -> None:
    stored = hash_password("x" * 72, rounds=4)
    assert not verify_password("x" * 73, stored)
    assert not verify_password("\ud800", stored)
    with pytest.raises(ValueError, match="72"):
        hash_password("x" * 73, rounds=4)


def test_the_empty_password_of_nobody_lets_nobody_in() -> None:
    assert not verify_password("", None)
