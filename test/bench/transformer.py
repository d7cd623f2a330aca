"""Times Hugging Face's models on the CPU: `transformer.py CONFIG.json TOKENS ROUNDS THREADS`; prints a line of JSON."""
import json
import os
import sys
import time

os.environ["TRANSFORMERS_VERBOSITY"] = "critical"

import torch
from transformers import AutoConfig, Qwen2ForCausalLM, Qwen2VLForConditionalGeneration

torch.set_num_threads(int(sys.argv[4]))
with open(sys.argv[1]) as file:
    content = json.load(file)
tokens, rounds = int(sys.argv[2]), int(sys.argv[3])
kind = content.pop("model_type")
config = AutoConfig.for_model(kind, **content)
torch.manual_seed(0)
model = {"qwen2": Qwen2ForCausalLM, "qwen2_vl": Qwen2VLForConditionalGeneration}[kind](config).float()
ids = torch.randint(0, 200, (1, tokens))
inputs = {}
if kind == "qwen2_vl":
    ids[0, 4 : 4 + 36] = content["image_token_id"]
    inputs = {
        "pixel_values": torch.randn(144, 1176),
        "image_grid_thw": torch.tensor([[1, 12, 12]]),
        "mm_token_type_ids": (ids == content["image_token_id"]).long(),
    }


def run():
    model.zero_grad(set_to_none=True)
    start = time.perf_counter()
    logits = model(input_ids=ids, use_cache=False, logits_to_keep=1, **inputs).logits
    loss = torch.nn.functional.cross_entropy(logits[0], torch.tensor([3]))
    middle = time.perf_counter()
    loss.backward()
    return middle - start, time.perf_counter() - start


run()
times = [run() for _ in range(rounds)]
forward, both = (1e3 * min(column) for column in zip(*times))
print(json.dumps({"forwardMs": forward, "bothMs": both}))
