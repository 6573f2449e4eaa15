"""Text as LaTeX: every special character escaped, mathematics in Unicode as mathematics, nothing outside ASCII left."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["MATHEMATICS", "escaped", "formula"]

_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "_": r"\_", "&": r"\&", "%": r"\%", "#": r"\#", "$": r"\$",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}",
}  # fmt: skip

_TEXT = {
    "–": "--", "—": "---", "…": r"\ldots{}", "“": "``", "”": "''", "‘": "`", "’": "'", "\N{NO-BREAK SPACE}": "~",
    "⟨": r"$\langle$", "⟩": r"$\rangle$", "\N{ZERO WIDTH SPACE}": "", "\t": " ",
}  # fmt: skip

MATHEMATICS = {
    "‖": r"\|", "≤": r"\le", "≥": r"\ge", "≠": r"\ne", "≈": r"\approx", "∞": r"\infty", "∇": r"\nabla", "⪯": r"\preceq",
    "⪰": r"\succeq", "·": r"\cdot", "×": r"\times", "±": r"\pm", "→": r"\to", "∈": r"\in", "⊗": r"\otimes",
    "∘": r"\circ", "½": r"{\tfrac{1}{2}}", "−": "-", "∫": r"\int", "∂": r"\partial", "∑": r"\sum", "∏": r"\prod",
    "√": r"\surd", "✓": r"\checkmark", "✗": r"\times", "′": r"^{\prime}", "″": r"^{\prime\prime}", "∩": r"\cap",
    "∪": r"\cup", "≡": r"\equiv", "≪": r"\ll", "≫": r"\gg", "⊂": r"\subset", "⊆": r"\subseteq", "⊥": r"\perp",
    "∀": r"\forall", "∃": r"\exists", "⌊": r"\lfloor", "⌋": r"\rfloor", "⌈": r"\lceil", "⌉": r"\rceil", "ℓ": r"\ell",
    "∣": r"\mid", "∥": r"\parallel", "⇒": r"\Rightarrow", "⇔": r"\Leftrightarrow", "←": r"\leftarrow", "∝": r"\propto",
    "⟨": r"\langle", "⟩": r"\rangle", "⅓": r"{\tfrac{1}{3}}", "¼": r"{\tfrac{1}{4}}",
    "¾": r"{\tfrac{3}{4}}", "ℝ": r"\mathbb{R}", "ℂ": r"\mathbb{C}", "ℕ": r"\mathbb{N}",
    "∧": r"\wedge", "∨": r"\vee", "⊕": r"\oplus", "∅": r"\emptyset",
}  # fmt: skip

_GREEK = [
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi",
    "omicron", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
]  # fmt: skip
# Greek capitals that look like Latin ones have no command
_CAPITALS = {"Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega"}
for _name in _GREEK:
    MATHEMATICS[unicodedata.lookup(f"GREEK SMALL LETTER {'LAMDA' if _name == 'lambda' else _name.upper()}")] = (
        "o" if _name == "omicron" else rf"\{_name}"
    )
    if _name.capitalize() in _CAPITALS:
        _letter = unicodedata.lookup(f"GREEK CAPITAL LETTER {'LAMDA' if _name == 'lambda' else _name.upper()}")
        MATHEMATICS[_letter] = rf"\{_name.capitalize()}"
MATHEMATICS |= {"ε": r"\varepsilon", "φ": r"\varphi", "ϕ": r"\phi"}
MATHEMATICS["µ"] = r"\mu"  # the micro sign

_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵀ*", [*"0123456789+-=()ni", r"\top", "*"], strict=True))
_LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑᵢⱼₖₘₙₚᵣₛₜ", "0123456789+-=()aeijkmnprst", strict=True))
del _RAISED["*"]
_ACCENTS = {"\N{COMBINING TILDE}": "tilde", "\N{COMBINING MACRON}": "bar", "\N{COMBINING CIRCUMFLEX ACCENT}": "hat"}
_FUNCTIONS = ("ln", "log", "exp", "max", "min", "sup", "inf", "cosh", "sinh", "avg", "diag", "tr")
_KNOWN = ("ln", "log", "exp", "max", "min", "sup", "inf", "cosh", "sinh")


def escaped(text: str) -> str:
    """Return text that LaTeX prints as it is; a sign that is not ASCII becomes a command, or its name.

    Examples
    --------
    >>> escaped("50 % of β_k")
    '50 \\\\% of $\\\\beta$\\\\_k'
    """
    found = "".join(map(_letter_of_text, unicodedata.normalize("NFC", text)))
    return re.sub(r"(?<!\\)\$\$", "", found)  # one formula where two meet


def _letter_of_text(letter: str) -> str:
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    if letter.isascii():
        return letter
    if letter in _TEXT:
        return _TEXT[letter]
    if letter in MATHEMATICS:
        return f"${MATHEMATICS[letter]}$"
    if letter in _RAISED:
        return f"$^{{{_RAISED[letter]}}}$"
    if letter in _LOWERED:
        return f"$_{{{_LOWERED[letter]}}}$"
    parts = unicodedata.normalize("NFD", letter)
    if len(parts) == 2 and parts[0].isascii() and parts[1] in _TEXT_ACCENTS:
        return rf"\{_TEXT_ACCENTS[parts[1]]}{{{parts[0]}}}"
    return rf"\texttt{{[{unicodedata.name(letter, f'U+{ord(letter):04X}').lower()}]}}"


_TEXT_ACCENTS = {
    "\N{COMBINING ACUTE ACCENT}": "'", "\N{COMBINING GRAVE ACCENT}": "`", "\N{COMBINING DIAERESIS}": '"',
    "\N{COMBINING TILDE}": "~", "\N{COMBINING CIRCUMFLEX ACCENT}": "^", "\N{COMBINING MACRON}": "=",
    "\N{COMBINING CEDILLA}": "c ", "\N{COMBINING CARON}": "v ",
}  # fmt: skip


def formula(text: str) -> str:
    """Return a sentence with mathematics in Unicode as LaTeX: words stay words, the rest is set as mathematics.

    Examples
    --------
    >>> formula("At β = q the best K_q is C_q.")
    'At $\\\\beta = q$ the best $K_q$ is $C_q$.'
    """
    parts: list[str] = []
    run: list[str] = []
    for word in unicodedata.normalize("NFD", text).split():
        core = word.rstrip(".,:;?")
        end = word[len(core) :]
        if _is_prose(core):
            parts += _closed(run)
            run = []
            parts.append(escaped(word))
        else:
            run.append(core)
            inside = " ".join(run)
            # a comma inside parentheses or angles belongs to the mathematics
            if end and (end != "," or _depth(inside) == 0):
                closed = _closed(run)
                parts += [*closed[:-1], closed[-1] + escaped(end)]
                run = []
            elif end:
                run[-1] += end
    return " ".join([*parts, *_closed(run)])


def _depth(text: str) -> int:
    return text.count("(") + len(re.findall(r"<(?=\w)", text)) + text.count("[") - (
        text.count(")") + len(re.findall(r"(?<=\w)>", text)) + text.count("]")
    )  # fmt: skip


_NAMES = re.compile(r"[ADNTC]\d+[a-z]?(-[A-Za-z0-9]+)?(\*|'|′)?(['’]s)?(-T\d+)?")


def _is_prose(word: str) -> bool:
    """Return whether a word is language: letters alone, two at least, or the number of a statement."""
    inside = word.strip("()“”\"'")
    if not inside or word in ("a", "A", "I", "–", "—"):
        return word != ""
    if inside in _FUNCTIONS:
        return False
    return bool(re.fullmatch(r"[A-Za-z]{2,}([-–'’][A-Za-z0-9]+)*", inside) or _NAMES.fullmatch(inside)) or bool(
        re.fullmatch(r"[A-Za-z]{2,}-\w+", inside)
    )


def _closed(run: list[str]) -> list[str]:
    text, after = " ".join(run), ""
    while text.endswith(")") and text.count(")") > text.count("("):  # it closes what the words before have opened
        text, after = text[:-1], f"){after}"
    return [f"${_maths(text)}${after}"] if text else [after] if after else []


def _maths(text: str) -> str:
    """Return a run of mathematics in Unicode as the inside of a formula."""
    text = re.sub(
        r"<(?=\S)([^<>]*?\S)>", "\N{MATHEMATICAL LEFT ANGLE BRACKET}\\1\N{MATHEMATICAL RIGHT ANGLE BRACKET}", text
    )
    text = re.sub("([A-Za-z])([" + "".join(_ACCENTS) + "])", lambda m: rf"\{_ACCENTS[m[2]]}{{{m[1]}}}", text)
    text = re.sub(r"\^\(([^()]*)\)", r"^{\1}", text)
    text = _roots(text)
    text = re.sub(r"_(low|high)\b", r"_{\\mathrm{\1}}", text)
    text = text.replace("|||", r"|\mkern-2mu|\mkern-2mu|")
    text = re.sub(r"(?<![A-Za-z\\])(" + "|".join(_FUNCTIONS) + r")(?![A-Za-z])", _function, text)
    text = re.sub(r"Σ(?=[^\s^,.;)\]]|$)(?!$)", r"\\sum ", text)  # a sum has something right behind it
    text = re.sub("[" + "".join(_RAISED) + "]+", lambda m: f"^{{{''.join(_RAISED[x] for x in m[0])}}}", text)
    text = re.sub("[" + "".join(_LOWERED) + "]+", lambda m: f"_{{{''.join(_LOWERED[x] for x in m[0])}}}", text)
    # words inside mathematics stand upright
    out = []
    for letter in text:
        if letter in "%#&$":
            out.append(_ESCAPES[letter])
        elif letter.isascii():
            out.append(letter)
        elif letter in MATHEMATICS:
            out.append(f"{MATHEMATICS[letter]} ")
        else:
            out.append(rf"\text{{{_letter_of_text(letter)}}}")
    text = "".join(out).replace("*", "^{*}")
    return re.sub(r" +", " ", re.sub(r" (?=[_^)\]}|,])", "", text)).strip()


def _function(found: re.Match[str]) -> str:
    name = found[1]
    return rf"\{name} " if name in _KNOWN else rf"\operatorname{{{name}}}"


def _roots(text: str) -> str:
    """Return the text with √x and √(…) as roots; the bar says what the parentheses said."""
    while "√" in text:
        i = text.index("√")
        rest = text[i + 1 :]
        if rest.startswith("("):
            depth, end = 0, len(rest)
            for k, letter in enumerate(rest):
                depth += (letter == "(") - (letter == ")")
                if depth == 0:
                    end = k
                    break
            inside, after = rest[1:end], rest[end + 1 :]
        else:
            found = re.match(r"\w", rest)
            cut = found.end() if found else 0
            inside, after = rest[:cut], rest[cut:]
        text = f"{text[:i]}\\sqrt{{{inside}}}{after}"
    return text
