"""Names that Keras files and recurra share, and those that only one of the two has."""

from __future__ import annotations

# Layers that are the same in both, with the same arguments and the same order of weights.
LAYERS = frozenset(
    [
        "Activation",
        "ActivityRegularization",
        "Add",
        "AdditiveAttention",
        "AlphaDropout",
        "Attention",
        "Average",
        "AveragePooling1D",
        "AveragePooling2D",
        "BatchNormalization",
        "Bidirectional",
        "Concatenate",
        "Conv1D",
        "Conv1DTranspose",
        "Conv2D",
        "Cropping1D",
        "Dense",
        "DepthwiseConv1D",
        "Dot",
        "Dropout",
        "ELU",
        "Embedding",
        "Flatten",
        "GRU",
        "GRUCell",
        "GaussianDropout",
        "GaussianNoise",
        "GlobalAveragePooling1D",
        "GlobalAveragePooling2D",
        "GlobalMaxPooling1D",
        "GlobalMaxPooling2D",
        "Identity",
        "InputLayer",
        "LSTM",
        "LSTMCell",
        "LayerNormalization",
        "LeakyReLU",
        "Masking",
        "MaxPooling1D",
        "MaxPooling2D",
        "Maximum",
        "Minimum",
        "MultiHeadAttention",
        "Multiply",
        "PReLU",
        "Permute",
        "RMSNormalization",
        "RNN",
        "ReLU",
        "RepeatVector",
        "Reshape",
        "SeparableConv1D",
        "SimpleRNN",
        "SimpleRNNCell",
        "Softmax",
        "SpatialDropout1D",
        "StackedRNNCells",
        "Subtract",
        "TimeDistributed",
        "UpSampling1D",
        "ZeroPadding1D",
    ]
)

# Initializers, regularizers and constraints that are the same in both.
PARTS = {
    "initializers": frozenset(
        [
            "Constant",
            "GlorotNormal",
            "GlorotUniform",
            "HeNormal",
            "HeUniform",
            "Identity",
            "LecunNormal",
            "LecunUniform",
            "Ones",
            "Orthogonal",
            "RandomNormal",
            "RandomUniform",
            "TruncatedNormal",
            "VarianceScaling",
            "Zeros",
        ]
    ),
    "regularizers": frozenset(["L1", "L1L2", "L2"]),
    "constraints": frozenset(["MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"]),
}

ACTIVATIONS = frozenset(
    [
        "celu",
        "elu",
        "exponential",
        "gelu",
        "hard_sigmoid",
        "hard_silu",
        "hard_tanh",
        "leaky_relu",
        "linear",
        "log_sigmoid",
        "log_softmax",
        "mish",
        "relu",
        "relu6",
        "selu",
        "sigmoid",
        "silu",
        "softmax",
        "softplus",
        "softsign",
        "swish",
        "tanh",
    ]
)

# Functions on tensors that are nodes of a graph, by the class that Keras writes for each.
OPERATIONS = {
    "Add": "add",
    "Subtract": "subtract",
    "Multiply": "multiply",
    "TrueDivide": "true_divide",
    "Negative": "negative",
    "NotEqual": "not_equal",
    "Equal": "equal",
    "Any": "any",
    "All": "all",
    "Maximum": "maximum",
    "Minimum": "minimum",
    "Absolute": "absolute",
    "Copy": "copy",
    "Exp": "exp",
    "Log": "log",
    "Sqrt": "sqrt",
    "Square": "square",
    "Tanh": "tanh",
    "Sum": "sum",
    "Mean": "mean",
    "Max": "max",
    "Min": "min",
    "Sigmoid": "sigmoid",
    "Relu": "relu",
    "Matmul": "matmul",
    "GetItem": "get_item",
}

# Layers that Keras gives no mask where they also get an initial state, unless it is given by `mask=`.
RECURRENT = frozenset({"Bidirectional", "GRU", "LSTM", "RNN", "SimpleRNN"})

# Settings of Keras that change nothing while they have this value, beside all that are None or False.
NEUTRAL = {"renorm_momentum": 0.99}

# Settings that only recurra has, with the value at which the layer is Keras's.
OWN_SETTINGS = {
    "cell_clip": None,
    "coupled": False,
    "dropout_per_step": False,
    "forget_bias": None,
    "forget_gate": True,
    "gradient_noise": None,
    "normalization": None,
    "peephole": None,
    "projection": None,
    "recurrent_dropconnect": 0.0,
    "rms_scaling": False,
    "skip": None,
    "weight_normalization": False,
    "zoneout": 0.0,
}

# Settings that only recurra has and that say nothing about what a layer of Keras computes.
WITHOUT_EFFECT = frozenset(
    [
        "batch_input_shape",
        "checkpoint",
        "gradient_noise_decay",
        "gradient_noise_seed",
        "normalization_momentum",
        "normalization_steps",
    ]
)
