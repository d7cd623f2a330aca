"""Prints what TensorBoard's own reader finds in an event file, as JSON: `readTensorBoard.py FILE`."""

import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2

everything = {"scalars": 0, "histograms": 0, "tensors": 0}
events = EventAccumulator(sys.argv[1], size_guidance=everything).Reload()
tags = events.Tags()


def hparams(tag):
    content = events.SummaryMetadata(tag).plugin_data.content
    return plugin_data_pb2.HParamsPluginData.FromString(content)


start = hparams("_hparams_/session_start_info").session_start_info
end = hparams("_hparams_/session_end_info").session_end_info
number = lambda value: str(value) if value != value or abs(value) == float("inf") else value
print(
    json.dumps(
        {
            "scalars": {
                tag: [[e.wall_time, e.step, number(e.value)] for e in events.Scalars(tag)] for tag in tags["scalars"]
            },
            "histograms": {
                tag: [
                    [e.wall_time, e.step]
                    + [e.histogram_value.min, e.histogram_value.max, e.histogram_value.num]
                    + [e.histogram_value.sum, e.histogram_value.sum_squares]
                    + [list(e.histogram_value.bucket_limit), list(e.histogram_value.bucket)]
                    for e in events.Histograms(tag)
                ]
                for tag in tags["histograms"]
            },
            "notes": [
                [e.wall_time, e.step, [text.decode() for text in e.tensor_proto.string_val]]
                for e in (events.Tensors("notes") if "notes" in tags["tensors"] else [])
            ],
            "plugin": events.SummaryMetadata("notes").plugin_data.plugin_name if "notes" in tags["tensors"] else None,
            "hparams": {
                name: getattr(value, value.WhichOneof("kind")) for name, value in start.hparams.items()
            },
            "start": start.start_time_secs,
            "end": [end.status, end.end_time_secs],
        }
    )
)
