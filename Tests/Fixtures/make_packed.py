#!/usr/bin/env python3
"""Makes the fixtures in storage layouts that transformers does not write.

    python make_packed.py OUTPUT

kimi_k25_int4    experts as compressed-tensors packs symmetric four-bit integers in groups of 32
deepseek_v4_fp4  experts as FP4 with an E8M0 scale per 32, other projections as FP8 with an E8M0
                 scale per 128x128, named as DeepSeek-V4 names them

The layouts follow their public descriptions; no published checkpoint was at hand. The answers are
transformers' own on the dequantised weights, found as make_fixtures.py finds its others.
"""
import re
import sys

import make_fixtures as base
import torch

CSA, HCA = "compressed_sparse_attention", "heavily_compressed_attention"
FP8_MODULES = re.compile(
    r"attn\.(wq_a|wq_b|wkv|wo_a|wo_b|indexer\.wq_b)\.weight$|shared_experts")
KEPT = re.compile(r"hc_|ape$|sink|e_score_correction_bias$|gate\.bias$|tid2eid$")


def quantise_int4(weight):
    """I32 [rows, columns / 8], BF16 [rows, columns / 32], and the values these stand for."""
    rows, columns = weight.shape
    grouped = weight.view(rows, columns // 32, 32)
    scale = (grouped.abs().amax(-1) / 7.5).to(torch.bfloat16)
    spread = scale.float()[..., None]
    codes = torch.clamp(torch.round(grouped / spread), -8, 7)
    eights = (codes + 8).to(torch.int64).reshape(rows, columns // 8, 8)
    words = sum(eights[:, :, place] << (4 * place) for place in range(8))
    words = torch.where(words >= 2 ** 31, words - 2 ** 32, words).to(torch.int32)
    return words, scale, (codes * spread).reshape(rows, columns)


def quantise_fp4(weight):
    """I8 [rows, columns / 2] low nibble first, E8M0 [rows, columns / 32], and the values."""
    blocks, scales, values = base.quantise_mxfp4(weight[None])
    codes = blocks[0].reshape(weight.shape[0], -1).view(torch.int8)
    return codes, scales[0].view(torch.float8_e8m0fnu), values[0]


def quantise_fp8(weight, block=128):
    """E4M3, E8M0 [ceil(rows / 128), ceil(columns / 128)], and the values."""
    rows, columns = weight.shape
    exponent = torch.zeros(-(-rows // block), -(-columns // block))
    for i in range(exponent.shape[0]):
        for j in range(exponent.shape[1]):
            part = weight[i * block:(i + 1) * block, j * block:(j + 1) * block]
            exponent[i, j] = torch.ceil(torch.log2(part.abs().max() / 448.0))
    spread = torch.exp2(exponent).repeat_interleave(block, 0)[:rows]
    spread = spread.repeat_interleave(block, 1)[:, :columns]
    codes = (weight / spread).to(torch.float8_e4m3fn)
    scale = (exponent + 127).to(torch.uint8).view(torch.float8_e8m0fnu)
    return codes, scale, codes.float() * spread


def quantise_tensors(kind, tensors):
    stored, plain = {}, {}
    for name, tensor in tensors.items():
        module = name.removesuffix(".weight")
        is_expert = re.search(r"\.experts\.\d+\.", name)
        if kind == "int4" and is_expert:
            words, scale, plain[name] = quantise_int4(tensor)
            shape = torch.tensor(tensor.shape, dtype=torch.int32)
            stored.update({name + "_packed": words, name + "_scale": scale,
                           name + "_shape": shape})
        elif kind == "fp4" and is_expert:
            stored[name], stored[module + ".scale"], plain[name] = quantise_fp4(tensor)
        elif kind == "fp4" and FP8_MODULES.search(name):
            stored[name], stored[module + ".scale"], plain[name] = quantise_fp8(tensor)
        elif KEPT.search(name):
            stored[name] = plain[name] = tensor
        else:
            stored[name] = tensor.to(torch.bfloat16)
            plain[name] = stored[name].float()
    return stored, plain


INT4 = dict(
    quant_method="compressed-tensors", format="pack-quantized", kv_cache_scheme=None,
    quantization_status="compressed",
    ignore=["lm_head", "re:.*self_attn.*", "re:.*shared_experts.*",
            "re:.*mlp\\.(gate|up|gate_up|down)_proj.*"],
    config_groups=dict(group_0=dict(
        input_activations=None, output_activations=None, targets=["Linear"],
        weights=dict(actorder=None, block_structure=None, dynamic=False, group_size=32,
                     num_bits=4, observer="minmax", observer_kwargs={}, strategy="group",
                     symmetric=True, type="int"))))
FP8 = dict(activation_scheme="dynamic", fmt="e4m3", quant_method="fp8", scale_fmt="ue8m0",
           weight_block_size=[128, 128])


def hub_config(fixture, model, original=base.hub_config):
    config = original(fixture, model)
    if fixture.quant == "int4":
        config["text_config"]["quantization_config"] = INT4
    else:
        config.update(quantization_config=FP8, expert_dtype="fp4")
    return config


def configurations(shape, original=base.configurations):
    known = original(shape)
    known["deepseek_v4:fp4"] = dict(
        known["deepseek_v4"], head_dim=32, q_lora_rank=136, o_lora_rank=36, num_hidden_layers=2,
        hc_mult=2, layer_types=[HCA, CSA], mlp_layer_types=["hash_moe", "moe"])
    return known


base.quantise_tensors = quantise_tensors
base.hub_config = hub_config
base.configurations = configurations
base.check_names = lambda *_: None      # those of the unpacked layouts
base.FIXTURES = {
    "kimi_k25_int4": base.Fixture(
        "deepseek_v3:kimi_k2",
        base.Shape(layers=2, hidden=32, experts=6, expert_width=32, vocab=96),
        "kimi_k25", model_type="kimi_k2", quant="int4"),
    "deepseek_v4_fp4": base.Fixture(
        "deepseek_v4:fp4",
        base.Shape(layers=2, hidden=160, experts=4, expert_width=32, vocab=64),
        layout="deepseek_v4", quant="fp4"),
}

if __name__ == "__main__":
    sys.exit(base.main())
