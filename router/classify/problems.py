"""Material for generated prompts: equations, formulas, drawings, heads of functions, snippets.

Everything is drawn from the `chance` that is given, so a seed gives the same text everywhere.
"""

from __future__ import annotations

from random import Random

_ATOMS = ("x", "y", "n", "a", "b", "t", "z", "k", "\\pi", "\\theta", "x_1", "a_n")
_RELATIONS = ("=", "=", "=", "<", "\\le", "\\ge", ">", "\\neq")
_HEADINGS = (
    'def {name}(items):\n    """{doc}"""',
    'def {name}(lst: List[int], n: int) -> int:\n    """\n    {doc}\n    >>> {name}([1, 2])\n'
    '    3\n    """',
    "from typing import List\n\n\ndef {name}(text: str) -> bool:\n    ''' {doc}\n    '''",
    "/**\n * {doc}\n * >>> {name}([1])\n * False\n */\nfunction {name}(items) {{",
    "/**\n * {doc}\n */\nfun {name}(items : List<Int>) : Boolean {{",
    "# {doc}\n#\nsub {name} {{\n  my ($items) = @_;",
    "using System;\nusing System.Linq;\n\nnamespace Solution\n{{\n    /// {doc}\n"
    "        public static int {name} (int n)\n        {{",
    "import java.util.*;\n\nclass Solution {{\n    // {doc}\n"
    "    public static boolean {name}(List<Integer> items) {{",
    "package main\n\n// {doc}\nfunc {name}(items []int) int {{",
    "#include <vector>\nusing namespace std;\n\n/*\n{doc}\n*/\nint {name}(vector<int> items) {{",
)
"""Heads of functions by language, the body to be written."""


def formula(chance: Random) -> str:
    """A statement or an expression in LaTeX, in the line or on a line of its own."""
    left = _latex(chance, 2)
    if chance.random() < 0.65:
        left = f"{left} {chance.choice(_RELATIONS)} {_latex(chance, 1)}"
    if chance.random() < 0.1:
        left = f"{left} \\pmod {{{chance.randint(2, 30)}}}"
    return f"\\[{left}\\]" if chance.random() < 0.2 else f"${left}$"


def _latex(chance: Random, depth: int) -> str:
    if depth == 0 or chance.random() < 0.15:
        number = str(chance.choice([chance.randint(1, 12), chance.randint(2, 400)]))
        return chance.choice([number, number, chance.choice(_ATOMS)])
    a, b = (_latex(chance, depth - 1) for _ in range(2))
    return chance.choice(
        [
            f"{a} + {b}", f"{a} - {b}", f"{a}{b}", f"\\frac{{{a}}}{{{b}}}", f"{a}^{{{b}}}",
            f"\\sqrt{{{a}}}", f"f({a})", f"\\sin {a}", f"\\log_{{{b}}} {a}", f"({a})({b})",
            f"\\binom{{{a}}}{{{b}}}", f"|{a}|", f"\\sum_{{k=1}}^{{{a}}} {b}", "\\angle ABC",
            "\\overline{AB}", f"\\begin{{pmatrix}} {a} \\\\ {b} \\end{{pmatrix}}", f"P({a})",
            f"{a}^\\circ", f"\\lfloor {a} \\rfloor", f"{a} \\cdot {b}", f"AB = {a}",
        ]
    )  # fmt: skip


def drawing(chance: Random) -> str:
    """A figure in Asymptote as contest problems carry it, or nothing."""
    if chance.random() < 0.6:
        return ""
    lines = [
        chance.choice(
            [
                "draw((0,{a})--({b},0)--({a},{b})--cycle);", 'label("$A$",(0,{a}),NW);',
                "dot(({a},{b}));", "pair A, B, C;", "size({a}cm);", "A = ({a},{b});",
                "draw(Circle((0,0),{b}),linewidth(1));",
            ]
        ).format(a=chance.randint(0, 9), b=chance.randint(1, 9))
        for _ in range(chance.randint(2, 7))
    ]  # fmt: skip
    return "\n\n[asy]\n" + "\n".join(lines) + "\n[/asy]"


def heading(chance: Random, name: str, task: str) -> str:
    """The head of a function whose comment says `task`."""
    return chance.choice(_HEADINGS).format(name=name, doc=task)


def equation(chance: Random) -> str:
    """An equation of school."""
    a, b, c = (chance.randint(2, 20) for _ in range(3))
    return chance.choice(
        [
            f"{a}x + {b} = {c}", f"x^2 - {a}x + {b} = 0", f"{a}x - {b} = {c}x", f"2^x = {a}",
            f"{a}(x + {b}) = {c}", f"x + y = {a}, x - y = {b}", f"\\frac{{x}}{{{a}}} = {b}",
            f"log(x) = {a}", f"a + b = {c}", f"{a}x^2 = {b}x",
        ]
    )  # fmt: skip


def expression(chance: Random) -> str:
    """An expression in x."""
    a, b = (chance.randint(2, 20) for _ in range(2))
    return chance.choice(
        [
            f"x^{a} + {b}x", f"{a}x^2 - {b}x", "sin(x)", f"e^({a}x)", f"ln({a}x)",
            f"x^2 - {a * a}", f"\\sqrt{{{a}x + {b}}}", f"({a}x + {b})^2", f"{a}/x",
        ]
    )  # fmt: skip


SNIPPETS = (
    "def add(a, b):\n    return a - b",
    "for i in range(len(items)):\n    print(items[i])",
    "const sum = (a, b) => {\n  return a + b\n}\nconsole.log(sum(1))",
    "SELECT name, COUNT(*) FROM orders GROUP BY city",
    "public static int max(int[] values) {\n    int best = 0;\n    return best;\n}",
    'import json\nwith open("data.json") as f:\n    data = json.load(f)\nprint(data["name"])',
    "#include <stdio.h>\nint main() {\n  int *p = NULL;\n  *p = 3;\n  return 0;\n}",
    "function total(list) {\n  let t = 0;\n  for (var i = 0; i <= list.length; i++)\n"
    "    t += list[i].price;\n  return t;\n}",
    'Traceback (most recent call last):\n  File "app.py", line 12, in <module>\n    main()\n'
    "KeyError: 'user'",
    "while True:\n    try:\n        n = int(input())\n    except:\n        pass",
    "package main\n\nfunc main() {\n\tch := make(chan int)\n\tch <- 1\n}",
    "<?php\n$q = \"SELECT * FROM users WHERE id = \" . $_GET['id'];\nmysqli_query($db, $q);\n?>",
    "class Node:\n    def __init__(self, value):\n        self.value = value",
    "df = pd.read_csv('vendas.csv')\ndf.groupby('cidade')['valor'].sum()",
    "<div class='box'><span>hello</span></div>\n.box { float: left; margin: 0 auto; }",
    "git push origin main\n! [rejected] main -> main (non-fast-forward)",
    "let mut v = vec![1, 2, 3];\nlet first = &v[0];\nv.push(4);",
    "numeros = [3, 1, 2]\nfor n in numeros:\n    if n % 2 = 0:\n        print(n)",
)
"""Short programs and messages, some of them wrong, for the prompts that bring code along."""
