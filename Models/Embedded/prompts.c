// The fixed texts that real checkpoints are measured with, one after the other.
#include "model_data.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char text[] = {
#embed "../../Benchmarks/prompts/pride-and-prejudice.txt"
, '\n',
#embed "../../Benchmarks/prompts/declaration-of-independence.txt"
, '\n',
#embed "../../Benchmarks/prompts/origin-of-species.txt"
, '\n',
#embed "../../Benchmarks/prompts/code.txt"
};

md_text md_prompts(void) { return (md_text){text, sizeof text}; }
