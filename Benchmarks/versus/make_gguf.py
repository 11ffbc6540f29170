#!/usr/bin/env python3
"""Write a GGUF file of a catalogue shape with random weights, for side-by-side runs.

Speed does not depend on what the weights say, only on their shape and format; a GGUF file lets
moebench and llama.cpp's family run on the very same bytes. No tokenizer is written.

    pip install gguf numpy
    make_gguf.py granite-3.1-1b-a400m q8_0 out.gguf [--layers N]

Formats: f32, f16, bf16 and the block formats the `gguf` package quantises (q8_0, q4_0, ...).
For the K-quants write f16 and use llama-quantize. Shapes: granitemoe, olmoe and qwen3_moe.
"""
import argparse
import json
import pathlib

import gguf
import numpy as np
from gguf.constants import GGMLQuantizationType as Type

CATALOGUE = pathlib.Path(__file__).resolve().parents[2] / "Models" / "architectures"
ARCHITECTURES = {"granitemoe": "granitemoe", "olmoe": "olmoe", "qwen3_moe": "qwen3moe"}


def heads(config):
    """(query heads, key and value heads, width of a head)"""
    query = config["num_attention_heads"]
    return query, config["num_key_value_heads"], config.get("head_dim", config["hidden_size"] // query)


def experts(config):
    """(experts, chosen for a token, width of an expert)"""
    count = config.get("num_local_experts", config.get("num_experts"))
    width = config.get("moe_intermediate_size", config["intermediate_size"])
    return count, config["num_experts_per_tok"], width


def write_metadata(writer, config, layers):
    query, kv, width = heads(config)
    count, used, expert_width = experts(config)
    writer.add_vocab_size(config["vocab_size"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(layers)
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_expert_feed_forward_length(expert_width)
    writer.add_head_count(query)
    writer.add_head_count_kv(kv)
    writer.add_key_length(width)
    writer.add_value_length(width)
    writer.add_rope_dimension_count(width)
    writer.add_rope_freq_base(float(config["rope_theta"]))
    writer.add_layer_norm_rms_eps(float(config.get("rms_norm_eps", 1e-5)))
    writer.add_expert_count(count)
    writer.add_expert_used_count(used)
    writer.add_tokenizer_model("no_vocab")
    if config["model_type"] == "granitemoe":
        writer.add_logit_scale(config["logits_scaling"])
        writer.add_embedding_scale(config["embedding_multiplier"])
        writer.add_residual_scale(config["residual_multiplier"])
        writer.add_attention_scale(config["attention_multiplier"])


def tensors(config, layers):
    """(name, shape as numpy has it, is a matrix that is quantised)"""
    hidden, vocabulary = config["hidden_size"], config["vocab_size"]
    query, kv, width = heads(config)
    count, _, expert_width = experts(config)
    yield "token_embd.weight", (vocabulary, hidden), True
    yield "output_norm.weight", (hidden,), False
    if not config.get("tie_word_embeddings"):
        yield "output.weight", (vocabulary, hidden), True
    for i in range(layers):
        name = f"blk.{i}."
        yield name + "attn_norm.weight", (hidden,), False
        yield name + "ffn_norm.weight", (hidden,), False
        yield name + "attn_q.weight", (query * width, hidden), True
        yield name + "attn_k.weight", (kv * width, hidden), True
        yield name + "attn_v.weight", (kv * width, hidden), True
        yield name + "attn_output.weight", (hidden, query * width), True
        if config["model_type"] == "olmoe":
            yield name + "attn_q_norm.weight", (query * width,), False
            yield name + "attn_k_norm.weight", (kv * width,), False
        if config["model_type"] == "qwen3_moe":
            yield name + "attn_q_norm.weight", (width,), False
            yield name + "attn_k_norm.weight", (width,), False
        yield name + "ffn_gate_inp.weight", (count, hidden), False
        yield name + "ffn_gate_exps.weight", (count, expert_width, hidden), True
        yield name + "ffn_up_exps.weight", (count, expert_width, hidden), True
        yield name + "ffn_down_exps.weight", (count, hidden, expert_width), True


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="a name of Models/architectures")
    parser.add_argument("format", help="f32, f16, bf16, q8_0, q4_0, ...")
    parser.add_argument("output")
    parser.add_argument("--layers", type=int, help="write only the first N layers")
    arguments = parser.parse_args()

    config = json.loads((CATALOGUE / f"{arguments.model}.json").read_text())["config"]
    if config["model_type"] not in ARCHITECTURES:
        parser.error(f"{config['model_type']} is none of {', '.join(ARCHITECTURES)}")
    kind = Type[arguments.format.upper()]
    layers = arguments.layers or config["num_hidden_layers"]
    writer = gguf.GGUFWriter(arguments.output, ARCHITECTURES[config["model_type"]], use_temp_file=True)
    write_metadata(writer, config, layers)
    random = np.random.default_rng(1)
    for name, shape, is_matrix in tensors(config, layers):
        if not is_matrix and len(shape) == 1:
            values = np.ones(shape, dtype=np.float32)
        else:
            values = random.standard_normal(shape, dtype=np.float32) * np.float32(0.02)
        if is_matrix and kind != Type.F32:
            writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
