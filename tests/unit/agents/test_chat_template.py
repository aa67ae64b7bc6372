"""Prompts as the model's own template writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agents.engines.chat_template import CHATML, ChatTemplate, TemplateRefused
from router.errors import ConfigError
from router.types.task import Message

TALK = (Message(role="system", content="Be brief."), Message(role="user", content="Olá <b>"))


def folder(path: Path, **files: Any) -> Path:
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (path / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return path


def test_the_template_of_the_tokenizers_settings_is_used_with_its_special_tokens(
    tmp_path: Path,
) -> None:
    template = (
        "{{ bos_token }}{% for m in messages %}\n  [{{ m.role }}] {{ m.content }}\n"
        "{% endfor %}{% if add_generation_prompt %}[answer]{% endif %}"
    )
    settings = {"chat_template": template, "bos_token": {"content": "<s>"}, "eos_token": None}
    place = folder(tmp_path, tokenizer_config__json=settings)
    assert ChatTemplate.load(place).render(TALK) == (
        "<s>  [system] Be brief.\n  [user] Olá <b>\n[answer]"
    )


def test_a_template_in_a_file_of_its_own_comes_first(tmp_path: Path) -> None:
    place = folder(
        tmp_path, chat_template__jinja="own", tokenizer_config__json={"chat_template": "other"}
    )
    assert ChatTemplate.load(place).render(TALK) == "own"


def test_of_several_the_default_one_is_taken(tmp_path: Path) -> None:
    several = [{"name": "tool_use", "template": "tools"}, {"name": "default", "template": "plain"}]
    place = folder(tmp_path, tokenizer_config__json={"chat_template": several})
    assert ChatTemplate.load(place).render(TALK) == "plain"


def test_a_tokenizer_that_knows_chatml_needs_no_template(tmp_path: Path) -> None:
    tokenizer = {"added_tokens": [{"content": "<|im_start|>"}]}
    place = folder(tmp_path, tokenizer__json=tokenizer)
    assert ChatTemplate.load(place).render(TALK) == ChatTemplate(CHATML, {}).render(TALK)
    assert ChatTemplate(CHATML, {}).render(TALK).endswith("<|im_start|>assistant\n")


def test_a_base_model_is_refused_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no chat template.*instruct"):
        ChatTemplate.load(tmp_path)


def test_a_template_that_complains_is_refused_in_its_words() -> None:
    template = ChatTemplate("{{ raise_exception('no system turn') }}", {})
    with pytest.raises(TemplateRefused, match="no system turn"):
        template.render(TALK)


def test_a_template_that_fails_on_the_messages_is_refused_too() -> None:
    for broken in ("{{ none + messages[0].content }}", "{{ 1 / 0 }}", "{{ messages[9].content }}"):
        with pytest.raises(TemplateRefused, match="the chat template"):
            ChatTemplate(broken, {}).render(TALK)


def test_what_marks_the_assistants_words_for_training_is_no_part_of_the_prompt() -> None:
    source = (
        "{% for m in messages %}{% set end = '.' %}"
        "{% generation %}{% set end = '!' %}{{ m.role }}{{ end }}{% endgeneration %}{{ end }}"
        "{% endfor %}"
    )
    assert ChatTemplate(source, {}).render(TALK) == "system!.user!."


def test_json_is_written_as_the_template_asks() -> None:
    value = "{'b': 1, 'a': 'ã'} | tojson"
    plain = ChatTemplate("{{ " + value + " }}", {})
    asked = ChatTemplate(
        "{{ " + value + "(separators=(',', ':'), sort_keys=true, ensure_ascii=true) }}", {}
    )
    assert plain.render(TALK) == '{"b": 1, "a": "ã"}'
    assert asked.render(TALK) == '{"a":"\\u00e3","b":1}'


def test_a_template_reaches_nothing_outside() -> None:
    attack = "{{ messages.__class__.__mro__[1].__subclasses__() }}"
    with pytest.raises(TemplateRefused):
        ChatTemplate(attack, {}).render(TALK)


def test_broken_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="broken in line 2"):
        ChatTemplate("\n{% if %}", {})
    with pytest.raises(ConfigError, match=r"tokenizer_config\.json: cannot be read as JSON"):
        ChatTemplate.load(folder(tmp_path, tokenizer_config__json="{"))


def test_models_that_think_aloud_are_asked_not_to_and_json_is_written_plainly() -> None:
    source = "{% if enable_thinking %}think{% endif %}{{ messages[1].content | tojson }}"
    assert ChatTemplate(source, {}).render(TALK) == '"Olá <b>"'
