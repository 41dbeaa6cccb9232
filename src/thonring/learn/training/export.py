"""A trained network as ONNX, and proof that it answers as it did in PyTorch."""

import logging
import warnings

import numpy as np
import onnx
import onnxruntime
import torch

from thonring.errors import OutputError
from thonring.learn.model_card import Kind
from thonring.learn.training.data import Tensors
from thonring.learn.training.module import answer

INPUTS: dict[Kind, tuple[str, ...]] = {"polar": ("cells", "optics"), "enhanced": ("images",)}
OUTPUTS: dict[Kind, tuple[str, ...]] = {"polar": ("defocus_A", "sigma_A"), "enhanced": ("defocus_A",)}

TOLERANCE = 1e-3
TOLERANCE_A = 1.0


def onnx_bytes(network: torch.nn.Module, kind: Kind, example: Tensors) -> bytes:
    """One self-contained model, for batches of any size; `example` holds inputs of at least two elements.

    Raises
    ------
    OutputError
        If ONNX Runtime answers otherwise than PyTorch.
    """
    network = network.cpu().eval()
    inputs = tuple(tensor.cpu().float() for tensor in example)
    content = _exported(network, kind, inputs)
    _compare(network, kind, inputs, content)
    return content


def _exported(network: torch.nn.Module, kind: Kind, inputs: Tensors) -> bytes:
    batch = torch.export.Dim("batch")
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network,
            inputs,
            dynamo=True,
            input_names=INPUTS[kind],
            output_names=OUTPUTS[kind],
            dynamic_shapes=tuple({0: batch} for _ in inputs),
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    strip_remarks(model)
    _check_any_batch(model)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def strip_remarks(model: onnx.ModelProto) -> None:
    """Take out the exporter's remarks: stack traces, with the paths of the machine that trained."""
    graph = model.graph
    for part in (
        model,
        graph,
        *graph.node,
        *graph.initializer,
        *graph.input,
        *graph.output,
        *graph.value_info,
    ):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")


def _check_any_batch(model: onnx.ModelProto) -> None:
    """Refuse a model for one size of batch only, which the exporter makes where code asks for `len` of a tensor."""
    for node in model.graph.input:
        if not node.type.tensor_type.shape.dim[0].dim_param:
            raise OutputError(
                f"the exported model takes {node.name} in batches of {node.type.tensor_type.shape.dim[0].dim_value} "
                "only, expected any size: let the network's forward ask tensors for shape[0], never for len()."
            )


def _compare(network: torch.nn.Module, kind: Kind, inputs: Tensors, content: bytes) -> None:
    """The whole batch, and its first element alone."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    for part in (inputs, tuple(tensor[:1] for tensor in inputs)):
        with torch.inference_mode():
            expected = answer(network, list(part))
        fed = dict(zip(INPUTS[kind], (tensor.numpy() for tensor in part), strict=True))
        found = session.run(list(OUTPUTS[kind]), fed)
        for name, one, other in zip(OUTPUTS[kind], expected, found, strict=True):
            if not np.allclose(one.numpy(), other, rtol=TOLERANCE, atol=TOLERANCE_A):
                worst_A = np.abs(one.numpy() - other).max()
                raise OutputError(
                    f"the exported model's {name} is {worst_A:.3g} Å off what PyTorch says, expected less than "
                    f"{TOLERANCE_A:g} Å. No model was written; the checkpoints are there. Try another torch or onnx."
                )
