"""`initData`: only what Telegram signed is accepted, and no input makes the parser fail otherwise (`X1`)."""

import base64
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from aiogram.utils.web_app import check_webapp_signature
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzzing import examples
from tests.webapp.conftest import init_data
from webapp.miniapp.init_data import INIT_DATA_MAX, BadInitData, Launch, read_init_data

TOKEN = "42:TEST"
# Published in aiogram's own tests: signed by another implementation.
VECTOR = (
    "auth_date=1650385342&user=%7B%22id%22%3A42%2C%22first_name%22%3A%22Test%22%7D&query_id=test"
    "&hash=46d2ea5e32911ec8d30999b56247654460c0d20949b6277af519e76271182803"
)
SIGNED_AT = datetime.fromtimestamp(1650385342, UTC)
AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def fields(**more: str) -> dict[str, str]:
    user = json.dumps({"id": 1002, "first_name": "Alice"}, separators=(",", ":"))
    return {"auth_date": str(int(AT.timestamp())), "user": user, **more}


def launched(raw: str, *, token: str = TOKEN, max_age: int = 86_400, now: datetime = AT) -> Launch:
    return read_init_data(raw, token, max_age=max_age, now=now)


def refused(raw: str, reason: str = "", **how: object) -> None:
    with pytest.raises(BadInitData, match=reason or None):
        launched(raw, **how)  # type: ignore[arg-type]


def test_accepts_data_signed_for_this_bot() -> None:
    launch = launched(VECTOR, now=SIGNED_AT + timedelta(minutes=5))
    assert (launch.identity.telegram_id, launch.identity.first_name) == (42, "Test")
    assert launch.opened_at == SIGNED_AT


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "test&foo=bar=baz",
        VECTOR.rpartition("&")[0],
        VECTOR.replace("46d2ea", "46d2eb"),
        VECTOR.rpartition("=")[0] + "=test",
        VECTOR.replace("Test", "Mallory"),
        VECTOR.replace("query_id=test&", ""),
    ],
)
def test_refuses_data_telegram_did_not_sign(raw: str) -> None:
    refused(raw, now=SIGNED_AT)


def test_refuses_another_bots_data() -> None:
    refused(VECTOR, "signature", token="42:INVALID", now=SIGNED_AT)


def test_the_signature_field_is_part_of_the_signed_text() -> None:
    raw = init_data(fields(signature="abc"), TOKEN)
    assert launched(raw)
    refused(raw.replace("signature=abc", "signature=abd"), "signature")
    refused(raw.replace("&signature=abc", ""), "signature")


def test_the_signature_field_may_be_any_text() -> None:
    assert launched(init_data(fields(signature="a"), TOKEN))
    assert launched(init_data(fields(signature=base64.b64encode(b"xx").decode()), TOKEN))


def test_keeps_blank_fields_in_the_signed_text() -> None:
    assert launched(init_data(fields(query_id=""), TOKEN))


def test_hashes_values_as_received() -> None:
    user = '{"id":1002,"first_name":"Alice","photo_url":"https:\\/\\/t.me\\/i\\/a.svg"}'
    assert launched(init_data(fields(user=user), TOKEN)).identity.telegram_id == 1002


def test_reads_a_plus_as_a_space_as_query_strings_do() -> None:
    raw = init_data(fields(start_param="a b"), TOKEN)
    assert launched(raw.replace("a%20b", "a+b"))
    assert launched(init_data(fields(start_param="a+b"), TOKEN))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (init_data(fields(), TOKEN) + "&user=%7B%7D", "shape"),
        (init_data(fields(), TOKEN) + "&Extra=1", "shape"),
        (init_data(fields(), TOKEN) + "&", "shape"),
        (init_data(fields(), TOKEN) + "&x=%zz", "shape"),
        (init_data(fields(), TOKEN) + "&x=ä", "shape"),
        (init_data(fields(), TOKEN) + "&x=a b", "shape"),
        (init_data(fields(), TOKEN) + "&x=%ff", "encoding"),
        (init_data(fields(), TOKEN) + "&x=a%0Auser%3D", "control"),
        (init_data(fields(query_id="x\0y"), TOKEN), "control"),
        (init_data(fields(x="y" * 65_536), TOKEN), "length"),
        (init_data(fields(), TOKEN).replace("hash=", "hash=A"), "hash"),
        (init_data(fields(), TOKEN)[:-1] + "é", "shape"),
    ],
)
def test_refuses_unknown_shapes(raw: str, reason: str) -> None:
    refused(raw, reason)


def test_refuses_a_hash_in_capitals() -> None:
    raw = init_data(fields(), TOKEN)
    before, _, signature = raw.rpartition("=")
    refused(f"{before}={signature.upper()}", "hash")


def test_takes_no_more_than_four_kilobytes() -> None:
    room = INIT_DATA_MAX - len(init_data(fields(x=""), TOKEN))
    assert launched(init_data(fields(x="y" * room), TOKEN))
    refused(init_data(fields(x="y" * (room + 1)), TOKEN), "length")


@pytest.mark.parametrize(
    ("age", "taken"), [(0, True), (3600, True), (3601, False), (-60, True), (-61, False)]
)
def test_is_valid_for_the_configured_age_and_a_minute_ahead(age: int, taken: bool) -> None:
    raw = init_data(fields(auth_date=str(int(AT.timestamp()) - age)), TOKEN)
    if taken:
        assert launched(raw, max_age=3600)
    else:
        refused(raw, "age", max_age=3600)


@pytest.mark.parametrize("moment", ["", "0", "-5", "1e9", "١٢٣", " 1", "99999999999", "1.5"])
def test_refuses_invalid_times(moment: str) -> None:
    refused(init_data(fields(auth_date=moment), TOKEN))


@pytest.mark.parametrize(
    "user",
    [
        "",
        "{",
        "[]",
        "7",
        "null",
        "{}",
        '{"id":"42"}',
        '{"id":0}',
        '{"id":-4}',
        '{"id":4.0}',
        '{"id":true}',
        '{"id":4503599627370496}',
        '{"id":1,"first_name":7}',
        '{"id":1,"first_name":{"a":1}}',
        '{"id":1,"language_code":["en"]}',
        "[" * 1200,
        '{"id":' + "9" * 3000 + "}",
    ],
)
def test_refuses_malformed_users(user: str) -> None:
    """Also when signed with a stolen token: a malformed user is 401, never 500."""
    refused(init_data(fields(user=user), TOKEN), "user")


def test_refuses_the_published_vector_whose_id_is_a_text() -> None:
    fields_of_it = fields(user='{"id":"42","first_name":"Test \U0001f600"}', query_id="test")
    refused(init_data(fields_of_it, TOKEN), "user.id")


def test_cleans_characters_postgresql_cannot_store() -> None:
    user = '{"id":7,"first_name":"A\\u0000l\\ud800ice","username":null}'
    who = launched(init_data(fields(user=user), TOKEN)).identity
    assert (who.first_name, who.username) == ("A lice", "")


def test_knows_whether_the_bot_may_write() -> None:
    user = '{"id":7,"first_name":"A","allows_write_to_pm":%s}'
    assert launched(init_data(fields(user=user % "true"), TOKEN)).identity.may_write
    assert not launched(init_data(fields(user=user % "1"), TOKEN)).identity.may_write


@examples(200)
@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_any_text_is_parsed_or_refused(raw: str) -> None:
    with pytest.raises(BadInitData):
        launched(raw)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z_]{1,12}", fullmatch=True).filter(lambda n: n != "hash"),
        st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=60),
        max_size=5,
    ),
    st.integers(0, 200),
)
def test_agrees_with_aiogram_on_what_is_signed(more: dict[str, str], where: int) -> None:
    """Compared with another implementation of the same specification; it drops blank values, so those are
    left out."""
    signed = fields(**{name: value for name, value in more.items() if value})
    signed.update(fields())
    raw = init_data(signed, TOKEN)
    assert launched(raw)
    assert check_webapp_signature(TOKEN, raw)
    at = where % len(raw)
    changed = raw[:at] + ("a" if raw[at] != "a" else "b") + raw[at + 1 :]
    try:
        theirs = check_webapp_signature(TOKEN, changed)
    except (ValueError, TypeError):
        theirs = False
    if not theirs:
        refused(changed)


@examples(200)
@given(st.dictionaries(st.sampled_from(["user", "auth_date", "chat"]), st.text(max_size=80)))
def test_any_signed_fields_are_parsed_or_refused(signed: dict[str, str]) -> None:
    try:
        launched(init_data({**fields(), **signed}, TOKEN))
    except BadInitData:
        return
    assert json.loads({**fields(), **signed}["user"])["id"] > 0


def test_signing_in_tests_encodes_as_clients_do() -> None:
    """The test's own signing encodes as clients do."""
    assert "user=" + quote('{"id":1002', safe="") in init_data(fields(), TOKEN)
