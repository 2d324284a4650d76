"""Sequence to sequence: an encoder reads a sequence of tokens, a decoder writes another one."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from recurra import checks, generation, losses, ops, random
from recurra.layers import RNN, AttentionRNN, Dense, Dropout, Embedding, StackedRNNCells
from recurra.layers.attention.alignment import Memory
from recurra.layers.masks import attach_mask, mask_of
from recurra.layers.recurrent.protocol import check_cell
from recurra.metrics import SequenceAccuracy
from recurra.models.answers import padded_tokens, taught
from recurra.models.model import Model
from recurra.tensor import Tensor, no_grad
from recurra.tree import flatten, pack_as

_CONTEXTS = ("attention", "state", "input")


class Seq2Seq(Model):
    """An encoder reads a sequence of tokens, a decoder writes another one, token by token.

    Tokens are numbers from 1 on; 0 is padding. `fit` and `evaluate` take (source, target): arrays padded with 0, or
    lists of lists. Start and end marks are added to the targets, padding has no influence, and the decoder is given the
    true tokens before each step (teacher forcing). `compile` has the loss, cross-entropy, and the metric, the share of
    whole answers, as its defaults. The model itself is called on [source, what the decoder reads] and gives logits.

    The final states of the encoder are the first ones of the decoder where they agree in number and widths; otherwise
    each of these is tanh(W s + b) of all of those.

    Args:
        encoder: A layer, or a list of layers: any stack, Bidirectional ones too. The last one returns its sequences
            (return_sequences=True), and with context "state" or "input" its states (return_state=True).
        cell: The decoder's cell: a built-in one, one of your own, or a list to stack.
        source_vocabulary: Number of the source's tokens, with 0.
        target_vocabulary: Number of the target's tokens, with 0 and both marks.
        start: The start mark, a token of the target's vocabulary.
        end: The end mark, another one.
        embedding_dim: Length of the vectors of tokens, source and target; default 64.
        context: How the decoder sees the source: by "attention" (default) to the encoder's sequences; "state": by its
            first states alone; "input": by reading the encoder's final states at every step as well (Cho et al., 2014).
        score: Of the attention, see `AttentionRNN`; default "additive".
        attention: "before" (default) or "after" the cell.
        input_feeding: Whether the attended vector is fed back; default True. Only with attention="after".
        attention_layer_size: Width of the attended vector; default None, as in `AttentionRNN`.
        dropout: Share of the numbers of embedded tokens and of the decoder's output that training drops; default 0.
        scheduled_sampling: Probability, in [0, 1], that the decoder reads a token drawn from its own distribution
            instead of the true one in training, for each row and step; an attribute that a callback may change. Default
            0. Then training runs step by step (Bengio et al., 2015).
        **options: `name`, `trainable`, `dtype`.

    Raises:
        ValueError: An argument is out of range; at the call tokens are unknown, or the encoder returns something else.

    Sources: Sutskever et al., Sequence to Sequence Learning with Neural Networks, 2014; Cho et al., Learning Phrase
    Representations using RNN Encoder-Decoder, 2014; Bahdanau et al., 2015; Bengio et al., Scheduled Sampling for
    Sequence Prediction with Recurrent Neural Networks, 2015.

    Example:
        >>> layers = recurra.layers
        >>> encoder = layers.Bidirectional(layers.GRU(8, return_sequences=True, return_state=True))
        >>> model = recurra.models.Seq2Seq(encoder, layers.GRUCell(8), 12, 14, start=12, end=13, embedding_dim=4)
        >>> model.compile("adam")
        >>> source, target = [[1, 2, 3], [4, 5]], [[3, 2, 1], [5, 4]]
        >>> history = model.fit(source, target, epochs=1, verbose=0)
        >>> len(model.generate(source, max_new_tokens=4).lists())
        2
    """

    config_arguments: ClassVar[tuple[str, ...]] = (
        "encoder",
        "cell",
        "source_vocabulary",
        "target_vocabulary",
        "start",
        "end",
        "embedding_dim",
        "context",
        "score",
        "attention",
        "input_feeding",
        "attention_layer_size",
        "dropout",
        "scheduled_sampling",
    )
    layer_arguments: ClassVar[tuple[str, ...]] = ("encoder", "cell")

    def __init__(
        self,
        encoder: Any,
        cell: Any,
        source_vocabulary: int,
        target_vocabulary: int,
        start: int,
        end: int,
        embedding_dim: int = 64,
        context: str = "attention",
        score: str = "additive",
        attention: str = "before",
        input_feeding: bool = True,
        attention_layer_size: int | None = None,
        dropout: float = 0.0,
        scheduled_sampling: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        who = type(self).__name__
        self.source_vocabulary = checks.whole_number(source_vocabulary, who, "source_vocabulary", least=2)
        self.target_vocabulary = checks.whole_number(target_vocabulary, who, "target_vocabulary", least=3)
        most = self.target_vocabulary - 1
        self.start = checks.whole_number(start, who, "start", least=1, most=most)
        self.end = checks.whole_number(end, who, "end", least=1, most=most)
        if self.start == self.end:
            raise ValueError(f"{who}: start and end must be different tokens, got {start} for both")
        self.embedding_dim = checks.whole_number(embedding_dim, who, "embedding_dim")
        self.context = checks.one_of(context, who, "context", _CONTEXTS)
        self.dropout = checks.number(dropout, who, "dropout", least=0, below=1)
        self.scheduled_sampling = checks.number(scheduled_sampling, who, "scheduled_sampling", least=0, most=1)
        self.encoder = encoder
        cell = StackedRNNCells(cell) if isinstance(cell, (list, tuple)) else cell
        check_cell(who, cell)
        dtype = self.dtype
        self._source_embedding = Embedding(
            self.source_vocabulary, self.embedding_dim, mask_zero=True, dtype=dtype, name="source_embedding"
        )
        self._target_embedding = Embedding(
            self.target_vocabulary, self.embedding_dim, dtype=dtype, name="target_embedding"
        )
        self._decoder: Any
        if self.context == "attention":
            self._decoder = AttentionRNN(
                cell,
                score,
                attention=attention,
                input_feeding=input_feeding,
                attention_layer_size=attention_layer_size,
                return_state=True,
                dtype=dtype,
                name="decoder",
            )
        else:
            self._decoder = RNN(cell, return_sequences=True, return_state=True, dtype=dtype, name="decoder")
        self.score, self.attention, self.input_feeding = score, attention, input_feeding
        self.attention_layer_size = attention_layer_size
        self._bridges: list[Dense] = []
        self._drop = Dropout(self.dropout, dtype=dtype, name="drop")
        self._logits = Dense(self.target_vocabulary, dtype=dtype, name="logits")

    def _name_prefix(self) -> str:
        return "seq2seq"

    @property
    def cell(self) -> Any:
        """The decoder's cell."""
        return self._decoder.cell

    # ---- the network

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not isinstance(inputs, (list, tuple)) or len(inputs) != 2:
            raise ValueError("expected a list [source, what the decoder reads] of tokens; generate takes the source")
        source, read = inputs
        states, memory, beside = self._encode(source)
        if training and self.scheduled_sampling > 0:
            logits = self._sampled(read, states, self._with_keys(memory), beside)
        else:
            x = self._read(read, beside)
            if memory is None:
                output, *_ = self._decoder(x, initial_state=states)
            else:
                output, *_ = self._decoder(x, memory, states, memory_mask=mask_of(memory))
            logits = self._logits(self._drop(output))
        attach_mask(logits, ops.not_equal(read, 0))
        return logits

    def _encode(self, source: Any) -> tuple[Any, Any, Any]:
        """The decoder's first states, the memory (None without attention), and what it reads at every step, or None."""
        if source.shape[1] == 0:
            raise ValueError("the source has no steps; every sequence needs at least one token")
        x = self._drop(self._source_embedding(source))
        states: list[Any] = []
        for layer in self.encoder if isinstance(self.encoder, list) else [self.encoder]:
            x = layer(x)
            if isinstance(x, (list, tuple)):
                x, *states = x
                states = flatten(states)
        if self.context == "attention":
            if x.ndim != 3:
                raise ValueError(
                    f"context='attention' needs an encoder whose last layer has return_sequences=True, got {x.shape}"
                )
            if not self._decoder.built:
                self._decoder.build((None, None, self.embedding_dim), x.shape)
            return self._first_states(states, source.shape[0]), x, None
        if not states:
            raise ValueError(f"context={self.context!r} needs an encoder whose last layer has return_state=True")
        beside = ops.concatenate(states, axis=-1) if self.context == "input" else None
        return self._first_states(states, source.shape[0]), None, beside

    def _first_states(self, states: list[Any], batch: int) -> list[Any]:
        if not states:
            return list(self._decoder.get_initial_state(batch))
        size = self.cell.state_size
        wanted = list(size) if isinstance(size, (list, tuple)) else [size]
        widths = [int(width) for width in flatten(wanted)]
        if [state.shape[1] for state in states] != widths:
            joined = ops.concatenate(states, axis=-1)
            if not self._bridges:
                self._bridges = [
                    Dense(width, "tanh", dtype=self.dtype, name=f"bridge_{number}")
                    for number, width in enumerate(widths)
                ]
            states = [bridge(joined) for bridge in self._bridges]
        return list(pack_as(wanted, states))

    def _read(self, tokens: Any, beside: Any) -> Any:
        """What the decoder reads at steps (B, T)."""
        x = self._drop(self._target_embedding(tokens))
        if beside is None:
            return x
        steps = ops.broadcast_to(ops.expand_dims(beside, 1), (*x.shape[:2], beside.shape[-1]))
        return ops.concatenate([x, steps], axis=-1)

    def _with_keys(self, memory: Any) -> Memory | None:
        return None if memory is None else self._decoder.prepare(memory, mask_of(memory))

    def _step(self, tokens: Any, states: Any, memory: Memory | None, beside: Any, training: bool) -> tuple[Any, Any]:
        """The logits (B, V) behind tokens (B,), and the states there."""
        x = self._read(Tensor(tokens[:, None]), beside)
        if memory is None:
            output, *states = self._decoder(x, initial_state=states)
            output = output[:, 0]
        else:
            output, states = self._decoder.step(x[:, 0], states, memory, training=training)
        return self._logits(self._drop(output)), states

    def _sampled(self, read: Any, states: Any, memory: Memory | None, beside: Any) -> Any:
        """Logits where the decoder reads its own tokens in part."""
        truth = read.numpy()
        batch, time = truth.shape
        draws = np.asarray(random.uniform((time, batch, 2)), np.float64)
        tokens, found = truth[:, 0], []
        for t in range(time):
            logits, states = self._step(tokens, states, memory, beside, True)
            found.append(logits)
            if t + 1 < time:
                own = _drawn(logits.numpy(), draws[t, :, 1])
                replaced = (draws[t, :, 0] < self.scheduled_sampling) & (truth[:, t + 1] != 0)
                tokens = np.where(replaced, own, truth[:, t + 1]).astype(truth.dtype)
        return ops.stack(found, axis=1)

    # ---- training

    def compile(  # type: ignore[override]
        self,
        optimizer: Any = "adam",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        **options: Any,
    ) -> None:
        """Settles how the model is trained; see `Model.compile`.

        Args:
            optimizer: Name or Optimizer; default "adam".
            loss: Default cross-entropy of the logits.
            loss_weights: As that of `Model.compile`.
            metrics: Default the share of whole answers, `SequenceAccuracy`.
            **options: As those of `Model.compile`.
        """
        if loss is None:
            loss = losses.SparseCategoricalCrossentropy(from_logits=True)
        metrics = [SequenceAccuracy()] if metrics is None else metrics
        super().compile(optimizer, loss, loss_weights, metrics, **options)

    def taught(self, source: Any, target: Any) -> tuple[list[np.ndarray], np.ndarray]:
        """What the model is called on, and what it shall say: for sources of batches of your own.

        Args:
            source: Tokens (batch, steps), padded with 0, or one list for each sequence.
            target: The answers, in the same form, without marks.

        Returns:
            ([source, what the decoder reads], what it shall say), as `fit` makes them of its arguments.

        Raises:
            ValueError: A token is unknown, a mark stands in a target, or their numbers differ.
        """
        title = self._title
        given = padded_tokens(source, title, "source", self.source_vocabulary)
        read, said = taught(padded_tokens(target, title, "target", self.target_vocabulary), self.start, self.end, title)
        if len(given) != len(read):
            raise ValueError(f"{title}: as many sources as targets are needed, got {len(given)} and {len(read)}")
        return [given, read], said

    def fit(  # type: ignore[override]
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        **options: Any,
    ) -> Any:
        """Trains the model on sources and targets; see `Model.fit`.

        Args:
            x: The sources: tokens (batch, steps), padded with 0, or one list for each. Or a source of batches as
                `taught` makes them, without y.
            y: The targets, in the same form, without marks.
            batch_size: Sequences in a batch; default 32.
            epochs: How often all of them are seen; default 1.
            verbose: As that of `Model.fit`, as are callbacks and validation_split.
            callbacks: Default none.
            validation_split: Share at the end that is held out; default 0.
            validation_data: A pair (sources, targets), or a source of batches.
            **options: As those of `Model.fit`.

        Returns:
            The history of the figures.
        """
        if y is not None:
            x, y = self.taught(x, y)
        if isinstance(validation_data, (tuple, list)) and len(validation_data) > 1:
            held_x, held_y, *rest = validation_data
            validation_data = (*self.taught(held_x, held_y), *rest)
        return super().fit(x, y, batch_size, epochs, verbose, callbacks, validation_split, validation_data, **options)

    def evaluate(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Measures the model on sources and targets; arguments as those of `fit` and `Model.evaluate`."""
        if y is not None:
            x, y = self.taught(x, y)
        return super().evaluate(x, y, *args, **kwargs)

    # ---- answers

    def generate(self, source: Any, max_new_tokens: int = 50, **options: Any) -> generation.Generated:
        """Answers to sources, token by token; the source is read once, states are carried.

        Args:
            source: Tokens (batch, steps), padded with 0, or one list for each sequence.
            max_new_tokens: Most tokens of an answer, end mark included; default 50.
            **options: As those of `recurra.generation.generate`: num_beams, do_sample, temperature, seed, callback, …

        Returns:
            The answers; `lists()` gives them without end marks and padding.

        Raises:
            ValueError: A token is unknown, or an option does not fit.
        """
        tokens = padded_tokens(source, self._title, "source", self.source_vocabulary)
        with no_grad():
            states, memory, beside = self._encode(Tensor(tokens))
            source_of = _Source(self._with_keys(memory), beside, len(tokens))

        def step(last: np.ndarray, carried: Any) -> tuple[Any, Any]:
            now, rows = carried
            logits, now = self._step(last, now, *source_of(rows), False)
            return logits, (now, rows)

        prompts = [[self.start]] * len(tokens)
        first = (states, np.arange(len(tokens)))
        return generation.generate(step, first, prompts, end=self.end, max_new_tokens=max_new_tokens, **options)

    def align(self, source: Any, target: Any) -> np.ndarray:
        """Where the decoder looks while it is given an answer: for `recurra.plotting.attention`.

        Args:
            source: Tokens (batch, steps), padded with 0, or one list for each sequence.
            target: The answers, without marks.

        Returns:
            The alignments (batch, target steps + 1, source steps); the last step says the end mark.

        Raises:
            ValueError: The model does not attend.
        """
        if self.context != "attention":
            raise ValueError(f"{self._title}: align needs context='attention', this model has {self.context!r}")
        (given, read), _ = self.taught(source, target)
        with no_grad():
            states, memory, _ = self._encode(Tensor(given))
            x = self._read(Tensor(read), None)
            _, alignments, *_ = self._decoder(x, memory, states, memory_mask=mask_of(memory), return_alignments=True)
        return np.array(alignments.numpy())


class _Source:
    """Memory and context of the sources that rows belong to; the beams of one source share them."""

    def __init__(self, memory: Memory | None, beside: Any, count: int) -> None:
        self._all = memory, beside
        self._taken = memory, beside
        self._rows = np.arange(count)

    def __call__(self, rows: np.ndarray) -> tuple[Memory | None, Any]:
        if not np.array_equal(rows, self._rows):
            memory, beside = self._all
            self._taken = (
                None if memory is None else Memory(*(_rows_of(one, rows) for one in memory)),
                _rows_of(beside, rows),
            )
            self._rows = rows
        return self._taken


def _rows_of(tensor: Any, rows: np.ndarray) -> Any:
    return None if tensor is None else ops.take(tensor, rows, axis=0)


def _drawn(logits: np.ndarray, places: np.ndarray) -> np.ndarray:
    """A token of each row's distribution (rows, V), at these places of its cumulative sum."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True), dtype=np.float64)
    cumulative = powers.cumsum(axis=-1)
    return np.asarray((cumulative < places[:, None] * cumulative[:, -1:]).sum(axis=-1))
