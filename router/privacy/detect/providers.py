"""Recognises providers' keys by their prefixes.

The published rules of gitleaks and detect-secrets were the yardstick: docs/benchmarks.md says which
of them are covered. The expressions are our own, and looser in length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from router.privacy.detect.entropy import looks_random
from router.privacy.detect.found import Found
from router.privacy.detect.secret_words import is_wordy

_HEX = "[a-fA-F0-9]"
_ALNUM = "[A-Za-z0-9]"
_KEY = "[A-Za-z0-9_-]"
_BASE64 = "[A-Za-z0-9+/=_-]"

_BEGINNINGS: tuple[tuple[str, str], ...] = (
    # models and what is around them
    ("sk-", rf"{_KEY}{{20,}}"),  # OpenAI, Anthropic, OpenRouter and those that imitate them
    ("AIza", rf"{_KEY}{{35}}"),
    ("gsk_", rf"{_ALNUM}{{40,}}"),
    ("xai-", rf"{_ALNUM}{{40,}}"),
    ("pplx-", rf"{_ALNUM}{{32,}}"),
    ("r8_", rf"{_ALNUM}{{30,}}"),
    ("nvapi-", rf"{_KEY}{{40,}}"),
    ("csk-", rf"{_ALNUM}{{32,}}"),
    ("fw_", rf"{_ALNUM}{{20,}}"),
    ("jina_", rf"{_KEY}{{40,}}"),
    ("lsv2_", rf"(?:pt|sk)_{_HEX}{{24,}}_{_HEX}{{8,}}"),
    ("tvly-", rf"(?:dev-|prod-)?{_KEY}{{20,}}"),
    ("pcsk_", rf"{_KEY}{{30,}}"),
    ("hf_", rf"{_ALNUM}{{30,}}"),
    ("api_org_", rf"{_ALNUM}{{30,}}"),
    ("dapi", rf"{_HEX}{{32}}(?:-\d)?(?!{_ALNUM})"),
    # clouds
    ("ya29", rf"\.{_KEY}{{20,}}"),
    ("GOCSPX-", rf"{_KEY}{{20,}}"),
    *((name, r"[A-Z0-9]{16}(?![A-Za-z0-9])") for name in ("AKIA", "ASIA", "ABIA", "ACCA")),
    ("ABSK", r"[A-Za-z0-9+/]{100,}={0,2}"),
    ("bedrock-api-key-", rf"{_BASE64}{{20,}}"),
    ("LTAI", rf"{_ALNUM}{{17,}}"),
    *((name, rf"{_HEX}{{64}}") for name in ("dop_v1_", "doo_v1_", "dor_v1_")),
    ("HRKU-", rf"{_KEY}{{30,}}"),
    ("v1.0-", rf"{_HEX}{{24}}-{_HEX}{{100,}}"),
    ("fo1_", rf"{_KEY}{{40,}}"),
    *((name, r"[A-Za-z0-9+/]{60,}={0,3}") for name in ("fm1a_", "fm1r_", "fm2_")),
    ("sha256~", rf"{_KEY}{{43}}"),
    ("pul-", rf"{_HEX}{{40}}"),
    ("tskey-", rf"[a-z]{{2,12}}-{_KEY}{{16,}}"),
    ("pscale_", r"(?:tkn|pw|oauth)_[\w=.-]{32,}"),
    ("nfp_", rf"{_ALNUM}{{30,}}"),
    ("vercel_", rf"[a-z_]{{2,12}}_{_ALNUM}{{20,}}"),
    ("sbp_", rf"{_HEX}{{40}}"),
    ("sb_secret_", rf"{_KEY}{{20,}}"),
    ("tk-us-", rf"{_KEY}{{48}}"),
    # code and its delivery
    ("gh", rf"[pousr]_{_ALNUM}{{30,}}"),
    ("github_pat_", r"[A-Za-z0-9_]{22,}"),
    *(
        (f"gl{name}-", r"[A-Za-z0-9_.-]{20,}")
        for name in ("pat", "rt", "dt", "cbt", "ptt", "ft", "soat", "imt", "agent", "oas", "ffct")
    ),
    ("GR1348941", rf"{_KEY}{{20,}}"),
    ("_gitlab_session=", r"[0-9a-z]{32}"),
    ("ATATT", rf"{_BASE64}{{60,}}"),
    *((name, rf"{_BASE64}{{24,}}") for name in ("ATBB", "ATCTT")),
    ("npm_", rf"{_ALNUM}{{36,}}"),
    ("pypi-", rf"{_KEY}{{50,}}"),
    ("rubygems_", rf"{_HEX}{{48}}"),
    ("CLOJARS_", rf"{_ALNUM}{{60}}"),
    ("oy2", r"[a-z0-9]{43}(?![A-Za-z0-9])"),
    ("dckr_pat_", rf"{_KEY}{{20,}}"),
    ("dckr_oat_", rf"{_KEY}{{20,}}"),
    ("AKCp", rf"{_ALNUM}{{60,}}"),
    ("cmVmd", rf"{_ALNUM}{{59}}"),
    ("sgp_", rf"(?:(?:{_HEX}{{16}}|local)_)?{_HEX}{{40}}"),
    *((f"sq{name}_", rf"{_HEX}{{40}}") for name in ("p", "u", "a")),
    ("bkua_", rf"{_HEX}{{40}}"),
    *((name, rf"{_KEY}{{20,}}") for name in ("CCIPAT_", "CCIPRJ_")),
    ("API-", r"[A-Z0-9]{26}(?![A-Za-z0-9])"),
    # secret managers
    *((name, rf"{_KEY}{{20,}}") for name in ("hvs.", "hvb.", "hvr.")),
    ("AGE-SECRET-KEY-1", r"[A-Z0-9]{58}"),
    ("ops_eyJ", rf"{_BASE64}{{100,}}"),
    ("A3-", r"[A-Z0-9]{6}(?:-[A-Z0-9]{5,11}){4,5}"),
    ("dp.", rf"(?:pt|ct|st|sa|scim|audit)\.(?:[a-z0-9_-]{{2,35}}\.)?{_ALNUM}{{40,}}"),
    # monitoring
    ("glsa_", rf"{_ALNUM}{{32}}_{_HEX}{{8}}"),
    ("glc_", rf"{_BASE64}{{32,}}"),
    ("eyJrIjoi", rf"{_BASE64}{{60,}}"),
    *((name, rf"{_KEY}{{19,}}") for name in ("NRAK-", "NRJS-", "NRII-", "NRIQ-", "NRRA-")),
    ("sntryu_", rf"{_HEX}{{64}}"),
    ("sntrys_", rf"{_BASE64}{{40,}}"),
    ("dt0c01.", rf"{_ALNUM}{{24}}\.{_ALNUM}{{60,}}"),
    # shops, payments, mail
    ("sk_", rf"(?:live|test|prod)_{_ALNUM}{{10,}}"),
    ("rk_", rf"(?:live|test|prod)_{_ALNUM}{{10,}}"),
    ("whsec_", r"[A-Za-z0-9+/=]{20,}"),
    *((f"shp{name}_", rf"{_HEX}{{32}}") for name in ("at", "ca", "pa", "ss", "tka")),
    *((name, rf"{_KEY}{{22,}}") for name in ("sq0atp-", "sq0csp-", "EAAA")),
    ("access_token$production$", rf"{_ALNUM}{{16}}\${_HEX}{{32}}"),
    ("shippo_", rf"(?:live|test)_{_HEX}{{40}}"),
    *((name, rf"{_ALNUM}{{54}}") for name in ("EZAK", "EZTK")),
    ("duffel_", r"(?:test|live)_[A-Za-z0-9_=-]{40,}"),
    ("FLWSECK", rf"(?:_TEST)?-{_ALNUM}{{12,}}(?:-X)?"),
    ("APP_USR-", r"[A-Za-z0-9-]{40,}"),
    ("rzp_", rf"(?:live|test)_{_ALNUM}{{14,}}"),
    ("SG", r"\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{30,64}"),
    ("xkeysib-", rf"{_HEX}{{60,}}(?:-{_ALNUM}{{16}})?"),
    ("xsmtpsib-", rf"{_HEX}{{60,}}(?:-{_ALNUM}{{16}})?"),
    ("key-", r"[a-f0-9]{32}(?![A-Za-z0-9])"),
    ("re_", r"[A-Za-z0-9]{8}_[A-Za-z0-9]{24}(?![A-Za-z0-9])"),
    ("SK", r"[a-f0-9]{32}(?![A-Za-z0-9])"),
    # messaging
    ("xox", r"[abeoprs]-[A-Za-z0-9-]{10,}"),
    ("xoxe.xox", r"[bp]-\d-[A-Z0-9]{100,}"),
    ("xapp-", r"[A-Za-z0-9-]{20,}"),
    ("EAAM", rf"{_ALNUM}{{100,}}"),
    ("EAAC", rf"{_ALNUM}{{100,}}"),
    # others
    ("lin_api_", rf"{_ALNUM}{{32,}}"),
    ("ntn_", rf"{_ALNUM}{{40,}}"),
    ("secret_", rf"{_ALNUM}{{43}}(?![A-Za-z0-9])"),
    ("figd_", rf"{_KEY}{{30,}}"),
    ("PMAK-", rf"{_HEX}{{24}}-{_HEX}{{34}}"),
    ("pnu_", rf"{_ALNUM}{{36}}"),
    ("rdme_", r"[a-z0-9]{70}"),
    ("CFPAT-", rf"{_KEY}{{43}}"),
    ("pat-", r"(?:na|eu|ap)\d-[a-f0-9]{8}(?:-[a-f0-9]{4}){3}-[a-f0-9]{12}"),
    ("ico-", rf"{_ALNUM}{{32}}(?!{_ALNUM})"),
    ("s-s4t2", rf"(?:ud|af)-{_HEX}{{64}}"),
    ("fio-u-", r"[A-Za-z0-9_=-]{64}"),
    ("tfp_", r"[A-Za-z0-9_.=-]{50,}"),
    ("p8e-", r"[a-zA-Z0-9]{32}(?![A-Za-z0-9])"),
    ("sm_", rf"(?:aat|pat|sat)_{_ALNUM}{{16}}(?!{_ALNUM})"),
    ("aio_", r"[A-Za-z0-9]{28}(?![A-Za-z0-9])"),
    ("dnkey-", rf"[a-z0-9=_-]{{26}}-{_KEY}{{50,}}"),
    ("AQVN", rf"{_KEY}{{35,38}}"),
    ("phx_", rf"{_ALNUM}{{30,}}"),
    ("4b1d", rf"{_ALNUM}{{38}}(?!{_ALNUM})"),
)
# By their first two characters: of a long word only what begins so is looked at.
_BY_OPENING: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
for _begin, _rest in _BEGINNINGS:
    _pattern = re.compile(re.escape(_begin) + _rest)
    _BY_OPENING.setdefault(_begin[:2], []).append((_begin, _pattern))
_LONG_WORD = re.compile(r"[A-Za-z0-9_~.+/=$-]{19,}")
_OPENING = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9_]")
_NO_WORDS = ("sk-", "fw_", "jina_", "tvly-", "secret_")
"""Beginnings that names of other things have too: `sk-learn-pipeline-v2`."""
_NO_DIGIT_NEEDED = ("AKIA", "ASIA", "ABIA", "ACCA", "hf_", "api_org_")
_END = rf"(?!{_KEY})"
# Keys with a mark inside: a substring that must be in the text, then the whole, with the key as a
# group.
_MARKED = tuple(
    (mark, re.compile(expression))
    for mark, expression in (
        # Telegram, Discord, Airtable, Harness
        (":A", rf"(?<![A-Za-z0-9_-])(?:bot)?(\d{{8,10}}:A{_KEY}{{34}}){_END}"),
        (".", rf"(?<![A-Za-z0-9_.-])([MNO]{_KEY}{{23,27}}\.{_KEY}{{6}}\.{_KEY}{{27,40}}){_END}"),
        (".", rf"(?<![A-Za-z0-9_.-])(pat{_ALNUM}{{14}}\.[a-f0-9]{{64}}){_END}"),
        (".", rf"(?<![A-Za-z0-9_.-])([ps]at\.{_KEY}{{22}}\.{_ALNUM}{{24}}\.{_ALNUM}{{20}}){_END}"),
        # Mailchimp, Azure AD, Terraform, MaxMind
        ("-us", rf"(?<!{_ALNUM})([a-f0-9]{{32}}-us\d{{1,2}})(?!{_ALNUM})"),
        ("Q~", rf"(?<![A-Za-z0-9_~.-])([A-Za-z0-9_~.]{{3}}\dQ~[A-Za-z0-9_~.-]{{31,34}}){_END}"),
        (".atlasv1.", rf"(?<![A-Za-z0-9_.])({_ALNUM}{{14}}\.atlasv1\.[A-Za-z0-9_=-]{{60,}})"),
        ("_mmk", rf"(?<![A-Za-z0-9_])({_ALNUM}{{6}}_{_ALNUM}{{29}}_mmk){_END}"),
        # JSON web tokens; webhook addresses, to which anybody may post
        ("eyJ", rf"(?<!{_KEY})(eyJ{_KEY}{{8,}}+\.{_KEY}{{8,}}+\.{_KEY}{{8,}}+)"),
        (
            "hooks.slack.com/",
            r"hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9/_-]{20,})",
        ),
        ("/api/webhooks/", rf"discord(?:app)?\.com/api/webhooks/\d{{15,20}}/({_KEY}{{30,}})"),
        (".webhook.office.com/", r"\.webhook\.office\.com/webhookb2/([A-Za-z0-9_@/-]{60,})"),
    )
)


def find_provider_keys(text: str) -> Iterator[Found]:
    """The keys whose form alone says what they are."""
    for word in _LONG_WORD.finditer(text):
        done = word.start()
        for opening in _OPENING.finditer(text, word.start(), word.end()):
            at = opening.start()
            for begin, pattern in _BY_OPENING.get(text[at : at + 2], ()) if at >= done else ():
                if match := pattern.match(text, at):
                    done = max(done, match.end())
                    digits = begin not in _NO_DIGIT_NEEDED
                    key = match[0][len(begin) :]
                    if looks_random(key, digits=digits) and not (
                        begin in _NO_WORDS and is_wordy(key)
                    ):
                        yield Found("secret", match.start(), match.end())
    for mark, pattern in _MARKED:
        if mark in text:
            for match in pattern.finditer(text):
                if looks_random(match[1]):
                    yield Found("secret", *match.span(1))
