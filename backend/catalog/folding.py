"""Folds names before they are compared, and makes the grams under which folded names are indexed.

Both a stored name and a query go through `fold_name`, so a rule only has to be the same on both
sides, not linguistically right. Where possible, rules work from left to right and do not look
ahead, so that an unfinished query stays a prefix of the name that the user means.
"""

import re
import unicodedata

MAX_INPUT_CHARS = 600
MAX_FOLDED_CHARS = 200

# Russian, Kyrgyz, and the letters that Ukrainian, Kazakh, Uzbek and Tajik add. Letters that people
# leave out or swap when they type share one form: ё = е, ң = н, ө = о, ү = у, and ъ ь vanish.
# ч is "kh" because Latin c becomes k without a look at the next letter, so "ch" is "kh" as well.
_CYRILLIC = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "j", "з": "z",
    "и": "i", "й": "i", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r",
    "с": "s", "т": "t", "у": "u", "ф": "f", "х": "h", "ц": "ts", "ч": "kh", "ш": "sh", "щ": "sh",
    "ъ": "", "ы": "i", "ь": "", "э": "e", "ю": "iu", "я": "ia",
    "ң": "n", "ө": "o", "ү": "u",
    "ґ": "g", "є": "ie", "і": "i", "ї": "i", "ў": "u", "ј": "j",
    "ә": "a", "ғ": "g", "қ": "k", "ұ": "u", "һ": "h", "ӣ": "i", "ӯ": "u", "ҳ": "h", "ҷ": "j",
}  # fmt: skip
# Latin: w = v and y = i (so that "tokyo" = «Токио», "haikyu" = «Хайкю»), c = q = k, x = ks;
# letters that do not decompose; the × of "SPY×FAMILY" is read as the letter x between two words.
_LATIN = {
    "w": "v", "y": "i", "c": "k", "q": "k", "x": "ks", "×": " ks ",
    "ı": "i", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe",
}  # fmt: skip
_APOSTROPHES = dict.fromkeys("'`´’‘ʻʼʹʺ′＇")
_LETTERS = str.maketrans({**_CYRILLIC, **_LATIN, **_APOSTROPHES})
# Letters that decompose into one of those above plus a mark: they are replaced before all marks
# are dropped.
_BEFORE_MARKS = str.maketrans({letter: _CYRILLIC[letter] for letter in "ёйїўӣӯ"})
_MARKS = re.compile("[\u0300-\u036f]")

# Polivanov's дз before a soft vowel is Hepburn's j («дзюцу» = "jutsu"); дж is how j is written.
_SOFT_DZ = re.compile("дз(?=[июяё])|дж")
_SOFT_VOWEL_OF_J = re.compile("j(?:и|ю|я|ё)")
_HARD_VOWEL = {"jи": "ji", "jю": "ju", "jя": "ja", "jё": "jo"}

_CJK = (
    "\u1100-\u11ff\u3005-\u3007\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)
_NOT_A_WORD = re.compile(r"[\W_]+")
_WORD = re.compile(r"[^\W_]")
_CJK_GAP = re.compile(f"(?<=[{_CJK}]) (?=[{_CJK}])")
_CJK_EDGE = re.compile(f"(?<=[{_CJK}])(?=[^ {_CJK}])|(?<=[^ {_CJK}])(?=[{_CJK}])")
_IS_CJK = re.compile(f"[{_CJK}]")
_DOUBLED = re.compile(r"([a-z])\1+")
_LONG_O = re.compile("o[ou]+")


# A single letter, and the signs up to the next word ("K-ON!", "L♥DK"), or everything up to the next
# single letter ("G. T. O.").
_INITIAL = re.compile(r"(?<!\w)([^\W\d_])(?:[^\w\s]+(?=\w)|\W+(?=[^\W\d_](?!\w)))")


def join_initials(name: str) -> str:
    """Return the name with single letters joined to the letters or the word behind them: GTO for
    G.T.O., KON! for K-ON!."""
    return _INITIAL.sub(r"\1", unicodedata.normalize("NFKC", _readable(name)))


def fold_signs(name: str) -> str:
    """Return the signs of a name: it is compared by these if it has no letter and no digit."""
    text = unicodedata.normalize("NFKC", _readable(name)).casefold()
    return "".join(sign for sign in text if unicodedata.category(sign)[0] in "PS")[
        :MAX_FOLDED_CHARS
    ]


def is_signs(folded: str) -> bool:
    """Return True for a form of `fold_signs`, False for one of `fold_name`."""
    return _WORD.search(folded) is None


def name_forms(name: str) -> list[str]:
    """Return the folded forms under which a name can be found: its own and, where it differs, the
    one with initials joined; for a name of signs only, its signs."""
    folded = fold_name(name)
    if not folded:
        return [signs] if (signs := fold_signs(name)) else []
    joined = fold_name(join_initials(name))
    return [folded] if joined == folded else [folded, joined]


def fold_query(query: str) -> str:
    """Return the form by which a query is searched: the last one of `name_forms`."""
    forms = name_forms(query)
    return forms[-1] if forms else ""


def _readable(name: str) -> str:
    return name[:MAX_INPUT_CHARS].encode("utf-8", "ignore").decode()  # drops lone surrogates


def fold_name(name: str) -> str:
    """Return the form under which `name` is compared.

    It has words of a-z, digits and other scripts' letters, one space apart, at most
    MAX_FOLDED_CHARS. It is empty where the name has no letter and no digit. Folding raises nothing,
    whatever the text, and folding twice changes nothing.
    """
    text = unicodedata.normalize("NFKC", _readable(name)).casefold()
    text = _SOFT_VOWEL_OF_J.sub(lambda m: _HARD_VOWEL[m[0]], _SOFT_DZ.sub("j", text))
    text = unicodedata.normalize("NFKD", text.translate(_BEFORE_MARKS)).casefold()
    text = _MARKS.sub("", text).translate(_LETTERS)
    # Composing again keeps Hangul and voiced kana whole: か with its mark becomes が, not か.
    text = unicodedata.normalize("NFC", text)
    text = _fold_spelling(text)
    text = _NOT_A_WORD.sub(" ", text).strip()
    text = _CJK_EDGE.sub(" ", _CJK_GAP.sub("", text))
    return text[:MAX_FOLDED_CHARS].strip()


def _fold_spelling(text: str) -> str:
    """Write doubled letters and long o once (shounen, shoonen, shonen), zh as j and ph as f."""
    text = _LONG_O.sub("o", _DOUBLED.sub(r"\1", text))
    return _DOUBLED.sub(r"\1", text.replace("zh", "j").replace("ph", "f"))


def name_grams(folded: str) -> set[str]:
    """Return the grams of a folded name: the trigrams of each word with a space at either end.

    Of Chinese, Japanese and Korean, where words are short and unspaced, each character and each
    pair is a gram. Names of signs have no grams: they are found by the whole form.
    """
    grams: set[str] = set()
    if is_signs(folded):
        return grams
    for word in folded.split():
        if is_cjk(word):
            grams.update(word)
            grams.update(word[i : i + 2] for i in range(len(word) - 1))
        else:
            padded = f" {word} "
            grams.update(padded[i : i + 3] for i in range(len(word)))
    return grams


def is_cjk(word: str) -> bool:
    """Return True for a Chinese, Japanese or Korean word of a folded name (words are not mixed)."""
    return _IS_CJK.match(word) is not None


_ASCII_BITS = 7
_UNICODE_BITS = 21


def gram_code(gram: str) -> int:
    """Return a gram of up to three characters as one signed 64-bit integer, without collisions.

    Each character takes 7 bits where all are ASCII, else 21; codes of the second kind are always
    larger.
    """
    bits = _ASCII_BITS if gram.isascii() else _UNICODE_BITS
    code = 0
    for character in gram.ljust(3):
        code = code << bits | ord(character)
    return code
