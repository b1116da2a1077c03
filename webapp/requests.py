"""The request that every handler gets: its form is somebody's, and bounded before anything is computed
(`X8`)."""

from typing import Any
from urllib.parse import parse_qsl

from litestar import Request
from litestar.datastructures import FormMultiDict
from litestar.enums import RequestEncodingType
from litestar.exceptions import ClientException, NotAuthorizedException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.types import Empty

from backend import failpoints
from webapp.respond import PERSON

FORM_MAX = 64 * 1024  # bytes; of a query too
FIELDS_MAX = 200


class BoundedRequest(Request[Any, Any, Any]):
    """Reads a form only for a reader who is known, and only one that a page of ours could have sent.

    The framework's own parsing has no limit of fields, and keeps the last thousand bodies in memory. It also
    parses an argument `data` before it asks who is there: so handlers take the request and call `read_form`.
    """

    async def form(self) -> FormMultiDict:
        """The fields of the body; none for a body that is no form.

        Raises `NotAuthorizedException` (401) before the body is read while nobody is signed in,
        `RequestEntityTooLarge` (413) for more than `FORM_MAX` bytes or `FIELDS_MAX` fields, and
        `ClientException` (400) for parts with files, which no form of ours has, and for text that is not
        UTF-8.
        """
        if self._form is Empty:
            if PERSON not in self.state and not failpoints.on("forms.of-nobody"):
                raise NotAuthorizedException()
            self._form = FormMultiDict(await self._read_fields())
        return self._form

    async def _read_fields(self) -> list[tuple[str, str]]:
        encoding, _ = self.content_type
        if encoding == RequestEncodingType.MULTI_PART:
            raise ClientException()
        if encoding != RequestEncodingType.URL_ENCODED:
            return []
        return parse_fields(await self.body())


def parse_fields(body: bytes) -> list[tuple[str, str]]:
    """The fields of an encoded form. Raises `RequestEntityTooLarge` (413), and `ClientException` (400) for text that is
    not UTF-8."""
    check_fields(body)
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, errors="strict", separator="&")
    except UnicodeDecodeError:
        raise ClientException() from None


def check_fields(encoded: bytes) -> None:
    """Raises `RequestEntityTooLarge` (413) for a form or a query with more fields than any form of ours has."""
    if encoded.count(b"&") >= FIELDS_MAX and not failpoints.on("forms.unbounded"):
        raise RequestEntityTooLarge()
