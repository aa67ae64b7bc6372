"""Splits a long text at paragraph, line, sentence or word boundaries."""

from __future__ import annotations

from collections.abc import Iterator

_CUTS = ("\n\n", "\n", ". ", " ")


def chunks(text: str, size: int) -> Iterator[str]:
    """Pieces of at most `size` characters, none blank; only space at the cuts is lost.

    A cut is between paragraphs where that wastes at most half a piece, or else between lines,
    sentences, words, and at last anywhere.
    """
    at = 0
    while at < len(text):
        end = at + size
        if end < len(text):
            found = (text.rfind(cut, at + size // 2, end) for cut in _CUTS)
            end = next(
                (one + len(cut) for one, cut in zip(found, _CUTS, strict=True) if one >= 0), end
            )
        if piece := text[at:end].strip():
            yield piece
        at = end
