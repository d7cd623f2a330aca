"""Computes the reference numbers beside this file with PyTorch and Hugging Face transformers:

    pip install torch transformers && python test/golden/models/compute.py

Weights and pixels are no random numbers but a hash of name and place, so that they need not be stored; test/model/golden.ts
has the same one. Loss: mean cross entropy of the targets at the wanted positions.
"""
import json
import re
import zlib
from pathlib import Path

import numpy as np
import torch
import transformers
from transformers import (
    LlavaOnevisionConfig,
    LlavaOnevisionForConditionalGeneration,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
)

HERE = Path(__file__).parent
MASK = np.uint64(0xFFFFFFFF)


def uniform(name, count):
    """float32 numbers in [-1, 1) from a hash of the name and the place"""
    h = (np.arange(1, count + 1, dtype=np.uint64) * np.uint64(2654435761)) & MASK
    h ^= np.uint64(zlib.crc32(name.encode()))
    for shift, factor in ((15, 2246822519), (13, 3266489917)):
        h ^= h >> np.uint64(shift)
        h = (h * np.uint64(factor)) & MASK
    h ^= h >> np.uint64(16)
    return ((h >> np.uint64(8)).astype(np.float64) / 2**23 - 1).astype(np.float32)


def tensor(name, shape):
    return torch.from_numpy(uniform(name, int(np.prod(shape))).reshape(shape))


def fill(model, ours):
    """Sets every parameter; its gradient will be listed under our name."""
    named = {}
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            name = ours(name)
            value = tensor(name, parameter.shape)
            if parameter.ndim == 1 and name.endswith(".weight"):
                value = 1 + 0.25 * value
            else:
                value = 0.25 * value
            parameter.copy_(value)
            named[name] = parameter
    return named


def case(model, named, ids, wanted, targets, **inputs):
    model.zero_grad(set_to_none=True)
    logits = model(input_ids=torch.tensor([ids]), **inputs).logits[0, wanted]
    loss = torch.nn.functional.cross_entropy(logits, torch.tensor(targets))
    loss.backward()
    norms = {name: p.grad.norm().item() for name, p in named.items() if p.grad is not None}
    row = next(p for name, p in named.items() if name.endswith("model.layers.0.self_attn.q_proj.weight"))
    return {
        "logits": logits.tolist(),
        "loss": loss.item(),
        "gradNorms": {name: norms[name] for name in sorted(norms)},
        "gradQProjLayer0FirstRow": row.grad[0].tolist(),
    }


def write(file, config, cases):
    versions = f"transformers {transformers.__version__}, torch {torch.__version__}, float32"
    origin = f"compute.py, {versions}"
    content = {"origin": origin, "config": json.loads(config.to_json_string()), "cases": cases}
    (HERE / file).write_text(json.dumps(content) + "\n")


TEXT = dict(
    hidden_size=32,
    intermediate_size=48,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    vocab_size=96,
    max_position_embeddings=256,
)


def ids_of(name, count):
    return [int((u + 1) * 40) for u in uniform(name, count)]


def qwen2():
    config = Qwen2Config(**TEXT, tie_word_embeddings=False)
    model = Qwen2ForCausalLM(config)
    named = fill(model, lambda name: name)
    cases = []
    for n, length in enumerate((13, 7, 1)):
        ids = ids_of(f"text {n}", length)
        wanted, targets = sorted({0, length // 2, length - 1}), [5, 60, 33]
        targets = targets[: len(wanted)]
        cases.append(dict(ids=ids, wanted=wanted, targets=targets, **case(model, named, ids, wanted, targets)))
    write("qwen2.json", config, cases)


def qwen2_vl():
    text = dict(TEXT, hidden_size=48, num_attention_heads=3, num_key_value_heads=1)
    vision = dict(depth=2, embed_dim=24, num_heads=3, hidden_size=48, patch_size=4, mlp_ratio=2)
    config = Qwen2VLConfig(
        text_config=dict(**text, rope_parameters=dict(rope_type="default", rope_theta=1e4, mrope_section=[2, 3, 3])),
        vision_config=vision,
        image_token_id=90,
        video_token_id=91,
        vision_start_token_id=92,
        vision_end_token_id=93,
        tie_word_embeddings=False,
    )
    model = Qwen2VLForConditionalGeneration(config)
    named = fill(model, lambda name: re.sub(r"^model\.(visual\.)", r"\1", name).replace("model.language_model.", "model."))
    cases = []
    for n, grids in enumerate(([[1, 4, 6], [1, 2, 2]], [[1, 2, 4], [1, 4, 2], [1, 2, 2]], [])):
        ids = ids_of(f"images {n}", 5)
        for grid in grids:
            ids += [92] + [90] * (grid[1] * grid[2] // 4) + [93] + ids_of(f"after {len(ids)}", 3)
        wanted, targets = [0, len(ids) - 1], [17, 80]
        inputs = {}
        if grids:
            patches = sum(h * w for _, h, w in grids)
            inputs = dict(
                pixel_values=tensor(f"pixels {n}", (patches, 3 * 2 * 4 * 4)),
                image_grid_thw=torch.tensor(grids),
                mm_token_type_ids=torch.tensor([[int(i == 90) for i in ids]]),
            )
        result = case(model, named, ids, wanted, targets, **inputs)
        cases.append(dict(ids=ids, wanted=wanted, targets=targets, grids=grids, **result))
    write("qwen2vl.json", config, cases)


def llava_one_vision():
    vision = dict(
        model_type="siglip_vision_model",
        hidden_size=24,
        intermediate_size=40,
        num_hidden_layers=2,
        num_attention_heads=3,
        image_size=30,
        patch_size=7,
        vision_use_head=False,
    )
    config = LlavaOnevisionConfig(
        text_config=dict(model_type="qwen2", **TEXT, tie_word_embeddings=True),
        vision_config=vision,
        image_token_index=90,
        video_token_index=91,
        image_grid_pinpoints=[[30, 30], [30, 60], [60, 30], [60, 60], [30, 90]],
        vision_aspect_ratio="anyres_max_2",
        tie_word_embeddings=True,
    )
    model = LlavaOnevisionForConditionalGeneration(config)

    def ours(name):
        name = re.sub(r"^model\.language_model\.", "language_model.model.", name)
        name = re.sub(r"^model\.vision_tower\.(vision_model\.)?", "vision_tower.vision_model.", name)
        return re.sub(r"^lm_head", "language_model.lm_head", name.removeprefix("model."))

    named = fill(model, ours)
    cases = []
    # image sizes in pixels and tiles: reduced by interpolation; rows cut off; columns cut off; two images, so one tile each
    for n, images in enumerate(([[58, 50, 5]], [[20, 55, 3]], [[55, 21, 3]], [[28, 30, 1], [10, 40, 1]], [])):
        ids = ids_of(f"tiles {n}", 4)
        inputs = {}
        if images:
            most = max(tiles for _, _, tiles in images)
            inputs = dict(
                pixel_values=tensor(f"pixels {n}", (len(images), most, 3, 30, 30)),
                image_sizes=torch.tensor([image[:2] for image in images]),
                batch_num_images=torch.tensor([len(images)]),
            )
            with torch.no_grad():
                features = model.model.get_image_features(**inputs).pooler_output
            for feature in features:
                ids += [90] * len(feature) + ids_of(f"after {len(ids)}", 2)
        wanted, targets = [0, len(ids) - 1], [17, 80]
        result = case(model, named, ids, wanted, targets, **inputs)
        cases.append(dict(ids=ids, wanted=wanted, targets=targets, images=images, **result))
    write("llavaOneVision.json", config, cases)


torch.manual_seed(0)
qwen2()
qwen2_vl()
llava_one_vision()
