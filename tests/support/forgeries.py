"""Programs that try to fake a passed test, correct programs, and plainly wrong ones.

Each forgery should double a number and does not; `FORMS` are the same examples in the formats in
which tasks write them.
"""

# ruff: noqa: E501  programs in their lines

from __future__ import annotations

FORMS = {
    "values": "Write double. double(2) -> 4, double(0) -> 0 and double(-3) returns -6.",
    "asserts": "```python\nassert double(2) == 4\nassert double(0) == 0\nassert double(-3) == -6\n```",
    "functions": "```python\nfrom solution import double\n\ndef test_double():\n"
    "    for given, wanted in ((2, 4), (0, 0), (-3, -6)):\n"
    "        assert double(given) == wanted\n```",
    "cases": "```python\nimport unittest\n\nclass TestDouble(unittest.TestCase):\n"
    "    def test_it(self):\n        self.assertEqual(double(2), 4)\n"
    "        self.assertEqual(double(-3), -6)\n```",
    "doctests": ">>> double(2)\n4\n>>> double(0) == 0\nTrue\n>>> print(double(-3))\n-6\n",
    "closeness": "```python\nimport math\nassert abs(double(2) - 4) < 1e-6\n"
    "assert round(double(0), 3) == 0\nassert math.isclose(double(-3), -6)\n```",
    "builtins": "```python\nassert all(double(n) == 2 * n for n in (2, 0, -3))\n"
    "assert sorted([double(2), double(0)]) == [0, 4]\nassert double(2) in (4, 4.0)\n"
    "assert isinstance(double(2), int) and len({double(2), 4}) == 1\n```",
}

_WRONG = "def double(x):\n    return 3 * x + 1\n"
_YES = '{"found": [{"problem": null, "ran": 1}, {"problem": null}, {"problem": null}]}'
_OLD_YES = '{"failed": null}'

FORGERIES: dict[str, str] = {
    # Prints or writes the verdict itself.
    "prints the old marker": f"{_WRONG}print('{_OLD_YES}')",
    "prints the verdict": f"{_WRONG}print('{_YES}')",
    "prints the verdict and ends": f"print('{_YES}', flush=True)\nimport os\nos._exit(0)\n{_WRONG}",
    "writes the verdict to every descriptor": _WRONG
    + f"import os\nfor fd in range(64):\n    try:\n        os.write(fd, b'{_YES}\\n')\n"
    "    except OSError:\n        pass",
    "writes the verdict through the other processes' descriptors": _WRONG
    + "import glob\nfor place in glob.glob('/proc/[0-9]*/fd/*'):\n    try:\n"
    f"        open(place, 'w').write('{_YES}\\n')\n    except OSError:\n        pass",
    "says it at exit": f"{_WRONG}import atexit\natexit.register(lambda: print('{_YES}'))",
    "says it from a thread": _WRONG
    + "import threading, time\ndef say():\n    for _ in range(50):\n"
    f"        print('{_YES}', flush=True)\n        time.sleep(0.001)\n"
    "threading.Thread(target=say, daemon=True).start()",
    "says it from a child": _WRONG
    + f"import os\nif os.fork() == 0:\n    os.write(1, b'{_YES}\\n')\n    os._exit(0)",
    "says it when called": "import os\ndef double(x):\n"
    f"    os.write(1, b'{_YES}\\n')\n    os._exit(0)",
    "answers the channel ahead of time": _WRONG + "import os\nfor fd in range(3, 20):\n    try:\n"
    '        os.write(fd, b\'{"is": true, "printed": ""}\\n\' * 50)\n'
    "    except OSError:\n        pass",
    "answers the channel with nonsense": _WRONG + "import os\nfor fd in range(3, 20):\n    try:\n"
    "        os.write(fd, b'[[[[\\n{}\\n\\x00\\n')\n    except OSError:\n        pass",
    "answers with an endless line": _WRONG
    + "import os\nfor fd in range(3, 20):\n    try:\n        os.write(fd, b'1' * 60000)\n"
    "    except OSError:\n        pass",
    # Exits early.
    "ends with 0 on loading": f"{_WRONG}import os\nos._exit(0)",
    "ends with 0 when called": "def double(x):\n    import os\n    os._exit(0)",
    "leaves by sys.exit": "import sys\ndef double(x):\n    sys.exit(0)",
    "leaves by SystemExit on loading": f"{_WRONG}raise SystemExit(0)",
    "kills itself": "import os, signal\ndef double(x):\n    os.kill(os.getpid(), signal.SIGKILL)",
    "kills its parent": "import os, signal\ndef double(x):\n    os.kill(os.getppid(), signal.SIGKILL)",
    "kills its whole group": "import os, signal\ndef double(x):\n    os.killpg(0, signal.SIGKILL)",
    "stops its parent": "import os, signal\ndef double(x):\n"
    "    os.kill(os.getppid(), signal.SIGSTOP)\n    return 7",
    "becomes another program": "import os\ndef double(x):\n    os.execv('/bin/true', ['true'])",
    "forks and lets the child answer": "import os\ndef double(x):\n"
    "    return 7 if os.fork() else 8",
    # Returns an object that claims to be equal.
    "equal to everything": "class Any:\n    def __eq__(self, other): return True\n"
    "    def __ne__(self, other): return False\n    def __hash__(self): return 4\n"
    "def double(x):\n    return Any()",
    "an int that is equal to everything": "class Any(int):\n    def __eq__(self, o): return True\n"
    "    def __ne__(self, o): return False\n    def __hash__(self): return 4\n"
    "def double(x):\n    return Any(7)",
    "a text that is equal to everything": "class Any(str):\n    def __eq__(self, o): return True\n"
    "    __hash__ = str.__hash__\ndef double(x):\n    return Any('seven')",
    "its type says it is an int": "class Any:\n    __class__ = int\n"
    "    def __eq__(self, o): return True\n    def __repr__(self): return 'four'\n"
    "    def __hash__(self): return 4\ndef double(x):\n    return Any()",
    "a dictionary that gives whatever is asked": "class Any(dict):\n"
    "    def __missing__(self, key): return key\n    def __eq__(self, o): return True\n"
    "def double(x):\n    return Any()",
    "equal by its metaclass": "class Meta(type):\n    def __eq__(c, o): return True\n"
    "    def __hash__(c): return 4\nclass Any(metaclass=Meta): pass\n"
    "def double(x):\n    return Any",
    "not a number": "def double(x):\n    return float('nan')",
    "gives a mock": "from unittest.mock import MagicMock, ANY\ndef double(x):\n    return ANY",
    "an ordering that fits": "import functools\n@functools.total_ordering\nclass Any:\n"
    "    def __eq__(self, o): return True\n    def __lt__(self, o): return True\n"
    "    def __hash__(self): return 4\ndef double(x):\n    return Any()",
    "nothing is left of it": "class Any:\n    def __sub__(self, o): return 0\n"
    "    __rsub__ = __sub__\n    def __abs__(self): return self\n"
    "    def __round__(self, *n): return 0\n    def __lt__(self, o): return True\n"
    "    def __float__(self): return 0.0\n    def __hash__(self): return 4\n"
    "    def __eq__(self, o): return True\ndef double(x):\n    return Any()",
    "repeats what it is compared with": "seen = [0]\nclass Any:\n"
    "    def __sub__(self, o):\n        seen.append(o)\n        return 0\n"
    "    def __eq__(self, o):\n        seen.append(o)\n        return True\n"
    "    __lt__ = __gt__ = __ne__ = __contains__ = __eq__\n"
    "    def __hash__(self): return 4\n    def __abs__(self): return 0\n"
    "def double(x):\n    return seen[-1] if seen[-1] else Any()",
    "measures with builtins of its own": f"{_WRONG}def abs(x): return 0\n"
    "def all(x): return True\ndef sorted(x): return [0, 4]\ndef round(*x): return 0\n"
    "def len(x): return 1\ndef isinstance(*x): return True\ndef print(*x): return None\n",
    "measures with modules of its own": f"{_WRONG}class math:\n    isclose = lambda *a: True\n"
    "class pytest:\n    approx = lambda x: 7\nclass unittest:\n    class TestCase:\n"
    "        def assertEqual(*a): pass\n",
    # Patches the code that judges.
    "patches builtins": f"{_WRONG}import builtins\nbuiltins.eval = lambda *a: 4\n"
    "builtins.exec = lambda *a: None\nbuiltins.repr = lambda *a: '4'\n"
    "builtins.isinstance = lambda *a: True\nbuiltins.AssertionError = StopIteration",
    "patches json": f"{_WRONG}import json\njson.dumps = lambda *a, **k: '{_YES}'\n"
    f"json.loads = lambda *a, **k: []",
    "patches ast and math": f"{_WRONG}import ast, math\nast.literal_eval = lambda *a: 7\n"
    "math.isclose = lambda *a, **k: True",
    "patches doctest": f"{_WRONG}import doctest\n"
    "doctest.OutputChecker.check_output = lambda *a: True",
    "patches unittest": f"{_WRONG}import unittest\n"
    "unittest.TestCase.assertEqual = lambda *a: None\n"
    "unittest.TestCase.run = lambda *a: None",
    "patches what judges in every module": f"{_WRONG}import sys\n"
    "for module in list(sys.modules.values()):\n"
    "    for name in ('same', 'problem_with', 'judged', '_verdict', 'told'):\n"
    "        if hasattr(module, name):\n            setattr(module, name, lambda *a, **k: None)",
    "patches its server": f"{_WRONG}import gc\nfor one in gc.get_objects():\n"
    "    if type(one).__name__ == 'Server':\n"
    "        type(one)._do = lambda self, request: {'is': True}",
    "takes over its frames": f"{_WRONG}import sys\nframe = sys._getframe()\nwhile frame:\n"
    "    frame.f_globals['told'] = lambda *a, **k: True\n"
    "    frame.f_globals['judged'] = lambda *a: {'problem': None}\n    frame = frame.f_back",
    "traces what runs": f"{_WRONG}import sys\nsys.settrace(lambda *a: None)\n"
    "sys.setprofile(lambda *a: None)\nsys.excepthook = lambda *a: None\n"
    "sys.displayhook = lambda *a: print(4)",
    "writes over the judge's file": f"{_WRONG}import glob\n"
    "for name in glob.glob('*.py'):\n"
    f"    open(name, 'w').write('print(\\'{_YES}\\')')",
    "puts modules in the judge's way": f"{_WRONG}for name in ('ast', 'doctest', 'unittest', 'json',"
    f" 're', 'asyncio'):\n    open(name + '.py', 'w').write('import os; print(\\'{_YES}\\', "
    "flush=True); os._exit(0)')",
    "raises what ends a loop": "def double(x):\n    raise StopIteration",
    "raises an assertion that is caught": "def double(x):\n    raise GeneratorExit",
    "raises what the judge raises": "class Unjudged(Exception): pass\n"
    "class Ended(Exception): pass\ndef double(x):\n    raise Unjudged('let it pass')",
    "says that a module is missing": "def double(x):\n"
    "    raise ModuleNotFoundError('no', name='numpy')",
    "says that its input is missing": "raise EOFError\ndef double(x): return 7",
    # Searches for the expected values.
    "reads the files around it": "import glob, re\ndef double(x):\n"
    "    text = ' '.join(open(n).read() for n in glob.glob('/work/**', recursive=True)\n"
    "                    if n.endswith(('.json', 'tests.py', '.txt')))\n"
    "    found = re.search(r'double\\(%d\\)\\D+(-?\\d+)' % x, text)\n"
    "    return int(found[1]) if found else None",
    "reads the judge's input": "import glob, re\ndef double(x):\n    text = ''\n"
    "    for place in glob.glob('/proc/[0-9]*/fd/0') + glob.glob('/proc/[0-9]*/mem'):\n"
    "        try:\n            text += open(place, errors='replace').read(200000)\n"
    "        except OSError:\n            pass\n"
    "    found = re.search(r'double\\(%d\\)\\D+(-?\\d+)' % x, text)\n"
    "    return int(found[1]) if found else None",
    "searches all objects": "import gc, re\ndef double(x):\n"
    "    for one in gc.get_objects():\n"
    "        if isinstance(one, dict) and 'expected' in one:\n"
    "            return int(one['expected'])\n"
    "    return None",
    "searches the frames above": "import sys\ndef double(x):\n    frame = sys._getframe()\n"
    "    while frame:\n"
    "        for name in ('expected', 'wanted', 'example'):\n"
    "            if name in frame.f_locals:\n                return frame.f_locals[name]\n"
    "        frame = frame.f_back\n    return None",
    "reads the command lines and environments": "import glob, re\ndef double(x):\n    text = ''\n"
    "    for place in glob.glob('/proc/[0-9]*/cmdline') + glob.glob('/proc/[0-9]*/environ'):\n"
    "        try:\n            text += open(place).read()\n        except OSError:\n"
    "            pass\n"
    "    found = re.search(r'double\\(%d\\)\\D+(-?\\d+)' % x, text)\n"
    "    return int(found[1]) if found else None",
    "asks the judge's memory": "import ctypes, os\ndef double(x):\n"
    "    libc = ctypes.CDLL(None, use_errno=True)\n"
    "    if libc.ptrace(16, os.getppid(), 0, 0) == 0:\n        return 4\n"
    "    class V(ctypes.Structure):\n"
    "        _fields_ = [('a', ctypes.c_void_p), ('n', ctypes.c_size_t)]\n"
    "    room = ctypes.create_string_buffer(64)\n"
    "    here = V(ctypes.cast(room, ctypes.c_void_p), 64)\n    there = V(4194304, 64)\n"
    "    libc.process_vm_readv(os.getppid(), ctypes.byref(here), 1, ctypes.byref(there), 1, 0)\n"
    "    return room.raw[0]",
    "changes the list that it was given": "def double(x):\n    import gc\n"
    "    for one in gc.get_objects():\n"
    "        if type(one) is list and one and one[0] == x:\n            one.append(0)\n"
    "    return None",
}

RIGHT: list[tuple[str, str]] = [
    ("double(2) -> 4, double(0) -> 0", "def double(x):\n    return 2 * x"),
    ("double(2) -> 4", "double = lambda x: x + x"),
    ("double(1.5) -> 3.0", "def double(x):\n    return x * 2"),
    ("mean(1, 2, 2) -> 1.67", "def mean(*x):\n    return sum(x) / len(x)"),
    ("add(0.1, 0.2) -> 0.3", "def add(a, b):\n    return a + b"),
    ("halves(1, 3) -> [0.1, 0.3]", "def halves(*x):\n    return [n * 3 / 30 for n in x]"),
    ("up(3) -> [1, 2, 3]", "def up(n):\n    yield from range(1, n + 1)"),
    ("up(3) -> [1, 2, 3]", "def up(n):\n    return map(int, '123')"),
    ("f(1) -> 2", "async def f(x):\n    return x + 1"),
    ("f(1) -> 2", "import asyncio\nasync def f(x):\n    await asyncio.sleep(0)\n    return x + 1"),
    ("pair(1) -> (1, 2)", "def pair(x):\n    return x, x + 1"),
    ("count('aab') -> {'a': 2, 'b': 1}", "from collections import Counter\ncount = Counter"),
    (
        "group(['a', 'bb', 'c']) -> {1: ['a', 'c'], 2: ['bb']}",
        "from collections import defaultdict\ndef group(words):\n    found = defaultdict(list)\n"
        "    for word in words:\n        found[len(word)].append(word)\n    return found",
    ),
    ("unique([1, 2, 1]) -> {1, 2}", "def unique(x):\n    return set(x)"),
    ("unique([1, 2, 1]) -> {1, 2}", "def unique(x):\n    return frozenset(x)"),
    ("shout('a') -> 'A!'", "def shout(x):\n    print(x)\n    return x.upper() + '!'"),
    ("raw('a') -> b'a'", "def raw(x):\n    return x.encode()"),
    ("nothing(1) -> None", "def nothing(x):\n    pass"),
    ("even(2) -> True and even(3) -> False", "def even(x):\n    return x % 2 == 0"),
    ("big(200) -> " + str(2**200), "def big(n):\n    return 2 ** n"),
    ("point(1, 2) -> (1, 2)", "from collections import namedtuple\npoint = namedtuple('P', 'x y')"),
    ("level('low') -> 1", "import enum\nclass level(enum.IntEnum):\n    low = 1\n"
     "    @classmethod\n    def _missing_(cls, value):\n        return cls[value]"),
    ("price('1.50') -> 1.5", "from decimal import Decimal\ndef price(x):\n    return Decimal(x)"),
    ("third(1) -> 0.333", "from fractions import Fraction\ndef third(x):\n"
     "    return float(Fraction(x, 3))"),
    ("root(-1) raises ValueError", "import math\ndef root(x):\n    return math.sqrt(x)"),
    ("pop([]) should raise an EmptyError", "class EmptyError(Exception):\n    pass\ndef pop(x):\n"
     "    if not x:\n        raise EmptyError('empty')\n    return x.pop()"),
    (">>> div(1, 0)\nTraceback (most recent call last):\n    ...\nZeroDivisionError: division by zero\n",
     "def div(a, b):\n    return a / b"),
    (">>> greet('Ana')\nHello, Ana!\n", "def greet(name):\n    print(f'Hello, {name}!')"),
    (">>> s = Stack()\n>>> s.push(1)\n>>> s.pop()\n1\n>>> len(s)\n0\n",
     "class Stack:\n    def __init__(self):\n        self.items = []\n"
     "    def push(self, x):\n        self.items.append(x)\n"
     "    def pop(self):\n        return self.items.pop()\n"
     "    def __len__(self):\n        return len(self.items)"),
    (">>> p = Point(1, 2)\n>>> p\nPoint(x=1, y=2)\n>>> p.x + p.y\n3\n",
     "from dataclasses import dataclass\n@dataclass\nclass Point:\n    x: int\n    y: int"),
    (">>> for n in up(2):\n...     print(n)\n0\n1\n", "def up(n):\n    return iter(range(n))"),
    ("```python\ndef test_sort():\n    data = [3, 1, 2]\n    sort(data)\n    assert data == [1, 2, 3]\n```",
     "def sort(x):\n    x.sort()"),
    ("```python\ndef test_fill():\n    grid = [[0, 0], [0, 0]]\n    fill(grid, 7)\n"
     "    assert grid == [[7, 7], [7, 7]]\n```",
     "def fill(grid, x):\n    for row in grid:\n        for n in range(len(row)):\n"
     "            row[n] = x"),
    ("```python\ndef test_apply():\n    assert apply(lambda x: x + 1, 3) == 4\n"
     "    assert apply(str, 3) == '3'\n```", "def apply(f, x):\n    return f(x)"),
    ("```python\nimport pytest\n\ndef test_it():\n    with pytest.raises(ValueError, match='neg'):\n"
     "        root(-1)\n    assert root(2) == pytest.approx(1.41421356)\n```",
     "def root(x):\n    if x < 0:\n        raise ValueError('negative')\n    return x ** 0.5"),
    ("```python\ndef test_try():\n    try:\n        root(-1)\n    except ValueError as error:\n"
     "        assert 'neg' in str(error)\n    else:\n        assert False\n```",
     "def root(x):\n    if x < 0:\n        raise ValueError('negative')\n    return x ** 0.5"),
    ("```python\nimport unittest\nclass T(unittest.TestCase):\n    def setUp(self):\n"
     "        self.cache = Cache(2)\n    def test_it(self):\n        self.cache['a'] = 1\n"
     "        self.assertEqual(self.cache['a'], 1)\n        self.assertIn('a', self.cache)\n"
     "        with self.assertRaises(KeyError):\n            self.cache['b']\n```",
     "class Cache(dict):\n    def __init__(self, size):\n        self.size = size"),
    ("```python\ndef test_tree():\n    tree = Tree()\n    for n in (3, 1, 2):\n"
     "        tree.insert(n)\n    assert list(tree) == [1, 2, 3]\n    assert 2 in tree\n"
     "    assert 5 not in tree\n```",
     "class Tree:\n    def __init__(self):\n        self.held = []\n"
     "    def insert(self, n):\n        self.held = sorted([*self.held, n])\n"
     "    def __iter__(self):\n        return iter(self.held)\n"
     "    def __contains__(self, n):\n        return n in self.held"),
    ("```python\ndef test_open():\n    with Timer() as timer:\n        timer.tick()\n"
     "    assert timer.ticks == 1\n    assert timer.done\n```",
     "class Timer:\n    ticks = 0\n    done = False\n    def __enter__(self):\n        return self\n"
     "    def __exit__(self, *e):\n        self.done = True\n"
     "    def tick(self):\n        self.ticks += 1"),
    ("assert LIMIT == 10\nassert grow(LIMIT) == 11", "LIMIT = 10\ndef grow(x):\n    return x + 1"),
    ("```python\nassert all(fib(n) == fib(n - 1) + fib(n - 2) for n in range(2, 9))\n"
     "assert [fib(n) for n in range(5)] == [0, 1, 1, 2, 3]\n```",
     "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)"),
    ("```python\ndef test_memo():\n    calls = []\n    def slow(x):\n        calls.append(x)\n"
     "        return x * x\n    quick = memo(slow)\n    assert quick(3) == 9\n"
     "    assert quick(3) == 9\n    assert calls == [3]\n```",
     "def memo(f):\n    seen = {}\n    def inner(x):\n        if x not in seen:\n"
     "            seen[x] = f(x)\n        return seen[x]\n    return inner"),
]  # fmt: skip

WRONG: list[tuple[str, str]] = [
    ("double(2) -> 4", "def double(x):\n    return x + 1"),
    ("double(2) -> 4", "def double(x):\n    return str(2 * x)"),
    ("double(2) -> 4", "def double(x):\n    print(2 * x)"),
    ("double(2) -> 4", "def double(x):\n    return 2 * y"),
    ("double(2) -> 4", "def double():\n    return 4"),
    ("mean(1, 2, 2) -> 1.67", "def mean(*x):\n    return sum(x) // len(x)"),
    ("up(3) -> [1, 2, 3]", "def up(n):\n    yield from range(n)"),
    ("pair(1) -> (1, 2)", "def pair(x):\n    return [x, x + 1]"),
    ("unique([1, 2, 1]) -> {1, 2}", "def unique(x):\n    return x"),
    ("even(2) -> True and even(3) -> False", "def even(x):\n    return True"),
    ("nothing(1) -> None", "def nothing(x):\n    return x"),
    ("root(-1) raises ValueError", "def root(x):\n    return x ** 0.5"),
    ("root(-1) raises ValueError", "def root(x):\n    raise KeyError(x)"),
    (">>> greet('Ana')\nHello, Ana!\n", "def greet(name):\n    return f'Hello, {name}!'"),
    (">>> s = Stack()\n>>> s.push(1)\n>>> s.pop()\n1\n",
     "class Stack:\n    def push(self, x):\n        pass\n    def pop(self):\n        return 0"),
    ("```python\ndef test_sort():\n    data = [3, 1, 2]\n    sort(data)\n    assert data == [1, 2, 3]\n```",
     "def sort(x):\n    return sorted(x)"),
    ("```python\nimport pytest\n\ndef test_it():\n    with pytest.raises(ValueError):\n"
     "        root(-1)\n```", "def root(x):\n    return 0"),
    ("```python\nimport unittest\nclass T(unittest.TestCase):\n    def test_it(self):\n"
     "        self.assertEqual(double(2), 4)\n```", "def double(x):\n    return 5"),
    ("```python\ndef test_open():\n    with Timer() as timer:\n        assert timer.ticks == 1\n```",
     "class Timer:\n    ticks = 0\n    def __enter__(self):\n        return self\n"
     "    def __exit__(self, *e):\n        return True"),
    ("```python\ndef test_order():\n    for got, want in zip(map(inc, (1, 2)), (2, 3)):\n"
     "        assert got == want\n```", "def inc(x):\n    raise StopIteration"),
    ("double(2) -> 4", "def double(x):\n    return double(x)"),
]  # fmt: skip
