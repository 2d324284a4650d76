"""How a language model writes: prompts in, tokens out, step by step."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from recurra import generation
from recurra.layers import AdaptiveSoftmax, Dense, Embedding, Input
from recurra.models.sequential import Sequential
from recurra.models.vocabulary import Vocabulary


class WritesTexts:
    """The part of `LanguageModel` that runs step by step."""

    vocabulary: Vocabulary | int
    size: int
    stack: list[Any]
    dtype: Any
    _title: str
    _embedding: Embedding
    _head: Any
    _bias: Any

    def generate(self, prompts: Any, max_new_tokens: int = 100, **options: Any) -> generation.Generated:
        """Goes on behind prompts, token by token; states are carried, so that nothing is computed twice.

        The unknown token of a vocabulary is never written.

        Args:
            prompts: A text or a list of texts, or one list of tokens for each row.
            max_new_tokens: Most tokens behind a prompt; default 100.
            **options: As those of `recurra.generation.generate`: do_sample, temperature, top_k, top_p, num_beams, seed,
                callback, …

        Returns:
            The tokens; `vocabulary.decode` makes a text of a row.

        Raises:
            ValueError: A layer of the stack cannot be run step by step, or an option does not fit.

        Warns:
            UserWarning: Words of a prompt are unknown.
        """
        rows = self.prompts_of(prompts)
        step, states = self.step()
        return generation.generate(step, states(len(rows)), rows, max_new_tokens=max_new_tokens, **options)

    def step(self) -> tuple[Any, Any]:
        """The step function for `recurra.generation.generate` and the states it starts from; see `step_of`."""
        scored = not isinstance(self._head, AdaptiveSoftmax)
        step, states = generation.step_of(self.chain(scored))
        head, unknown = self._head, None
        if isinstance(self.vocabulary, Vocabulary) and self.vocabulary.unknown is not None:
            unknown = self.vocabulary.numbers[self.vocabulary.unknown]
        if scored and unknown is None:
            return step, states

        def written(tokens: np.ndarray, carried: Any) -> tuple[np.ndarray, Any]:
            found, carried = step(tokens, carried)
            if not scored:
                found = np.array(head(found.astype(head.dtype)).numpy(), np.float64)
            if unknown is not None:
                found[:, unknown] = -np.inf
            return found, carried

        return written, states

    def chain(self, scored: bool = True) -> Sequential:
        """The model as a chain of layers, for `streaming()`: tokens in, logits out; its weights are those of now.

        Args:
            scored: Whether the chain ends with the logits (default) or with the output of the stack.

        Raises:
            ValueError: The logits of an adaptive softmax are asked for.
        """
        layers = [Input((None,), dtype="int32"), self._embedding, *self.stack]
        if scored and isinstance(self._head, AdaptiveSoftmax):
            raise ValueError(f"{self._title}: an adaptive softmax is no layer that streams run; use generate")
        if scored and self._head is not None:
            layers.append(self._head)
        chain = Sequential(layers)
        if scored and self._head is None:
            logits = Dense(self.size, dtype=self.dtype, name="logits")
            chain.add(logits)
            logits.set_weights([self._embedding.embeddings.numpy().T, self._bias.numpy()])
        return chain

    def prompts_of(self, prompts: Any) -> Any:
        """Prompts as `recurra.generation.generate` takes them; words that a text has and the vocabulary not are named.

        Args:
            prompts: A text or a list of texts, or one list of tokens for each row.

        Raises:
            ValueError: A character is unknown, or the model has no vocabulary.

        Warns:
            UserWarning: Words are unknown.
        """
        texts = [prompts] if isinstance(prompts, str) else prompts
        if not isinstance(texts, (list, tuple)) or not any(isinstance(one, str) for one in texts):
            return prompts if isinstance(prompts, (list, tuple)) else np.asarray(prompts)
        vocabulary = self._vocabulary_for("a prompt")
        strangers = [token for text in texts for token in vocabulary.strangers(text)]
        if strangers and vocabulary.unknown is not None:
            said = vocabulary.stranger_words(list(dict.fromkeys(strangers)))
            warnings.warn(f"prompt: {said}; read as {vocabulary.unknown}", stacklevel=2)
        return [vocabulary.encode(text).tolist() for text in texts]

    def _vocabulary_for(self, what: str) -> Vocabulary:
        if isinstance(self.vocabulary, int):
            raise ValueError(
                f"{self._title}: {what} is a text, but the model knows numbers only; make it with a Vocabulary, or "
                "give numbers"
            )
        return self.vocabulary
