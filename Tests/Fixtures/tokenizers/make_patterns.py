"""Writes patterns.json: how the tokenizers library (0.23.3, Oniguruma) cuts texts by patterns with groups and words.

    python3 make_patterns.py > patterns.json
"""
import json, random
from tokenizers import Regex, pre_tokenizers

C = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
END = r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
PATTERNS = {
    "exaone-moe": C + r"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+",
    "tekken": rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*|\p{{N}}" + END,
    "words": r"\w+|[^\w\s]+|\s+",
    "no words": r"\W+",
    "repeated alternatives": r"(?:ab|a)*b|(?:[a-c]\d)+|(?:\s\S){2}|(?:xy){1,3}z?|.|\n",
    "groups in groups": r"(?:(?:a|b)+c?)+d|(?:\p{L}{2} )*\p{N}+|(?:'|\")?\p{L}+(?:-\p{L}+)*|\s+|(?:[^\s\p{L}\p{N}]\n?){1,4}",
    "groups looked ahead for": r"\p{N}{1,3}(?=(?:\p{N}{3})*(?:\P{N}|$))|(?:\p{Lu}\p{Ll}*)+|\p{L}|[^\p{L}\p{N}]",
}
WORDS = ["the", "Hello", "don't", "I'LL", "naïve", "e\u0301te", "ǅungla", "你好", "カタカナ", "한국어", "привет", "नमस्ते",
         "ab", "aab", "abcd", "a1b2c3", "xyxyz", "1234567", "½²", "_x", "word-word", "AbcDef", "🙂", "\u00a0", "\t", "\n",
         "\r\n", " ", "  ", "...", "!?", "'s", "//", "\u200d", "Ⅷ", "ⓐ", "\u0345"]


def main():
    numbers = random.Random(7)
    cases = []
    for name, pattern in PATTERNS.items():
        cut = pre_tokenizers.Sequence([
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
        texts = []
        for _ in range(16):
            text = "".join(numbers.choice(WORDS) + numbers.choice(["", " "]) for _ in range(12))
            texts.append({"text": text, "pieces": [piece for piece, _ in cut.pre_tokenize_str(text)]})
        cases.append({"name": name, "pattern": pattern, "texts": texts})
    print(json.dumps({"cases": cases}, ensure_ascii=True, indent=0))


main()
