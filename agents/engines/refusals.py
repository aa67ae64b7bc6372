"""Classifies a server's refusal, by codes and by how such sentences are made.

The wording differs from server to server and from release to release, so that no list of sentences
would be complete: a context refusal names a length of the input and says that it is too much.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

About = Literal["request", "schema", "system", "policy"]

_OVERFLOW_CODE = re.compile(
    r"context_?(length|window|size|limit)_?exceeded|exceed_?context|string_above_max_length"
    r"|tokens_limit_reached|max_prompt_tokens|(prompt|input|context)_too_(long|large)"
    r"|request_too_large|context_overflow",
    re.IGNORECASE,
)
_LENGTH = re.compile(
    r"context[ _-]?(length|window|size|limit)|\bmax(imum)?[ _-]?(allowed )?"
    r"(context|prompt|input|sequence|seq|model|message)[ _-]?(len|token|size|limit)"
    r"|\b(input|prompt|message|sequence|request)s?[`']?[ _-]?(text )?(length|token|size)"
    r"|\btoken (count|limit)|\bmodel token|(number|amount|total) of (the )?(input |prompt )?tokens"
    r"|tokens (in|from|of|for) the (prompt|message|input|context|conversation)"
    r"|length of (the |your )?(input|prompt|message|conversation)|\binputs?\b.{0,40}\btokens"
    r"|\b(prompt|input|conversation|context|request|messages?|text)\b[^.]{0,30}"
    r"\btoo (long|large|big)"
    r"|\bprompt (contains|has|with)\b.{0,30}\btokens|too many (input |prompt )?tokens"
    r"|requested (token count|\d[\d,]* tokens)|\b(prompt|input)\b.{0,20}\bexceeds",
    re.IGNORECASE,
)
_TOO_MUCH = re.compile(
    r"exceed|\btoo (long|large|many|big)|\b(longer|larger|greater|more|bigger|higher) than\b"
    r"|\bover(flow|run|s)?\b|\babove\b|\bbeyond\b|surpass|\bonly supports\b"
    r"|\b(at most|up to|no more than|fewer than|less than|maximum of)\b|<=|(?<![-=])> ?\d"
    r"|\b(does not|doesn't|do not|cannot|can't|won't) fit\b|\bnot enough\b"
    r"|\b(reduce|shorten|shorter|decrease|truncate)|\bout of range\b|should be \["
    r"|\b(but|however),? (you|the|your|it|got)\b",
    re.IGNORECASE,
)
_OVERFLOW_ABROAD = re.compile("超长|过长|超(过|出).{0,20}(长度|上限|限制)|长度.{0,20}超")
_TOO_LARGE_FOR_RATE = re.compile(r"request too large", re.IGNORECASE)
_ANSWER_ONLY = re.compile(
    r"(completion|output|generated|new) tokens|max_(completion_|new_|output_)?tokens", re.IGNORECASE
)
_WHOLE_WINDOW = re.compile(r"context|prompt|input|message|sequence", re.IGNORECASE)

_SYSTEM_ROLE = re.compile(
    r"system[ _-]?(role|message|prompt|instruction|turn)s?\b.{0,40}"
    r"(\bnot|n't|\bun)[ -]?(be )?(support|allow|enabled|permit|accept|available|implement|recogni)"
    r"|(not|n't) (support|allow|accept|permit)\w*.{0,40}"
    r"(['\"`]system['\"`]|\bsystem[ _-]?(role|message|prompt|instruction))"
    r"|['\"`]system['\"`].{0,20}\bnot (support|allow|accept|permit)"
    r"|developer instruction is not enabled"
    r"|(unknown|invalid|unexpected|unsupported).{0,20}\brole\b.{0,20}\bsystem\b"
    r"|\bsystem\b.{0,30}(unknown|invalid|unexpected|unsupported).{0,10}\brole\b"
    r"|only.{0,20}\buser\b.{0,30}\bassistant\b.{0,40}\broles?\b"
    r"|roles? must.{0,40}\b(user|assistant|alternate)\b"
    r"|should be 'user'( or |, )'assistant'|first message must be.{0,20}user",
    re.IGNORECASE,
)
_SCHEMA = re.compile(
    r"schema|response_?format|output_?format|output_config|json[_ ](object|mode)"
    r"|structured[ _]output|guided|grammar|constrained|xgrammar|outlines|llguidance",
    re.IGNORECASE,
)
_POLICY = re.compile(
    r"content[_ ](policy|filter|management policy)|safety (system|filter|setting|reason)"
    r"|responsible ?ai|moderation|flagged",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\w.-])\d[\d,]*(?![\w.]*\w)")
_LIMIT = re.compile(
    r"(?:length|len|size|window|limit|maximum|max|only|most|up to|>|<=|than)\D{0,30}?(\d[\d,]*)",
    re.IGNORECASE,
)
_LEAST_TOKENS = 64
"""Smaller numbers in such a sentence are codes and versions."""


def is_overflow(said: str) -> bool:
    """Whether the prompt was too long for the model's window."""
    if _OVERFLOW_CODE.search(said) or _OVERFLOW_ABROAD.search(said):
        return True
    if not (_LENGTH.search(said) and _TOO_MUCH.search(said)):
        return False
    # A limit of the answer alone is different: shortening the prompt would not help.
    return not _ANSWER_ONLY.search(said) or bool(_WHOLE_WINDOW.search(_ANSWER_ONLY.sub("", said)))


def is_too_large_for_rate(said: str) -> bool:
    """Whether one request exceeds the limit for a whole minute: waiting does not help."""
    return bool(_TOO_LARGE_FOR_RATE.search(said))


def about(said: str) -> About:
    """The part of a request that a server does not take."""
    if _SYSTEM_ROLE.search(said):
        return "system"
    if _POLICY.search(said):
        return "policy"
    return "schema" if _SCHEMA.search(said) else "request"


def overflow_tokens(said: str) -> tuple[int | None, int | None]:
    """(tokens of the prompt, tokens of the window) as far as the sentence names them.

    The prompt is what is too much, so it is the larger of two numbers.
    """
    found = [int(match[0].replace(",", "")) for match in _NUMBER.finditer(said)]
    sizes = sorted({size for size in found if size >= _LEAST_TOKENS})
    limits = [int(match[1].replace(",", "")) for match in _LIMIT.finditer(said)]
    limits = [size for size in limits if size in sizes]
    if len(sizes) == 2:
        return sizes[1], sizes[0]
    limit = limits[0] if limits else None
    more = [size for size in sizes if limit is not None and size > limit]
    return (more[0] if more else None), limit


_STATUS_OF = (
    (("authentication", "invalid_api_key", "unauthorized"), 401),
    (("billing",), 402),
    (("permission", "forbidden"), 403),
    (("not_found",), 404),
    (("rate_limit", "insufficient_quota", "too_many_requests"), 429),
    (("overloaded", "unavailable", "capacity"), 503),
    (("context", "invalid", "bad_request", "badrequest", "validation"), 400),
)


def status_of(error: Mapping[str, Any]) -> int:
    """The HTTP status that fits an error object: its own code, else by the words of its type."""
    for key in ("code", "status", "status_code"):
        code = str(error.get(key) or "")
        if code.isdecimal() and 400 <= int(code) <= 599:
            return int(code)
    kind = " ".join(str(error.get(key) or "") for key in ("type", "code", "status")).casefold()
    return next((status for words, status in _STATUS_OF if any(one in kind for one in words)), 500)
