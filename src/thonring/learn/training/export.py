"""Export of a trained network to ONNX, with a check that its outputs are those of PyTorch."""

import logging
import warnings

import numpy as np
import onnx
import onnxruntime
import torch

from thonring.errors import OutputError
from thonring.learn.model_card import Kind
from thonring.learn.training.data import Tensors
from thonring.learn.training.module import network_outputs

INPUTS: dict[Kind, tuple[str, ...]] = {"polar": ("cells", "optics"), "enhanced": ("images",)}
OUTPUTS: dict[Kind, tuple[str, ...]] = {"polar": ("defocus_A", "sigma_A"), "enhanced": ("defocus_A",)}

TOLERANCE = 1e-3
"""Relative difference between ONNX Runtime and PyTorch, of float32 sums in another order."""

TOLERANCE_A = 1.0


def onnx_bytes(network: torch.nn.Module, kind: Kind, example: Tensors) -> bytes:
    """One self-contained model, for batches of any size; `example` holds inputs of at least two examples.

    Raises
    ------
    OutputError
        If the outputs of ONNX Runtime differ from those of PyTorch.
    """
    network = network.cpu().eval()
    inputs = tuple(tensor.cpu().float() for tensor in example)
    content = _export(network, kind, inputs)
    _compare(network, kind, inputs, content)
    return content


def _export(network: torch.nn.Module, kind: Kind, inputs: Tensors) -> bytes:
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
    strip_metadata(model)
    _check_any_batch(model)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def strip_metadata(model: onnx.ModelProto) -> None:
    """Remove the exporter's metadata: stack traces, which contain paths of the machine."""
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
    """Reject a model for one batch size only, which the exporter writes where code uses `len` of a tensor."""
    for node in model.graph.input:
        if not node.type.tensor_type.shape.dim[0].dim_param:
            raise OutputError(
                f"the exported model takes {node.name} only in batches of "
                f"{node.type.tensor_type.shape.dim[0].dim_value}, expected any size: in the network's forward use "
                "tensor.shape[0], not len()."
            )


def _compare(network: torch.nn.Module, kind: Kind, inputs: Tensors, content: bytes) -> None:
    """Compare the outputs of PyTorch and ONNX Runtime for the whole batch, and for its first example alone."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    for part in (inputs, tuple(tensor[:1] for tensor in inputs)):
        with torch.inference_mode():
            expected = network_outputs(network, list(part))
        feed = dict(zip(INPUTS[kind], (tensor.numpy() for tensor in part), strict=True))
        outputs = session.run(list(OUTPUTS[kind]), feed)
        for name, by_torch, by_onnx in zip(OUTPUTS[kind], expected, outputs, strict=True):
            if not np.allclose(by_torch.numpy(), by_onnx, rtol=TOLERANCE, atol=TOLERANCE_A):
                worst_A = np.abs(by_torch.numpy() - by_onnx).max()
                raise OutputError(
                    f"the exported model's {name} differs from PyTorch's by {worst_A:.3g} Å, expected less than "
                    f"{TOLERANCE_A:g} Å. No model was written; the checkpoints are kept. Try another version of torch "
                    "or onnx."
                )
