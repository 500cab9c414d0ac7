"""Makes the models beside this file, and what the trainer's own package says they sound like.

    python -m venv /tmp/vectors
    /tmp/vectors/bin/pip install torch==2.13.0 neural-amp-modeler==0.13.0
    /tmp/vectors/bin/python make_vectors.py [--compare] [NAME...]

With ``--compare`` nothing is written: it says how far what it makes is from what is here. On one
machine it is the same, byte for byte; on another, trained weights are not (floating point), and
nothing else may differ by more than rounding.

Runs once, in an environment of its own: GTS never needs PyTorch. Takes about a minute of one
processor, half of it training. Outputs are float32, after silence, computed in double precision.
"""

# Its imports are in no environment of this project, so there is nothing to check types against:
# mypy: ignore-errors

from __future__ import annotations

import argparse
import functools
import itertools
import json
from collections.abc import Iterator, Sequence
from copy import deepcopy
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from nam.models.factory import init
from networks import (
    AS_INITIALISED,
    CONDITIONS,
    HEAD_DILATION,
    NETWORKS,
    SLIM_SIZES,
    TRAINED,
    VERSIONS,
)
from scipy.io import wavfile
from spellings import as_version, with_other_spelling
from training import DEMO_PACK, train

HERE = Path(__file__).parent
INPUT = HERE / "input_48k_f32.wav"
SAMPLE_RATE_HZ = 48_000
NUM_FRAMES = 24_000
NEEDED = {"torch": "2.13.0", "neural-amp-modeler": "0.13.0"}
# An LSTM has no receptive field; this is what the package itself lets one settle for.
LSTM_SILENCE_FRAMES = 48_000
# Else nearly all of it would be the constant that many random networks give out.
MIN_SPREAD_OF_PEAK = 0.08
DEMO_CAPTURES = {path.stem: path for path in sorted((DEMO_PACK / "captures").glob("*.nam"))}

# By slim size.
Outputs = dict[float, np.ndarray]


class Fasttanh(torch.nn.Module):
    """NeuralAmpModelerCore's rational approximation, which the package does not have."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a = x.abs()
        top = x * (2.45550750702956 + 2.45550750702956 * a)
        top = top + x * (0.893229853513558 + 0.821226666969744 * a) * x**2
        bottom = (
            2.44506634652299 + (2.44506634652299 + x**2) * (x + 0.814642734961073 * x * a).abs()
        )
        return top / bottom


# The package finds activations here, by their names. In pairs it takes a name and no parameters.
torch.nn.Fasttanh = Fasttanh
torch.nn.SteepLeakyReLU = functools.partial(torch.nn.LeakyReLU, 0.3)


class Condition(torch.nn.Module):
    """A network in the place of the trainer's ``condition_dsp``, with any number of outputs."""

    def __init__(self, kind: str, config: dict[str, Any], num_outputs: int) -> None:
        super().__init__()
        self.kind, self.num_outputs = kind, num_outputs
        self.net = init(kind, args=({**config, "sample_rate": SAMPLE_RATE_HZ},))
        if num_outputs > 1 and kind == "LSTM":
            self.net._head = type(self.net._head)(config["hidden_size"], num_outputs)
        elif num_outputs > 1:
            self.net._net.head = torch.nn.Conv1d(config["channels"], num_outputs, 1)

    @property
    def receptive_field(self) -> int:
        return self.net.receptive_field

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(1, 1, n) to (1, outputs, m)."""
        if self.kind == "LSTM":
            features, _ = self.net._core(x.transpose(1, 2), self.net._initial_state(1))
            return self.net._head(features).transpose(1, 2)
        if self.kind == "ConvNet":
            values = x[:, 0]
            for name, module in self.net._net.named_children():
                values = values if name == "flatten" else module(values)
            return values
        return self.net._forward(x[:, 0])[:, None]

    def document(self) -> dict[str, Any]:
        without_figures(self.net)
        document = self.net._get_export_dict()
        if self.num_outputs > 1:
            document["config"]["out_channels"] = self.num_outputs
        return in_order(document)


def test_input() -> np.ndarray:
    """A sweep, plucked chords up to −2 dBFS, silence and a step."""
    t = np.arange(NUM_FRAMES) / SAMPLE_RATE_HZ
    x = np.zeros(NUM_FRAMES)
    sweep = t[:8_000] / t[8_000]
    octaves = np.log2(16_000 / 40)
    phase = 2 * np.pi * 40 * t[8_000] * (2 ** (octaves * sweep) - 1) / (octaves * np.log(2))
    x[:8_000] = 0.4 * np.sin(phase) * np.sin(np.pi * sweep) ** 0.5
    for start, root_hz, peak in ((8_000, 82.4, 0.3), (12_000, 110.0, 0.6), (16_000, 146.8, 1.0)):
        after = t[: NUM_FRAMES - start]
        pluck = sum(
            np.sin(2 * np.pi * root_hz * k * after) * np.exp(-after * (6 + 4 * k)) / k
            for k in (1, 1.5, 2, 3, 4, 5, 7, 11, 17)
        )
        x[start:] += 0.4 * peak * pluck
    x += 0.001 * np.random.default_rng(7).standard_normal(NUM_FRAMES)
    x[20_800:22_400] = 0.0
    x[22_400:] = 0.6
    return np.clip(x, -1.0, 1.0).astype(np.float32)


def randomise(model: torch.nn.Module) -> None:
    """Livelier than a fresh network, so that mistakes are loud."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            # An LSTM's biases have to keep its gates half open.
            if "initial" not in name and "bias_" not in name:
                parameter.mul_(1.5).add_(0.1 * torch.randn_like(parameter))
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm1d):
                module.running_mean.normal_(0.0, 0.3)
                module.running_var.uniform_(0.3, 2.0)


def without_figures(model: Any) -> None:
    """Let the package write no loudness: it would play only a part of the network."""
    model._get_non_user_metadata = dict


def output(model: Any, x: np.ndarray) -> np.ndarray:
    """What the package makes of ``x`` (n,) after a long silence."""
    has_lstm = any(isinstance(module, torch.nn.LSTM) for module in model.modules())
    silence = LSTM_SILENCE_FRAMES if has_lstm else model.receptive_field - 1
    padded = torch.from_numpy(np.concatenate([np.zeros(silence, np.float32), x])).double()
    with torch.no_grad():
        y = deepcopy(model).double()._forward(padded[None])[0]
    return y[-len(x) :].float().numpy()


def make(name: str, x: np.ndarray) -> tuple[dict[str, Any], Outputs]:
    """A model's file and its outputs: the first random network whose outputs say something."""
    for seed in itertools.count(len(name) * 1000 + sum(map(ord, name))):
        model, training = network(name, seed)
        made = outputs(model, SLIM_SIZES.get(name, (1.0,)), x)
        if all(y.std() > MIN_SPREAD_OF_PEAK * np.abs(y).max() for y in made.values()):
            return file_of(name, model, training), made


def network(name: str, seed: int) -> tuple[Any, dict[str, Any] | None]:
    """A network ready to play, and what its training was, if there was one."""
    kind, config = deepcopy(NETWORKS[name])
    torch.manual_seed(seed)
    if name in HEAD_DILATION:
        _make_room_in_head(config, HEAD_DILATION[name])
    model = init(kind, args=({"sample_rate": SAMPLE_RATE_HZ} | config,))
    training = train(model, TRAINED[name]) if name in TRAINED else None
    if not training and kind != "Linear" and name not in AS_INITIALISED:
        randomise(model)
    if name in HEAD_DILATION:
        _empty_room_in_head(model, HEAD_DILATION[name])
    if name in CONDITIONS:
        condition = Condition(*CONDITIONS[name])
        randomise(condition)
        model._net._condition_dsp = condition
    return model.eval(), training


def file_of(name: str, model: Any, training: dict[str, Any] | None) -> dict[str, Any]:
    kind, config = NETWORKS[name]
    condition = None
    if name in CONDITIONS:
        condition, model._net._condition_dsp = model._net._condition_dsp, None
        without_figures(model)
    document = in_order(export(model))
    if condition:
        document["config"]["condition_dsp"] = condition.document()
    if training:
        document["metadata"]["training"] = training
    if name in HEAD_DILATION:
        _remove_room_in_head(document, HEAD_DILATION[name])
    if kind == "ConvNet":
        document["config"]["activation"] = activation_in_file(config["activation"])
    if name == "wavenet_activations":
        document = with_other_spelling(document)
    if name in VERSIONS:
        document = as_version(document, VERSIONS[name])
    return tidy(document)


def export(model: Any) -> dict[str, Any]:
    """The file that the package writes."""
    with TemporaryDirectory() as folder:
        model.export(Path(folder), basename="model")
        return json.loads((Path(folder) / "model.nam").read_text())


def outputs(model: Any, slim_sizes: Sequence[float], x: np.ndarray) -> Outputs:
    if hasattr(model, "extract_submodel"):
        submodels = [model.extract_submodel(i).eval() for i in range(model.num_submodels)]
        return {
            size: output(submodel, x) for size, submodel in zip(slim_sizes, submodels, strict=True)
        }
    found = {}
    for size in slim_sizes:
        if len(slim_sizes) > 1:
            model._net.set_slimming(size)
        found[size] = output(model, x)
    return found


def demo_outputs(path: Path, x: np.ndarray) -> Outputs:
    """A trained capture of the demo pack, played by the package from its file."""
    from measure import Capture  # of tools/demo, which ``training`` has made known

    nets = Capture(path).nets
    sizes = (0.0, 1.0) if len(nets) == 2 else (1.0,)
    return {size: output(net, x) for size, net in zip(sizes, nets, strict=True)}


# The head of a layer array can be dilated in players but not in the package. There it has a kernel
# with room between its taps, filled with zeros; they are left out of the file.


def _make_room_in_head(config: dict[str, Any], dilation: int) -> None:
    (array,) = config["layers_configs"]
    array["head"]["kernel_size"] = (array["head"]["kernel_size"] - 1) * dilation + 1


def _empty_room_in_head(model: Any, dilation: int) -> None:
    kernel = model._net._layer_arrays[0]._head_rechannel.weight.data
    taps = torch.arange(kernel.shape[2]) % dilation == 0
    kernel[:, :, ~taps] = 0.0


def _remove_room_in_head(document: dict[str, Any], dilation: int) -> None:
    (array,) = document["config"]["layers"]
    head, weights = array["head"], document["weights"]
    # The head's kernel (outputs × channels × taps) stands before its bias and the head's scale.
    count = head["out_channels"] * array["channels"] * head["kernel_size"]
    kernel = np.reshape(weights[-2 - count : -2], (-1, head["kernel_size"]))[:, ::dilation]
    document["weights"] = [*weights[: -2 - count], *kernel.flatten().tolist(), *weights[-2:]]
    head |= {"kernel_size": kernel.shape[1], "head_dilation": dilation}


def activation_in_file(activation: str | dict[str, Any]) -> str | dict[str, Any]:
    """The package leaves a ConvNet's activation without its parameters."""
    if isinstance(activation, str):
        return activation
    return {"type": activation["name"]} | {k: v for k, v in activation.items() if k != "name"}


def in_order(document: dict[str, Any]) -> dict[str, Any]:
    """Linear in the format's order, the present first: the package writes the taps the wrong way
    round (its issue 696)."""
    if document["architecture"] == "Linear":
        taps, weights = document["config"]["receptive_field"], document["weights"]
        document["weights"] = weights[:taps][::-1] + weights[taps:]
    return document


def tidy(value: Any) -> Any:
    """Without dates, which make no two runs alike, and digits beyond float32."""
    if isinstance(value, dict):
        return {key: tidy(item) for key, item in value.items() if key != "date"}
    if isinstance(value, list):
        return [tidy(item) for item in value]
    if isinstance(value, float):
        return value if value.is_integer() else float(str(np.float32(value)))
    return value


def all_files(names: Sequence[str], x: np.ndarray) -> Iterator[tuple[Path, bytes | np.ndarray]]:
    """Each file and what belongs in it."""
    yield INPUT, x
    for name in names:
        if name in DEMO_CAPTURES:
            made = demo_outputs(DEMO_CAPTURES[name], x)
        else:
            document, made = make(name, x)
            text = json.dumps(document, separators=(",", ":"), allow_nan=False) + "\n"
            yield HERE / "models" / f"{name}.nam", text.encode()
        for size, samples in made.items():
            yield output_path(name, size), samples


def output_path(name: str, slim_size: float) -> Path:
    suffix = "" if slim_size == 1.0 else f"_slim{slim_size}"
    return HERE / "out" / f"{name}{suffix}.wav"


def write(path: Path, content: bytes | np.ndarray) -> str:
    path.parent.mkdir(exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
        return f"{len(content)} bytes"
    wavfile.write(path, SAMPLE_RATE_HZ, content)
    return f"peak {np.abs(content).max():9.4f}  spread {content.std():9.4f}"


def compare(path: Path, content: bytes | np.ndarray) -> str:
    if isinstance(content, bytes):
        return "the same" if path.read_bytes() == content else "DIFFERENT"
    _, here = wavfile.read(path)
    if np.array_equal(here, content):
        return "the same"
    error = (here - content.astype(np.float64)) / np.abs(content).max()
    esr = np.sum(error**2) / np.sum((content / np.abs(content).max()) ** 2)
    return f"largest difference {np.abs(error).max():.1e} of the peak, ESR {esr:.1e}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these")
    parser.add_argument("--compare", action="store_true", help="write nothing")
    arguments = parser.parse_args()
    found = {name: version(name).partition("+")[0] for name in NEEDED}
    if found != NEEDED:
        parser.error(f"needs {NEEDED}, not {found}")
    torch.set_num_threads(1)
    act = compare if arguments.compare else write
    for path, content in all_files(arguments.names or [*NETWORKS, *DEMO_CAPTURES], test_input()):
        print(f"{path.name:36s} {act(path, content)}", flush=True)


if __name__ == "__main__":
    main()
