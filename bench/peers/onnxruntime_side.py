"""ONNX Runtime's side: inference of plain recurrent stacks written as one ONNX graph (layout 0)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from bench.cases import GATES, Case, Unsupported

_threads = 1


def version() -> str:
    return f"onnxruntime {onnxruntime.__version__}"


def set_threads(threads: int) -> None:
    global _threads
    _threads = threads


def prepare(case: Case, mode: str, x: np.ndarray, y: np.ndarray) -> Callable[[], object]:
    if mode == "train":
        raise Unsupported("ONNX Runtime does inference only")
    if mode == "step":
        return stepped(case, x)
    rng = np.random.default_rng(1)
    nodes, constants = [], []

    def constant(name: str, *shape: int) -> str:
        value = rng.standard_normal(shape).astype(np.float32) * 0.1
        constants.append(numpy_helper.from_array(value, name))
        return name

    value, width = "x", case.features
    if case.layers[0][0] == "embedding":
        nodes.append(helper.make_node("Gather", [constant("table", *case.layers[0][1:]), "x"], ["words"]))
        value, width = "words", case.layers[0][2]
    nodes.append(helper.make_node("Transpose", [value], ["t0"], perm=[1, 0, 2]))
    value = "t0"
    for i, (kind, *arguments) in enumerate(case.layers):
        if kind == "embedding":
            continue
        if kind not in GATES or len(arguments) > 1:
            raise Unsupported("only plain recurrent stacks are written out for ONNX Runtime")
        both, units, gates = kind == "bigru", arguments[0], GATES[kind]
        directions = 2 if both else 1
        operator = {"gru": "GRU", "bigru": "GRU", "lstm": "LSTM", "rnn": "RNN"}[kind]
        extra = {"linear_before_reset": 1} if operator == "GRU" else {}
        weights = [
            constant(f"W{i}", directions, gates * units, width),
            constant(f"R{i}", directions, gates * units, units),
            constant(f"B{i}", directions, 2 * gates * units),
        ]
        nodes.append(
            helper.make_node(
                operator,
                [value, *weights],
                [f"y{i}", f"h{i}"],
                hidden_size=units,
                direction="bidirectional" if both else "forward",
                **extra,
            )
        )
        if i + 1 < len(case.layers):
            if both:
                raise Unsupported("a layer over a bidirectional one is not written out for ONNX Runtime")
            nodes.append(helper.make_node("Squeeze", [f"y{i}", "one"], [f"s{i}"]))
        value, width, last = f"s{i}", units * directions, f"h{i}"
    constants.append(numpy_helper.from_array(np.array([1], np.int64), "one"))
    nodes.append(helper.make_node("Transpose", [last], ["rows"], perm=[1, 0, 2]))
    nodes.append(helper.make_node("Flatten", ["rows"], ["flat"]))
    nodes.append(helper.make_node("Gemm", ["flat", constant("V", width, 1), constant("c", 1)], ["out"]))
    kind = TensorProto.FLOAT if case.features else TensorProto.INT32
    graph = helper.make_graph(
        nodes,
        "case",
        [helper.make_tensor_value_info("x", kind, list(x.shape))],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [case.batch, 1])],
        constants,
    )
    session = session_of(graph)
    return lambda: session.run(None, {"x": x})


def session_of(graph: onnx.GraphProto) -> onnxruntime.InferenceSession:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = _threads
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def stepped(case: Case, x: np.ndarray) -> Callable[[], object]:
    """One time step and the head; the state goes in and out of the graph."""
    ((kind, units),) = case.layers
    rng, gates = np.random.default_rng(1), GATES[kind]
    constants = [
        numpy_helper.from_array(rng.standard_normal(shape).astype(np.float32) * 0.1, name)
        for name, shape in (
            ("W", (1, gates * units, case.features)),
            ("R", (1, gates * units, units)),
            ("B", (1, 2 * gates * units)),
            ("V", (units, 1)),
            ("bias", (1,)),
        )
    ]
    constants.append(numpy_helper.from_array(np.array([0], np.int64), "zero"))
    states = ["h", "c"] if kind == "lstm" else ["h"]
    extra = {"linear_before_reset": 1} if kind == "gru" else {}
    outputs = [f"{state}_next" for state in states]
    nodes = [
        helper.make_node(kind.upper(), ["x", "W", "R", "B", "", *states], ["", *outputs], hidden_size=units, **extra),
        helper.make_node("Squeeze", ["h_next", "zero"], ["flat"]),
        helper.make_node("Gemm", ["flat", "V", "bias"], ["out"]),
    ]
    shapes = {name: [1, case.batch, units] for name in (*states, *outputs)}
    shapes |= {"x": [1, case.batch, case.features], "out": [case.batch, 1]}
    infos = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()}
    graph = helper.make_graph(
        nodes, "step", [infos[name] for name in ("x", *states)], [infos[name] for name in ("out", *outputs)], constants
    )
    session = session_of(graph)
    feed = {"x": x.swapaxes(0, 1), **{name: np.zeros((1, case.batch, units), np.float32) for name in states}}

    def call() -> None:
        _, *after = session.run(None, feed)
        feed.update(zip(states, after, strict=True))

    return call
