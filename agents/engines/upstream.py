"""Turns a failure of any HTTP chat API, however an SDK wrapped it, into the EngineError that the
router acts on, in a sentence that names the model, the place, the cause and the cure."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from agents.engines.connection import (
    SpeaksTls,
    fault,
    hung_up,
    is_bad_header,
    is_garbled,
    speaks_tls,
)
from agents.engines.quoted import A_PAGE, PageAnswered, quoted
from agents.engines.refusals import (
    about,
    is_overflow,
    is_too_large_for_rate,
    overflow_tokens,
    status_of,
)
from router.errors import (
    ContextOverflow,
    EngineDenied,
    EngineError,
    EngineOverloaded,
    EngineRejected,
    EngineTimeout,
    EngineUnavailable,
    EngineUntrusted,
)

_NO_CREDIT = re.compile(r"insufficient_quota|exceeded your current quota|credit balance", re.I)
_JSON_MESSAGE = re.compile(r"""["']message["']\s*:\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
_WRAPPERS = re.compile(
    r"^(?:litellm\.)?\w*(?:Error|Exception)\b(?:[:.]| - |(?= \w+(?:Error|Exception)\b))\s*"
    r"|^Error code: \d+ - |^[A-Z][A-Z_]{4,} - "  # the last: a status of gRPC
)
_REPEATED = re.compile(r"^Message: (.*?), Metadata: ", re.DOTALL)  # of OpenRouter, by LiteLLM
_LITELLM_ADVICE = re.compile(r" Original exception:.*| Handle with `litellm.*", re.DOTALL)
_KEY_LIKE = re.compile(r"\b(?:sk|pk|gsk|key|AIza)[-_A-Za-z0-9*]{12,}")
_SIGN_IN = {
    407: "a proxy on the way wants a name and a password: write them into HTTPS_PROXY, or name "
    "the server in NO_PROXY",
    511: "the network wants a sign-in first: open any page in a browser",
}
_QUOTED_CHARS = 300
"""The provider's own words are quoted up to this length: the cause is in the first sentence."""
_READ_CHARS = 4000
"""Up to this length they are read for what the refusal is about."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """The server that was asked, as error messages name it.

    model: as the configuration names it. place: "OpenAI", "the server at http://...". The remedies
    complete a sentence. secrets: strings that must not appear in a message.
    """

    model: str
    place: str
    key_cure: str
    reach_cure: str
    model_cure: str
    secrets: tuple[str, ...] = ()

    def error(self, failure: BaseException, *, streamed: int = 0) -> EngineError:
        """Translates `failure`, an exception of an HTTP client or SDK, into ours.

        streamed: pieces of the answer already handed out; above 0 the answer broke off, which is
        EngineUnavailable whatever the status was, because half an answer cannot be taken back.
        """
        for one in _chain(failure):
            if isinstance(one, PageAnswered):
                return self._page(one)
        refused = _refused(failure)
        if (found := fault(_chain(failure), answered=refused)) is not None:
            return EngineUntrusted(
                f"{self.place} cannot be used for {self.model}: {found}", model=self.model
            )
        if is_bad_header(_chain(failure)):
            return EngineDenied(
                f"the key for {self.place} holds a character that no key has, such as a line "
                f"break or a typographic quotation mark: {self.key_cure}",
                model=self.model,
            )
        undecoded = any(isinstance(one, UnicodeDecodeError) for one in _chain(failure))
        if undecoded or (is_garbled(_chain(failure)) and not refused):
            return self.garbled(streamed=streamed)
        status = _status(failure)
        said = self.words(failure)
        if _is_timeout(failure):
            return self.silent(None, streamed=streamed)
        if streamed:
            return self.broke_off(said, streamed=streamed)
        if status is None or (
            status == 500 and _reported(failure) is None and _is_connection(failure)
        ):
            return EngineUnavailable(
                f"{self.place} cannot be reached for {self.model} ({said}): {self.reach_cure}",
                model=self.model,
            )
        whole = self.words(failure, most_chars=_READ_CHARS)
        refusal = self._refusal(status, said, whole, _retry_after_s(failure))
        refusal.status = status
        return refusal

    async def looked_at(
        self, failure: BaseException, base: str | None, *, streamed: int = 0
    ) -> EngineError:
        """As `error`, after probing the server where that can tell more.

        base: the address that was asked; None where it is the SDK's own.
        """
        plain = base is not None and base.startswith("http://") and not streamed
        if plain and hung_up(_chain(failure)) and await speaks_tls(base or ""):
            failure = SpeaksTls()
        return self.error(failure, streamed=streamed)

    def _refusal(
        self, status: int, said: str, whole: str, retry_after_s: float | None
    ) -> EngineError:
        """An HTTP status of 400 and above, before any text. said: the beginning of `whole`."""
        if status == 402 or (status == 429 and _NO_CREDIT.search(whole)):
            return EngineDenied(
                f"the account at {self.place} has no credit left for {self.model} ({status}): "
                f"top it up, or {self.key_cure}",
                model=self.model,
            )
        page = f": {said}" if said.startswith(A_PAGE) else ""
        if status == 401:
            return EngineDenied(
                f"{self.place} refused the key for {self.model} (401{page}): {self.key_cure}",
                model=self.model,
            )
        if status == 403:
            return EngineDenied(
                f"{self.place} does not let this key use {self.model} (403: {said}): "
                f"ask for access, or {self.key_cure}",
                model=self.model,
            )
        if status == 404:
            known = "is no chat API for" if page else "knows no model"
            return EngineRejected(
                f"{self.place} {known} {self.model} (404{page}): {self.model_cure}",
                model=self.model,
            )
        if status in _SIGN_IN:
            return EngineUnavailable(
                f"{self.place} was not reached for {self.model} ({status}): {_SIGN_IN[status]}",
                model=self.model,
            )
        if status < 400:
            return EngineUnavailable(
                f"{self.place} answered for {self.model} with no answer ({status}: {said}): is it "
                "really a chat API, or is a proxy in between?",
                model=self.model,
            )
        too_long = status in (400, 422, 500) and is_overflow(whole)
        if too_long or status == 413 or (status == 429 and is_too_large_for_rate(whole)):
            return self._overflow(status, said, overflow_tokens(whole))
        if status in (429, 503, 529):
            pause = "" if retry_after_s is None else f"; it asks for {retry_after_s:g} s of rest"
            return EngineOverloaded(
                f"{self.place} is too busy for {self.model} ({status}: {said}){pause}",
                model=self.model,
                retry_after_s=retry_after_s,
            )
        if status >= 500 and about(whole) != "system":  # from a chat template, by some servers
            return EngineUnavailable(
                f"{self.place} failed while running {self.model} ({status}: {said}): "
                "try again later",
                model=self.model,
            )
        return self._rejected(status, said, whole)

    def _rejected(self, status: int, said: str, whole: str) -> EngineRejected:
        what = about(whole)
        cure = {
            "request": "the request itself must change",
            "policy": "its content policy refuses this prompt",
            "schema": "it cannot enforce this JSON schema: simplify it, or drop it from the task",
            "system": "it takes no system prompt",
        }[what]
        return EngineRejected(
            f"{self.place} rejected the request to {self.model} ({status}: {said}): {cure}",
            model=self.model,
            said=whole,
            about=what,
        )

    def _overflow(
        self, status: int, said: str, tokens: tuple[int | None, int | None]
    ) -> ContextOverflow:
        prompt, limit = tokens
        return ContextOverflow(
            f"the prompt is too long for {self.model} at {self.place} ({status}: {said}): shorten "
            "it, or use a model with a larger window",
            model=self.model,
            prompt_tokens=prompt,
            limit_tokens=limit,
        )

    def silent(self, seconds: float | None, *, streamed: int) -> EngineTimeout:
        """The error for an upstream that sent nothing for `seconds`, before or during an answer."""
        waited = "" if seconds is None else f" for {seconds:.3g} s"
        point = f"after {streamed} pieces of the answer" if streamed else "before the first word"
        return EngineTimeout(
            f"{self.place} said nothing{waited} ({self.model}, {point}): "
            "raise the timeout, or use a faster model",
            model=self.model,
        )

    def out_of_time(self, *, streamed: int) -> EngineTimeout:
        point = f"after {streamed} pieces of the answer" if streamed else "before the first word"
        return EngineTimeout(
            f"the task's time was up {point} from {self.model} at {self.place}: "
            "raise the task's timeout",
            model=self.model,
        )

    def broke_off(self, why: str, *, streamed: int) -> EngineUnavailable:
        return EngineUnavailable(
            f"the answer of {self.model} broke off after {streamed} pieces ({why}): {self.place} "
            "or the connection to it died; try again",
            model=self.model,
        )

    def empty(self) -> EngineUnavailable:
        return self._useless(
            "nothing of a chat API, such as JSON that is none of its answers: is it the right "
            "URL, or does a proxy stand in between?"
        )

    def _page(self, answered: PageAnswered) -> EngineUnavailable:
        return self._useless(
            f"{answered.page}: a proxy or the sign-in of a network stands in between, or the "
            "address is that of a website"
        )

    def _useless(self, what: str) -> EngineUnavailable:
        """An answer without an error and without anything that can be used."""
        error = EngineUnavailable(
            f"{self.place} answered for {self.model} with {what}", model=self.model
        )
        error.status = 200
        return error

    def garbled(self, *, streamed: int) -> EngineUnavailable:
        """The error for a response that cannot be decoded: not UTF-8, broken compression, malformed
        JSON.
        """
        if streamed:
            return self.broke_off("what came then cannot be read", streamed=streamed)
        return self._useless(
            "what cannot be read: is it really a chat API, or does a proxy in between change what "
            "it sends?"
        )

    def words(self, failure: BaseException, *, most_chars: int = _QUOTED_CHARS) -> str:
        """The provider's message, without wrappers and secrets, in one short line."""
        text = "what is no text" if is_garbled(_chain(failure)) else _message(failure)
        for secret in self.secrets:
            if secret:
                text = text.replace(secret, "[key]")
        text = " ".join(_KEY_LIKE.sub("[key]", quoted(text)).split())
        text = text or "nothing more"
        return text if len(text) <= most_chars else f"{text[:most_chars]}..."


def _chain(failure: BaseException) -> Iterator[BaseException]:
    """The exception, then what it was made from: SDKs wrap twice and lose the status on the way."""
    seen: list[BaseException] = []
    current: BaseException | None = failure
    while current is not None and current not in seen:
        seen.append(current)
        yield current
        current = (
            getattr(current, "original_exception", None) or current.__cause__ or current.__context__
        )


def _status(failure: BaseException) -> int | None:
    """The HTTP status that the provider sent: the innermost one, the outer ones are rewritten.

    Of an error that came as a part of a stream it is the one that it would have had.
    """
    if (reported := _reported(failure)) is not None:
        return status_of(reported)
    statuses = [
        status
        for error in _chain(failure)
        if isinstance(
            status := getattr(error, "status_code", None)
            or getattr(getattr(error, "response", None), "status_code", None),
            int,
        )
    ]
    return statuses[-1] if statuses else None


def _refused(failure: BaseException) -> bool:
    """Whether the server answered with an error status; one that LiteLLM made up does not count."""
    answers = (
        getattr(error, "response", None)
        for error in _chain(failure)
        if not type(error).__module__.startswith("litellm.")
    )
    sent = (getattr(answer, "status_code", None) for answer in answers)
    return any(isinstance(status, int) and status >= 400 for status in sent)


def _reported(failure: BaseException) -> Mapping[str, object] | None:
    """An error object that came under no HTTP status of its own."""
    for error in _chain(failure):
        body = getattr(error, "body", None)
        if isinstance(body, dict) and getattr(error, "status_code", None) is None:
            inner = body.get("error", body)
            return inner if isinstance(inner, dict) else {}
    return None


def _is_timeout(failure: BaseException) -> bool:
    return any(
        "Timeout" in type(error).__name__ or getattr(error, "status_code", None) in (408, 504)
        for error in _chain(failure)
    )


def _is_connection(failure: BaseException) -> bool:
    """A 500 that an SDK made up because there was no connection to take a status from."""
    names = ("APIConnectionError", "ConnectError", "ConnectionError", "ReadError", "ProtocolError")
    return any(type(error).__name__.endswith(names) for error in _chain(failure)) or any(
        sign in str(failure)
        for sign in ("Connection error", "Server disconnected", "Cannot connect")
    )


def _headers(failure: BaseException) -> Mapping[str, str]:
    for error in _chain(failure):
        for holder in (
            getattr(getattr(error, "response", None), "headers", None),
            getattr(error, "litellm_response_headers", None),
            getattr(error, "headers", None),
        ):
            if holder and "retry-after" in holder:
                return dict(holder)
    return {}


def _retry_after_s(failure: BaseException) -> float | None:
    """Seconds the provider asks for, from a number or an HTTP date; None when it names none."""
    value = _headers(failure).get("retry-after")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


def _message(failure: BaseException) -> str:
    for error in _chain(failure):
        body = getattr(error, "body", None)
        if isinstance(body, dict):
            inner = body.get("error", body)
            message = inner.get("message") if isinstance(inner, dict) else inner
            if message:
                code = inner.get("code") if isinstance(inner, dict) else None
                # A number is the status, which is told already.
                named = isinstance(code, str) and not code.isdigit() and code not in str(message)
                return _unwrapped(f"{message} [{code}]" if named else str(message))
    response = getattr(failure, "response", None)
    text = str(failure) or type(failure).__name__
    if type(failure).__module__.startswith("httpx") and response is not None:
        text = f"HTTP {response.status_code}"
    if match := _JSON_MESSAGE.search(text):
        return _unwrapped(match[1][1:-1].replace("\\'", "'").replace('\\"', '"'))
    return _unwrapped(_LITELLM_ADVICE.sub("", text))


def _unwrapped(text: str) -> str:
    """The provider's sentence, without what SDKs put around it, however often."""
    while (shorter := _WRAPPERS.sub("", text)) != text:
        text = shorter
    match = _REPEATED.match(text)
    return match[1] if match else text
