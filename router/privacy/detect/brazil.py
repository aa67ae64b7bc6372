"""Check digits of the Brazilian numbers that python-stdnum does not know."""

from __future__ import annotations

from collections.abc import Sequence


def is_pis(number: str) -> bool:
    """Whether 11 digits are a PIS, PASEP, NIS or NIT."""
    total = _weighted(number, (3, 2, 9, 8, 7, 6, 5, 4, 3, 2))
    return len(set(number)) > 1 and (11 - total % 11) % 11 % 10 == int(number[10])


def is_cnh(number: str) -> bool:
    """Whether 11 digits are the number of a driving licence."""
    first = _weighted(number, range(9, 0, -1)) % 11
    # A first digit that does not fit takes two from the second.
    lent = 2 if first == 10 else 0
    second = _weighted(number, range(1, 10)) % 11
    second = 0 if second == 10 else (second - lent) % 11 % 10
    digits = f"{first % 10}{second}"
    return len(set(number)) > 1 and digits == number[9:]


def is_titulo(number: str) -> bool:
    """Whether 12 digits are a voter's number: a sequence, one of 28 states, two check digits."""
    state = number[8:10]
    if not "01" <= state <= "28" or number.startswith("00000000"):
        return False
    # São Paulo and Minas Gerais count a remainder of 0 as 1.
    floor = 1 if state in ("01", "02") else 0
    first = max(_weighted(number, range(2, 10)) % 11, floor) % 10
    second = max(_weighted(f"{state}{first}", (7, 8, 9)) % 11, floor) % 10
    return f"{first}{second}" == number[10:]


def _weighted(number: str, weights: Sequence[int]) -> int:
    return sum(weight * int(digit) for weight, digit in zip(weights, number, strict=False))
