#!/usr/bin/env python3
"""Make a GGUF file of many layers from one of few: its layers again and again, everything else as it is.

    repeat_layers.py qwen3-8-layers.gguf qwen3.gguf 48

Speed does not ask what weights are, so a model too large to be made from random floats is measured all the same. Needs
the gguf package.
"""
import re
import sys

import gguf


def main():
    if len(sys.argv) != 4 or not sys.argv[3].isdigit():
        raise SystemExit("usage: repeat_layers.py FROM.gguf TO.gguf LAYERS")
    source, target, layers = gguf.GGUFReader(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    architecture = source.fields["general.architecture"].contents()
    count = f"{architecture}.block_count"
    given = source.fields[count].contents()
    writer = gguf.GGUFWriter(target, architecture)
    for key, field in source.fields.items():
        if key.startswith("GGUF.") or key == "general.architecture":
            continue
        value = layers if key == count else field.contents()
        kind = field.types[0]
        writer.add_key_value(key, value, kind, sub_type=field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None)
    for tensor in source.tensors:
        layer = re.match(r"blk\.(\d+)\.(.*)", tensor.name)
        names = [f"blk.{i}.{layer[2]}" for i in range(int(layer[1]), layers, given)] if layer else [tensor.name]
        for name in names:
            writer.add_tensor(name, tensor.data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
