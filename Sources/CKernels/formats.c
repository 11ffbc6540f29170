// Facts about the storage formats: names, block shapes, which activations they take.
#include "internal.h"

typedef struct {
  const char *name;
  uint16_t block, bytes;
} ck_format_facts;

static const ck_format_facts facts[CK_FORMATS] = {
    [CK_F32] = {"f32", 1, 4},         [CK_F16] = {"f16", 1, 2},
    [CK_BF16] = {"bf16", 1, 2},       [CK_Q8_0] = {"q8_0", 32, 34},
    [CK_Q4_0] = {"q4_0", 32, 18},     [CK_Q4_1] = {"q4_1", 32, 20},
    [CK_Q5_0] = {"q5_0", 32, 22},     [CK_Q5_1] = {"q5_1", 32, 24},
    [CK_Q2_K] = {"q2_k", 256, 84},    [CK_Q3_K] = {"q3_k", 256, 110},
    [CK_Q4_K] = {"q4_k", 256, 144},   [CK_Q5_K] = {"q5_k", 256, 176},
    [CK_Q6_K] = {"q6_k", 256, 210},   [CK_IQ4_NL] = {"iq4_nl", 32, 18},
    [CK_IQ4_XS] = {"iq4_xs", 256, 136}, [CK_MXFP4] = {"mxfp4", 32, 17},
    [CK_FP8_E4M3] = {"fp8_e4m3", 1, 1},
};

const int8_t ck_mxfp4_values[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
const int8_t ck_iq4_values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

const char *ck_format_name(ck_format format) { return facts[format].name; }
size_t ck_format_block(ck_format format) { return facts[format].block; }
size_t ck_format_block_bytes(ck_format format) { return facts[format].bytes; }

ck_activation ck_format_activation(ck_format format) {
  return facts[format].block == 1 ? CK_ACT_F32 : CK_ACT_Q8;
}
