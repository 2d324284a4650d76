"""Language models: what comes next in a text, token by token."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from recurra import checks, initializers, losses, metrics, ops, random, serialization
from recurra.callbacks import Callback
from recurra.layers import RNN, AdaptiveSoftmax, Dense, Dropout, Embedding
from recurra.models.data.token_windows import TokenWindows, checked_tokens
from recurra.models.model import Model
from recurra.models.vocabulary import Vocabulary
from recurra.models.writing import WritesTexts
from recurra.tensor import Tensor


class LanguageModel(WritesTexts, Model):
    """The probability of each token of a text, given those before it: an embedding, a stack of layers, a softmax.

    `fit` and `evaluate` take one long row of tokens, or a text. It is cut into rows that are read side by side, window
    after window; the states of recurrent layers go on from window to window, and the gradient goes back to where a
    window begins (truncated backpropagation through time). The loss is the mean of −log p of a token, in nats. Beside
    it stands the perplexity, or for a vocabulary of characters the bits per character.

    Called on tokens (batch, steps) the model gives logits (batch, steps, vocabulary), log probabilities with `cutoffs`,
    and goes on from its states; `reset_states()` lets it begin anew. With `targets` it gives −log p of each of these.

    Args:
        vocabulary: A `Vocabulary`, or the number of tokens.
        stack: A layer or a list of layers that return sequences and read forwards: recurrent ones, TCN, dropouts, …
        embedding_dim: Length of the vectors of tokens; default 128.
        tie_weights: Whether the table of the embedding is the matrix of the softmax too; `embedding_dim` is then the
            width of the last layer. Default False.
        cutoffs: For large vocabularies: those of an `AdaptiveSoftmax` in place of the softmax; default None.
        div_value: Of that; default 4.0.
        context: Steps that a window of `fit` and `evaluate` has in front of those that count: for stacks without states
            that are carried. Default 0.
        embedding_dropout: Share of the words whose vectors training sets to zero, for a whole window; default 0.
        input_dropout: Share of the numbers of vectors that training drops; default 0.
        output_dropout: The same of the last layer's output; default 0.
        locked_dropout: Whether these two drop the same numbers at all steps of a window (Gal & Ghahramani, 2016).
            Default False.
        activation_penalty: α adds α · mean(h²) of the last layer's output, after dropout, to the loss; default 0.
        temporal_penalty: β adds β · mean((h_{t+1} − h_t)²) of it, before dropout; default 0.
        embeddings_initializer: Of the table; default "uniform".
        head_initializer: Of the matrices of the softmax; default "glorot_uniform".
        **options: `name`, `trainable`, `dtype`.

    Raises:
        ValueError: An argument is out of range, or a layer of the stack reads later steps or returns no sequences.

    Sources: Mikolov et al., Recurrent neural network based language model, 2010; Zaremba et al., Recurrent Neural
    Network Regularization, 2014; Press & Wolf, Using the Output Embedding to Improve Language Models, 2017; Merity et
    al., Regularizing and Optimizing LSTM Language Models, 2018.

    Example:
        >>> text = "to be or not to be that is the question " * 20
        >>> vocabulary = recurra.models.Vocabulary.of(text, "char")
        >>> stack = [recurra.layers.LSTM(16, return_sequences=True)]
        >>> model = recurra.models.LanguageModel(vocabulary, stack, embedding_dim=8)
        >>> model.compile(recurra.optimizers.Adam(0.01))
        >>> history = model.fit(text, batch_size=8, steps=10, epochs=2, verbose=0)
        >>> sorted(history.history)
        ['bits_per_character', 'loss']
        >>> len(model.generate("to b", max_new_tokens=5).sequences[0])
        5
    """

    config_arguments: ClassVar[tuple[str, ...]] = (
        "vocabulary",
        "stack",
        "embedding_dim",
        "tie_weights",
        "cutoffs",
        "div_value",
        "context",
        "embedding_dropout",
        "input_dropout",
        "output_dropout",
        "locked_dropout",
        "activation_penalty",
        "temporal_penalty",
        "embeddings_initializer",
        "head_initializer",
    )
    layer_arguments: ClassVar[tuple[str, ...]] = ("stack",)
    _casts_inputs = False

    def __init__(
        self,
        vocabulary: Vocabulary | int,
        stack: Any,
        embedding_dim: int = 128,
        tie_weights: bool = False,
        cutoffs: Sequence[int] | None = None,
        div_value: float = 4.0,
        context: int = 0,
        embedding_dropout: float = 0.0,
        input_dropout: float = 0.0,
        output_dropout: float = 0.0,
        locked_dropout: bool = False,
        activation_penalty: float = 0.0,
        temporal_penalty: float = 0.0,
        embeddings_initializer: Any = "uniform",
        head_initializer: Any = "glorot_uniform",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        who = type(self).__name__
        self.vocabulary = _checked_vocabulary(vocabulary)
        self.size = self.vocabulary if isinstance(self.vocabulary, int) else len(self.vocabulary)
        self.stack = list(stack) if isinstance(stack, (list, tuple)) else [stack]
        self.embedding_dim = checks.whole_number(embedding_dim, who, "embedding_dim")
        self.tie_weights = checks.boolean(tie_weights, who, "tie_weights")
        self.div_value = checks.positive_number(div_value, who, "div_value")
        self.context = checks.whole_number(context, who, "context", least=0)
        self.embedding_dropout = checks.number(embedding_dropout, who, "embedding_dropout", least=0, below=1)
        self.input_dropout = checks.number(input_dropout, who, "input_dropout", least=0, below=1)
        self.output_dropout = checks.number(output_dropout, who, "output_dropout", least=0, below=1)
        self.locked_dropout = checks.boolean(locked_dropout, who, "locked_dropout")
        self.activation_penalty = checks.number(activation_penalty, who, "activation_penalty", least=0)
        self.temporal_penalty = checks.number(temporal_penalty, who, "temporal_penalty", least=0)
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.head_initializer = initializers.get(head_initializer)
        self._check_stack()
        dtype = self.dtype
        self._embedding = Embedding(
            self.size,
            self.embedding_dim,
            embeddings_initializer=self.embeddings_initializer,
            dtype=dtype,
            name="embedding",
        )
        shape = (None, 1, None) if self.locked_dropout else None
        self._drop_inputs = Dropout(self.input_dropout, shape, dtype=dtype, name="drop_inputs")
        self._drop_outputs = Dropout(self.output_dropout, shape, dtype=dtype, name="drop_outputs")
        self._head: Any = None
        self._bias: Any = None
        if cutoffs is not None:
            if self.tie_weights:
                raise ValueError(f"{who}: cutoffs has matrices of its own, which tie_weights=True excludes")
            self._head = AdaptiveSoftmax(
                self.size, cutoffs, div_value, kernel_initializer=self.head_initializer, dtype=dtype, name="softmax"
            )
        elif not self.tie_weights:
            self._head = Dense(self.size, kernel_initializer=self.head_initializer, dtype=dtype, name="logits")
        self.cutoffs = None if cutoffs is None else self._head.cutoffs
        self._rate_of_steps: int | None = None  # windows of other lengths scale the learning rate
        self.build((None, None))

    def _name_prefix(self) -> str:
        return "language_model"

    def _check_stack(self) -> None:
        who = type(self).__name__
        inside = [layer for one in self.stack for layer in one._flatten_layers()] if _are_layers(self.stack) else []
        if not inside:
            raise ValueError(f"{who}: stack must be a layer or a list of layers, got {self.stack!r:.80}")
        self._recurrent = [layer for layer in inside if isinstance(layer, RNN)]
        for layer in inside:
            if getattr(layer, "go_backwards", False) or getattr(layer, "padding", "causal") == "same":
                raise ValueError(
                    f"{who}: layer '{layer.name}' reads later steps, which the model is to say; use layers that read "
                    "forwards, and padding='causal'"
                )
        for layer in self.stack:
            if not getattr(layer, "return_sequences", True):
                raise ValueError(f"{who}: layer '{layer.name}' needs return_sequences=True")
            if getattr(layer, "return_state", False):
                raise ValueError(f"{who}: layer '{layer.name}' must return its output only, got return_state=True")
        if self.context and self._recurrent:
            raise ValueError(
                f"{who}: recurrent layers carry their states from window to window and need no context, got "
                f"context={self.context}"
            )
        for layer in self._recurrent:
            layer.stateful = True

    # ---- the network

    def build(self, input_shape: Any) -> None:
        """Makes the weights for tokens of this shape."""
        shape: Any = (*input_shape, self.embedding_dim)
        self._embedding.build(tuple(input_shape))
        for layer in self.stack:
            if not layer.built:
                layer.build(shape)
            shape = layer.compute_output_shape(shape)
            if len(shape) != 3:
                raise ValueError(f"{type(self).__name__}: layer '{layer.name}' returns no sequences, but {shape}")
        if self._head is not None:
            self._head.build(shape)
            return
        if shape[-1] != self.embedding_dim:
            raise ValueError(
                f"{type(self).__name__}: tie_weights=True needs a last layer as wide as the embedding, got {shape[-1]} "
                f"beside embedding_dim={self.embedding_dim}"
            )
        self._bias = self.add_weight((self.size,), initializer="zeros", name="bias")

    def call(self, inputs: Any, targets: Any = None, training: bool = False) -> Any:
        h = self._hidden(inputs, training)
        if targets is None:
            return self._scores(h)
        steps = targets.shape[1]
        h = h if h.shape[1] == steps else h[:, h.shape[1] - steps :]
        if isinstance(self._head, AdaptiveSoftmax):
            return self._head(h, targets=targets)
        return ops.sparse_categorical_crossentropy(targets, self._scores(h), from_logits=True)

    def _hidden(self, tokens: Any, training: bool) -> Any:
        x = self._embedding(tokens)
        if training and self.embedding_dropout > 0:
            kept = random.dropout(np.ones(self.size, self.dtype), self.embedding_dropout)
            x = x * kept.numpy()[tokens.numpy()][..., None]
        x = self._drop_inputs(x)
        for layer in self.stack:
            x = layer(x)
        h = self._drop_outputs(x)
        if training and self.activation_penalty > 0:
            self.add_loss(self.activation_penalty * ops.mean(ops.square(h)))
        if training and self.temporal_penalty > 0 and x.shape[1] > 1:
            self.add_loss(self.temporal_penalty * ops.mean(ops.square(x[:, 1:] - x[:, :-1])))
        return h

    def _scores(self, h: Any) -> Any:
        if self._head is not None:
            return self._head(h)
        return ops.dense(h, self._embedding.embeddings, self._bias, transpose_kernel=True)

    # ---- training

    def compile(  # type: ignore[override]
        self, optimizer: Any = "adam", loss: Any = None, loss_weights: Any = None, metrics: Any = None, **options: Any
    ) -> None:
        """Settles how the model is trained; see `Model.compile`. The loss is −log p, and the figures are settled too.

        Args:
            optimizer: Name or Optimizer; default "adam".
            loss: None.
            loss_weights: None.
            metrics: None.
            **options: As those of `Model.compile`.

        Raises:
            ValueError: A loss or a metric is given.
        """
        kept = losses.SparseCategoricalCrossentropy(from_logits=True)
        for name, value in (("loss", loss), ("loss_weights", loss_weights), ("metrics", metrics)):
            if value is not None and not (name == "loss" and type(value) is type(kept)):
                raise ValueError(f"{self._title}: {name} is settled for a language model; leave it out of compile")
        super().compile(optimizer, kept, **options)
        self._settle_figure()

    def _settle_figure(self) -> metrics.Perplexity:
        compiled = self._require_compiled("fit")[1]
        if not compiled.built:
            of_characters = isinstance(self.vocabulary, Vocabulary) and self.vocabulary.level == "char"
            own = (metrics.BitsPerCharacter if of_characters else metrics.Perplexity)(from_logits=True)
            compiled.parts, compiled.names, compiled.built = [(0, own, False)], [own.name], True
        figure = compiled.parts[0][1]
        assert isinstance(figure, metrics.Perplexity)
        return figure

    def _train_batch(self, batch: Any) -> Any:
        loss = self._losses_of(batch, True)
        usual = self._rate_of_steps
        with self.optimizer.scaled_rate(1.0 if usual is None else batch[1].shape[1] / usual):
            self._descend(loss, batch[0])
        return self._figures

    def _test_batch(self, batch: Any) -> Any:
        self._losses_of(batch, False)
        return self._figures

    def _losses_of(self, batch: Any, training: bool) -> Tensor:
        x, y, _ = batch
        figure = self._settle_figure()
        nats = self(x, targets=y, training=training)
        mean: Tensor = ops.mean(nats)
        loss = mean
        for penalty in self._penalties():
            loss = loss + penalty
        for collected, value in ((self._loss_mean, loss), (figure, mean)):
            collected.total += value.item() * nats.size
            collected.count += nats.size
        return loss

    def fit(  # type: ignore[override]
        self,
        x: Any = None,
        batch_size: int = 32,
        steps: int = 35,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Any = None,
        validation_data: Any = None,
        validation_split: float = 0.0,
        validation_batch_size: int = 10,
        varied_steps: bool = False,
        **options: Any,
    ) -> Any:
        """Trains the model on a text; see `Model.fit`.

        Args:
            x: One long row of tokens (N,), or a text, which the vocabulary reads.
            batch_size: Rows that the text is cut into, read side by side; default 32.
            steps: Steps of a window, through which the gradient goes back; default 35.
            epochs: How often the text is read; default 1. States begin anew each time.
            verbose: As that of `Model.fit`, as are callbacks.
            callbacks: Default none.
            validation_data: Another text, or its tokens, evaluated after each epoch.
            validation_split: Share of the text, at its end, that is held out instead; default 0.
            validation_batch_size: Rows of that; default 10.
            varied_steps: Whether the steps of each window are drawn: around `steps`, sometimes around half of it; the
                learning rate is scaled with them (Merity et al., 2018). Default False.
            **options: initial_epoch, steps_per_epoch and validation_freq, as those of `Model.fit`.

        Returns:
            The history of the figures.

        Raises:
            ValueError: The text is too short, a token is unknown, or an argument is out of range.
        """
        title = self._title
        tokens = self.tokens_of(x, "x")
        share = checks.number(validation_split, "fit", "validation_split", least=0, below=1)
        if share and validation_data is not None:
            raise ValueError("fit: give validation_data or validation_split, not both")
        if share:
            at = round(len(tokens) * (1 - share))
            tokens, validation_data = tokens[:at], tokens[at:]
        steps = checks.whole_number(steps, "fit", "steps")
        rows = checks.whole_number(batch_size, "fit", "batch_size")
        varied = checks.boolean(varied_steps, "fit", "varied_steps")
        windows = TokenWindows(tokens, rows, steps, self.context, varied, f"{title}: x")
        held_out = None
        if validation_data is not None:
            others = self.tokens_of(validation_data, "validation_data")
            rows = checks.whole_number(validation_batch_size, "fit", "validation_batch_size")
            held_out = TokenWindows(others, rows, steps, self.context, False, f"{title}: validation_data")
        self._rate_of_steps = steps if varied else None
        given = [] if callbacks is None else [*callbacks] if isinstance(callbacks, (list, tuple)) else [callbacks]
        try:
            return super().fit(
                windows,
                epochs=epochs,
                verbose=verbose,
                callbacks=[_States(), *given],
                validation_data=held_out,
                **options,
            )
        finally:
            self._rate_of_steps = None
            self.reset_states()

    def evaluate(  # type: ignore[override]
        self,
        x: Any = None,
        batch_size: int = 10,
        steps: int = 70,
        verbose: int | str = 0,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Measures the model on a text, with states that are carried through it.

        Args:
            x: One long row of tokens (N,), or a text.
            batch_size: Rows that it is cut into; default 10. Each begins with fresh states; 1 reads the whole text.
            steps: Steps that are computed together; without influence on the figures where states are carried. Default
                70.
            verbose: As that of `Model.evaluate`; default 0.
            callbacks: Default none.
            return_dict: Whether the figures come by name; default False.

        Returns:
            The loss in nats, and the perplexity or the bits per character: a list, or with `return_dict` a dictionary.

        Raises:
            ValueError: The text is too short, or a token is unknown.
        """
        rows = checks.whole_number(batch_size, "evaluate", "batch_size")
        steps = checks.whole_number(steps, "evaluate", "steps")
        windows = TokenWindows(self.tokens_of(x, "x"), rows, steps, self.context, False, f"{self._title}: x")
        given = [] if callbacks is None else [*callbacks] if isinstance(callbacks, (list, tuple)) else [callbacks]
        return super().evaluate(windows, verbose=verbose, callbacks=[_States(), *given], return_dict=bool(return_dict))

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """The scores behind each step of tokens (batch, steps), from fresh states; see `Model.predict`."""
        with self.states_apart():
            return super().predict(x, *args, **kwargs)

    @contextmanager
    def states_apart(self) -> Iterator[None]:
        """Within it the model begins with fresh states; after it the states are those of before."""
        states = [(layer, layer.states, layer._carries) for layer in self._recurrent]
        self.reset_states()
        try:
            yield
        finally:
            for layer, own, carries in states:
                layer.states, layer._carries = own, carries

    def tokens_of(self, x: Any, what: str = "x") -> NDArray[np.int32]:
        """One long row of tokens, checked; of a text, those that the vocabulary reads.

        Args:
            x: A text, or token numbers (N,).
            what: Its name in messages.

        Raises:
            ValueError: A token is unknown, or a text is given to a model without a vocabulary.
        """
        if isinstance(x, str):
            return self._vocabulary_for(what).encode(x)
        return checked_tokens(x, self.size, self._title, what)

    # ---- configuration

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if isinstance(self.vocabulary, Vocabulary):
            config["vocabulary"] = serialization.serialize(self.vocabulary)
        return config


class _States(Callback):
    """Lets each pass over a text begin with fresh states, and keeps those of the training from an evaluation."""

    def __init__(self) -> None:
        super().__init__()
        self._apart: Any = None

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if self.model.run.step == 0:  # else an interrupted epoch is taken up
            self.model.reset_states()

    def on_test_begin(self, logs: Any = None) -> None:
        self._apart = self.model.states_apart()
        self._apart.__enter__()

    def on_test_end(self, logs: Any = None) -> None:
        self._apart.__exit__(None, None, None)


def _are_layers(stack: list[Any]) -> bool:
    return bool(stack) and all(hasattr(layer, "_flatten_layers") for layer in stack)


def _checked_vocabulary(given: Any) -> Vocabulary | int:
    if isinstance(given, Vocabulary):
        return given
    if isinstance(given, dict):  # from a configuration
        found = serialization.deserialize(given, Vocabulary)
        assert isinstance(found, Vocabulary)
        return found
    return checks.whole_number(given, "LanguageModel", "vocabulary", least=2)
