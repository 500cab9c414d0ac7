"""WaveNet: arrays of dilated convolution layers with a shared condition and a summed head.

Per layer, with z the sum of a dilated convolution of the layer's input x and a mix-in of the
condition c, a an activation (maybe gated), and all of it per frame:

    z = conv(x) + mix(c)     y = a(z)     head ← head + y     x ← x + W·y + b

``parse`` reads and checks, ``config`` is what comes of it, ``network`` puts a file's numbers into
place and writes all down as a program. The options of file versions 0.6 and 0.7 (bottleneck,
``head1x1``, ``layer1x1``, FiLM, gating modes, groups, ``condition_dsp``, slimmable layers) are
further operations in the same sequence.
"""

from jobs.pipeline.nam.wavenet.config import WaveNetConfig
from jobs.pipeline.nam.wavenet.parse import parse_wavenet

__all__ = ["WaveNetConfig", "parse_wavenet"]
