"""Tiny models, made without training: their answers are known, or plain functions of what they are fed."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from thonring.learn.model_card import Card, ErrorRow, sha256, write_card

ERRORS = ErrorRow(low=5000.0, high=60000.0, count=10, mean_A=20.0, median_A=15.0, beyond_1000A=0.0)
CARD = Card(
    network="stand-in",
    kind="polar",
    parameters=0,
    samplings_A=(1.0, 2.0, 3.0),
    sha256="",
    trained_kV=(100.0, 300.0),
    trained_defocus_A=(3000.0, 60000.0),
    trained_pixel_A=(0.5, 2.2),
    data="none",
    seed=0,
    epochs=0,
    limits=("a stand-in for tests",),
    errors=ERRORS,
    errors_by_voltage={},
    errors_by_defocus={},
    recipe={},
    versions={},
)


@dataclass(frozen=True, slots=True)
class Answer:
    """`defocus_A` + `slope` · (mean cube of what is fed), and a standard error that is always the same."""

    defocus_A: float
    sigma_A: float = 50.0
    slope: float = 0.0


def make_model(path: Path, answer: Answer, card: Card = CARD) -> Path:
    """Write a model of the card's kind and its card; give the path of the model."""
    content = _polar(answer) if card.kind == "polar" else _enhanced(answer)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    write_card(path, card.model_copy(update={"sha256": sha256(content)}))
    return path


def _polar(answer: Answer) -> bytes:
    """The standard error comes out of the optics, so that they are an input in earnest."""
    nodes = [
        *_answering("cells"),
        helper.make_node("ReduceMean", ["optics"], ["constant"], axes=[1], keepdims=0),
        helper.make_node("Mul", ["constant", "nought"], ["nothing"]),
        helper.make_node("Add", ["nothing", "spread"], ["sigma_A"]),
    ]
    inputs = [_node("cells", "batch", 3, 8, 256), _node("optics", "batch", 4)]
    return _model(nodes, inputs, [_node("defocus_A", "batch"), _node("sigma_A", "batch")], answer)


def _enhanced(answer: Answer) -> bytes:
    inputs = [_node("images", "batch", 3, 512, 512)]
    return _model(_answering("images"), inputs, [_node("defocus_A", "batch")], answer)


def _answering(fed: str) -> list[onnx.NodeProto]:
    return [
        helper.make_node("Mul", [fed, fed], ["square"]),
        helper.make_node("Mul", [fed, "square"], ["cube"]),
        helper.make_node("ReduceMean", ["cube"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Mul", ["mean", "slope"], ["part"]),
        helper.make_node("Add", ["part", "middle"], ["defocus_A"]),
    ]


def _node(name: str, *shape: int | str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))


def _model(
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    answer: Answer,
) -> bytes:
    numbers = {"slope": answer.slope, "middle": answer.defocus_A, "spread": answer.sigma_A, "nought": 0.0}
    used = {name for node in nodes for name in node.input}
    constants = [
        numpy_helper.from_array(np.float32(value), name) for name, value in numbers.items() if name in used
    ]
    graph = helper.make_graph(nodes, "stand-in", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
