// The vector types of direct.h, of direct_bytes bytes. clang's extension: operators work element by element, on every
// instruction set.
#ifndef CK_DIRECT_TYPES_H
#define CK_DIRECT_TYPES_H

#include <stdint.h>

typedef uint8_t codes_v __attribute__((ext_vector_type(direct_bytes)));
typedef uint16_t words_v __attribute__((ext_vector_type(direct_bytes / 2)));
typedef int32_t ints_v __attribute__((ext_vector_type(direct_bytes / 4)));
typedef float floats_v __attribute__((ext_vector_type(direct_bytes / 4)));
typedef int8_t quarter_v __attribute__((ext_vector_type(direct_bytes / 4)));
typedef uint8_t unsigned_quarter_v __attribute__((ext_vector_type(direct_bytes / 4)));

#endif
