"""Text to token ids: the reference text of the Python language by default, or any UTF-8 file."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

UNKNOWN = "<unknown>"  # token 0: every type beyond the vocabulary
TOKEN = re.compile(r"\w+|[^\w\s]")  # a word, or a single mark of punctuation


class TextError(ValueError):
    """Error for a text that cannot be used; the message names the file, the fault and what is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """A tokenised text, its types ranked by frequency.

    Attributes
    ----------
    name : where the text came from, for messages.
    ranks : rank of each token's type, (n,); 1 is the most frequent, ties in alphabetical order.
    types : the types by rank; ``types[0]`` is the unknown token.
    """

    name: str
    ranks: NDArray[np.int64]
    types: tuple[str, ...]

    @classmethod
    def of(cls, text: str, name: str = "text") -> Corpus:
        """Return the corpus of a text.

        >>> corpus = Corpus.of("to be, or not to be")
        >>> corpus.types
        ('<unknown>', 'be', 'to', ',', 'not', 'or')
        >>> corpus.tokens(V=3, T=4)
        array([2, 1, 0, 0, 0])
        """
        words = TOKEN.findall(text)
        ordered = sorted(Counter(words).items(), key=lambda item: (-item[1], item[0]))
        types = (UNKNOWN, *(word for word, _ in ordered))
        rank = {word: position for position, word in enumerate(types)}
        return cls(name=name, ranks=np.array([rank[word] for word in words], dtype=np.int64), types=types)

    def tokens(self, V: int, T: int, start: int = 0) -> NDArray[np.int64]:
        """Return T + 1 token ids from ``start`` on, (T+1,): T inputs and, shifted by one, their T targets.

        The V - 1 most frequent types keep their rank as id; all others become the unknown token 0. Where V exceeds the
        number of types, the remaining ids exist in the model and never occur.

        Raises
        ------
        TextError : the text has fewer than T + 1 tokens from ``start`` on.
        ValueError : V or T below 1, or start below 0.
        """
        for parameter, value, least in (("V", V, 1), ("T", T, 1), ("start", start, 0)):
            if value < least:
                raise ValueError(f"`{parameter}` must be a whole number from {least}, got {value!r}")
        ranks = self.ranks[start : start + T + 1]
        if len(ranks) < T + 1:
            place = f" from token {start} on" if start else ""
            raise TextError(f"{self.name}: T={T} needs {T + 1} tokens, the text has {len(ranks)}{place}")
        return np.where(ranks < V, ranks, 0)

    def decode(self, tokens: Sequence[int] | NDArray[np.integer[Any]]) -> str:
        """Return the tokens as words."""
        return " ".join(self.types[token] if token < len(self.types) else UNKNOWN for token in tokens)


@functools.cache
def load(path: Path | None = None) -> Corpus:
    """Return the corpus of a UTF-8 file, or of the Python language reference; read once a process.

    Raises
    ------
    TextError : the file is missing, cannot be read, is binary or not UTF-8, or holds no token.
    """
    if path is None:
        from pydoc_data.topics import topics

        return Corpus.of("\n".join(topics[name] for name in sorted(topics)), "the Python language reference")
    name = f"corpus {str(path)!r}"
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise TextError(f"{name}: cannot be read ({error.strerror}); needed is a UTF-8 text file") from None
    if b"\0" in data:
        raise TextError(f"{name}: is binary (a zero byte at offset {data.index(0)}); needed is a UTF-8 text file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TextError(f"{name}: is not UTF-8 (at byte {error.start}); needed is a UTF-8 text file") from None
    corpus = Corpus.of(text, name)
    if not len(corpus.ranks):
        raise TextError(f"{name}: has no tokens; needed is a UTF-8 text file with at least T + 1 of them")
    return corpus
